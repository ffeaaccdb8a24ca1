"""How does a worker take its frames from a NATS cluster? From one durable consumer that all workers share.

A batch is confirmed to the cluster once it is committed, so the frames of a worker that dies go to another; whatever
the cluster itself loses, the outboxes send again. Statuses and answers of lanes come to every worker.
"""

import asyncio
import logging
import random
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NothingCame
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError

from gateway.intake.worker import Message
from gateway.links.broker_link import RETRY_FIRST_S, RETRY_MOST_S, Address
from gateway.links.nats_names import CONSUMER, frames_of, inbox_of, stream_of, subject_of, topic_of
from messages.topics import Channel

BATCH_FRAMES: Final = 256
HEARD_MAX: Final = 1_000  # statuses and answers that wait here; beyond it they are dropped, and lanes speak again
WAIT_S: Final = 1.0
CONNECT_LIMIT_S: Final = 5
PING_EVERY_S: Final = 5
ACK_WAIT_S: Final = 30.0  # then another worker gets what this one has not committed
PENDING_MAX: Final = 4_096
KEPT_S: Final = 120.0  # what no worker took by then, its outbox has sent again many times
KEPT_BYTES: Final = 1 << 30
REPLICAS: Final = 3

Take = Callable[[Sequence[Message]], Awaitable[list[Message]]]

log = logging.getLogger("gateway.nats")


class NatsLink:
    """Connected or about to be: losing the cluster is a state, not an error."""

    def __init__(
        self,
        servers: Sequence[Address],
        worker: str,
        region: str,
        tls: ssl.SSLContext,
        take: Take,
        chance: random.Random,
    ) -> None:
        self._servers = [f"tls://{server.host}:{server.port}" for server in servers]
        self._worker = worker
        self._region = region
        self._tls = tls
        self._take = take
        self._chance = chance
        self._heard: asyncio.Queue[Message] = asyncio.Queue(HEARD_MAX)
        self.connected = False

    async def run(self) -> None:
        """Serve for ever; ends by cancellation only."""
        failures = 0
        while True:
            try:
                await self._one_connection()
            except* (NatsError, OSError) as group:  # TimeoutError is an OSError
                if self.connected or failures == 0:
                    log.warning("no cluster at %s (%s)", ", ".join(self._servers), _names(group))
            failures = 0 if self.connected else failures + 1
            self.connected = False
            await asyncio.sleep(self._delay_s(failures))

    async def _one_connection(self) -> None:
        lost = asyncio.Event()
        client = await self._connect(lost)
        try:
            for channel in (Channel.TEL, Channel.RES):
                await client.subscribe(f"bp.1.{self._region}.*.*.{channel}", cb=self._hear)
            stream = client.jetstream(timeout=CONNECT_LIMIT_S)
            await _make(stream, self._region)
            frames = await stream.pull_subscribe_bind(CONSUMER, stream_of(self._region))
            log.info("connected to the cluster at %s", client.connected_url.netloc if client.connected_url else "?")
            self.connected = True
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._serve_frames(client, frames))
                tasks.create_task(self._serve_heard(client))
                tasks.create_task(_raise_when(lost))
        finally:
            await client.close()

    async def _connect(self, lost: asyncio.Event) -> Client:
        async def gone() -> None:
            lost.set()

        async def said(error: Exception) -> None:
            log.debug("the cluster says: %s", type(error).__name__)

        return await nats.connect(
            self._servers,
            name=self._worker,
            tls=self._tls,
            inbox_prefix=inbox_of(self._worker).encode(),
            allow_reconnect=False,  # ``run`` does, with a ceiling and with chance
            connect_timeout=CONNECT_LIMIT_S,
            ping_interval=PING_EVERY_S,
            disconnected_cb=gone,
            closed_cb=gone,
            error_cb=said,
        )

    async def _serve_frames(self, client: Client, frames: JetStreamContext.PullSubscription) -> None:
        while True:
            try:
                batch = await frames.fetch(BATCH_FRAMES, timeout=WAIT_S)
            except NothingCame:
                continue
            replies = await self._take([Message(topic_of(message.subject), message.data) for message in batch])
            await self._publish(client, replies)
            for message in batch:  # Only now, committed: a worker that dies before this gives them to another.
                await message.ack()

    async def _serve_heard(self, client: Client) -> None:
        while True:
            heard = [await self._heard.get()]
            while not self._heard.empty() and len(heard) < BATCH_FRAMES:
                heard.append(self._heard.get_nowait())
            await self._publish(client, await self._take(heard))

    async def _hear(self, message: Msg) -> None:
        if not self._heard.full():
            self._heard.put_nowait(Message(topic_of(message.subject), message.data))

    async def _publish(self, client: Client, messages: Sequence[Message]) -> None:
        """To whoever listens now: an acknowledgement that finds nobody is given again when the frame comes again."""
        for message in messages:
            await client.publish(subject_of(message.topic), message.payload)
        await client.flush(CONNECT_LIMIT_S)

    def _delay_s(self, failures: int) -> float:
        return self._chance.uniform(0.0, min(RETRY_MOST_S, RETRY_FIRST_S * 2.0 ** min(failures, 16)))


def _names(group: BaseExceptionGroup) -> str:
    """What kinds of error it holds: their words may hold an address or a subject, and no log needs those."""
    leaves: list[BaseException] = [group]
    while any(isinstance(leaf, BaseExceptionGroup) for leaf in leaves):
        leaves = [
            each for leaf in leaves for each in (leaf.exceptions if isinstance(leaf, BaseExceptionGroup) else [leaf])
        ]
    return ", ".join(sorted({type(leaf).__name__ for leaf in leaves}))


async def _raise_when(lost: asyncio.Event) -> None:
    await lost.wait()
    raise NatsError("disconnected")


async def _make(stream: JetStreamContext, region: str) -> None:
    """Make what is not there; workers may do so all at once. What is there as it should be stays."""
    kept = StreamConfig(
        name=stream_of(region),
        subjects=[frames_of(region)],
        retention=RetentionPolicy.WORK_QUEUE,  # what is confirmed is gone
        discard=DiscardPolicy.NEW,
        max_age=KEPT_S,
        max_bytes=KEPT_BYTES,
        storage=StorageType.FILE,
        num_replicas=REPLICAS,
    )
    intake = ConsumerConfig(
        durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S, max_ack_pending=PENDING_MAX
    )
    try:
        await stream.add_stream(kept)
    except BadRequestError:  # of other settings: an older version of this file made it
        await stream.update_stream(kept)
    await stream.add_consumer(stream_of(region), intake)
