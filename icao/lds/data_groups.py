"""What is in a data group? The zone of DG1 and the portrait of DG2. (Doc 9303-10, 4.7.1 and 4.7.2)"""

from typing import Final

from icao.lds.files import (
    EF_DG1,
    EF_DG2,
    TAG_BIOMETRIC_COUNT,
    TAG_BIOMETRIC_DATA,
    TAG_BIOMETRIC_DATA_CONSTRUCTED,
    TAG_BIOMETRIC_GROUP,
    TAG_BIOMETRIC_TEMPLATE,
    TAG_MRZ,
)
from icao.tlv import Garbled, find, read_all, read_one

# Limits of what is believed.
MAX_FACES: Final = 8
MAX_PORTRAIT_BYTES: Final = 128 * 1024

# ISO/IEC 19794-5:2005, 5: sizes of the blocks before the image.
FACIAL_RECORD: Final = b"FAC\x00010\x00"
RECORD_HEADER_BYTES: Final = 14
FACE_HEADER_BYTES: Final = 20
FEATURE_POINT_BYTES: Final = 8
IMAGE_HEADER_BYTES: Final = 12

# Whatever the header says the format is, the first bytes tell it.
JPEG: Final = bytes.fromhex("FFD8FF")
JP2: Final = bytes.fromhex("0000000C6A5020200D0A870A")
J2K: Final = bytes.fromhex("FF4FFF51")

ZONE_WIDTHS: Final = {90: 30, 72: 36, 88: 44}


def mrz_lines(dg1: bytes) -> tuple[str, ...]:
    """The lines of the zone on the chip, for ``mrz.parse``. Raises Garbled."""
    zone = find(read_one(dg1, EF_DG1.tag), TAG_MRZ)
    width = ZONE_WIDTHS.get(len(zone))
    if width is None or not zone.isascii():
        raise Garbled(f"DG1 holds {len(zone)} characters, and no zone has so many")
    text = zone.decode("ascii")
    return tuple(text[start : start + width] for start in range(0, len(text), width))


def portrait(dg2: bytes) -> bytes:
    """The first facial image, as it stands there: JPEG or JPEG 2000, not decoded. Raises Garbled."""
    group = read_all(find(read_one(dg2, EF_DG2.tag), TAG_BIOMETRIC_GROUP))
    templates = [found.value for found in group if found.tag == TAG_BIOMETRIC_TEMPLATE]
    counts = [found.value for found in group if found.tag == TAG_BIOMETRIC_COUNT]
    if not 1 <= len(templates) <= MAX_FACES or counts != [bytes([len(templates)])]:
        raise Garbled("DG2 does not hold as many faces as it says")
    for found in read_all(templates[0]):
        if found.tag in (TAG_BIOMETRIC_DATA, TAG_BIOMETRIC_DATA_CONSTRUCTED):
            return _image(found.value)
    raise Garbled("DG2 holds no biometric data")


def _image(record: bytes) -> bytes:
    """Cut the image out of a facial record (ISO/IEC 19794-5:2005, 5)."""
    if not record.startswith(FACIAL_RECORD):
        raise Garbled("DG2 holds no facial record of the kind that is read")
    face = record[RECORD_HEADER_BYTES:]
    face_bytes = int.from_bytes(face[:4], "big")
    points = int.from_bytes(face[4:6], "big")
    start = FACE_HEADER_BYTES + points * FEATURE_POINT_BYTES + IMAGE_HEADER_BYTES
    if face_bytes > len(face):
        raise Garbled("the facial record claims more bytes than are there")
    image = face[start:face_bytes]
    if not image.startswith((JPEG, JP2, J2K)):
        raise Garbled("the portrait is neither JPEG nor JPEG 2000")
    if len(image) > MAX_PORTRAIT_BYTES:
        raise Garbled(f"the portrait has {len(image)} bytes, and {MAX_PORTRAIT_BYTES} is the most that is read")
    return image
