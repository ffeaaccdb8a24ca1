"""When is a name that came, went or was replaced on the disk? Once its folder is synced."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Else a power cut may bring the old names back."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
