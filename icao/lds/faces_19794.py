"""How is a facial record of ISO/IEC 19794-5:2005 read? Blocks of fixed length in a row, the picture behind them."""

from struct import unpack_from
from typing import Final

from icao.lds.face_record import FaceRecord, FeaturePoint
from icao.tlv import Garbled

STANDARD: Final = "ISO/IEC 19794-5"
FORMAT_ID: Final = b"FAC\x00"
VERSION: Final = b"010\x00"
MAX_IMAGES: Final = 8

# ISO/IEC 19794-5:2005, 5: sizes of the blocks before the picture.
RECORD_HEADER_BYTES: Final = 14
FACE_HEADER_BYTES: Final = 20
POINT_BYTES: Final = 8
IMAGE_HEADER_BYTES: Final = 12

MPEG4_POINT: Final = 1  # 5.6: the only kind of point whose code is two numbers
FORMATS: Final = {0: "jpeg", 1: "jpeg2000"}  # 5.7.2


def parse(record: bytes) -> tuple[FaceRecord, ...]:
    """Every picture of the record. Raises Garbled.

    The length that the record states is not looked at: British and New Zealand's passports are wrong by 1 and 8.
    """
    if not record.startswith(FORMAT_ID + VERSION) or len(record) < RECORD_HEADER_BYTES:
        raise Garbled("the facial record is of no edition that is read")
    (images,) = unpack_from(">H", record, 12)
    if not 1 <= images <= MAX_IMAGES:
        raise Garbled(f"the facial record claims {images} pictures, and 1 to {MAX_IMAGES} are read")
    found: list[FaceRecord] = []
    place = RECORD_HEADER_BYTES
    for _ in range(images):
        face, place = _face(record, place)
        found.append(face)
    return tuple(found)


def _face(record: bytes, start: int) -> tuple[FaceRecord, int]:
    """The picture that begins there, and where the next one does."""
    rest = len(record) - start
    if rest < FACE_HEADER_BYTES:
        raise Garbled("the facial record ends before a picture that it claims")
    length, points = unpack_from(">IH", record, start)
    headers = FACE_HEADER_BYTES + points * POINT_BYTES + IMAGE_HEADER_BYTES
    if not headers <= length <= rest:
        raise Garbled("the facial record claims other lengths than are there")
    at = start + headers - IMAGE_HEADER_BYTES
    _kind, format, width, height = unpack_from(">BBHH", record, at)
    return (
        FaceRecord(
            standard=STANDARD,
            image=record[start + headers : start + length],
            format=FORMATS.get(format, "other"),
            width_px=width,
            height_px=height,
            points=_points(record, start + FACE_HEADER_BYTES, points),
        ),
        start + length,
    )


def _points(record: bytes, start: int, count: int) -> tuple[FeaturePoint, ...]:
    found = (unpack_from(">BBHH", record, start + number * POINT_BYTES) for number in range(count))
    return tuple(FeaturePoint(f"{code >> 4}.{code & 15}", x, y) for kind, code, x, y in found if kind == MPEG4_POINT)
