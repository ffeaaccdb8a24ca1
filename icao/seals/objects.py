"""How are the objects of a seal cut up? One byte of tag, a DER length, a value. (Doc 9303-13, 2.3)

Not BER: every byte may be a tag, FF too. A length has one form, the shortest, so that nobody rewrites a seal.
"""

from dataclasses import dataclass
from typing import Final

from icao.tlv import Garbled, write_length

MAX_OBJECTS: Final = 64
MAX_VALUE_BYTES: Final = 4096  # a barcode holds less


@dataclass(frozen=True, slots=True, repr=False)
class SealObject:
    """``start`` and ``end`` are its places in the bytes it was read from."""

    tag: int
    value: bytes
    start: int
    end: int

    def __repr__(self) -> str:  # Values hold names and numbers.
        return f"SealObject({self.tag:02X}, {len(self.value)} bytes)"


def read_objects(data: bytes, start: int = 0) -> tuple[SealObject, ...]:
    """What stands from ``start`` to the end, in order, no tag twice. Raises Garbled."""
    found: dict[int, SealObject] = {}
    while start < len(data):
        one = _read(data, start)
        # Two objects of one name would let a reader and an inspector see two different seals.
        if one.tag in found or len(found) == MAX_OBJECTS:
            raise Garbled(f"object {one.tag:02X} stands twice, or there are too many")
        found[one.tag] = one
        start = one.end
    return tuple(found.values())


def write_object(tag: int, value: bytes) -> bytes:
    """
    >>> write_object(0xFF, b"ab").hex()
    'ff026162'
    """
    return bytes([tag]) + write_length(len(value)) + value


def _read(data: bytes, start: int) -> SealObject:
    length, body = _length(data, start + 1)
    if body + length > len(data):
        raise Garbled(f"object {data[start]:02X} claims more bytes than there are")
    return SealObject(data[start], data[body : body + length], start, body + length)


def _length(data: bytes, place: int) -> tuple[int, int]:
    if place >= len(data):
        raise Garbled("the seal ends where a length belongs")
    first = data[place]
    count = first & 0x7F if first >= 0x80 else 0
    length = int.from_bytes(data[place + 1 : place + 1 + count], "big") if count else first
    if count > 2 or length > MAX_VALUE_BYTES or data[place : place + 1 + count] != write_length(length):
        raise Garbled("a length is beyond every limit, or not in its shortest form")
    return length, place + 1 + count
