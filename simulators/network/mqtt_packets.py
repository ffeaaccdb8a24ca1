"""Where does one MQTT packet end, and what is a message in it? Enough of 3.1.1 and 5 for whoever sits in between."""

import asyncio
from dataclasses import dataclass, replace
from typing import Final

CONNECT, PUBLISH, PUBACK = 1, 3, 4
VERSION_5: Final = 5
QOS_1: Final = 0x02
LENGTH_MAX_DIGITS: Final = 4


class NotMqtt(Exception):
    """The bytes are no packet."""


@dataclass(frozen=True, slots=True, repr=False)
class Packet:
    head: int
    body: bytes

    @property
    def kind(self) -> int:
        return self.head >> 4

    def __bytes__(self) -> bytes:
        return bytes([self.head]) + _length(len(self.body)) + self.body


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """A PUBLISH taken apart. ``between``: the properties of MQTT 5, before the payload."""

    head: int
    topic: bytes
    number: int
    between: bytes
    payload: bytes

    def with_payload(self, payload: bytes) -> "Message":
        return replace(self, payload=payload)

    def numbered(self, number: int) -> "Message":
        return replace(self, number=number)

    @property
    def packet(self) -> Packet:
        number = self.number.to_bytes(2, "big") if self.number else b""
        return Packet(self.head, _text(self.topic) + number + self.between + self.payload)


async def read_packet(reader: asyncio.StreamReader) -> Packet | None:
    """The next one; None at the end of the stream."""
    try:
        (head,) = await reader.readexactly(1)
        size = 0
        for place in range(LENGTH_MAX_DIGITS):
            (digit,) = await reader.readexactly(1)
            size |= (digit & 0x7F) << (7 * place)
            if digit < 0x80:
                return Packet(head, await reader.readexactly(size))
    except asyncio.IncompleteReadError:
        return None
    raise NotMqtt("a length of more than four digits")


def version_of(connect: Packet) -> int:
    """The protocol level that a CONNECT asks for: 4 is 3.1.1, 5 is 5."""
    return connect.body[2 + int.from_bytes(connect.body[:2], "big")]


def take_apart(publish: Packet, version: int) -> Message:
    body, at = publish.body, 2 + int.from_bytes(publish.body[:2], "big")
    topic, number, begin = body[2:at], 0, at
    if publish.head & QOS_1:
        number, begin = int.from_bytes(body[at : at + 2], "big"), at + 2
    end = begin + _properties(body[begin:]) if version == VERSION_5 else begin
    return Message(publish.head, topic, number, body[begin:end], body[end:])


def confirmation(number: int) -> Packet:
    """PUBACK, as both versions write it when all is well."""
    return Packet(PUBACK << 4, number.to_bytes(2, "big"))


def confirmed(puback: Packet) -> int:
    return int.from_bytes(puback.body[:2], "big")


def _properties(rest: bytes) -> int:
    size = 0
    for place, digit in enumerate(rest[:LENGTH_MAX_DIGITS]):
        size |= (digit & 0x7F) << (7 * place)
        if digit < 0x80:
            return place + 1 + size
    raise NotMqtt("properties without a length")


def _length(size: int) -> bytes:
    digits = bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        digits.append(digit | 0x80 if size else digit)
        if not size:
            return bytes(digits)


def _text(text: bytes) -> bytes:
    return len(text).to_bytes(2, "big") + text
