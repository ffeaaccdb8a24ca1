"""How long an APDU does a reader carry? What it says of itself over PC/SC. (PC/SC 2.02.09, part 10, 2.2 and 2.6.14)

Some readers know no extended length at all, and say so nowhere else.
"""

from collections.abc import Iterator
from typing import Final

GET_FEATURE_REQUEST: Final = 3400  # the number that SCARD_CTL_CODE makes a control code of
GET_TLV_PROPERTIES: Final = 0x12
MAX_APDU_DATA_SIZE: Final = 0x0A
SHORT_APDU_BYTES: Final = 256 + 2


def properties_code(features: bytes) -> int | None:
    """The control code that asks for properties, from the reader's features; None when it has none.

    >>> hex(properties_code(bytes.fromhex("1204 42330012")))
    '0x42330012'
    """
    return next((int.from_bytes(value, "big") for tag, value in _objects(features) if tag == GET_TLV_PROPERTIES), None)


def longest_apdu(properties: bytes) -> int | None:
    """In bytes; None when the reader does not say.

    >>> longest_apdu(bytes.fromhex("0A0400000100")), longest_apdu(bytes.fromhex("0A0400000000"))
    (65536, 258)
    """
    for tag, value in _objects(properties):
        if tag == MAX_APDU_DATA_SIZE:
            return int.from_bytes(value, "little") or SHORT_APDU_BYTES
    return None


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    """One byte of tag, one of length. What is cut off is left out."""
    place = 0
    while place + 2 <= len(data):
        tag, length = data[place], data[place + 1]
        value = data[place + 2 : place + 2 + length]
        if len(value) == length:
            yield tag, value
        place += 2 + length
