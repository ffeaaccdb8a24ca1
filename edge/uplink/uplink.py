"""Is the post in touch with its region? The line to the broker: served, left, and made again, for ever.

The lane never waits for any of this, and being offline is a state, not an error. ``line`` makes a connection; over it
``delivery`` sends the rows (``flight`` says whose turn it is), ``telling`` how the post stands, and ``answers`` what a
command came to.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

import aiomqtt

from edge.outbox.clock import PostClock, Stamp
from edge.outbox.errors import OutboxError
from edge.outbox.outbox import Outbox
from edge.uplink.answers import Answers
from edge.uplink.delivery import Delivery
from edge.uplink.limits import SAY_AGAIN_S, STEADY_S
from edge.uplink.line import CHANCE, UplinkSettings, back_off_s, line
from edge.uplink.telling import Telling
from messages.errors import Refused
from messages.topics import Channel

log = logging.getLogger(__name__)

READ: Final = (Channel.ACK, Channel.CMD, Channel.LIST)


@dataclass(frozen=True, slots=True)
class UplinkState:
    connected: bool
    since_s: float  # in this state
    waiting: int
    last_ack_age_s: float | None
    refused_acks: int

    @property
    def offline_s(self) -> float:
        return 0.0 if self.connected else self.since_s


class Renewed(Exception):
    """Ends a connection in good order: the next one shows the new certificate."""


class Uplink:
    """``run`` until cancelled. Callbacks come in the event loop and must return at once.

    ``on_state`` after each change; ``on_command`` with what stands on ``cmd`` and ``list``, not yet believed;
    ``on_alarm`` with an ALARM of the contract; ``status`` gives what the lane tells of itself (no person in it);
    ``now`` is the clock of the post.
    """

    def __init__(
        self,
        settings: UplinkSettings,
        outbox: Outbox,
        on_state: Callable[[UplinkState], None],
        on_command: Callable[[Channel, bytes], None],
        *,
        on_alarm: Callable[[str], None] = lambda code: None,
        status: Callable[[], Mapping[str, object]] = dict,
        now: Callable[[], Stamp] | None = None,
    ) -> None:
        self._settings, self._outbox = settings, outbox
        self._on_state, self._on_command = on_state, on_command
        self._now = now or PostClock(outbox.floor_ms).now
        self._topic = outbox.sealer.topic
        self._delivery = Delivery(
            outbox,
            settings.gateways,
            settings.ack_timeout_s,
            on_struck=lambda: on_state(self.state),
            on_alarm=on_alarm,
        )
        self._answers, self._telling = Answers(self._topic), Telling(outbox, status)
        self._connected, self._changed_s = False, monotonic()
        self._last_trouble = ""
        self._renewed = asyncio.Event()

    def answer(self, message: bytes) -> None:
        """Say this as soon as somebody can hear it. In the event loop."""
        self._answers.add(message)

    def renew(self, settings: UplinkSettings) -> None:
        """The device has a new certificate, or knows other gateways: connect anew with them. In the event loop."""
        self._settings = settings
        self._delivery.believe(settings.gateways)
        self._renewed.set()

    def tell_now(self) -> None:
        """Say how it stands at once, and not only with the next turn. In the event loop."""
        self._telling.at_once()

    @property
    def state(self) -> UplinkState:
        now_s, acked_s = monotonic(), self._delivery.last_ack_s
        age_s = None if acked_s is None else now_s - acked_s
        waiting, refused = self._outbox.waiting_count, self._delivery.refused_acks
        return UplinkState(self._connected, now_s - self._changed_s, waiting, age_s, refused)

    async def run(self) -> None:
        """Connect, serve, and when that ends, wait a little and begin again, for ever."""
        forget = self._delivery.wake_from(asyncio.get_running_loop())
        work = asyncio.ensure_future(self._connect_for_ever())
        try:
            await asyncio.wait({work})
            work.result()  # It ends by a fault alone.
        finally:
            forget()
            # aiomqtt waits with asyncio.wait_for, which in Python 3.11 loses a cancellation that comes together with
            # its result: said once, an uplink told to end would now and then go on for ever.
            while not work.done():
                work.cancel()
                await asyncio.wait({work}, timeout=SAY_AGAIN_S)

    async def _connect_for_ever(self) -> None:
        failures = 0
        while True:
            began_s, acked_s = monotonic(), self._delivery.last_ack_s
            await self._one_connection()
            good = monotonic() - began_s > STEADY_S or self._delivery.last_ack_s != acked_s
            failures = 0 if good else failures + 1
            await asyncio.sleep(back_off_s(self._settings, failures, CHANCE.uniform))

    async def _one_connection(self) -> None:
        """One of three things ends it: the network (back off), the outbox's disk (the same), or cancellation."""
        self._renewed.clear()  # what is read from here on is the newest
        try:
            async with line(self._settings, self._topic.device, self._now) as client:
                await self._serve(client)
        except* (aiomqtt.MqttError, OSError, OutboxError, Refused) as group:
            self._say_offline(group.exceptions[0])
        except* Renewed:
            log.info("uplink: connecting anew with the new certificate")
        finally:
            self._turn(connected=False)

    async def _serve(self, client: aiomqtt.Client) -> None:
        for channel in READ:
            # A NATS cluster would keep a replicated consumer for each QoS 1 subscription, and deliver no better for it.
            await client.subscribe(str(self._topic.to(channel)), qos=1 if self._settings.protocol == "5" else 0)
        await self._delivery.begin()
        self._turn(connected=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive(client))
            tasks.create_task(self._delivery.send(client, tasks))
            tasks.create_task(self._delivery.strike())
            tasks.create_task(self._tell(client))
            tasks.create_task(self._answers.send(client))
            tasks.create_task(self._leave_when_renewed())

    async def _leave_when_renewed(self) -> None:
        await self._renewed.wait()
        raise Renewed

    async def _receive(self, client: aiomqtt.Client) -> None:
        channels = {str(self._topic.to(channel)): channel for channel in READ}
        async for message in client.messages:
            channel, payload = channels.get(str(message.topic)), message.payload
            if channel is None or not isinstance(payload, bytes):
                log.warning("uplink: a message outside this device's topics was ignored")
            elif channel is Channel.ACK:
                self._delivery.take(payload)
            elif channel is Channel.CMD and message.retain:
                log.warning("uplink: a retained command was ignored")  # E03: an order of yesterday
            else:
                self._on_command(channel, payload)

    async def _tell(self, client: aiomqtt.Client) -> None:
        while True:
            await self._telling.tell(client)
            self._delivery.listen(self._changed_s)
            await self._telling.rest(self._settings.status_every_s)

    def _turn(self, *, connected: bool) -> None:
        if connected is not self._connected:
            self._connected, self._changed_s = connected, monotonic()
            if connected:
                self._last_trouble = ""
                log.info("uplink: connected")
            self._on_state(self.state)

    def _say_offline(self, error: BaseException) -> None:
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        trouble = f"{type(error).__name__}: {error}"
        if trouble != self._last_trouble:  # Once for each cause, not once for each attempt.
            self._last_trouble = trouble
            log.warning("uplink: offline, rows are kept (%s)", trouble)
