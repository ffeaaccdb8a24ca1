"""How does a written row reach the region, and when may it go? The only file of the edge that speaks MQTT.

Rows go out in order; a row is struck off on the gateway's own signed acknowledgement, never on the broker's: a broker
that is killed loses messages it has acknowledged (measured: 10,000 of 10,000). The lane never waits for any of this:
SQLite works in a thread, and being offline is a state, not an error.
"""

import asyncio
import logging
import socket
import ssl
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import SystemRandom
from time import monotonic
from typing import Final

import aiomqtt

from edge.outbox.errors import OutboxError
from edge.outbox.flight import Flight, Next
from edge.outbox.limits import WINDOW_ROWS
from edge.outbox.outbox import Outbox
from edge.outbox.tables import Row
from messages.ack import Ack, verify_ack
from messages.errors import Refused
from messages.keys import GatewayRecord
from messages.status import sign_status
from messages.topics import Channel

log = logging.getLogger(__name__)

READ: Final = (Channel.ACK, Channel.CMD, Channel.LIST)
ANSWER_LIMIT_S: Final = 5.0  # for a CONNACK or a SUBACK
HANDSHAKE_LIMIT_S: Final = 3.0
SAY_AGAIN_S: Final = 0.2
PUBLISH_LIMIT_S: Final = 60.0  # a full window through 64 kbit/s takes several seconds; a dead line the keep-alive finds
KEEPALIVE_S: Final = 10
STEADY_S: Final = 10.0  # a connection that lasted so long was a good one: begin the back-off anew
INCOMING_MAX: Final = 1_000
STATUS_BOOTS_MAX: Final = 16
ALARM_EVERY_S: Final = 60.0
ANSWERS_MAX: Final = 20  # to commands, kept while nobody can hear them
CHANCE: Final = SystemRandom()


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
    status_every_s: float = 2.0


@dataclass(frozen=True, slots=True)
class UplinkState:
    connected: bool
    since_s: float  # in this state
    waiting: int
    last_ack_age_s: float | None
    refused_acks: int


class Uplink:
    """``run`` until cancelled. Callbacks come in the event loop and must return at once.

    ``on_state`` after each change; ``on_command`` with what stands on ``cmd`` and ``list``, not yet believed;
    ``on_alarm`` with an ALARM of the contract; ``status`` gives what the lane tells of itself (no person in it).
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
    ) -> None:
        self._settings, self._outbox = settings, outbox
        self._on_state, self._on_command, self._on_alarm, self._status = on_state, on_command, on_alarm, status
        self._topic = outbox.sealer.topic
        self._flight = Flight(settings.ack_timeout_s)
        self._awake = asyncio.Event()
        self._connected, self._changed_s = False, monotonic()
        self._last_ack_s: float | None = None
        self._refused_acks, self._last_alarm_s = 0, -ALARM_EVERY_S
        self._sent_seq = 0  # of this boot: nobody can have what was never sent
        self._last_trouble = ""
        self._answers: deque[bytes] = deque(maxlen=ANSWERS_MAX)
        self._answered = asyncio.Event()

    def answer(self, message: bytes) -> None:
        """Say this on ``res`` as soon as somebody can hear it. In the event loop; of too many the oldest goes: what a
        command came to is an event in the outbox too."""
        self._answers.append(message)
        self._answered.set()

    @property
    def state(self) -> UplinkState:
        now_s = monotonic()
        age_s = None if self._last_ack_s is None else now_s - self._last_ack_s
        waiting = self._outbox.waiting_count
        return UplinkState(self._connected, now_s - self._changed_s, waiting, age_s, self._refused_acks)

    async def run(self) -> None:
        """Connect, serve, and when that ends, wait a little and begin again, for ever."""
        loop = asyncio.get_running_loop()
        forget = self._outbox.on_commit(lambda: _wake(loop, self._awake))
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
            began_s, acked_s = monotonic(), self._last_ack_s
            await self._one_connection()
            good = monotonic() - began_s > STEADY_S or self._last_ack_s != acked_s
            failures = 0 if good else failures + 1
            await asyncio.sleep(self._back_off_s(failures))

    async def _one_connection(self) -> None:
        """One of three things ends it: the network (back off), the outbox's disk (the same), or cancellation."""
        try:
            async with self._client() as client:
                client.pending_calls_threshold = 2 * WINDOW_ROWS  # a full window is no reason to warn
                await self._serve(client)
        except* (aiomqtt.MqttError, OSError, OutboxError, Refused) as group:
            self._say_offline(group.exceptions[0])
        finally:
            self._turn(connected=False)

    def _client(self) -> aiomqtt.Client:
        settings = self._settings
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.sslsocket_class = TidySocket
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(settings.ca)
        context.load_cert_chain(settings.cert, settings.key)
        return aiomqtt.Client(
            settings.host,
            settings.port,
            identifier=self._topic.device,
            protocol=aiomqtt.ProtocolVersion.V5,
            clean_start=True,  # What was missed is sent again: nothing depends on the broker's memory.
            timeout=ANSWER_LIMIT_S,
            keepalive=KEEPALIVE_S,
            max_queued_incoming_messages=INCOMING_MAX,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],  # else each answer waits 40 ms for its turn
            tls_context=context,
        )

    async def _serve(self, client: aiomqtt.Client) -> None:
        for channel in READ:
            await client.subscribe(str(self._topic.to(channel)), qos=1)
        self._flight = Flight(self._settings.ack_timeout_s)
        self._turn(connected=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receive(client))
            tasks.create_task(self._send(client))
            tasks.create_task(self._tell(client))
            tasks.create_task(self._say_answers(client))

    # --- rows out ---
    async def _send(self, client: aiomqtt.Client) -> None:
        while True:
            self._awake.clear()
            plan = self._flight.next(monotonic())
            rows = await asyncio.to_thread(self._rows_of, plan)
            self._flight.forget(set(plan.again) - {row.place for row in rows})
            if rows:
                await self._publish(client, rows)
            elif not plan.again:
                await self._sleep_until(plan.wake_s)

    def _rows_of(self, plan: Next) -> list[Row]:
        fresh = self._outbox.waiting(plan.fresh, plan.after) if plan.fresh else []
        return self._outbox.again(plan.again) + fresh

    async def _publish(self, client: aiomqtt.Client, rows: Sequence[Row]) -> None:
        """The broker's answer only paces us; rows wait for the gateway's."""
        self._flight.sent([row.place for row in rows], monotonic())
        own = [row.last for row in rows if row.boot == self._outbox.boot]
        self._sent_seq = max([self._sent_seq, *own])
        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(client.publish(str(self._topic), row.frame, qos=1, timeout=PUBLISH_LIMIT_S))

    async def _sleep_until(self, wake_s: float | None) -> None:
        try:
            async with asyncio.timeout(None if wake_s is None else max(0.0, wake_s - monotonic())):
                await self._awake.wait()
        except TimeoutError:
            return  # Something is overdue: look again.

    # --- acknowledgements and orders in ---
    async def _receive(self, client: aiomqtt.Client) -> None:
        channels = {str(self._topic.to(channel)): channel for channel in READ}
        async for message in client.messages:
            channel, payload = channels.get(str(message.topic)), message.payload
            if channel is None or not isinstance(payload, bytes):
                log.warning("uplink: a message outside this device's topics was ignored")
            elif channel is Channel.ACK:
                await self._take_ack(payload)
            elif channel is Channel.CMD and message.retain:
                log.warning("uplink: a retained command was ignored")  # E03: an order of yesterday
            else:
                self._on_command(channel, payload)

    async def _take_ack(self, payload: bytes) -> None:
        try:
            ack = verify_ack(payload, self._topic, self._settings.gateways)
        except Refused as refused:
            self._refuse_ack("ack-forged", refused.reason)  # D27
            return
        struck = await asyncio.to_thread(self._strike, ack)
        if struck is None:
            self._refuse_ack("ack-unknown", "numbers that were never sent")  # D28
            return
        self._last_ack_s = monotonic()
        self._flight.gone(struck)
        self._awake.set()
        self._on_state(self.state)

    def _strike(self, ack: Ack) -> list[int] | None:
        own = ack.boot == self._outbox.boot
        sent_until = self._sent_seq if own else self._outbox.last_seq_of(ack.boot)
        if sent_until is None or ack.seqs[-1][1] > sent_until:
            return None
        return self._outbox.strike(ack.boot, ack.seqs)

    def _refuse_ack(self, alarm: str, why: str) -> None:
        self._refused_acks += 1
        log.warning("uplink: an acknowledgement was ignored: %s", why)
        if monotonic() - self._last_alarm_s >= ALARM_EVERY_S:  # A flood of them must not fill the outbox with alarms.
            self._last_alarm_s = monotonic()
            self._on_alarm(alarm)

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
            boots = await asyncio.to_thread(self._outbox.boots)
            own = {
                "boot": self._outbox.boot,
                "mono_ms": int(monotonic() * 1000),  # An older status, played again, is not heard.
                "waiting": self._outbox.waiting_count,
                "produced": sum(last_seq for _, last_seq in boots),
                "boots": [{"boot": boot, "last_seq": seq} for boot, seq in boots[-STATUS_BOOTS_MAX:]],
            }
            status = sign_status({**self._status(), **own}, self._topic, self._outbox.sealer.device_key)
            await client.publish(str(self._topic.to(Channel.TEL)), status, qos=0)
            _heed_cancellation()
            await asyncio.sleep(self._settings.status_every_s)

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

    def _back_off_s(self, failures: int) -> float:
        """Doubling, with a ceiling; half of it chance, so that a thousand gates do not come back in one second."""
        longest_s = min(self._settings.backoff_ceiling_s, self._settings.backoff_first_s * 2.0 ** min(failures, 16))
        return longest_s * CHANCE.uniform(0.5, 1.0)


def _heed_cancellation() -> None:
    """For a loop in a task group, which says it only once; see ``Uplink.run``."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


class TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails or hangs; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        self.settimeout(HANDSHAKE_LIMIT_S)
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


def _wake(loop: asyncio.AbstractEventLoop, awake: asyncio.Event) -> None:
    """From the committing thread. A loop that has just ended needs no waking, and the row is on the disk anyway."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(awake.set)
