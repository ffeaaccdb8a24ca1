"""Which irises does DG4 hold? After ISO/IEC 19794-6:2005, as pictures that nobody has decoded. (Doc 9303-10, 4.7.4)

Read only behind terminal authentication. Records of ISO/IEC 39794-6 are refused: no profile of ICAO's describes them.
"""

from dataclasses import dataclass
from struct import unpack_from
from typing import Final

from icao.lds.biometric_templates import templates
from icao.lds.files import data_group
from icao.tlv import Garbled

EF_DG4: Final = data_group(4)

# Limits of what is believed.
MAX_EYES: Final = 2
MAX_IRISES: Final = 8
MAX_IRIS_BYTES: Final = 128 * 1024

# ISO/IEC 19794-6:2005, 6: the record, the eyes in it, the pictures of each.
FORMAT_ID: Final = b"IIR\x00"
VERSION: Final = b"010\x00"
RECORD_HEADER_BYTES: Final = 45
EYE_HEADER_BYTES: Final = 3
IMAGE_HEADER_BYTES: Final = 11
EYES_AT: Final = 14
FORMAT_AT: Final = 21
FORMATS: Final = {
    2: "raw", 4: "raw", 6: "jpeg", 8: "jpeg", 10: "jpeg-ls", 12: "jpeg-ls", 14: "jpeg2000", 16: "jpeg2000",
}  # fmt: skip
EYES: Final = {0: "unknown", 1: "right", 2: "left"}


@dataclass(frozen=True, slots=True, repr=False)
class Iris:
    image: bytes
    eye: str
    format: str
    width_px: int
    height_px: int


def irises(dg4: bytes) -> tuple[Iris, ...]:
    """In their order; none when the issuer could take none. Raises Garbled."""
    found = tuple(iris for template in templates(EF_DG4, dg4) for iris in _irises(template.record))
    if len(found) > MAX_IRISES or any(len(iris.image) > MAX_IRIS_BYTES for iris in found):
        raise Garbled(f"DG4 holds more than {MAX_IRISES} irises, or one of more than {MAX_IRIS_BYTES} bytes")
    return found


def _irises(record: bytes) -> list[Iris]:
    if not record.startswith(FORMAT_ID + VERSION) or len(record) < RECORD_HEADER_BYTES:
        raise Garbled("DG4 holds no iris record of a kind that is read")
    format, width, height = unpack_from(">HHH", record, FORMAT_AT)
    found: list[Iris] = []
    place = RECORD_HEADER_BYTES
    for _ in range(min(record[EYES_AT], MAX_EYES)):
        eye, images = _unpack(">BH", record, place, EYE_HEADER_BYTES)
        place += EYE_HEADER_BYTES
        if images > MAX_IRISES:
            raise Garbled(f"the iris record claims {images} pictures of one eye")
        for _ in range(images):
            *_, length = _unpack(">HBHHI", record, place, IMAGE_HEADER_BYTES)
            place += IMAGE_HEADER_BYTES
            if length > len(record) - place:
                raise Garbled("the iris record claims other lengths than are there")
            image = record[place : place + length]
            found.append(Iris(image, EYES.get(eye, "unknown"), FORMATS.get(format, "other"), width, height))
            place += length
    return found


def _unpack(form: str, record: bytes, place: int, size: int) -> tuple[int, ...]:
    if len(record) - place < size:
        raise Garbled("the iris record ends before a picture that it claims")
    return unpack_from(form, record, place)
