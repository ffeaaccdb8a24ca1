"""One connection to a broker: messages wait here until somebody takes them, and are confirmed when they are dealt with.

The broker sends no more than ``WINDOW`` unconfirmed messages, so a slow store holds the broker back, and never fills
this process's memory. Lost is said by Lost, from whatever is under way.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeVar

from gateway.links.mqtt import packets
from gateway.links.mqtt.packets import Came, Confirmed, Dismissed, Garbled, Packet, Pong, Reader, Welcome

WINDOW: Final = 128
UNASKED_MAX: Final = 1_024  # statuses come with QoS 0: beyond this the oldest is forgotten, and a newer one follows
FEW: Final = 16  # so few wait a moment for others: a commit costs the same for one as for many
LINGER_S: Final = 0.004
KEEPALIVE_S: Final = 15
SESSION_S: Final = 86_400
SAY_LIMIT_S: Final = 10.0
NUMBERS: Final = 65_535
T = TypeVar("T")


class Lost(Exception):
    """No connection, or none any more."""


class Client(asyncio.Protocol):
    """Made by ``open_client``; one connection, then it is over."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self._reader = Reader()
        self._transport: asyncio.Transport | None = None
        self._welcome: asyncio.Future[Welcome] = loop.create_future()
        self._subscribed: asyncio.Future[Confirmed] = loop.create_future()
        self._over: asyncio.Future[None] = loop.create_future()
        self._came: deque[Came] = deque()
        self._some = asyncio.Event()
        self._unsent: deque[tuple[str, bytes]] = deque()
        self._unconfirmed: set[int] = set()
        self._window = NUMBERS
        self._number = 0
        self._heard_s = loop.time()

    # --- for whoever uses it ---
    async def begin(self, name: str, topics: Sequence[str]) -> None:
        """Say who we are, and what we want to hear. Raises Lost."""
        self._write(packets.connect(name, KEEPALIVE_S, SESSION_S, WINDOW))
        welcome = await self._answer(self._welcome)
        if welcome.reason >= packets.REFUSED:
            raise Lost(f"refused with {welcome.reason:#x}")
        self._window = welcome.window
        self._write(packets.subscribe(self._next_number(), topics))
        if any(reason >= packets.REFUSED for reason in (await self._answer(self._subscribed)).reasons):
            raise Lost("the broker does not let us hear")

    async def batch(self, most: int, most_bytes: int) -> list[Came]:
        """What has come and was not taken yet: one message at least. Raises Lost."""
        while not self._came:
            self._some.clear()
            await self._some.wait()
            if self._over.done():
                raise Lost(self._why())
        if len(self._came) < FEW:
            await asyncio.sleep(LINGER_S)
        taken: list[Came] = []
        size_bytes = 0
        while self._came and len(taken) < most and size_bytes < most_bytes:
            taken.append(self._came.popleft())
            size_bytes += len(taken[-1].payload)
        return taken

    def confirm(self, messages: Iterable[Came]) -> None:
        """They are dealt with: the broker may forget them, and send others."""
        self._write(b"".join(packets.puback(message.number) for message in messages if message.number))

    def publish(self, topic: str, payload: bytes) -> None:
        """With QoS 1, as soon as the broker's window has room. Nobody waits for it: what is lost is asked for again."""
        self._unsent.append((topic, payload))
        self._send()

    async def keep_alive(self) -> None:
        """Until it is lost; then raises Lost."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.wait({self._over}, timeout=KEEPALIVE_S / 2)
            if not self._over.done() and loop.time() - self._heard_s > 1.5 * KEEPALIVE_S:
                self._end("it fell silent")
            if self._over.done():
                raise Lost(self._why())
            self._write(packets.PINGREQ)

    def close(self) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._write(packets.DISCONNECT)
            self._transport.close()

    def abort(self) -> None:
        """Without a word: what was under way stays with the broker."""
        if self._transport is not None:
            self._transport.abort()

    # --- asyncio.Protocol ---
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (TCP with TLS gives one)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        try:
            for packet in self._reader.feed(data):
                self._take(packet)
        except Garbled as error:
            self._end(f"it sent {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("the connection was cut" if exc is None else str(exc) or type(exc).__name__)

    # --- within ---
    def _take(self, packet: Packet) -> None:
        match packet:
            case Came():
                if len(self._came) >= WINDOW + UNASKED_MAX:
                    self._forget_a_status()
                self._came.append(packet)
                self._some.set()
            case Confirmed(number, _) if number in self._unconfirmed:
                self._unconfirmed.discard(number)
                self._send()
            case Confirmed():
                if not self._subscribed.done():
                    self._subscribed.set_result(packet)
            case Welcome():
                if not self._welcome.done():
                    self._welcome.set_result(packet)
            case Dismissed(reason):
                self._end(f"sent away with {reason:#x}")
            case Pong():
                pass

    def _forget_a_status(self) -> None:
        for place, waiting in enumerate(self._came):
            if not waiting.number:
                del self._came[place]
                return

    def _send(self) -> None:
        out = bytearray()
        while self._unsent and len(self._unconfirmed) < self._window:
            topic, payload = self._unsent.popleft()
            number = self._next_number()
            self._unconfirmed.add(number)
            out += packets.publish(number, topic, payload)
        self._write(bytes(out))

    def _next_number(self) -> int:
        while True:
            self._number = self._number % NUMBERS + 1
            if self._number not in self._unconfirmed:
                return self._number

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    async def _answer(self, answer: asyncio.Future[T]) -> T:
        either: set[asyncio.Future[Any]] = {answer, self._over}  # Any: they promise different things
        await asyncio.wait(either, timeout=SAY_LIMIT_S, return_when=asyncio.FIRST_COMPLETED)
        if answer.done():
            return answer.result()
        raise Lost(self._why() if self._over.done() else "it does not answer")

    def _end(self, why: str) -> None:
        if not self._over.done():
            self._over.set_exception(Lost(why))
            self._over.exception()  # looked at: whoever comes next is told by _why
            self._some.set()
        if self._transport is not None:
            self._transport.abort()

    def _why(self) -> str:
        return str(self._over.exception())


async def open_client(host: str, port: int, tls: ssl.SSLContext, limit_s: float) -> Client:
    """Connected, and nothing said yet. Raises Lost."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(limit_s):
            _, client = await loop.create_connection(Client, host, port, ssl=tls)
    except (OSError, TimeoutError) as error:  # ssl.SSLError is an OSError
        raise Lost(str(error) or "no answer in time") from error
    return client
