"""Is the post in touch with its region? The line to the broker: made, kept, and made again.

The lane never waits for any of this, and being offline is a state, not an error. With ``delivery``, which sends the
rows, the only file of the edge that speaks MQTT.
"""

import asyncio
import logging
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import SystemRandom
from time import monotonic
from typing import Final, TypedDict

import aiomqtt

from edge.identity import tls
from edge.outbox.clock import PostClock, Stamp
from edge.outbox.errors import OutboxError
from edge.outbox.limits import WINDOW_ROWS
from edge.outbox.outbox import Outbox
from edge.uplink.delivery import PUBLISH_LIMIT_S, Delivery
from messages.errors import Refused
from messages.keys import GatewayRecord
from messages.status import sign_status
from messages.topics import Channel

log = logging.getLogger(__name__)

READ: Final = (Channel.ACK, Channel.CMD, Channel.LIST)
ANSWER_LIMIT_S: Final = 5.0  # for a CONNACK or a SUBACK
SAY_AGAIN_S: Final = 0.2
KEEPALIVE_S: Final = 10
STEADY_S: Final = 10.0  # a connection that lasted so long was a good one: begin the back-off anew
INCOMING_MAX: Final = 1_000
OUTGOING_MAX: Final = 4 * WINDOW_ROWS  # both lanes, and as much again
STATUS_BOOTS_MAX: Final = 16
STATUS_LEAST_S: Final = 0.02  # between two, however much there is to tell
ANSWERS_MAX: Final = 20  # to commands, kept while nobody can hear them
CHANCE: Final = SystemRandom()
PROTOCOLS: Final = {"5": aiomqtt.ProtocolVersion.V5, "3.1.1": aiomqtt.ProtocolVersion.V311}


class Memory(TypedDict, total=False):
    """What each version calls the wish that the broker remember nothing."""

    clean_start: bool
    clean_session: bool


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Where the broker is, and the files of this device's certificate."""

    host: str
    port: int
    ca: Path
    cert: Path
    key: Path
    gateways: Mapping[str, GatewayRecord]
    ack_timeout_s: float = 5.0
    backoff_first_s: float = 0.2
    backoff_ceiling_s: float = 60.0
    spread_s: float = 0.0  # a fleet whose broker went comes back over so long a time: 2 ms of its only core for each
    status_every_s: float = 2.0
    protocol: str = "5"  # or "3.1.1": a NATS cluster speaks no other
    more: Sequence[tuple[str, int]] = ()  # other nodes of that cluster; each attempt takes one of them all


@dataclass(frozen=True, slots=True)
class UplinkState:
    connected: bool
    since_s: float  # in this state
    waiting: int
    last_ack_age_s: float | None
    refused_acks: int


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
        self._on_state, self._on_command, self._status = on_state, on_command, status
        self._now = now or PostClock(outbox.floor_ms).now
        self._topic = outbox.sealer.topic
        self._delivery = Delivery(
            outbox,
            settings.gateways,
            settings.ack_timeout_s,
            on_struck=lambda: on_state(self.state),
            on_alarm=on_alarm,
        )
        self._connected, self._changed_s = False, monotonic()
        self._last_trouble = ""
        self._answers: deque[bytes] = deque(maxlen=ANSWERS_MAX)
        self._answered, self._telling = asyncio.Event(), asyncio.Event()
        self._renewed = asyncio.Event()

    def answer(self, message: bytes) -> None:
        """Say this on ``res`` as soon as somebody can hear it. In the event loop; of too many the oldest goes: what a
        command came to is an event in the outbox too."""
        self._answers.append(message)
        self._answered.set()

    def renew(self, settings: UplinkSettings) -> None:
        """The device has a new certificate, or knows other gateways: connect anew with them. In the event loop."""
        self._settings = settings
        self._delivery.believe(settings.gateways)
        self._renewed.set()

    def tell_now(self) -> None:
        """Say how it stands at once, and not only with the next turn. In the event loop."""
        self._telling.set()

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
            async with self._client() as client:
                client.pending_calls_threshold = OUTGOING_MAX  # a full window is no reason to warn
                await self._serve(client)
        except* (aiomqtt.MqttError, OSError, OutboxError, Refused) as group:
            self._say_offline(group.exceptions[0])
        except* Renewed:
            log.info("uplink: connecting anew with the new certificate")
        finally:
            self._turn(connected=False)

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        host, port = CHANCE.choice([(settings.host, settings.port), *settings.more])
        # What was missed is sent again: nothing depends on the broker's memory.
        memory: Memory = {"clean_start": True} if settings.protocol == "5" else {"clean_session": True}
        return aiomqtt.Client(
            host,
            port,
            identifier=self._topic.device,
            protocol=PROTOCOLS[settings.protocol],
            **memory,
            timeout=ANSWER_LIMIT_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=INCOMING_MAX,
            max_inflight_messages=OUTGOING_MAX,  # else paho lets a live row wait for the backlog's PUBACKs
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else each answer waits 40 ms for its turn
            tls_context=tls.context(settings.ca, settings.cert, settings.key, self._now),
        )

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
            tasks.create_task(self._say_answers(client))
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

    async def _say_answers(self, client: aiomqtt.Client) -> None:
        while True:
            while self._answers:
                answer = self._answers[0]
                await client.publish(str(self._topic.to(Channel.RES)), answer, qos=1, timeout=PUBLISH_LIMIT_S)
                if self._answers and self._answers[0] is answer:  # said; and not crowded out meanwhile
                    self._answers.popleft()
            self._answered.clear()
            await self._answered.wait()

    # --- how it stands ---
    async def _tell(self, client: aiomqtt.Client) -> None:
        while True:
            boots, produced, wear = await asyncio.to_thread(self._counted)
            self._delivery.listen(self._changed_s)
            own = {
                "boot": self._outbox.boot,
                "mono_ms": int(monotonic() * 1000),  # An older status, played again, is not heard.
                "waiting": self._outbox.waiting_count,
                "produced": produced,
                "boots": [{"boot": boot, "last_seq": seq} for boot, seq in boots],
                "amplification": wear["amplification"],
            }
            status = sign_status({**self._status(), **own}, self._topic, self._outbox.sealer.device_key)
            await client.publish(str(self._topic.to(Channel.TEL)), status, qos=0)
            _heed_cancellation()
            await asyncio.sleep(min(STATUS_LEAST_S, self._settings.status_every_s))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.status_every_s):
                    await self._telling.wait()
            self._telling.clear()  # what comes now stands in the next one

    def _counted(self) -> tuple[list[tuple[str, int]], int, Mapping[str, object]]:
        return self._outbox.boots(STATUS_BOOTS_MAX), self._outbox.produced(), self._outbox.wear()

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


def back_off_s(settings: UplinkSettings, failures: int, chance: Callable[[float, float], float]) -> float:
    """Doubling, with a ceiling; half of it chance, so that a thousand gates do not come back in one second. Behind a
    good connection, which others have lost in the same moment, anywhere within the spread."""
    longest_s = min(settings.backoff_ceiling_s, settings.backoff_first_s * 2.0 ** min(failures, 16))
    return longest_s * chance(0.5, 1.0) + (0.0 if failures else chance(0.0, settings.spread_s))


def _heed_cancellation() -> None:
    """For a loop in a task group, which says it only once; see ``Uplink.run``."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
