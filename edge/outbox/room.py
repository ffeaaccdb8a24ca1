"""Is there room for one more passage, and what is given up when there is none?

Two files of zeros are kept. The *ballast* is for deleting: on a full disk SQLite can neither delete nor checkpoint, and
an outbox that cannot strike off stays full for ever. The *reserve* is for border events: a passage that has begun is
written to its end, whoever else has taken the rest of the disk.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from edge.outbox import limits
from edge.outbox.ballast import Ballast
from edge.outbox.errors import DiskFull, OutboxError
from edge.outbox.tables import Tables

Result = TypeVar("Result")


class Room:
    def __init__(self, path: Path, tables: Tables, spare: Callable[[], bool]) -> None:
        """``spare`` frees something that can be done without; False when there is nothing left of it."""
        self._tables, self._folder, self._spare = tables, path.parent, spare
        self._ballast = Ballast(path.with_name(path.name + ".ballast"), limits.BALLAST_BYTES)
        self._reserve = Ballast(path.with_name(path.name + ".reserve"), limits.RESERVE_BYTES)

    def lay(self) -> bool:
        """Take both files' room again; False when there is none for one of them."""
        return self._ballast.lay() and self._reserve.lay()

    def is_enough(self) -> bool:
        """Both files are laid, and what one passage needs is free. Before it says no, what lies idle is given back."""
        if self.lay() and self._holds_a_passage():
            return True
        with suppress(OutboxError):
            self._tables.shrink_wal()
            self._tables.give_back()
        while not (self.lay() and self._holds_a_passage()):
            if not self._spare():
                return False
        return True

    def _holds_a_passage(self) -> bool:
        """Pages that the database holds and does not use need not be found on the disk."""
        disk = os.statvfs(self._folder)
        growth_bytes = max(0, limits.PASSAGE_BYTES - self._tables.free_bytes())
        return disk.f_bavail * disk.f_frsize >= limits.PASSAGE_BYTES + growth_bytes

    def deleting(self, delete: Callable[[], Result]) -> Result:
        """Do it, on a full disk with the ballast's room. Raises DiskFull when even that is too little."""
        try:
            result = delete()
        except DiskFull:
            while self._spare():
                pass
            self._ballast.drop()
            self._tables.shrink_wal()
            result = delete()
        if not self._ballast.is_laid:  # The disk is full: the next batch needs the room that this one has used.
            self._tables.shrink_wal()
        return result

    def give_up_reserve(self) -> bool:
        """For a border event that finds no room elsewhere. False when it was gone already."""
        if not self._reserve.is_laid:
            return False
        self._reserve.drop()
        return True
