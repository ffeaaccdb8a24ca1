"""One intake worker: takes what the broker brought, commits it, and only then says what may be struck off.

An acknowledgement is given by the committed store alone. While the disk refuses, nothing is acknowledged, the batch is
tried again, and the outboxes of the posts keep everything.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import ParamSpec, Protocol, TypeVar

from gateway.care.epoch import OtherEpoch, epoch
from gateway.intake.announced import Announcing
from gateway.intake.judge import judge
from gateway.intake.known import Known
from gateway.intake.meter import Meter
from gateway.intake.prepared import Prepared, prepare
from gateway.intake.recording import Outcome, Receipt, store
from gateway.intake.repeats import Repeats
from gateway.intake.vault import Vault
from gateway.lanes import Lanes
from gateway.store.connection import Connection, StoreFault
from messages.ack import Epoch, seal_ack
from messages.errors import Refused
from messages.keys import GatewayKey, KeyRecord, RegionKey
from messages.status import verify_status
from messages.topics import Channel, Topic

RETRY_FIRST_S = 0.25
RETRY_MOST_S = 5.0
P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("gateway.intake")


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    topic: str
    payload: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Heard:
    """A verified status that is news, and its device's topic."""

    topic: Topic
    status: Mapping[str, object]


class Down(Protocol):
    """Orders and lists (gateway.downlink)."""

    async def take(self, heard: Sequence[Heard], answers: Sequence[Message]) -> list[Message]:
        """What is to be published, now that these were heard. Never raises."""


class Judge(Protocol):
    """Judges elsewhere (``judging``)."""

    async def judge(
        self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord], now: datetime
    ) -> list[Prepared]:
        """Every frame, in order. ``keys`` is another object when they have changed."""


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    region: Mapping[str, RegionKey]
    ack: GatewayKey


class Worker:
    """``writer`` is used in a thread of its own, so that a slow disk never stops the pages; ``reader`` here."""

    def __init__(
        self,
        writer: Connection,
        reader: Connection,
        vault: Vault,
        keys: Keys,
        lanes: Lanes,
        now: Callable[[], datetime],
        changed: Callable[[], None],
        down: Down | None = None,
        judge: Judge | None = None,
        meter: Meter | None = None,
    ) -> None:
        self._writer = writer
        self._vault = vault
        self._keys = keys
        self._lanes = lanes
        self._now = now
        self._changed = changed
        self._down, self._downs_turn = down, asyncio.Lock()
        self._judge = judge
        self._epoch = epoch(reader)
        self._known = Known(reader)
        self._repeats = Repeats()
        self._announcing = Announcing(time.monotonic)
        self.meter = meter or Meter()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="intake")
        self.store_ok = True

    async def take(self, messages: Sequence[Message]) -> list[Message]:
        """Commit the frames among ``messages`` and return what is to be published: acknowledgements, orders, lists.

        May be called again before it returns: one batch is judged then while the one before it is stored.
        """
        frames = [message for message in messages if message.topic.endswith(f"/{Channel.EVT}")]
        answers = [message for message in messages if message.topic.endswith(f"/{Channel.RES}")]
        heard = self._hear_all([message for message in messages if message.topic.endswith(f"/{Channel.TEL}")])
        replies = await self._commit(frames) if frames else []
        if self._announcing.is_due():
            await self._keep_announced()
        if heard or frames:
            self._changed()
        if self._down is not None and (heard or answers):
            async with self._downs_turn:
                replies += await self._down.take(heard, answers)
        return replies

    def close(self) -> None:
        """Wait for the transaction that is open; nothing new may come."""
        self._thread.shutdown(wait=True)

    async def _commit(self, frames: Sequence[Message]) -> list[Message]:
        prepared: list[Prepared] | None = None
        delay_s, began_s = RETRY_FIRST_S, time.perf_counter()
        while True:
            try:
                if prepared is None:
                    expected, keys = self._epoch, self._known.keys()
                    prepared = await self._prepared(frames, keys)
                outcome = await self._in_thread(store, self._writer, prepared, self._now(), expected)
            except OtherEpoch as other:  # It comes from a backup: it may lack what came again, and know other keys.
                self._epoch, prepared = other.current, None
                continue
            except StoreFault as error:  # a full disk, a lost disk, a lock that stays
                self._say_refused(error)
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_MOST_S)
                continue
            for frame, stored, whole in zip(frames, prepared, outcome.whole, strict=True):
                if whole:
                    self._repeats.remember(frame.topic, frame.payload, keys, stored)
            self.meter.committed(len(frames), outcome.stored, time.perf_counter() - began_s)
            self._say_stored(outcome)
            return [self._acknowledgement(receipt, expected) for receipt in outcome.receipts]

    async def _prepared(self, frames: Sequence[Message], keys: Mapping[str, KeyRecord]) -> list[Prepared]:
        known = [self._repeats.known(frame.topic, frame.payload, keys) for frame in frames]
        new = [(frame.topic, frame.payload) for frame, found in zip(frames, known, strict=True) if found is None]
        if not new:
            return [found for found in known if found is not None]
        if self._judge is not None:
            judged = iter(await self._judge.judge(new, keys, self._now()))
        else:
            judged = iter(await self._in_thread(self._judge_here, new, keys))
        return [next(judged) if found is None else found for found in known]

    def _judge_here(self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord]) -> list[Prepared]:
        verdicts = [judge(topic, payload, keys, self._keys.region) for topic, payload in frames]
        return prepare(verdicts, self._vault, self._now())

    async def _in_thread(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: call(*args, **kwargs))

    def _acknowledgement(self, receipt: Receipt, committed_to: Epoch) -> Message:
        payload = seal_ack(receipt.boot, receipt.seqs, receipt.topic, self._keys.ack, epoch=committed_to)
        return Message(str(receipt.topic.to(Channel.ACK)), payload)

    def _hear_all(self, statuses: Sequence[Message]) -> list[Heard]:
        heard: list[Heard] = []
        if not statuses:
            return heard
        try:
            known = self._known.keys()
        except StoreFault as error:
            self._say_refused(error)
            return heard
        for message in statuses:
            try:
                topic = Topic.parse(message.topic)
                status = verify_status(message.payload, topic, known)
            except Refused as refused:
                log.warning("status refused: %s", refused.reason)
                continue
            if self._lanes.hear(topic.device, status):
                self._announcing.hear(topic.device, status)
                heard.append(Heard(topic, status))
        return heard

    async def _keep_announced(self) -> None:
        heard = self._announcing.take()
        try:
            await self._in_thread(self._announcing.keep, self._writer, heard)
        except StoreFault as error:  # whatever else is to be stored says when the store is there again
            log.warning("what is still to come is written down later (%s)", error.code)
            self._announcing.again(heard)

    def _say_refused(self, error: StoreFault) -> None:
        if self.store_ok:
            log.error("store refuses to commit (%s): nothing is acknowledged until it does", error.code)
            self._changed()
        self.store_ok = False

    def _say_stored(self, outcome: Outcome) -> None:
        if not self.store_ok:
            log.info("store commits again")
        self.store_ok = True
        for device, code in outcome.alarms:
            log.warning("alarm %s from %s", code, device or "an unproven sender")
        if outcome.quarantined:
            log.warning("quarantine: %d new", outcome.quarantined)
        log.debug("stored %d, known already %d", outcome.stored, outcome.duplicates)
