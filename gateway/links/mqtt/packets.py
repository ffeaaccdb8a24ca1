"""Which bytes does MQTT 5 want? The few packets that a gateway sends and hears, QoS 0 and 1 (OASIS MQTT 5.0, 3).

Written for ten thousand messages a second: a message that comes is cut out and its properties are skipped, since
nothing here depends on them (docs/contract.md, 3).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

PACKET_MAX_BYTES: Final = 300_000  # more than a broker of ours lets in: it withholds what is larger without a word
PINGREQ: Final = b"\xc0\x00"
DISCONNECT: Final = b"\xe0\x00"
CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP, GOODBYE = 2, 3, 4, 9, 13, 14  # kinds: the upper half of the first byte
SESSION_EXPIRY, RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE = 0x11, 0x21, 0x27  # properties
REFUSED: Final = 0x80  # reasons from here on are failures
# How long is a property? Numbers have so many bytes; a text carries its length, a user property is two (2.2.2.2).
FIXED_BYTES: Final = {0x01: 1, 0x17: 1, 0x19: 1, 0x24: 1, 0x25: 1, 0x28: 1, 0x29: 1, 0x2A: 1,
                      0x13: 2, 0x21: 2, 0x22: 2, 0x23: 2, 0x02: 4, 0x11: 4, 0x18: 4, 0x27: 4}  # fmt: skip
TEXTS: Final = {0x03: 1, 0x08: 1, 0x09: 1, 0x12: 1, 0x15: 1, 0x16: 1, 0x1A: 1, 0x1C: 1, 0x1F: 1, 0x26: 2}


class Garbled(Exception):
    """The other end does not speak MQTT 5, or says more than may be said."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """CONNACK. ``window``: so many messages of ours may be unconfirmed."""

    reason: int
    window: int


@dataclass(frozen=True, slots=True, repr=False)
class Came:
    """PUBLISH. ``number`` is 0 for QoS 0: nobody waits for a word."""

    topic: str
    payload: bytes
    number: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """PUBACK (one reason) or SUBACK (one for each topic)."""

    number: int
    reasons: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Pong:
    """PINGRESP."""


@dataclass(frozen=True, slots=True)
class Dismissed:
    """DISCONNECT: the broker goes, or sends us away."""

    reason: int


Packet = Welcome | Came | Confirmed | Pong | Dismissed


def connect(name: str, keepalive_s: int, session_s: int, window: int) -> bytes:
    """Our session goes on for ``session_s`` after a cut; at most ``window`` messages to us are unconfirmed."""
    properties = struct.pack(">BIBH", SESSION_EXPIRY, session_s, RECEIVE_MAXIMUM, window)
    properties += struct.pack(">BI", MAXIMUM_PACKET_SIZE, PACKET_MAX_BYTES)
    head = _text("MQTT") + bytes((5, 0)) + struct.pack(">H", keepalive_s)
    return _packet(0x10, head + _length(len(properties)) + properties + _text(name))


def subscribe(number: int, topics: Sequence[str]) -> bytes:
    return _packet(0x82, struct.pack(">HB", number, 0) + b"".join(_text(topic) + b"\x01" for topic in topics))


def publish(number: int, topic: str, payload: bytes) -> bytes:
    """QoS 1, not retained."""
    return _packet(0x32, _text(topic) + struct.pack(">HB", number, 0) + payload)


def puback(number: int) -> bytes:
    return struct.pack(">BBH", 0x40, 2, number)


class Reader:
    """Bytes as they come in; whole packets out."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Raises Garbled; nothing more may be fed then."""
        self._pending += data
        at, pending = 0, self._pending
        while (framed := _framed(pending, at)) is not None:
            body, end = framed
            yield _read(pending[at], bytes(memoryview(pending)[body:end]))
            at = end
        del pending[:at]


def _framed(data: bytearray, at: int) -> tuple[int, int] | None:
    """Where the packet's body begins and ends; None while it is not there yet."""
    length, shift = 0, 0
    for place in range(at + 1, at + 5):
        if place >= len(data):
            return None
        length |= (data[place] & 0x7F) << shift
        if data[place] < 0x80:
            if length > PACKET_MAX_BYTES:
                raise Garbled("a packet over the limit")
            end = place + 1 + length
            return (place + 1, end) if end <= len(data) else None
        shift += 7
    raise Garbled("a length of five bytes")


def _read(first: int, body: bytes) -> Packet:
    try:
        match first >> 4:
            case 3:
                return _came(first, body)
            case 4:
                return Confirmed(int.from_bytes(body[:2], "big"), (body[2] if len(body) > 2 else 0,))
            case 2:
                return Welcome(body[1], _window(body[2:]))
            case 9:
                return Confirmed(int.from_bytes(body[:2], "big"), tuple(_behind_properties(body, 2)))
            case 13:
                return Pong()
            case 14:
                return Dismissed(body[0] if body else 0)
            case _:
                raise Garbled("a packet that no broker sends")
    except (IndexError, ValueError, struct.error) as error:
        raise Garbled("a packet that ends too early") from error


def _came(first: int, body: bytes) -> Came:
    quality = first >> 1 & 3
    at = 2 + int.from_bytes(body[:2], "big")
    topic, number = body[2:at].decode("utf-8"), 0
    if quality:
        number, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    if quality > 1 or (quality and not number):
        raise Garbled("a message that was not asked for so")
    return Came(topic, _behind_properties(body, at), number)


def _behind_properties(body: bytes, at: int) -> bytes:
    length, at = _number(body, at)
    if at + length > len(body):
        raise Garbled("properties that end too early")
    return body[at + length :]


def _window(data: bytes) -> int:
    """Receive Maximum among the properties of CONNACK; 65,535 where it is not said."""
    length, at = _number(data, 0)
    end, window = at + length, 65_535
    while at < end:
        kind = data[at]
        at += 1
        if kind == RECEIVE_MAXIMUM:
            window = int.from_bytes(data[at : at + 2], "big")
        if kind not in FIXED_BYTES and kind not in TEXTS:
            raise Garbled("a property that nobody knows")
        at += FIXED_BYTES.get(kind, 0)
        for _ in range(TEXTS.get(kind, 0)):
            at += 2 + int.from_bytes(data[at : at + 2], "big")
    if at != len(data) or not window:
        raise Garbled("properties that end elsewhere")
    return window


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A variable byte integer (1.5.5), and the place behind it."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 21:
            raise Garbled("a length of five bytes")


def _packet(first: int, body: bytes) -> bytes:
    return bytes((first,)) + _length(len(body)) + body


def _length(number: int) -> bytes:
    """
    >>> _length(321).hex()
    'c102'
    """
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack(">H", len(data)) + data
