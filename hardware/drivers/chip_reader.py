"""What does a chip reader promise, whatever the wire?

A driver never decides: it waits, it carries APDUs, and it has a limit on everything. ``Silent`` says that the chip did
not answer (lifted, dead or too slow: the document's side); ``ReaderLost`` that the reader is not there (ours to mend).
All calls block and are meant for a thread.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from icao.chip.apdu import Transceive


class ReaderLost(Exception):
    """The chip reader is not there or does not work; the message is one sentence with its cure."""


@dataclass(frozen=True, slots=True)
class ChipLimits:
    """How long the driver waits for what."""

    connect_s: float = 3.0
    apdu_s: float = 3.0  # an extended read over the air takes up to about 1.5 s
    poll_s: float = 0.02  # direct socket only; PC/SC tells us


LIMITS: Final = ChipLimits()


@dataclass(frozen=True, slots=True)
class ChipLine:
    """A powered chip. ``atr`` is what it said first, ``longest_bytes`` the longest answer that the reader carries."""

    transceive: Transceive
    atr: bytes = b""
    longest_bytes: int | None = None

    def __call__(self, command: bytes) -> bytes:
        return self.transceive(command)


class ChipReader(Protocol):
    def wait_present(self, limit_s: float) -> bool:
        """True as soon as a chip is there, False when none came within the limit. Raises ReaderLost."""

    def present(self) -> bool:
        """Whether a chip is there now. Raises ReaderLost."""

    def connect(self) -> AbstractContextManager[ChipLine]:
        """Power the chip, alone with it until the end of the block. Raises Silent, ReaderLost."""

    def close(self) -> None:
        """End every wait and free the reader."""
