"""How does an issuer write a face, a finger or an iris? Records of ISO/IEC 19794 and 39794, for DG2, DG3 and DG4.

A ``FaceForm`` says how; its odd settings are those met in genuine passports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from struct import pack
from typing import Final

from icao.lds.faces_39794 import MPEG4_CODES
from icao.lds.images import ImageFormat, image_format, look_at
from icao.tlv import write

# ISO/IEC 19794-5:2005, 5.5 to 5.7
FRONTAL, RGB24, STATIC_CAMERA, MPEG4 = 1, 1, 2, 1
GENDERS: Final = {"M": 1, "F": 2, "X": 0}
CODES_19794: Final = {ImageFormat.JPEG: 0, ImageFormat.JP2: 1, ImageFormat.J2K: 1}
# ISO/IEC 39794-5: GenderCode, ImageDataFormatCode; the rest as ICAO's profile has it
GENDERS_39794: Final = {"M": 2, "F": 3, "X": 1}
CODES_39794: Final = {ImageFormat.JPEG: 2, ImageFormat.JP2: 3, ImageFormat.J2K: 3}
GENERATION, YEAR, RGB24_39794 = 3, 2019, 2


class Standard(StrEnum):
    ISO_19794 = "19794"
    ISO_39794 = "39794"


@dataclass(frozen=True, slots=True)
class FaceForm:
    """``claimed_format`` lies about the picture, ``record_length_off`` about the record (GBR: -1, NZL: -8).

    ``padding`` stands behind the picture; ``points`` are (code, x, y), "12.1" the right pupil.
    """

    standard: Standard = Standard.ISO_19794
    claimed_format: ImageFormat | None = None
    claimed_size: tuple[int, int] | None = None
    record_length_off: int = 0
    padding: bytes = b""
    points: tuple[tuple[str, int, int], ...] = ()


PLAIN: Final = FaceForm()


def face_record(portraits: Sequence[bytes], sex: str, form: FaceForm = PLAIN) -> bytes:
    """One record with these pictures."""
    if form.standard is Standard.ISO_39794:
        return _face_39794(portraits, sex, form)
    blocks = b"".join(_face_19794(portrait, sex, form) for portrait in portraits)
    length = 14 + len(blocks) + form.record_length_off
    return b"FAC\x00010\x00" + pack(">IH", length, len(portraits)) + blocks


def finger_record(fingers: Sequence[tuple[int, bytes]], standard: Standard = Standard.ISO_19794) -> bytes:
    """Fingers as (position, picture): WSQ in a record of 19794-4, JPEG 2000 in one of 39794-4."""
    if standard is Standard.ISO_39794:
        blocks = b"".join(_finger_39794(position, picture) for position, picture in fingers)
        return write(0xA1, write(0x64, _version() + write(0xA1, blocks)))
    blocks = b"".join(
        pack(">IBBBBBHHB", 14 + len(picture), position, 1, 1, 80, 0, 300, 400, 0) + picture
        for position, picture in fingers
    )
    sampling = pack(">HHHHBBH", 197, 197, 197, 197, 8, 2, 0)  # 500 dpi in pixels a centimetre, 8 bit, WSQ
    header = b"FIR\x00010\x00" + (32 + len(blocks)).to_bytes(6, "big") + pack(">HHBB", 0, 31, len(fingers), 2)
    return header + sampling + blocks


def iris_record(irises: Sequence[tuple[int, bytes]], width_px: int = 640, height_px: int = 480) -> bytes:
    """Irises as (eye, picture) after 19794-6: 1 is the right one, 2 the left one; grey JPEG."""
    blocks = b"".join(
        pack(">BH", eye, 1) + pack(">HBHHI", 1, 90, 0, 0, len(picture)) + picture for eye, picture in irises
    )
    header = pack(">HBHHHHHHBB", 0, len(irises), 45, 0, 0, 6, width_px, height_px, 8, 0) + bytes(16)
    return b"IIR\x00010\x00" + pack(">I", 45 + len(blocks)) + header + blocks


def _face_19794(portrait: bytes, sex: str, form: FaceForm) -> bytes:
    width, height = form.claimed_size or _size(portrait)
    points = b"".join(
        pack(">BBHHH", MPEG4, int(group) << 4 | int(number), x, y, 0)
        for (group, number), x, y in ((code.split("."), x, y) for code, x, y in form.points)
    )
    person = pack(">HB", len(form.points), GENDERS[sex]) + bytes(13)
    picture = pack(">BBHHBB", FRONTAL, CODES_19794[_claimed(portrait, form)], width, height, RGB24, STATIC_CAMERA)
    block = person + points + picture + bytes(4) + portrait + form.padding
    return pack(">I", len(block) + 4) + block  # the length counts itself


def _face_39794(portraits: Sequence[bytes], sex: str, form: FaceForm) -> bytes:
    blocks = b"".join(write(0x30, _representation(number, each, sex, form)) for number, each in enumerate(portraits))
    return write(0xA1, write(0x65, _version() + write(0xA1, blocks)))


def _representation(number: int, portrait: bytes, sex: str, form: FaceForm) -> bytes:
    width, height = form.claimed_size or _size(portrait)
    information = (
        write(0xA0, _integer(0x80, CODES_39794[_claimed(portrait, form)]))
        + write(0xA1, _extended(0))  # faceImageKind2D: mrtd
        + write(0xA7, _integer(0x80, width) + _integer(0x81, height))
        + write(0xA9, _extended(RGB24_39794))
    )
    picture = write(0x80, portrait + form.padding) + write(0xA1, information)
    identity = write(0xA8, write(0xA0, _extended(GENDERS_39794[sex])))
    landmarks = write(0xA9, b"".join(_landmark(*point) for point in form.points)) if form.points else b""
    return _integer(0x80, number) + write(0xA1, write(0xA0, write(0xA0, picture))) + identity + landmarks


def _landmark(code: str, x: int, y: int) -> bytes:
    kind = write(0xA0, write(0xA0, write(0xA0, _extended(MPEG4_CODES.index(code)))))
    return write(0x30, kind + write(0xA1, write(0xA0, write(0xA0, _integer(0x80, x) + _integer(0x81, y)))))


def _finger_39794(position: int, picture: bytes) -> bytes:
    return write(
        0x30,
        write(0xA0, _extended(position)) + write(0xA1, _extended(0)) + write(0xA2, _extended(3)) + write(0x83, picture),
    )


def _version() -> bytes:
    return write(0xA0, _integer(0x80, GENERATION) + _integer(0x81, YEAR))


def _extended(code: int) -> bytes:
    """A code that may be extended, as ICAO's profile writes it: [1] { [0] code }."""
    return write(0xA1, _integer(0x80, code))


def _integer(tag: int, value: int) -> bytes:
    return write(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _claimed(portrait: bytes, form: FaceForm) -> ImageFormat:
    return form.claimed_format or image_format(portrait) or ImageFormat.JPEG


def _size(portrait: bytes) -> tuple[int, int]:
    header = look_at(portrait)
    return header.width_px, header.height_px
