"""Which fingerprints does DG3 hold? After ISO/IEC 19794-4:2005 or ISO/IEC 39794-4, as pictures nobody has decoded.

(Doc 9303-10, 4.7.3) Read only behind terminal authentication.
"""

from dataclasses import dataclass
from struct import unpack_from
from typing import Final

from icao.lds.biometric_templates import templates
from icao.lds.files import data_group
from icao.tlv import Garbled, find, read, read_all

EF_DG3: Final = data_group(3)

# Limits of what is believed.
MAX_FINGERS: Final = 10
MAX_FINGER_BYTES: Final = 128 * 1024

# ISO/IEC 19794-4:2005, 7 and 8
FORMAT_ID: Final = b"FIR\x00"
VERSION: Final = b"010\x00"
RECORD_HEADER_BYTES: Final = 32
FINGER_HEADER_BYTES: Final = 14
COUNT_AT: Final = 18
COMPRESSION_AT: Final = 29
FORMATS_19794: Final = {0: "raw", 1: "packed", 2: "wsq", 3: "jpeg", 4: "jpeg2000", 5: "png"}

# ISO/IEC 39794-4: FingerImageDataBlock is [APPLICATION 4]; members of its RepresentationBlock.
TAG_WRAPPED: Final = 0xA1
TAG_FINGER_BLOCK: Final = 0x64
TAG_REPRESENTATIONS: Final = 0xA1
TAG_POSITION: Final = 0xA0
TAG_EXTENSION: Final = 0xA1
TAG_DATA: Final = 0x83

# ISO/IEC 19794-4:2005, table 6; ISO/IEC 39794-4 numbers the ten fingers in the same way.
POSITIONS: Final = (
    "unknown",
    "right thumb", "right index finger", "right middle finger", "right ring finger", "right little finger",
    "left thumb", "left index finger", "left middle finger", "left ring finger", "left little finger",
)  # fmt: skip


@dataclass(frozen=True, slots=True, repr=False)
class Finger:
    """``format`` is what a record of 19794-4 says of its picture, and "unstated" for the other standard."""

    image: bytes
    position: str
    format: str
    width_px: int = 0
    height_px: int = 0


def fingers(dg3: bytes) -> tuple[Finger, ...]:
    """In their order; none when the issuer could take none. Raises Garbled."""
    found = tuple(finger for template in templates(EF_DG3, dg3) for finger in _fingers(template.record))
    if len(found) > MAX_FINGERS:
        raise Garbled(f"DG3 holds more than {MAX_FINGERS} fingers")
    if any(len(finger.image) > MAX_FINGER_BYTES for finger in found):
        raise Garbled(f"a finger has more than {MAX_FINGER_BYTES} bytes")
    return found


def _fingers(record: bytes) -> list[Finger]:
    return _fingers_19794(record) if record.startswith(FORMAT_ID) else _fingers_39794(record)


def _fingers_19794(record: bytes) -> list[Finger]:
    if not record.startswith(FORMAT_ID + VERSION) or len(record) < RECORD_HEADER_BYTES:
        raise Garbled("the finger record is of no edition that is read")
    format = FORMATS_19794.get(record[COMPRESSION_AT], "other")
    found: list[Finger] = []
    place = RECORD_HEADER_BYTES
    for _ in range(min(record[COUNT_AT], MAX_FINGERS + 1)):
        if len(record) - place < FINGER_HEADER_BYTES:
            raise Garbled("the finger record ends before a finger that it claims")
        length, position, _views, _view, _quality, _kind, width, height = unpack_from(">IBBBBBHH", record, place)
        if not FINGER_HEADER_BYTES <= length <= len(record) - place:
            raise Garbled("the finger record claims other lengths than are there")
        image = record[place + FINGER_HEADER_BYTES : place + length]
        found.append(Finger(image, _position(position), format, width, height))
        place += length
    return found


def _fingers_39794(record: bytes) -> list[Finger]:
    outer, _ = read(record)
    if outer.tag == TAG_WRAPPED:
        outer, _ = read(outer.value)
    if outer.tag != TAG_FINGER_BLOCK:
        raise Garbled("DG3 holds no finger record of a kind that is read")
    return [_finger_39794(each.value) for each in read_all(find(outer.value, TAG_REPRESENTATIONS))]


def _finger_39794(representation: bytes) -> Finger:
    code, _ = read(find(representation, TAG_POSITION))
    while code.tag == TAG_EXTENSION:  # [1] { [0] code } in the profile, [0] code in the standard
        code, _ = read(code.value)
    return Finger(find(representation, TAG_DATA), _position(int.from_bytes(code.value[:2], "big")), "unstated")


def _position(code: int) -> str:
    return POSITIONS[code] if code < len(POSITIONS) else "other"
