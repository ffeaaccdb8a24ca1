"""Is this secret ours alone? One that others can read, or put another in its place, is none."""

import os
from pathlib import Path


def is_closed(path: Path) -> bool:
    """Raises OSError when it is not there."""
    status = path.stat()
    return not status.st_mode & 0o077 and status.st_uid in (os.geteuid(), 0)
