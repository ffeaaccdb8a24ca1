"""How does one simulated device live? It stays connected, sends what its books say is due, and hears its answers."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from messages.errors import Refused
from messages.topics import Channel
from simulators.fleet.books import Books
from simulators.fleet.identities import Papers
from simulators.fleet.mqtt import Refusal, Wire, dial

RETRY_FIRST_S, RETRY_MOST_S = 0.1, 2.0  # a simulation waits less patiently than a border
READ: Final = (Channel.ACK, Channel.CMD, Channel.LIST)


@dataclass(slots=True, repr=False)
class Session:
    papers: Papers
    books: Books
    latency_ms: Counter[int] = field(default_factory=Counter)  # live events: made to acknowledged, in whole ms
    live: list[tuple[int, int, int]] = field(default_factory=list)  # first, last, made_ms of the frames made now
    refused_acks: int = 0
    held: bool = True  # until it may begin, nothing is sent
    _wire: Wire | None = None

    @property
    def name(self) -> str:
        return self.papers.identity.topic.device

    def make(self, count: int, now_ms: int, mono_ms: int) -> None:
        """Something happens: it is written down, and sent."""
        row = self.books.make(count, now_ms, mono_ms, live=True)
        self.live.append((row.first, row.last, row.made_ms))

    def send(self) -> None:
        if self._wire is not None and not self.held and (frames := self.books.due(time.monotonic())):
            self._wire.publish(bytes(self.papers.identity.topic), frames)

    async def stay_connected(self, port: int, greetings: asyncio.Semaphore, connected: Callable[[], None]) -> None:
        """For ever: after each loss again, with growing pauses, half of them chance. ``greetings``: so many at once."""
        failures = 0
        while True:
            lost = asyncio.Event()
            with suppress(OSError, TimeoutError, Refusal):
                async with greetings:
                    self._wire = await self._greeted(port, lost)
                failures = 0
                connected()
                self.send()
                await lost.wait()
            self._lose()
            failures += 1
            longest_s = min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(failures, 16))
            await asyncio.sleep(longest_s * self.books.chance.uniform(0.5, 1.0))

    async def _greeted(self, port: int, lost: asyncio.Event) -> Wire:
        wire = await dial(port, self.papers.tls, self._hear, lost.set)
        try:
            await wire.greet(self.name, [str(self.papers.identity.topic.to(channel)) for channel in READ])
        except BaseException:
            wire.close()
            raise
        return wire

    def _lose(self) -> None:
        self._wire = None
        self.books.broken()

    def _hear(self, topic: str, payload: bytes) -> None:
        if not topic.endswith(f"/{Channel.ACK}"):
            return
        try:
            gone = self.books.acknowledge(payload, time.monotonic())
        except Refused:
            self.refused_acks += 1
            return
        now_ms = time.time_ns() // 1_000_000
        for row in gone:
            if row.live:
                self.latency_ms[now_ms - row.made_ms] += row.events
        self.send()
