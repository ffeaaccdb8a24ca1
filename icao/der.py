"""How is the ASN.1 of strangers read? Bounded, made definite once, then field by field in order. (ITU-T X.690)

Certificates, lists and EF.SOD come in DER and in BER, with faults that strict parsers refuse and real states make.
Nothing is decoded that nobody asks for, and every field keeps the bytes it came in: signatures are over those.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from icao.tlv import MAX_SURVEYED_OBJECTS, Garbled, read, read_header, survey, write

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31
UTC_TIME: Final = 0x17
GENERALIZED_TIME: Final = 0x18
OCTETS_IN_PIECES: Final = 0x24  # BER only: an OCTET STRING made of OCTET STRINGs

MAX_OID_BYTES: Final = 64
MAX_INTEGER_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, repr=False)
class Part:
    """One object: ``value`` is what it holds, ``encoded`` the whole of it as it came."""

    tag: int
    value: bytes
    encoded: bytes


class Fields:
    """The fields of one constructed object, taken in order; what is optional may be missing."""

    __slots__ = ("_content", "_place")

    def __init__(self, content: bytes) -> None:
        self._content, self._place = content, 0

    @property
    def left(self) -> bool:
        return self._place < len(self._content)

    def next(self, *tags: int) -> Part:
        """The next field, which must have one of these tags, or any tag if none is named. Raises Garbled."""
        found, end = read(self._content, self._place)
        if tags and found.tag not in tags:
            raise Garbled(f"object {found.tag:X} stands where {tags[0]:X} belongs")
        part = Part(found.tag, found.value, self._content[self._place : end])
        self._place = end
        return part

    def optional(self, *tags: int) -> Part | None:
        """The next field if it has one of these tags. Raises Garbled."""
        if self.left and read_header(self._content, self._place)[0] in tags:
            return self.next()
        return None

    def inside(self, *tags: int) -> "Fields":
        """The fields of the next field. Raises Garbled."""
        return Fields(self.next(*tags).value)


def only(data: bytes, *tags: int) -> Part:
    """The one object that fills ``data``. Raises Garbled."""
    fields = Fields(data)
    part = fields.next(*tags)
    if fields.left:
        raise Garbled(f"{len(data) - len(part.encoded)} bytes follow object {part.tag:X}")
    return part


def elements(content: bytes, limit: int) -> Iterator[Part]:
    """The objects that fill ``content``, at most ``limit``. Raises Garbled."""
    fields = Fields(content)
    for _ in range(limit):
        if not fields.left:
            return
        yield fields.next()
    if fields.left:
        raise Garbled(f"more than {limit} objects in one list")


def definite(data: bytes, max_objects: int = MAX_SURVEYED_OBJECTS) -> bytes:
    """The same objects with definite lengths; what has them already comes back byte for byte. Raises Garbled.

    >>> definite(bytes.fromhex("3080 020105 0000")).hex()
    '3003020105'
    """
    return _rewritten(data) if survey(data, max_objects) else data


def _rewritten(data: bytes) -> bytes:
    made, place = [], 0
    while place < len(data):
        content, place_after = _definite_object(data, place)
        made.append(content)
        place = place_after
    return b"".join(made)


def _definite_object(data: bytes, start: int) -> tuple[bytes, int]:
    """The object at ``start`` and where the next one begins. ``survey`` has bounded the depth."""
    tag_end = start + 1
    if data[start] & 0x1F == 0x1F:
        while data[tag_end] & 0x80:
            tag_end += 1
        tag_end += 1
    if data[tag_end] != 0x80:
        _, length, body = read_header(data, start)
        original = data[start : body + length]
        if not data[start] & 0x20:
            return original, body + length
        inner = _rewritten(data[body : body + length])
        changed = inner != data[body : body + length]
        return _tagged(data[start:tag_end], inner) if changed else original, body + length
    place, made = tag_end + 1, []
    while data[place : place + 2] != b"\0\0":
        content, place = _definite_object(data, place)
        made.append(content)
    return _tagged(data[start:tag_end], b"".join(made)), place + 2


def _tagged(tag: bytes, value: bytes) -> bytes:
    return write(int.from_bytes(tag, "big"), value)


def octets(part: Part) -> bytes:
    """What an OCTET STRING holds, in one piece or in several. Raises Garbled."""
    if part.tag == OCTET_STRING:
        return part.value
    if part.tag != OCTETS_IN_PIECES:
        raise Garbled(f"object {part.tag:X} stands where an octet string belongs")
    pieces, fields = [], Fields(part.value)
    while fields.left:
        pieces.append(octets(fields.next()))
    return b"".join(pieces)


def bits(part: Part) -> bytes:
    """The octets of a BIT STRING that has no bits left over. Raises Garbled."""
    if part.tag != BIT_STRING or not part.value or part.value[0] != 0:
        raise Garbled("a bit string does not hold whole octets")
    return part.value[1:]


def integer(part: Part) -> int:
    """Raises Garbled."""
    if part.tag != INTEGER or not 1 <= len(part.value) <= MAX_INTEGER_BYTES:
        raise Garbled("an integer is missing, empty or beyond every limit")
    return int.from_bytes(part.value, "big", signed=True)


def unsigned(part: Part) -> int:
    """An INTEGER that cannot be negative: some write it without the leading zero. Raises Garbled."""
    if part.tag != INTEGER or not 1 <= len(part.value) <= MAX_INTEGER_BYTES:
        raise Garbled("an integer is missing, empty or beyond every limit")
    return int.from_bytes(part.value, "big")


def oid(part: Part) -> str:
    """Raises Garbled."""
    if part.tag != OBJECT_IDENTIFIER:
        raise Garbled(f"object {part.tag:X} stands where an object identifier belongs")
    return dotted(part.value)


@lru_cache(maxsize=512)
def dotted(value: bytes) -> str:
    """Raises Garbled.

    >>> dotted(bytes.fromhex("678108010101"))
    '2.23.136.1.1.1'
    """
    if not 1 <= len(value) <= MAX_OID_BYTES or value[-1] & 0x80:
        raise Garbled("an object identifier is empty, cut off or beyond every limit")
    arcs, arc = [], 0
    for octet in value:
        arc = arc << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def moment(part: Part) -> datetime:
    """UTCTime or GeneralizedTime, with its seconds or without, in UTC. Raises Garbled."""
    try:
        text = part.value.decode("ascii")
        if part.tag == UTC_TIME:
            text = ("19" if text[:2] >= "50" else "20") + text  # RFC 5280, 4.1.2.5.1
        elif part.tag != GENERALIZED_TIME:
            raise ValueError
        return _moment(text)
    except (ValueError, OverflowError):
        raise Garbled("a time is not written as X.690 says") from None


def _moment(text: str) -> datetime:
    zone = timedelta()
    if text.endswith("Z"):
        text = text[:-1]
    elif text[-5:-4] in ("+", "-"):
        zone = timedelta(hours=int(text[-4:-2]), minutes=int(text[-2:])) * (-1 if text[-5] == "-" else 1)
        text = text[:-5]
    digits = text.partition(".")[0].ljust(14, "0")
    if len(digits) != 14 or not digits.isdecimal():
        raise ValueError
    numbers = (int(digits[:4]), *(int(digits[place : place + 2]) for place in range(4, 14, 2)))
    return datetime(*numbers, tzinfo=UTC) - zone  # type: ignore[misc, arg-type]  # six numbers, as counted above
