"""Which applications does the chip say it has? EF.DIR. (Doc 9303-10, 3.11.2; ISO/IEC 7816-4, 12.2.2)"""

from typing import Final

from icao.tlv import Garbled, read, read_all

TAG_APPLICATION: Final = 0x61
TAG_APPLICATION_ID: Final = 0x4F
PADDING: Final = (0x00, 0xFF)
MAX_DIRECTORY_BYTES: Final = 4096
MAX_APPLICATIONS: Final = 32
APPLICATION_ID_BYTES: Final = range(1, 17)


def parse_directory(file: bytes) -> tuple[bytes, ...]:
    """The application identifiers, in their order. Raises Garbled.

    >>> [each.hex() for each in parse_directory(bytes.fromhex("6109 4F07A0000002471001"))]
    ['a0000002471001']
    """
    if len(file) > MAX_DIRECTORY_BYTES:
        raise Garbled(f"EF.DIR has {len(file)} bytes, and {MAX_DIRECTORY_BYTES} is the most that is read")
    found: list[bytes] = []
    place = 0
    while place < len(file) and file[place] not in PADDING:
        template, place = read(file, place)
        if template.tag == TAG_APPLICATION:
            found += [
                _application_id(each.value) for each in read_all(template.value) if each.tag == TAG_APPLICATION_ID
            ]
        if len(found) > MAX_APPLICATIONS:
            raise Garbled(f"EF.DIR names more than {MAX_APPLICATIONS} applications")
    return tuple(found)


def _application_id(value: bytes) -> bytes:
    if len(value) not in APPLICATION_ID_BYTES:
        raise Garbled("an application identifier in EF.DIR has a length that there is none of")
    return value
