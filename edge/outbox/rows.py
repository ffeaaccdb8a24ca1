"""What is a row, and what a boot? One frame, under a place that orders the rows of this device across its boots."""

from dataclasses import dataclass
from typing import Final

from messages.ack import Range

SEQ_BITS: Final = 40  # of a place: the number of its first event; above them the number of its boot
SEQ_MASK: Final = (1 << SEQ_BITS) - 1
LAST_PLACE: Final = (1 << 63) - 1  # behind everything


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One frame that waits. ``place`` orders the rows of this device across boots."""

    place: int
    boot: str
    first: int
    last: int
    frame: bytes

    def __repr__(self) -> str:
        return f"Row({self.place}, {self.boot!r}, {self.first}..{self.last})"


@dataclass(frozen=True, slots=True)
class Found:
    """A row that may go: which events it holds, and how much the log takes to overwrite it."""

    place: int
    last: int
    telemetry: bool
    size_bytes: int

    @property
    def number(self) -> int:
        return self.place >> SEQ_BITS

    @property
    def seqs(self) -> Range:
        return self.place & SEQ_MASK, self.last

    @property
    def events(self) -> int:
        first, last = self.seqs
        return last - first + 1


@dataclass(frozen=True, slots=True, repr=False)
class Whole:
    """A row of the outbox with all that it needs to stand there again."""

    place: int
    last: int
    time_ms: int
    telemetry: bool
    frame: bytes


@dataclass(frozen=True, slots=True)
class Crossings:
    """What a frame's events say of crossings: (crossing, visit) of those granted, and those that came to their end."""

    granted: tuple[tuple[str, int], ...] = ()
    ended: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Boot:
    """How far a boot has come. ``gone``: events struck off, or dropped and declared."""

    number: int
    boot: str
    last_seq: int = 0
    last_ms: int = 0
    gone: int = 0
    payload_bytes: int = 0
    written_bytes: int = 0


def place_of(number: int, first: int) -> int:
    return number << SEQ_BITS | first
