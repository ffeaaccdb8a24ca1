"""How is a file replaced so that a power cut leaves the old one or the new one, and never half of either?"""

import os
from pathlib import Path

SECRET_MODE = 0o600


def replace(path: Path, content: bytes, mode: int = SECRET_MODE, *, durable: bool = True) -> None:
    """Write beside, sync, rename, sync the folder; closed to strangers throughout. Not ``durable``: no syncs."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    beside.replace(path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Names that came, went or were replaced; else a power cut may bring the old ones back."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
