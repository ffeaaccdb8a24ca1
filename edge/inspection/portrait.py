"""What does the portrait of a chip look like? Decoded in a cage, and handed out as plain pixels for an officer's eye.

Attacks A23, A24: what claims too many pixels is refused before any decoder sees it; what kills, blocks or starves its
decoder costs that process and nothing more. The face process compares on its own; nobody waits for this one there.
"""

import re
import sys
import zlib
from dataclasses import dataclass
from struct import error as StructError
from struct import pack, unpack_from
from types import TracebackType
from typing import Final, Self

from edge.cage.child import Caged, CageError
from edge.cage.decoder import DECODED, REFUSED, question
from edge.cage.picture import PortraitRefused, size_within_limits
from icao.checks import Check, Result
from icao.lds.data_groups import portrait
from icao.tlv import Garbled

DECODER: Final = (sys.executable, "-m", "edge.cage.decoder")
MAX_SIDE_PX: Final = 1024
WORD: Final = re.compile(rb"[a-z-]{1,40}")
CHECK_ID: Final = "lds.portrait"


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """Of one picture. Pixels, memory and processor time have their tables in ``edge/cage``."""

    time_s: float = 3.0
    side_px: int = MAX_SIDE_PX  # of what is handed out; a larger one is made smaller


class PortraitAborted(Exception):
    """The decoder gave no answer, which says nothing about the document. ``reason`` is a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, repr=False)
class Picture:
    """Rows of red-green-blue, one byte each. A decoder that was taken over can draw here, and do nothing else."""

    width_px: int
    height_px: int
    rgb: bytes

    def png(self) -> bytes:
        """As a file that every program opens."""
        row = 3 * self.width_px
        rows = b"".join(b"\0" + self.rgb[at : at + row] for at in range(0, len(self.rgb), row))
        header = pack(">IIBBBBB", self.width_px, self.height_px, 8, 2, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


class Decoder:
    """One decoder process, started with the first picture and kept for the next. For a thread: it blocks."""

    def __init__(self, *program: str) -> None:
        self._caged = Caged(*(program or DECODER), answer_limit_bytes=8 + 3 * MAX_SIDE_PX**2)

    @property
    def pid(self) -> int | None:
        return self._caged.pid

    @property
    def starts(self) -> int:
        return self._caged.starts

    def decode(self, image: bytes, limits: DecodeLimits = DecodeLimits()) -> Picture:
        """Raises PortraitRefused for a picture that is none or too large, PortraitAborted when there is no answer."""
        size_within_limits(image)
        side_px = min(limits.side_px, MAX_SIDE_PX)
        try:
            answer = self._caged.ask(question(image, side_px), limits.time_s)
        except CageError as error:
            raise PortraitAborted(f"decoder-{error.reason}") from None
        return _picture(answer, side_px)

    def close(self) -> None:
        self._caged.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def decode(image: bytes, limits: DecodeLimits = DecodeLimits()) -> Picture:
    """One picture, in a process of its own. Raises PortraitRefused and PortraitAborted."""
    with Decoder() as decoder:
        return decoder.decode(image, limits)


def examine(image: bytes, decoder: Decoder, limits: DecodeLimits = DecodeLimits()) -> tuple[Check, Picture | None]:
    """The picture, and what became of it as a check: failed for what no decoder may see, aborted without an answer."""
    try:
        return Check(CHECK_ID, Result.SUCCESSFUL), decoder.decode(image, limits)
    except PortraitRefused as refused:
        detail = f"The portrait is no picture that may be decoded ({refused.reason})."
        return Check(CHECK_ID, Result.FAILED, detail=detail, code="portrait-refused"), None
    except PortraitAborted as aborted:
        detail = f"The portrait could not be decoded ({aborted.reason})."
        return Check(CHECK_ID, Result.ABORTED, detail=detail, code="portrait-aborted"), None


def examine_dg2(dg2: bytes, decoder: Decoder, limits: DecodeLimits = DecodeLimits()) -> tuple[Check, Picture | None]:
    """The first face of DG2, as above; failed where there is none."""
    try:
        image = portrait(dg2)
    except Garbled as error:
        detail = f"DG2 holds no portrait: {error}."
        return Check(CHECK_ID, Result.FAILED, detail=detail, code="portrait-missing"), None
    return examine(image, decoder, limits)


def _picture(answer: bytes, side_px: int) -> Picture:
    """What the process said, if it can be true. Its word is a stranger's: it has just decoded a stranger's picture."""
    if answer[:1] == bytes([REFUSED]) and WORD.fullmatch(answer, 1):
        raise PortraitRefused(answer[1:].decode("ascii"))
    try:
        kind, width, height = unpack_from(">BHH", answer)
    except StructError:
        raise PortraitAborted("decoder-garbled") from None
    rgb = answer[5:]
    if (
        kind != DECODED
        or not 1 <= min(width, height) <= max(width, height) <= side_px
        or len(rgb) != 3 * width * height
    ):
        raise PortraitAborted("decoder-garbled")
    return Picture(width, height, rgb)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return pack(">I", len(content)) + kind + content + pack(">I", zlib.crc32(kind + content))
