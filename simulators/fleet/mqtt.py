"""What does a device need of MQTT? CONNECT, SUBSCRIBE, PUBLISH with QoS 1, and no more: 3.1.1 over mutual TLS.

A client of the field costs 90 us a message, and would hide what the gateway costs; this one writes a whole window at
once. It remembers nothing: what was lost is sent again by the device's books (``simulators.fleet.books``).
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from simulators.network.mqtt_packets import CONNECT, PUBACK, PUBLISH, QOS_1, Message, Packet, confirmation, take_apart

CONNACK, SUBSCRIBE, SUBACK = 2, 8, 9
LEVEL_3_1_1: Final = 4
CLEAN: Final = 0x02
KEEPALIVE_S: Final = 0  # off: this machine's own loopback never goes silent
ANSWER_LIMIT_S: Final = 20.0  # two thousand handshakes stand before a broker at once
NUMBERS: Final = 65_535
REFUSED: Final = 0x80

Heard = Callable[[str, bytes], None]


class Refusal(Exception):
    """The broker did not let this device in, or not read its topics."""


class Wire(asyncio.Protocol):
    """One connection. ``heard`` gets topic and payload of each message; ``lost`` is said once, at the end."""

    def __init__(self, heard: Heard, lost: Callable[[], None]) -> None:
        self._heard, self._lost = heard, lost
        self._transport: asyncio.Transport | None = None
        self._begun = bytearray()
        self._answers: dict[int, asyncio.Future[bytes]] = {}
        self._number = 0

    # --- what a device says ---
    async def greet(self, client: str, topics: Sequence[str], qos: int = 1) -> None:
        """Connect as ``client`` and read ``topics``. Raises Refusal, TimeoutError or OSError."""
        name = b"\x00\x04MQTT" + bytes([LEVEL_3_1_1, CLEAN]) + KEEPALIVE_S.to_bytes(2, "big")
        answer = await self._ask(CONNACK, Packet(CONNECT << 4, name + _text(client)))
        if answer[1]:
            raise Refusal(f"The broker refused {client} with code {answer[1]}.")
        wanted = b"".join(_text(topic) + bytes([qos]) for topic in topics)
        answer = await self._ask(SUBACK, Packet(SUBSCRIBE << 4 | QOS_1, b"\x00\x01" + wanted))
        if any(code >= REFUSED for code in answer[2:]):
            raise Refusal(f"The broker does not let {client} read its topics.")

    def publish(self, topic: bytes, payloads: Sequence[bytes]) -> None:
        """All of them in one write, QoS 1. Nobody waits for the broker's word: it proves nothing."""
        if self._transport is not None:
            self._transport.write(b"".join(self._packet(topic, payload) for payload in payloads))

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    @property
    def behind_bytes(self) -> int:
        """What the network has not taken yet."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    def _packet(self, topic: bytes, payload: bytes) -> bytes:
        self._number = self._number % NUMBERS + 1
        return bytes(Message(PUBLISH << 4 | QOS_1, topic, self._number, b"", payload).packet)

    async def _ask(self, kind: int, packet: Packet) -> bytes:
        if self._transport is None:
            raise ConnectionResetError
        answer = self._answers[kind] = asyncio.get_running_loop().create_future()
        self._transport.write(bytes(packet))
        async with asyncio.timeout(ANSWER_LIMIT_S):
            return bytes(await answer)

    # --- what it hears (asyncio calls these) ---
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (a stream's transport writes)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionResetError())
                answer.exception()  # whoever asked may have gone already
        self._lost()

    def data_received(self, data: bytes) -> None:
        self._begun += data
        at, confirmations = 0, bytearray()
        while (packet := _whole(self._begun, at)) is not None:
            found, at = packet
            confirmations += self._take(found)
        del self._begun[:at]
        if confirmations and self._transport is not None:
            self._transport.write(bytes(confirmations))

    def _take(self, packet: Packet) -> bytes:
        """Returns what is to be answered."""
        if packet.kind == PUBLISH:
            message = take_apart(packet, LEVEL_3_1_1)
            self._heard(message.topic.decode(), message.payload)
            return bytes(confirmation(message.number)) if message.number else b""
        if packet.kind != PUBACK and (waiting := self._answers.pop(packet.kind, None)) and not waiting.done():
            waiting.set_result(packet.body)
        return b""


async def dial(port: int, tls: ssl.SSLContext, heard: Heard, lost: Callable[[], None]) -> Wire:
    """A wire to the broker on this machine. Raises OSError or TimeoutError."""
    async with asyncio.timeout(ANSWER_LIMIT_S):
        _, wire = await asyncio.get_running_loop().create_connection(
            lambda: Wire(heard, lost), "127.0.0.1", port, ssl=tls
        )
    return wire


def device_tls(ca: Path, certificate: Path, key: Path) -> ssl.SSLContext:
    """TLS 1.3 with the device's own certificate, believing the region's servers alone."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(ca)
    context.load_cert_chain(certificate, key)
    return context


def _whole(begun: bytearray, at: int) -> tuple[Packet, int] | None:
    """The packet that begins at ``at`` and where the next one does; None when it has not come whole yet."""
    size, place = 0, at + 1
    while place < len(begun):
        digit = begun[place]
        size |= (digit & 0x7F) << (7 * (place - at - 1))
        place += 1
        if digit < REFUSED:
            end = place + size
            return (Packet(begun[at], bytes(begun[place:end])), end) if end <= len(begun) else None
    return None


def _text(text: str) -> bytes:
    return len(text).to_bytes(2, "big") + text.encode()
