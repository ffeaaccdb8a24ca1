"""Which rows are on their way, and which may go? Sends them over one connection after the other.

A row is struck off on the gateway's own signed acknowledgement, never on the broker's: a broker that is killed loses
messages that it has acknowledged (measured: 10,000 of 10,000). SQLite works in a thread; nobody waits for the broker's
answer to a row before the next row goes, so that today's alarm does not queue behind a backlog on a slow line.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

import aiomqtt

from edge.outbox.outbox import Outbox
from edge.outbox.rows import Row
from edge.uplink.flight import Flight, Next
from edge.uplink.limits import ALARM_EVERY_S, LIVE_ROWS, PUBLISH_LIMIT_S, SILENCE_MAX_S
from messages.ack import Ack, verify_ack
from messages.errors import Refused
from messages.keys import GatewayRecord

log = logging.getLogger(__name__)


class Delivery:
    """``begin`` with each connection, then ``send`` and ``strike`` until it ends; ``take`` what stands on ``ack``."""

    def __init__(
        self,
        outbox: Outbox,
        gateways: Mapping[str, GatewayRecord],
        ack_timeout_s: float,
        *,
        on_struck: Callable[[], None],
        on_alarm: Callable[[str], None],
    ) -> None:
        self._outbox, self._gateways, self._ack_timeout_s = outbox, gateways, ack_timeout_s
        self._on_struck, self._on_alarm = on_struck, on_alarm
        self._topic = outbox.sealer.topic
        self._flight = Flight(ack_timeout_s)
        self._awake, self._acked = asyncio.Event(), asyncio.Event()
        self._acks: list[Ack] = []
        self._sent_seq = 0  # of this boot: nobody can have what was never sent
        self._last_alarm_s = -ALARM_EVERY_S
        self._idle_s = monotonic()
        self._is_silent = False
        self.last_ack_s: float | None = None
        self.refused_acks = 0

    def believe(self, gateways: Mapping[str, GatewayRecord]) -> None:
        """From now on these workers' acknowledgements count, and nobody else's."""
        self._gateways = gateways

    async def begin(self) -> None:
        """Nothing is on its way now. Whatever waits but for the newest rows is backlog, and so is what goes again to a
        region that has lost it."""
        await asyncio.to_thread(self._outbox.put_back)
        backlog_until = await asyncio.to_thread(self._outbox.backlog_until, LIVE_ROWS)
        self._flight = Flight(self._ack_timeout_s, backlog_until=backlog_until)

    def listen(self, connected_s: float) -> None:
        """Ask it every few seconds of a connection that stands since then. A line that is up and over which nothing is
        acknowledged is an alarm: the broker may take everything and pass on nothing (E18)."""
        now_s = monotonic()
        if not self._outbox.waiting_count:
            self._idle_s = now_s
        silent = now_s - max(connected_s, self._idle_s, self.last_ack_s or 0.0) > SILENCE_MAX_S
        if silent and not self._is_silent:
            self._on_alarm("region-silent")
        self._is_silent = silent

    def wake_from(self, loop: asyncio.AbstractEventLoop) -> Callable[[], None]:
        """Look at the outbox with each commit, in whatever thread it is made. Returns the way out."""
        return self._outbox.on_commit(lambda: _wake(loop, self._awake))

    # --- rows out ---
    async def send(self, client: aiomqtt.Client, tasks: asyncio.TaskGroup) -> None:
        """A publication that fails ends ``tasks``, and the connection with it."""
        while True:
            self._awake.clear()
            flight = self._flight
            plan = flight.next(monotonic())
            rows = await asyncio.to_thread(self._rows_of, plan)
            if flight is not self._flight:  # Begun anew meanwhile: the old plan's places would hide what waits again.
                continue
            flight.forget(set(plan.again) - {row.place for row in rows})
            flight.sent([row.place for row in rows], monotonic())
            for row in rows:
                if row.boot == self._outbox.boot:
                    self._sent_seq = max(self._sent_seq, row.last)
                tasks.create_task(client.publish(str(self._topic), row.frame, qos=1, timeout=PUBLISH_LIMIT_S))
            if not rows and not plan.again:
                await self._sleep_until(plan.wake_s)

    def _rows_of(self, plan: Next) -> list[Row]:
        again = self._outbox.again(plan.again) if plan.again else []
        fresh = []
        for lane in (plan.live, plan.backlog):
            if lane.count:
                fresh += self._outbox.waiting(lane.count, lane.after, lane.until)
        return again + fresh

    async def _sleep_until(self, wake_s: float | None) -> None:
        try:
            async with asyncio.timeout(None if wake_s is None else max(0.0, wake_s - monotonic())):
                await self._awake.wait()
        except TimeoutError:
            return  # Something is overdue: look again.

    # --- acknowledgements in ---
    def take(self, payload: bytes) -> None:
        """What stands on ``ack``; it is believed only when a known gateway signed it for this device."""
        try:
            self._acks.append(verify_ack(payload, self._topic, self._gateways))
        except Refused as refused:
            self._refuse("ack-forged", refused.reason)  # D27
        else:
            self._acked.set()

    async def strike(self) -> None:
        """All acknowledgements that came meanwhile in one turn."""
        while True:
            await self._acked.wait()
            self._acked.clear()
            acks, self._acks = self._acks, []
            struck, strange, passed, put_back = await asyncio.to_thread(self._strike, acks)
            for _ in range(strange):
                self._refuse("ack-unknown", "numbers that were never sent")  # D28
            if strange + passed < len(acks):
                self.last_ack_s = monotonic()
            self._flight.gone(struck, monotonic())
            if put_back:
                await self.begin()
            self._awake.set()
            self._on_struck()

    def _strike(self, acks: list[Ack]) -> tuple[list[int], int, int, bool]:
        """The places that went, how many acknowledgements nobody can have meant, how many are of a store that has been
        replaced, and whether rows wait again."""
        struck, strange, passed = list[int](), 0, 0
        for ack in acks:
            own = ack.boot == self._outbox.boot
            sent_until = self._sent_seq if own else self._outbox.last_seq_of(ack.boot)
            if sent_until is None or ack.seqs[-1][1] > sent_until:
                strange += 1
            elif self._outbox.heed(ack.epoch):  # first: what this one names lies in the new store
                struck += self._outbox.strike(ack.boot, ack.seqs)
            else:  # Late, or played again (E17): the store that held these was replaced, and the new one may not.
                passed += 1
                log.warning("uplink: an acknowledgement of an epoch that has passed was ignored")
        return struck, strange, passed, self._outbox.put_back()

    def _refuse(self, alarm: str, why: str) -> None:
        self.refused_acks += 1
        log.warning("uplink: an acknowledgement was ignored: %s", why)
        if monotonic() - self._last_alarm_s >= ALARM_EVERY_S:
            self._last_alarm_s = monotonic()
            self._on_alarm(alarm)


def _wake(loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
    """From the committing thread. A loop that has just ended needs no waking, and the row is on the disk anyway."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(awake.set)
