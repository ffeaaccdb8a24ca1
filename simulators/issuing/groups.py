"""How are the chip's files written? EF.COM, DG1 and DG2. (Doc 9303-10, 4.6 and 4.7; ISO/IEC 19794-5)"""

from io import BytesIO
from typing import Final

from PIL import Image

from icao.tlv import write

FRONTAL, JPEG, RGB24, STATIC_CAMERA = 1, 0, 1, 2  # ISO/IEC 19794-5, 5.7
GENDERS: Final = {"M": 1, "F": 2, "X": 0}
FACE_RECORD: Final = 0x5F2E


def com(groups: tuple[int, ...]) -> bytes:
    """EF.COM: which groups there are. Unsigned, and so believed by nobody."""
    tags = bytes({1: 0x61, 2: 0x75}[group] for group in groups)
    return write(0x60, write(0x5F01, b"0107") + write(0x5F36, b"040000") + write(0x5C, tags))


def dg1(mrz: tuple[str, ...]) -> bytes:
    return write(0x61, write(0x5F1F, "".join(mrz).encode("ascii")))


def dg2(portrait: bytes, sex: str) -> bytes:
    """One face in a CBEFF envelope."""
    header = write(
        0xA1,
        write(0x80, b"\x01\x01")  # header version
        + write(0x81, b"\x02")  # facial features
        + write(0x82, b"\x00")  # no subtype
        + write(0x87, b"\x01\x01")  # format owner: ISO/IEC JTC 1/SC 37
        + write(0x88, b"\x00\x08"),  # format: 19794-5
    )
    face = write(0x7F60, header + write(FACE_RECORD, _face_record(portrait, sex)))
    return write(0x75, write(0x7F61, write(0x02, b"\x01") + face))


def _face_record(portrait: bytes, sex: str) -> bytes:
    image = _face_information(portrait, sex) + portrait
    data = len(image) + 4  # the length counts itself
    whole = 14 + data
    return b"FAC\x00010\x00" + whole.to_bytes(4, "big") + b"\x00\x01" + data.to_bytes(4, "big") + image


def _face_information(portrait: bytes, sex: str) -> bytes:
    """What stands before the picture: 16 bytes on the person, most of them unspecified, and 12 on the picture."""
    with Image.open(BytesIO(portrait)) as picture:
        width, height = picture.size
    person = b"\x00\x00" + bytes((GENDERS[sex],)) + bytes(13)
    size = width.to_bytes(2, "big") + height.to_bytes(2, "big")
    return person + bytes((FRONTAL, JPEG)) + size + bytes((RGB24, STATIC_CAMERA)) + bytes(4)
