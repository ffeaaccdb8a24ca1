"""What is given up first when the disk is full? A file of zeros, so that deleting rows still has room to work in.

On a full disk SQLite in WAL mode can neither delete nor checkpoint, and an outbox that cannot strike off stays full
for ever.
"""

import os
from contextlib import suppress
from pathlib import Path


class Ballast:
    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes

    @property
    def is_laid(self) -> bool:
        return self._path.exists() and self._path.stat().st_size == self._size_bytes

    def lay(self) -> bool:
        """Take the room, really (no sparse file). False when there is none; nothing half remains."""
        if self.is_laid:
            return True
        try:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError:  # a sick disk: no passage begins without its ballast
            return False
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        except OSError:  # ENOSPC, or a limit of the account: it comes to the same
            self.drop()
            return False
        finally:
            os.close(descriptor)
        return True

    def drop(self) -> None:
        with suppress(OSError):  # Then there is no room either, and that is said by whoever needs it.
            self._path.unlink(missing_ok=True)
