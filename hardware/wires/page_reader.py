"""What does the page reader say? Serial bytes in, what happened on its glass out (docs/contract.md, 4).

Two makers' manners. ``framed``: STX payload ETX BCC, with the BCC over everything from STX to ETX; the payload is
``D+``, ``D-`` or ``M`` and the MRZ lines joined by CR. ``plain``: each MRZ line ended by CR or CR LF, no presence.

Whatever arrives, the framer keeps at most one frame, never raises, and finds its feet at the next STX (or silence).

>>> PageFramer("framed").feed(encode(Laid(), "framed") + b"noise")
[Laid(), Garbled(reason='noise')]
"""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor
from typing import Literal

Profile = Literal["framed", "plain"]

FRAME_LIMIT_BYTES = 256  # from STX to BCC
LINE_LIMIT_CHARS = 44  # Doc 9303-4: the longest MRZ line, TD3
LINES_LIMIT = 3
LINES_OF_LENGTH = {44: 2, 36: 2, 30: 3}  # Doc 9303-4, -6, -5: TD3, TD2, TD1

STX, ETX, CR, LF = 0x02, 0x03, 0x0D, 0x0A
MRZ_LINE = re.compile(rb"[A-Z0-9<]{1,%d}" % LINE_LIMIT_CHARS)


@dataclass(frozen=True, slots=True)
class Laid:
    """A document lies on the glass."""


@dataclass(frozen=True, slots=True)
class Lifted:
    """The document was taken away."""


@dataclass(frozen=True, slots=True, repr=False)
class Lines:
    """The MRZ as the reader saw it: nothing is checked but the alphabet and the limits."""

    lines: tuple[str, ...]

    def __repr__(self) -> str:  # An MRZ is a person: not in a log.
        return f"Lines({len(self.lines)})"


@dataclass(frozen=True, slots=True)
class Garbled:
    """Bytes that say nothing: noise, cut-short, too-long, wrong-check, bad-payload, bad-line, lines-differ."""

    reason: str


PageEvent = Laid | Lifted | Lines | Garbled


class PageFramer:
    """Bytes of one reader, in any portions. ``silence`` is told when the line has been quiet for a while."""

    __slots__ = ("_framing",)

    def __init__(self, profile: Profile) -> None:
        self._framing: _Framed | _Plain = _Framed() if profile == "framed" else _Plain()

    def feed(self, received: bytes) -> list[PageEvent]:
        """What these bytes complete. Equal complaints in a row are one: a flood must not become a flood of events."""
        events: list[PageEvent] = []
        for byte in received:
            event = self._framing.take(byte)
            if event is not None and not (isinstance(event, Garbled) and events and events[-1] == event):
                events.append(event)
        return events

    def silence(self) -> list[PageEvent]:
        """The rest of what was begun will not come: half an MRZ must not wait for the next traveller's half."""
        event = self._framing.abandon()
        return [] if event is None else [event]


class _Framed:
    """STX payload ETX BCC. The payload never holds an STX, so an STX within it is the start of another frame."""

    __slots__ = ("_frame", "_lost")

    def __init__(self) -> None:
        self._frame = bytearray()
        self._lost = False  # Between frames after garbage, which has been reported already.

    def take(self, byte: int) -> PageEvent | None:
        if self._frame and self._frame[-1] == ETX:
            return self._finish(byte)
        if byte == STX:
            return self._begin()
        if not self._frame:
            return self._stray()
        self._frame.append(byte)
        # Attack C17: a megabyte without an end mark is dropped at the limit (one byte is kept for the BCC).
        return self._drop("too-long") if len(self._frame) >= FRAME_LIMIT_BYTES else None

    def abandon(self) -> PageEvent | None:
        return self._drop("cut-short") if self._frame else None

    def _begin(self) -> PageEvent | None:
        cut = len(self._frame) > 1  # Between two STX nothing was said, so nothing is lost.
        self._frame[:] = bytes((STX,))
        self._lost = False
        return Garbled("cut-short") if cut else None

    def _stray(self) -> PageEvent | None:
        if self._lost:
            return None
        self._lost = True
        return Garbled("noise")

    def _finish(self, bcc: int) -> PageEvent | None:
        frame, expected = bytes(self._frame), check_byte(bytes(self._frame))
        self._frame.clear()
        if bcc == expected:
            return _meaning(frame[1:-1])
        self._lost = True
        if bcc == STX:  # The BCC was lost on the way, and this is the next frame's first byte.
            self._frame[:] = bytes((STX,))
        return Garbled("wrong-check")

    def _drop(self, reason: str) -> Garbled:
        self._frame.clear()
        self._lost = True
        return Garbled(reason)


class _Plain:
    """Lines ended by CR or CR LF. The length of the first tells how many there are."""

    __slots__ = ("_line", "_lines", "_overrun")

    def __init__(self) -> None:
        self._line = bytearray()
        self._lines: list[bytes] = []
        self._overrun = False

    def take(self, byte: int) -> PageEvent | None:
        if byte in (CR, LF):
            return self._end()
        if self._overrun:
            return None
        self._line.append(byte)
        if len(self._line) <= LINE_LIMIT_CHARS:
            return None
        self._clear(overrun=True)
        return Garbled("too-long")

    def abandon(self) -> PageEvent | None:
        begun = bool(self._line or self._lines)
        self._clear()
        return Garbled("cut-short") if begun else None

    def _end(self) -> PageEvent | None:
        line, overrun = bytes(self._line), self._overrun
        self._line.clear()
        self._overrun = False
        if overrun or not line:  # The tail of a line that was reported already; or the LF of CR LF.
            return None
        if not MRZ_LINE.fullmatch(line) or len(line) not in LINES_OF_LENGTH:
            self._clear()
            return Garbled("bad-line")
        return self._collect(line)

    def _collect(self, line: bytes) -> PageEvent | None:
        if self._lines and len(self._lines[0]) != len(line):
            self._lines = [line]
            return Garbled("lines-differ")
        self._lines.append(line)
        if len(self._lines) < LINES_OF_LENGTH[len(line)]:
            return None
        whole = Lines(tuple(one.decode("ascii") for one in self._lines))
        self._lines.clear()
        return whole

    def _clear(self, *, overrun: bool = False) -> None:
        self._line.clear()
        self._lines.clear()
        self._overrun = overrun


def check_byte(framed: bytes) -> int:
    """XOR of all bytes from STX to ETX, both included.

    >>> check_byte(bytes((STX,)) + b"D+" + bytes((ETX,)))
    110
    """
    return reduce(xor, framed, 0)


def _meaning(payload: bytes) -> PageEvent:
    match payload[:1], payload[1:]:
        case b"D", b"+":
            return Laid()
        case b"D", b"-":
            return Lifted()
        case b"M", text:
            return _lines(text)
        case _:
            return Garbled("bad-payload")


def _lines(text: bytes) -> PageEvent:
    # Attack C17: escape sequences and NULs end here; only the MRZ's own alphabet goes further.
    lines = text.split(bytes((CR,)))
    if len(lines) > LINES_LIMIT or not all(MRZ_LINE.fullmatch(line) for line in lines):
        return Garbled("bad-line")
    return Lines(tuple(line.decode("ascii") for line in lines))


def encode(event: Laid | Lifted | Lines, profile: Profile) -> bytes:
    """What a reader sends for this: the other end of the wire. A plain reader says nothing of presence."""
    if profile == "plain":
        return b"".join(line.encode("ascii") + b"\r" for line in event.lines) if isinstance(event, Lines) else b""
    match event:
        case Laid():
            return _frame(b"D+")
        case Lifted():
            return _frame(b"D-")
        case Lines(lines):
            return _frame(b"M" + "\r".join(lines).encode("ascii"))


def _frame(payload: bytes) -> bytes:
    framed = bytes((STX,)) + payload + bytes((ETX,))
    return framed + bytes((check_byte(framed),))
