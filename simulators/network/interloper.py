"""Somebody who holds the broker's key sits before it: messages are lost, doubled, swapped, altered, played again.

It ends the device's TLS and begins its own with the device's certificate, as a broker could that was broken into. What
it withholds it confirms, as a rogue broker would (E18): only a word from the region's store proves anything.
"""

import asyncio
import contextlib
import random
import ssl
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulators.network.mqtt_packets import (
    CONNECT,
    PUBACK,
    PUBLISH,
    Message,
    NotMqtt,
    confirmation,
    confirmed,
    read_packet,
    take_apart,
    version_of,
)

OWN_NUMBERS: Final = range(60_000, 65_536)  # of messages that it adds; clients count from 1 and do not come so far
REMEMBERED: Final = 100  # messages that it may play again
HELD_LIMIT_S: Final = 0.3  # a message that is to come after the next one does not wait for ever
CONNECT_LIMIT_S: Final = 5.0


@dataclass(slots=True)
class Mischief:
    """The chance of each for one message; set the fields while it runs. At most one happens to a message."""

    drop: float = 0.0
    double: float = 0.0
    swap: float = 0.0  # with the one behind it
    alter: float = 0.0  # one bit of the payload
    replay: float = 0.0  # an old message of the same wire comes along with it
    foreign: float = 0.0  # a message of another device comes along, on this device's topic


@dataclass(frozen=True, slots=True)
class Papers:
    """The broker's certificate and key, whose CA may connect, and what the interloper shows to the broker itself."""

    broker_certificate: Path
    broker_key: Path
    clients_ca: Path
    device_certificate: Path
    device_key: Path
    servers_ca: Path


@dataclass(slots=True)
class Way:
    """One direction of one connection."""

    up: bool
    out: asyncio.StreamWriter
    back: asyncio.StreamWriter
    held: list[Message] = field(default_factory=list)


class Interloper:
    """Listens on loopback. All methods belong to the event loop it was started in."""

    def __init__(self, upstream_port: int, papers: Papers, seed: int = 0) -> None:
        self.mischief = Mischief()
        self.done: Counter[str] = Counter()  # what it did, by name
        self.others: list[Interloper] = []  # whose messages it may play
        self.sent: deque[bytes] = deque(maxlen=REMEMBERED)  # payloads that the device sent with QoS 1
        self.heard: deque[bytes] = deque(maxlen=REMEMBERED)  # and those that it was sent
        self.port = 0
        self._upstream_port, self._papers = upstream_port, papers
        self._chance = random.Random(seed)
        self._added = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._as_broker())
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self.port

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._server.wait_closed()
            self._server = None

    def _as_broker(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self._papers.broker_certificate, self._papers.broker_key)
        context.load_verify_locations(self._papers.clients_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _as_device(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self._papers.servers_ca)
        context.load_cert_chain(self._papers.device_certificate, self._papers.device_key)
        return context

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 (a stream callback always runs in a task)
        self._tasks.add(task)
        try:
            await self._sit_between(reader, writer)
        except asyncio.CancelledError:
            pass  # ``stop``: the task ends here, and asyncio 3.11 would report a cancelled one as an error
        finally:
            await _tear(writer)
            self._tasks.discard(task)

    async def _sit_between(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                connect = await read_packet(reader)
                if connect is None or connect.kind != CONNECT:
                    return
                far_reader, far_writer = await asyncio.open_connection(
                    "127.0.0.1", self._upstream_port, ssl=self._as_device()
                )
        except (OSError, TimeoutError, NotMqtt):
            return
        try:
            far_writer.write(bytes(connect))
            await self._carry(reader, writer, far_reader, far_writer, version_of(connect))
        finally:
            await _tear(far_writer)

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        far_reader: asyncio.StreamReader,
        far_writer: asyncio.StreamWriter,
        version: int,
    ) -> None:
        ways = (
            asyncio.create_task(self._pass(reader, Way(True, far_writer, writer), version)),
            asyncio.create_task(self._pass(far_reader, Way(False, writer, far_writer), version)),
        )
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, way: Way, version: int) -> None:
        with contextlib.suppress(OSError, NotMqtt):
            while packet := await read_packet(reader):
                if packet.kind == PUBLISH:
                    self._meddle(take_apart(packet, version), way)
                elif not (packet.kind == PUBACK and confirmed(packet) in OWN_NUMBERS):  # nobody else knows of those
                    way.out.write(bytes(packet))
                await way.out.drain()

    # --- one message ---
    def _meddle(self, message: Message, way: Way) -> None:
        if not message.number:  # QoS 0: a status, that may be lost as it is
            way.out.write(bytes(message.packet))
            return
        what = self._drawn()
        memory = self.sent if way.up else self.heard
        memory.append(message.payload)
        if what:
            self.done[what] += 1
        self._acts[what](self, message, way, memory)
        if what != "swap":
            self._release(way)

    def _drawn(self) -> str:
        draw = self._chance.random()
        for name in self._acts:
            if name and (draw := draw - float(getattr(self.mischief, name))) < 0:
                return name
        return ""

    def _give(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        way.out.write(bytes(message.packet))

    def _drop(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        way.back.write(bytes(confirmation(message.number)))

    def _double(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        self._give(message, way, memory)
        self._add(message, message.payload, way)

    def _swap(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        way.held.append(message)
        asyncio.get_running_loop().call_later(HELD_LIMIT_S, self._release, way)

    def _alter(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        payload = bytearray(message.payload)
        payload[self._chance.randrange(len(payload))] ^= 1 << self._chance.randrange(8)
        self._give(message.with_payload(bytes(payload)), way, memory)

    def _replay(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        self._add(message, self._chance.choice(memory), way)
        self._give(message, way, memory)

    def _foreign(self, message: Message, way: Way, memory: deque[bytes]) -> None:
        theirs = [payload for other in self.others for payload in (other.sent if way.up else other.heard)]
        if theirs:
            self._add(message, self._chance.choice(theirs), way)
        self._give(message, way, memory)

    def _add(self, like: Message, payload: bytes, way: Way) -> None:
        number = OWN_NUMBERS[self._added % len(OWN_NUMBERS)]
        self._added += 1
        way.out.write(bytes(like.with_payload(payload).numbered(number).packet))

    def _release(self, way: Way) -> None:
        held, way.held = way.held, []
        for message in held:
            if not way.out.transport.is_closing():
                way.out.write(bytes(message.packet))

    _acts: Final[dict[str, Callable[["Interloper", Message, Way, deque[bytes]], None]]] = {
        "": _give,
        "drop": _drop,
        "double": _double,
        "swap": _swap,
        "alter": _alter,
        "replay": _replay,
        "foreign": _foreign,
    }


async def _tear(writer: asyncio.StreamWriter) -> None:
    """Gone when this returns: a TLS stream that outlives its loop complains when it is collected."""
    writer.transport.abort()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
