"""How large does this picture claim to be? Read from its header, before any decoder believes it.

JPEG and JPEG 2000 (file or bare codestream), as Doc 9303-10 allows in DG2.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import error as StructError
from struct import unpack_from

PORTRAIT_LIMIT_BYTES = 1024 * 1024
PIXELS_LIMIT = 4_000_000  # twenty times an issuer's largest portrait; decoded, 12 MB
COMPONENTS_LIMIT = 4
TILES_LIMIT = 1024
BOXES_LIMIT = 64
SEGMENTS_LIMIT = 256

JP2_SIGNATURE = b"\x00\x00\x00\x0cjP  \r\n\x87\n"
CODESTREAM = b"\xff\x4f\xff\x51"  # SOC, SIZ
SOF_DECODED = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what issuers write
SOF_OTHERS = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
BARE_MARKERS = (0x01, *range(0xD0, 0xD8))
SOS, EOI = 0xDA, 0xD9


class PortraitRefused(Exception):
    """This picture goes to no decoder. ``reason`` is a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Size:
    width_px: int
    height_px: int


def size_within_limits(picture: bytes) -> Size:
    """The claimed size. Raises PortraitRefused for what is too large, of another format, or broken."""
    if len(picture) > PORTRAIT_LIMIT_BYTES:
        raise PortraitRefused("too-many-bytes")
    try:
        size = _claimed(picture)
    except (StructError, IndexError):
        raise PortraitRefused("cut-short") from None
    if min(size.width_px, size.height_px) < 1:
        raise PortraitRefused("empty")
    # Attack A23: a few hundred bytes that claim 9,000 x 9,000 pixels cost the decoder gigabytes.
    if size.width_px * size.height_px > PIXELS_LIMIT:
        raise PortraitRefused("too-many-pixels")
    return size


def _claimed(picture: bytes) -> Size:
    if picture.startswith(b"\xff\xd8\xff"):
        return _jpeg(picture)
    if picture.startswith(CODESTREAM):
        return _codestream(picture, 0)
    if picture.startswith(JP2_SIGNATURE):
        return _codestream(picture, _codestream_box(picture))
    raise PortraitRefused("unknown-format")


def _jpeg(picture: bytes) -> Size:
    """The first frame header decides: a second one is an error to every decoder."""
    for marker, at in _segments(picture):
        if marker in SOF_DECODED:
            _precision, height, width, components = unpack_from(">BHHB", picture, at)
            if not 1 <= components <= COMPONENTS_LIMIT:
                raise PortraitRefused("too-many-components")
            return Size(width, height)
        if marker in SOF_OTHERS:
            raise PortraitRefused("unknown-coding")
        if marker in (SOS, EOI):
            break
    raise PortraitRefused("no-frame-header")


def _segments(picture: bytes) -> Iterator[tuple[int, int]]:
    """Marker and start of the content of each segment."""
    at = 2
    for _ in range(SEGMENTS_LIMIT):
        if picture[at] != 0xFF:
            raise PortraitRefused("broken-segments")
        while picture[at] == 0xFF:
            at += 1
        marker, at = picture[at], at + 1
        if marker in BARE_MARKERS:
            continue
        (length,) = unpack_from(">H", picture, at)
        yield marker, at + 2
        at += max(length, 2)


def _codestream_box(picture: bytes) -> int:
    """Where the codestream of a JPEG 2000 file begins (ISO/IEC 15444-1, annex I)."""
    at = len(JP2_SIGNATURE)
    for _ in range(BOXES_LIMIT):
        length, kind = unpack_from(">I4s", picture, at)
        header = 8
        if length == 1:
            (length,) = unpack_from(">Q", picture, at + 8)
            header = 16
        if kind == b"jp2c":
            return at + header
        if length < header:  # 0 is "until the end": nothing comes after it.
            break
        at += length
    raise PortraitRefused("no-codestream")


def _codestream(picture: bytes, at: int) -> Size:
    """The SIZ segment (ISO/IEC 15444-1, A.5.1): the reference grid, its tiles and components."""
    if picture[at : at + 4] != CODESTREAM:
        raise PortraitRefused("no-codestream")
    x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = unpack_from(">8IH", picture, at + 8)
    if not 1 <= components <= COMPONENTS_LIMIT:
        raise PortraitRefused("too-many-components")
    if min(tile_x, tile_y) < 1 or x <= max(x0, tile_x0) or y <= max(y0, tile_y0):
        raise PortraitRefused("empty")
    # Attack A23 again: tiles of one pixel cost a decoder memory and time without a single large number in sight.
    if -(-(x - tile_x0) // tile_x) * -(-(y - tile_y0) // tile_y) > TILES_LIMIT:
        raise PortraitRefused("too-many-tiles")
    return Size(x - x0, y - y0)
