"""How much is written to the disk for what is recorded? A card wears out by it.

Counted are SQLite's own writes: each page that a commit puts into the write-ahead log, with its header, and each page
that a checkpoint then copies into the database. Not counted: the file system's journal, and the rest of a block of
which only a part is new. The kernel's ``write_bytes`` knows those and everything else of the process;
``./run bench outbox`` tells both.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HEADER_BYTES: Final = 32  # sqlite.org/fileformat2.html, 4.1: bytes 12 to 23 are new whenever the log begins anew
FRAME_HEADER_BYTES: Final = 24  # page number, size, and the two salts of the log's header


class Log:
    """Reads the write-ahead log from beside SQLite. ``look`` after each transaction: none is then overlooked."""

    def __init__(self, path: Path, page_bytes: int) -> None:
        self._path, self._page_bytes = path, page_bytes
        self._file = -1
        self._cycle = b""
        self._frames = 0
        self._pages: set[bytes] = set()
        self.look()  # what an earlier life has left in it is not ours

    def look(self) -> int:
        """Bytes written since the last look. A meter that cannot read misses some; the row is on the disk."""
        try:
            return self._read()
        except OSError:
            return 0

    def _read(self) -> int:
        if self._file < 0:
            if not self._path.exists():
                return 0
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        cycle = os.pread(self._file, HEADER_BYTES, 0)[12:24]
        return self._copied(cycle) + self._appended(cycle[4:])

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _copied(self, cycle: bytes) -> int:
        """The log begins anew only after a checkpoint has copied each of its pages once."""
        if cycle == self._cycle:
            return 0
        copied_bytes = len(self._pages) * self._page_bytes
        self._cycle, self._frames = cycle, 0
        self._pages.clear()
        return copied_bytes + (HEADER_BYTES if cycle else 0)

    def _appended(self, salts: bytes) -> int:
        step_bytes, before = FRAME_HEADER_BYTES + self._page_bytes, self._frames
        while True:
            head = os.pread(self._file, 16, HEADER_BYTES + self._frames * step_bytes)
            if len(head) < 16 or head[8:] != salts:  # the end, or what an earlier cycle has left
                return (self._frames - before) * step_bytes
            self._pages.add(head[:4])
            self._frames += 1


@dataclass(slots=True)
class Worn:
    """Of one class of rows: what was recorded, and what was written for it until it was struck off again."""

    payload_bytes: int = 0
    written_bytes: int = 0

    @property
    def amplification(self) -> float | None:
        return round(self.written_bytes / self.payload_bytes, 1) if self.payload_bytes else None


@dataclass(frozen=True, slots=True)
class Portion:
    """A row's part in a transaction: of how many events it is, and how large."""

    events: int
    size_bytes: int


class Wear:
    """Shares what was written between single events and groups, by the size of the rows that were moved."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.single, self.group = Worn(), Worn()

    def begin(self) -> None:
        """What the start itself has written is no part of any row."""
        self._log.look()

    def recorded(self, payload_bytes: int, *, events: int) -> None:
        self._class(events).payload_bytes += payload_bytes

    def moved(self, portions: Sequence[Portion]) -> None:
        """After a transaction that wrote or deleted these rows."""
        written_bytes, whole_bytes = self._log.look(), sum(portion.size_bytes for portion in portions)
        for portion in portions:
            self._class(portion.events).written_bytes += round(written_bytes * portion.size_bytes / whole_bytes)

    @property
    def payload_bytes(self) -> int:
        return self.single.payload_bytes + self.group.payload_bytes

    @property
    def written_bytes(self) -> int:
        return self.single.written_bytes + self.group.written_bytes

    def summary(self) -> dict[str, object]:
        """As docs/contract.md, 13.7 names it; null for a class of which nothing was recorded since the start."""
        return {
            "payload_bytes": self.payload_bytes,
            "written_bytes": self.written_bytes,
            "amplification": {"single": self.single.amplification, "group": self.group.amplification},
        }

    def close(self) -> None:
        self._log.close()

    def _class(self, events: int) -> Worn:
        return self.single if events == 1 else self.group
