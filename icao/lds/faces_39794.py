"""How is a facial record of ISO/IEC 39794-5 read? DER with implicit tags, as ICAO's application profile has it.

(Doc 9303-10, 4.7.2; module id-icao-iso-iec-39794-5-ed-1-v1) Most members are optional, so each is found by its tag.
Where the standard lets a code be extended, the profile writes [1] { [0] code }; both forms are read.
"""

from typing import Final

from icao.lds.face_record import FaceRecord, FeaturePoint
from icao.tlv import Garbled, find, read, read_all

STANDARD: Final = "ISO/IEC 39794-5"
MAX_IMAGES: Final = 8
MAX_INTEGER_BYTES: Final = 4

TAG_WRAPPED: Final = 0xA1  # around the block where it stands in DG2
TAG_FACE_BLOCK: Final = 0x65  # FaceImageDataBlock, [APPLICATION 5]
TAG_REPRESENTATIONS: Final = 0xA1
TAG_SEQUENCE: Final = 0x30
# From a RepresentationBlock: imageRepresentation, base, imageRepresentation2DBlock.
PATH_2D: Final = (0xA1, 0xA0, 0xA0)
TAG_DATA: Final = 0x80
TAG_INFORMATION: Final = 0xA1
TAG_DATA_FORMAT: Final = 0xA0
TAG_IMAGE_SIZE: Final = 0xA7
TAG_LANDMARKS: Final = 0xA9
# From a LandmarkBlock: landmarkKind, base, mpeg4FeaturePoint; landmarkCoordinates, base, coordinateCartesian2DBlock.
PATH_MPEG4: Final = (0xA0, 0xA0, 0xA0)
PATH_COORDINATES: Final = (0xA1, 0xA0, 0xA0)
TAG_FALLBACK: Final = 0xA1

FORMATS: Final = {2: "jpeg", 3: "jpeg2000", 4: "jpeg2000"}  # ImageDataFormatCode

# MPEG4FeaturePointCode counts through the groups of MPEG-4: how many points each of them has.
MPEG4_POINTS: Final = {2: 14, 3: 14, 4: 6, 5: 4, 6: 4, 7: 1, 8: 10, 9: 15, 10: 10, 11: 6, 12: 4}
MPEG4_CODES: Final = tuple(
    f"{group}.{number}" for group, count in MPEG4_POINTS.items() for number in range(1, count + 1)
)


def parse(record: bytes) -> tuple[FaceRecord, ...]:
    """Every picture of the record; the profile has one. Raises Garbled."""
    representations = read_all(find(_face_block(record), TAG_REPRESENTATIONS))
    if not 1 <= len(representations) <= MAX_IMAGES or any(each.tag != TAG_SEQUENCE for each in representations):
        raise Garbled(f"the facial record holds no pictures, or more than {MAX_IMAGES}")
    return tuple(_face(each.value) for each in representations)


def _face_block(record: bytes) -> bytes:
    outer, _ = read(record)
    if outer.tag == TAG_WRAPPED:
        outer, _ = read(outer.value)
    if outer.tag != TAG_FACE_BLOCK:
        raise Garbled("DG2 holds no facial record of a kind that is read")
    return outer.value


def _face(representation: bytes) -> FaceRecord:
    picture = find(representation, *PATH_2D)
    information = _member(picture, TAG_INFORMATION)
    size = _member(information, TAG_IMAGE_SIZE)
    return FaceRecord(
        standard=STANDARD,
        image=find(picture, TAG_DATA),
        format=FORMATS.get(_number(_member(_member(information, TAG_DATA_FORMAT), 0x80)), "other"),
        width_px=_number(_member(size, 0x80)),
        height_px=_number(_member(size, 0x81)),
        points=_points(_member(representation, TAG_LANDMARKS)),
    )


def _points(landmarks: bytes) -> tuple[FeaturePoint, ...]:
    """Those that MPEG-4 numbers and that say where they are."""
    found: list[FeaturePoint] = []
    for landmark in read_all(landmarks):
        kind = _member(landmark.value, *PATH_MPEG4)
        place = _member(landmark.value, *PATH_COORDINATES)
        if kind and place:
            number = _number(_member(_member(kind, TAG_FALLBACK) or kind, 0x80))
            if number >= len(MPEG4_CODES):
                raise Garbled("a point of the face has a number that there is none of")
            found.append(
                FeaturePoint(MPEG4_CODES[number], _number(_member(place, 0x80)), _number(_member(place, 0x81)))
            )
    return tuple(found)


def _member(data: bytes, *path: int) -> bytes:
    """The value at the end of a path of tags; empty when the path ends before. Raises Garbled for what is no DER."""
    for tag in path:
        data = next((found.value for found in read_all(data) if found.tag == tag), b"")
    return data


def _number(value: bytes) -> int:
    """An INTEGER or ENUMERATED that is not negative; one that is not there is 0."""
    if len(value) > MAX_INTEGER_BYTES or (value and value[0] & 0x80):
        raise Garbled("a number of the facial record is beyond every limit")
    return int.from_bytes(value, "big")
