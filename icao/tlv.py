"""How are the chip's data objects cut up and put together? (BER-TLV: ISO/IEC 7816-4, 5.2.2; Doc 9303-10, 3.11.2)

Definite lengths only, as the logical data structure has them. CMS inside EF.SOD may use indefinite ones: ``survey``
walks those too, without recursion, before any other parser may see them.
"""

from dataclasses import dataclass
from typing import Final

# One table of limits. A hostile chip names lengths of 2^31 and nests ten thousand objects: refused here.
MAX_LENGTH_BYTES: Final = 4 * 1024 * 1024
MAX_TAG_BYTES: Final = 3
MAX_OBJECTS: Final = 256  # in one template of the logical data structure
MAX_DEPTH_LEVELS: Final = 32
MAX_SURVEYED_OBJECTS: Final = 20_000  # in one CMS structure; a real EF.SOD has some hundreds


class Garbled(Exception):
    """These bytes are not what they claim to be. The message says why and holds no personal data."""


@dataclass(frozen=True, slots=True, repr=False)
class Tlv:
    tag: int
    value: bytes

    def __repr__(self) -> str:  # Values hold names and portraits.
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"


def read(data: bytes, start: int = 0) -> tuple[Tlv, int]:
    """The object that begins at ``start``, and where the next one begins. Raises Garbled."""
    tag, length, body = read_header(data, start)
    if body + length > len(data):
        raise Garbled(f"object {tag:X} claims {length} bytes and {len(data) - body} are there")
    return Tlv(tag, data[body : body + length]), body + length


def read_header(data: bytes, start: int = 0) -> tuple[int, int, int]:
    """Tag, length of the value, and where the value begins; the value itself need not be there. Raises Garbled.

    >>> read_header(bytes.fromhex("7582075F"))
    (117, 1887, 4)
    """
    tag, place = _tag(data, start)
    length, place = _length(data, place)
    if length is None:
        raise Garbled(f"object {tag:X} has an indefinite length")
    return tag, length, place


def read_all(data: bytes) -> tuple[Tlv, ...]:
    """The objects that stand one behind the other and fill ``data``. Raises Garbled."""
    objects: list[Tlv] = []
    place = 0
    while place < len(data):
        if len(objects) == MAX_OBJECTS:
            raise Garbled(f"more than {MAX_OBJECTS} objects in one template")
        found, place = read(data, place)
        objects.append(found)
    return tuple(objects)


def read_one(data: bytes, tag: int) -> bytes:
    """The value of the one object with this tag that fills ``data``. Raises Garbled."""
    found, end = read(data)
    if found.tag != tag:
        raise Garbled(f"object {found.tag:X} stands where {tag:X} belongs")
    if end != len(data):
        raise Garbled(f"{len(data) - end} bytes follow object {tag:X}")
    return found.value


def find(data: bytes, *path: int) -> bytes:
    """The value at the end of a path of tags, the first of each. Raises Garbled when there is none.

    >>> find(bytes.fromhex("5F0101AA 7003 8101BB"), 0x70, 0x81).hex()
    'bb'
    """
    for tag in path:
        data = next((found.value for found in read_all(data) if found.tag == tag), None) or b""
        if not data:
            raise Garbled(f"object {tag:X} is missing or empty")
    return data


def write(tag: int, value: bytes) -> bytes:
    """
    >>> write(0x5F1F, b"P<UTO").hex()
    '5f1f05503c55544f'
    """
    return _bytes(tag) + write_length(len(value)) + value


def write_length(length: int) -> bytes:
    """
    >>> write_length(127).hex(), write_length(128).hex(), write_length(256).hex()
    ('7f', '8180', '820100')
    """
    if length < 0x80:
        return bytes([length])
    digits = _bytes(length)
    return bytes([0x80 | len(digits)]) + digits


def survey(data: bytes, max_objects: int = MAX_SURVEYED_OBJECTS) -> bool:
    """Walk BER, indefinite lengths too, and say whether there are any. Raises Garbled when it is broken or too much.

    Done without recursion: what nests ten thousand objects to break the next parser's stack ends here.
    """
    ends: list[int | None] = []  # where each open object ends; None: at its end-of-contents mark
    place = objects = 0
    indefinite = False
    while place < len(data) or ends:
        if ends and ends[-1] == place:
            ends.pop()
            continue
        limit = next((end for end in reversed(ends) if end is not None), len(data))
        if ends and ends[-1] is None and data[place : place + 2] == b"\0\0":
            ends.pop()
            place += 2
            continue
        objects += 1
        constructed, length, place = _surveyed_header(data, place, limit)
        if objects > max_objects or len(ends) == MAX_DEPTH_LEVELS:
            raise Garbled("the structure holds too many objects or nests too deep")
        if constructed:
            ends.append(None if length is None else place + length)
            indefinite |= length is None
        else:
            place += length or 0
    return indefinite


def _surveyed_header(data: bytes, start: int, limit: int) -> tuple[bool, int | None, int]:
    constructed = bool(data[start] & 0x20) if start < len(data) else False
    _, place = _tag(data, start)
    length, place = _length(data, place)
    if length is None and not constructed:
        raise Garbled("a primitive object has an indefinite length")
    if place + (length or 0) > limit:
        raise Garbled("an object is longer than the one that holds it")
    return constructed, length, place


def _tag(data: bytes, place: int) -> tuple[int, int]:
    if place >= len(data):
        raise Garbled("the bytes end where a tag belongs")
    tag = data[place]
    if tag & 0x1F != 0x1F:
        return tag, place + 1
    for taken in range(1, MAX_TAG_BYTES):
        if place + taken >= len(data):
            raise Garbled("the bytes end within a tag")
        octet = data[place + taken]
        tag = tag << 8 | octet
        if not octet & 0x80:
            return tag, place + taken + 1
    raise Garbled(f"a tag has more than {MAX_TAG_BYTES} bytes")


def _length(data: bytes, place: int) -> tuple[int | None, int]:
    """The length (None: indefinite) and what lies behind it."""
    if place >= len(data):
        raise Garbled("the bytes end where a length belongs")
    first = data[place]
    if first < 0x80:
        return first, place + 1
    if first == 0x80:
        return None, place + 1
    digits = data[place + 1 : place + 1 + (first & 0x7F)]
    length = int.from_bytes(digits, "big")
    if len(digits) != first & 0x7F or len(digits) > 4 or length > MAX_LENGTH_BYTES:
        raise Garbled("a length is cut off or beyond every limit")
    return length, place + 1 + len(digits)


def _bytes(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
