"""What happens with what comes on ``list``? It is put together beside the lane's work, and the region hears of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from time import monotonic
from typing import Final

from edge.decision.lists import parse_list
from edge.decision.rules import parse_rules
from edge.downlink.listing import NAMES, Judge, Listing, ListRefused
from messages.facts import ListTaken

WAITING_MAX: Final = 64
LOOK_EVERY_S: Final = 60.0
ALARM_EVERY_S: Final = 60.0
REFUSED, STALE = "list-refused", "list-stale"

log = logging.getLogger(__name__)


def judge_with(key: bytes) -> Judge:
    """A list that the lane could not read never takes the place of one that it can."""

    def judge(name: str, content: bytes) -> None:
        try:
            if name == "rules":
                parse_rules(content.decode())
            else:
                parse_list(content, f"{name}.json", name, key)
        except Exception as error:
            # ListError and RulesError as a rule. But whatever a reader of ours may stumble over must not stop the lane,
            # and again after each start: the old list stays.
            raise ListRefused("unusable") from error

    return judge


class ListIntake:
    """``take`` in the event loop; ``run`` for ever. ``record`` commits a fact, ``alarm`` tells an ALARM, and ``ask``
    tells the region how far we are: then it sends the next portion, and no more than one is ever on a slow line."""

    def __init__(
        self,
        listing: Listing,
        *,
        record: Callable[[ListTaken], Awaitable[bool]],
        alarm: Callable[[str], None],
        ask: Callable[[], None] = lambda: None,
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        self._listing, self._record, self._alarm, self._ask = listing, record, alarm, ask
        self._clock_s = clock_s
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(WAITING_MAX)
        self._alarmed_s: float | None = None
        self._stale: set[str] = set()

    def take(self, message: bytes) -> None:
        """Of a flood the rest is dropped: what is missing comes again when the next status asks for it."""
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait(message)

    async def run(self) -> None:
        """An edited list is found behind each message, and within a minute where none comes: no stream of messages
        keeps it hidden."""
        while True:
            self.look()
            message = await self._next()
            if message is not None:
                await self.put(message)
            await asyncio.to_thread(self._listing.look)

    async def _next(self) -> bytes | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                return await self._waiting.get()
        return None

    async def put(self, message: bytes) -> None:
        try:
            taken = await asyncio.to_thread(self._listing.take, message)
        except ListRefused as refused:
            self._refuse(refused.cause)
        except OSError as error:  # a full disk: the list that is here stays, and grows old in sight of everybody
            self._refuse(f"disk: {error.strerror}")
        else:
            if taken is not None:
                log.info("list %s: number %d is in force (%s)", taken.name, taken.number, taken.how)
                await self._record(ListTaken(taken.name, taken.number, taken.how))
                self.look()
            if self._waiting.empty():
                self._ask()

    def look(self) -> None:
        """Say once of each list that it has become stale."""
        stale = {name for name in NAMES if self._listing.stale(name)}
        if stale - self._stale:
            log.warning("stale: %s", ", ".join(sorted(stale)))
            self._alarm(STALE)
        self._stale = stale

    def _refuse(self, why: str) -> None:
        log.warning("a list was refused: %s", why)
        now_s = self._clock_s()
        if self._alarmed_s is None or now_s - self._alarmed_s >= ALARM_EVERY_S:  # a flood must not fill the outbox
            self._alarmed_s = now_s
            self._alarm(REFUSED)
