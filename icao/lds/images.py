"""What picture is this, and how large does it claim to be? Told by its own header, without a decoder.

JPEG and JPEG 2000 (file or bare codestream), as Doc 9303-10 allows in DG2. What the record around it says of the
format is not believed: issuers write JPEG and mean JPEG 2000.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from struct import error as StructError
from struct import unpack_from
from typing import Final

from icao.tlv import Garbled

# A picture that needs more of these to say how large it is plays with us.
MAX_BOXES: Final = 64
MAX_SEGMENTS: Final = 256

JPEG: Final = bytes.fromhex("FFD8FF")
JP2: Final = bytes.fromhex("0000000C6A5020200D0A870A")
J2K: Final = bytes.fromhex("FF4FFF51")  # SOC, SIZ

SOF_DECODED: Final = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive: what issuers write
SOF_OTHERS: Final = (0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF)
BARE_MARKERS: Final = (0x01, *range(0xD0, 0xD8))
SOS, EOI = 0xDA, 0xD9
END: Final = b"\xff\xd9"  # EOI of JPEG, EOC of a codestream
PADDING: Final = b"\x00\x20\xff"  # what issuers put behind it, up to the next round length


class ImageFormat(StrEnum):
    JPEG = "jpeg"
    JP2 = "jp2"
    J2K = "j2k"


class NoImage(Garbled):
    """This is no picture that a travel document may hold. ``reason`` is a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the picture's own header is not in order ({reason})")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ImageHeader:
    """``tiles`` is 1 for JPEG."""

    format: ImageFormat
    width_px: int
    height_px: int
    components: int
    tiles: int = 1


def image_format(picture: bytes) -> ImageFormat | None:
    """By the first bytes; None for anything else.

    >>> image_format(bytes.fromhex("FFD8FFE0"))
    <ImageFormat.JPEG: 'jpeg'>
    """
    if picture.startswith(JPEG):
        return ImageFormat.JPEG
    if picture.startswith(JP2):
        return ImageFormat.JP2
    return ImageFormat.J2K if picture.startswith(J2K) else None


def look_at(picture: bytes) -> ImageHeader:
    """What the picture says of itself; no limit is applied to it. Raises NoImage."""
    try:
        match image_format(picture):
            case ImageFormat.JPEG:
                return _jpeg(picture)
            case ImageFormat.J2K:
                return _codestream(picture, 0, ImageFormat.J2K)
            case ImageFormat.JP2:
                return _codestream(picture, _codestream_box(picture), ImageFormat.JP2)
            case None:
                raise NoImage("unknown-format")
    except (StructError, IndexError):
        raise NoImage("cut-short") from None


def without_padding(picture: bytes) -> bytes:
    """The picture up to its end mark, when nothing but padding follows it; some decoders stumble over the rest.

    >>> without_padding(bytes.fromhex("FFD8FF00FFD90000")).hex()
    'ffd8ff00ffd9'
    """
    end = picture.rfind(END) + len(END)
    return picture[:end] if end >= len(END) and not picture[end:].strip(PADDING) else picture


def _jpeg(picture: bytes) -> ImageHeader:
    """The first frame header decides: a second one is an error to every decoder."""
    for marker, at in _segments(picture):
        if marker in SOF_DECODED:
            _precision, height, width, components = unpack_from(">BHHB", picture, at)
            return ImageHeader(ImageFormat.JPEG, width, height, components)
        if marker in SOF_OTHERS:
            raise NoImage("unknown-coding")
        if marker in (SOS, EOI):
            break
    raise NoImage("no-frame-header")


def _segments(picture: bytes) -> Iterator[tuple[int, int]]:
    """Marker and start of the content of each segment."""
    at = 2
    for _ in range(MAX_SEGMENTS):
        if picture[at] != 0xFF:
            raise NoImage("broken-segments")
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
    at = len(JP2)
    for _ in range(MAX_BOXES):
        length, kind = unpack_from(">I4s", picture, at)
        header = 8
        if length == 1:
            (length,) = unpack_from(">Q", picture, at + 8)
            header = 16
        if kind == b"jp2c":
            return at + header
        if length < header:  # 0 is "until the end": nothing comes after it.
            break
        if length > len(picture) - at:
            raise NoImage("cut-short")
        at += length
    raise NoImage("no-codestream")


def _codestream(picture: bytes, at: int, format: ImageFormat) -> ImageHeader:
    """The SIZ segment (ISO/IEC 15444-1, A.5.1): the reference grid, its tiles and components."""
    if picture[at : at + 4] != J2K:
        raise NoImage("no-codestream")
    x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, components = unpack_from(">8IH", picture, at + 8)
    if min(tile_x, tile_y) < 1 or x <= max(x0, tile_x0) or y <= max(y0, tile_y0):
        raise NoImage("empty")
    tiles = -(-(x - tile_x0) // tile_x) * -(-(y - tile_y0) // tile_y)
    return ImageHeader(format, x - x0, y - y0, components, tiles)
