"""What is in a data group? The zone of DG1, the portrait of DG2, and what stands plainly in the others.

(Doc 9303-10, 4.7) Faces, fingers, irises, details and contacts have files of their own beside this one.
"""

from typing import Final

from icao.lds.faces import faces
from icao.lds.files import EF_DG1, TAG_MRZ, data_group
from icao.tlv import Garbled, find, read_all, read_one

# Limits of what is believed.
MAX_GROUP_BYTES: Final = 256 * 1024
MAX_DISPLAYED: Final = 8
MAX_DISPLAYED_BYTES: Final = 128 * 1024

ZONE_WIDTHS: Final = {90: 30, 72: 36, 88: 44}

# Inside DG5 and DG7 (Doc 9303-10, 4.7.5 and 4.7.7)
TAG_COUNT: Final = 0x02
TAG_DISPLAYED_PORTRAIT: Final = 0x5F40
TAG_DISPLAYED_SIGNATURE: Final = 0x5F43


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
    return faces(dg2)[0].image


def displayed_portraits(dg5: bytes) -> tuple[bytes, ...]:
    """Pictures for the eye of an officer, JPEG or JPEG 2000, not decoded. Raises Garbled."""
    return _displayed(5, dg5, TAG_DISPLAYED_PORTRAIT)


def displayed_signatures(dg7: bytes) -> tuple[bytes, ...]:
    """The signature or usual mark of the holder, as pictures, not decoded. Raises Garbled."""
    return _displayed(7, dg7, TAG_DISPLAYED_SIGNATURE)


def content(number: int, file: bytes) -> bytes:
    """What stands under the tag of the group, as it is. Raises Garbled.

    The security infos of DG14 and the public key of DG15 are DER; DG6, 8, 9, 10 and 13 hold what their issuer likes,
    and it need not be made of objects: Singapore's DG13 is not.

    >>> content(13, bytes.fromhex("6D03 5FB041")).hex()
    '5fb041'
    """
    if len(file) > MAX_GROUP_BYTES:
        raise Garbled(f"DG{number} has {len(file)} bytes, and {MAX_GROUP_BYTES} is the most that is read")
    return read_one(file, data_group(number).tag)


def _displayed(number: int, file: bytes, tag: int) -> tuple[bytes, ...]:
    objects = read_all(content(number, file))
    counts = [found.value for found in objects if found.tag == TAG_COUNT]
    pictures = tuple(found.value for found in objects if found.tag == tag and found.value)
    if len(pictures) > MAX_DISPLAYED or counts not in ([bytes([len(pictures)])], []):
        raise Garbled(f"DG{number} does not hold as many pictures as it says")
    if any(len(picture) > MAX_DISPLAYED_BYTES for picture in pictures):
        raise Garbled(f"a picture in DG{number} has more than {MAX_DISPLAYED_BYTES} bytes")
    return pictures
