"""What one worker promises about a disk that is full, and about lanes that speak."""

import asyncio
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import datetime
from typing import Any

import pytest

from gateway.care.epoch import begin_epoch, epoch
from gateway.identity.register import Register
from gateway.intake import worker as worker_module
from gateway.intake.judge import judge
from gateway.intake.prepared import Prepared, prepare
from gateway.intake.quarantine import SHARE_BODIES
from gateway.intake.vault import Vault
from gateway.intake.worker import Keys, Message, Worker
from gateway.lanes import Lanes
from gateway.queries import Queries
from gateway.store.sqlite import connect
from messages.ack import Epoch, verify_ack
from messages.facts import LaneAlarm
from messages.keys import DeviceKey, GatewayRecord, KeyRecord
from messages.status import sign_status
from messages.topics import Channel
from tests.gateway.desk import offer_with_bodies

LIMIT_S = 20.0


def worker(region: Any, writer: Any, reader: Any, lanes: Lanes, judge: Any = None) -> Worker:
    authority = region.authority
    keys, vault = Keys(authority.region_keys(), authority.ack_key()), Vault(authority.store_key())
    return Worker(writer, reader, vault, keys, lanes, lambda: region.now, lambda: None, judge=judge)


def test_a_full_store_acknowledges_nothing_and_goes_on_when_there_is_room(region: Any) -> None:
    lane, path = region.lane(), region.authority.store_path()
    frames = [
        Message(str(lane.topic), lane.frame([lane.granted(visit) for visit in range(n, n + 20)])) for n in (1, 21)
    ]

    async def story() -> list[Message]:
        with closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk = worker(region, writer, reader, Lanes(lambda: 0.0))
            writer.execute("PRAGMA max_page_count = 1")  # SQLite takes the size it has: it may not grow
            taking = asyncio.create_task(desk.take(frames))
            while desk.store_ok:  # noqa: ASYNC110 (polls with a limit)
                await asyncio.sleep(0.01)
            assert not taking.done()
            assert reader.execute("SELECT count(*) FROM events").fetchone()[0] == 0
            writer.execute("PRAGMA max_page_count = 1000000")
            replies = await taking
            assert desk.store_ok
            assert reader.execute("SELECT count(*) FROM events").fetchone()[0] == 40
            desk.close()
            return replies

    (reply,) = asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    record = GatewayRecord("gateway-1", lane.enrolled.gateway_public)
    assert reply.topic == "bp/1/north/harbour/lane-1/ack"
    assert verify_ack(reply.payload, lane.topic, {"gateway-1": record}).seqs == ((1, 40),)


@pytest.fixture
def now_s() -> list[float]:
    return [100.0]


def hear(region: Any, lanes: Lanes, *words: Message) -> None:
    async def story() -> None:
        path = region.authority.store_path()
        with closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk = worker(region, writer, reader, lanes)
            assert await desk.take(words) == []
            desk.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


def word(lane: Any, **status: object) -> Message:
    topic = lane.topic.to(Channel.TEL)
    return Message(str(topic), sign_status({"boot": lane.boot, **status}, topic, lane.key))


def test_a_lane_is_as_old_as_its_last_word(region: Any, now_s: list[float]) -> None:
    lane, lanes = region.lane(), Lanes(lambda: now_s[0])
    (view,) = lanes.views([lane.key.record("north", "harbour")])
    assert (view.state, view.last_seen_s) == ("unknown", None)
    hear(region, lanes, word(lane, mono_ms=5, state="comparing", screen="look", people=1, link_age_s=0.2, waiting=3))
    now_s[0] += 4
    (view,) = lanes.views([lane.key.record("north", "harbour")])
    assert (view.state, view.screen, view.people, view.link_age_s) == ("comparing", "look", 1, 0.2)
    assert (view.outbox_waiting, view.last_seen_s) == (3, 4.0)


def test_e17_an_old_word_handed_out_again_is_not_heard(region: Any, now_s: list[float]) -> None:
    lane, lanes = region.lane(), Lanes(lambda: now_s[0])
    first = word(lane, mono_ms=9, state="idle")
    lane.boot = "b" * 32
    hear(region, lanes, first, word(lane, mono_ms=5, state="reading"), word(lane, mono_ms=4, state="closed"), first)
    (view,) = lanes.views([lane.key.record("north", "harbour")])
    assert view.state == "reading"


def test_e17_also_of_a_lane_that_has_been_up_for_weeks(region: Any, now_s: list[float]) -> None:
    lane, lanes, weeks_ms = region.lane(), Lanes(lambda: now_s[0]), 30 * 86_400_000
    hear(region, lanes, word(lane, mono_ms=weeks_ms, state="reading"), word(lane, mono_ms=weeks_ms - 1, state="idle"))
    (view,) = lanes.views([lane.key.record("north", "harbour")])
    assert view.state == "reading"


def test_a_word_signed_by_another_key_is_not_heard(region: Any, now_s: list[float]) -> None:
    lane, lanes = region.lane(), Lanes(lambda: now_s[0])
    lane.key = DeviceKey.generate("lane-1")
    hear(region, lanes, word(lane, mono_ms=5, state="idle"))
    (view,) = lanes.views([lane.key.record("north", "harbour")])
    assert view.state == "unknown"


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many frames were looked at, batch by batch."""
    looked: list[int] = []
    real = worker_module.prepare

    def counted(verdicts: Any, *rest: Any) -> Any:
        looked.append(len(verdicts))
        return real(verdicts, *rest)

    monkeypatch.setattr(worker_module, "prepare", counted)
    return looked


def test_e17_a_frame_that_comes_again_is_counted_and_acknowledged_and_not_looked_at_twice(
    region: Any, judged: list[int]
) -> None:
    lane, path = region.lane(), region.authority.store_path()
    frame = Message(str(lane.topic), lane.frame([lane.granted(1), lane.left(1)]))
    other = Message(str(lane.topic), lane.frame([lane.alarm()]))
    altered = Message(frame.topic, frame.payload[:-1] + bytes([frame.payload[-1] ^ 1]))

    async def story() -> list[list[Message]]:
        with closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk = worker(region, writer, reader, Lanes(lambda: 0.0))
            replies = [await desk.take([frame]), await desk.take([other, frame, frame]), await desk.take([altered])]
            assert Queries(reader).counts().duplicates_offered == 4
            assert [row["reason"] for row in Queries(reader).quarantine()] == ["bad-signature"]
            Register(writer).revoke("lane-1")
            replies.append(await desk.take([frame]))  # whoever is revoked is looked at again
            assert [row["reason"] for row in Queries(reader).quarantine()] == ["revoked-key", "bad-signature"]
            desk.close()
            return replies

    replies = asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    record = GatewayRecord("gateway-1", lane.enrolled.gateways["gateway-1"])
    known = {"gateway-1": record}
    told = [[verify_ack(one.payload, lane.topic, known).seqs for one in reply] for reply in replies]
    assert told == [[((1, 2),)], [((1, 3),)], [], []]
    assert judged == [1, 1, 1, 1]


def test_a_frame_of_which_something_found_no_room_is_acknowledged_whole_each_time_it_comes(region: Any) -> None:
    lane, path = region.lane(), region.authority.store_path()
    full = [Message(*offer_with_bodies(lane, [b"poison %d" % seq], seq)) for seq in range(100, 100 + SHARE_BODIES)]
    bodies = [lane.alarm().to_json(), b"poison", lane.tell(LaneAlarm("tailgating", None), seq=3).to_json()]
    frame = Message(*offer_with_bodies(lane, bodies, 1))

    async def story() -> list[Message]:
        with closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk = worker(region, writer, reader, Lanes(lambda: 0.0))
            await desk.take(full)
            replies = await desk.take([frame]) + await desk.take([frame])
            desk.close()
            return replies

    record = GatewayRecord("gateway-1", lane.enrolled.gateways["gateway-1"])
    for reply in asyncio.run(asyncio.wait_for(story(), LIMIT_S)):
        assert verify_ack(reply.payload, lane.topic, {"gateway-1": record}).seqs == ((1, 3),)


# --- a store that is replaced under a worker that runs on ---
class Backup:
    """The store as it was, and a restore that does not wait for the workers, as that of a PostgreSQL does not."""

    def __init__(self, region: Any) -> None:
        self._path, self._now = region.authority.store_path(), region.now
        self._held = sqlite3.connect(":memory:")
        with closing(connect(self._path)) as store:
            store.raw.backup(self._held)

    def load(self) -> None:
        with closing(connect(self._path)) as store:
            self._held.backup(store.raw)

    def begin_epoch(self) -> Epoch:
        with closing(connect(self._path)) as store, store.transaction():
            return begin_epoch(store, self._now, self._path.parent)

    def restore(self) -> Epoch:
        self.load()
        return self.begin_epoch()

    def close(self) -> None:
        self._held.close()


class RestoringJudge:
    """While it judges its second batch, the store is replaced."""

    def __init__(self, region: Any, held: Backup) -> None:
        self._region, self._vault, self._held = (
            region.authority.region_keys(),
            Vault(region.authority.store_key()),
            held,
        )
        self.batches: list[int] = []

    async def judge(
        self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord], now: datetime
    ) -> list[Prepared]:
        self.batches.append(len(frames))
        if len(self.batches) == 2:
            self._held.restore()
        return prepare([judge(topic, payload, keys, self._region) for topic, payload in frames], self._vault, now)


def stored(reader: Any) -> list[int]:
    return [row["seq"] for row in reader.execute("SELECT seq FROM events ORDER BY seq")]


def told(lane: Any, replies: Sequence[Message]) -> list[tuple[Any, Epoch]]:
    known = {kid: GatewayRecord(kid, public) for kid, public in lane.enrolled.gateways.items()}
    acks = [verify_ack(reply.payload, lane.topic, known) for reply in replies]
    return [(ack.seqs, ack.epoch) for ack in acks]


def test_what_a_restored_store_lacks_is_stored_again_though_the_worker_remembers_it(region: Any) -> None:
    lane, path = region.lane(), region.authority.store_path()
    frame = Message(str(lane.topic), lane.frame([lane.granted(1), lane.left(1)]))

    async def story() -> None:
        with closing(Backup(region)) as held, closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk, before = worker(region, writer, reader, Lanes(lambda: 0.0)), epoch(reader)
            assert told(lane, await desk.take([frame])) == [(((1, 2),), before)]
            fresh = held.restore()
            assert stored(reader) == []
            assert told(lane, await desk.take([frame])) == [(((1, 2),), fresh)]
            assert stored(reader) == [1, 2]
            desk.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


def test_a_batch_that_was_judged_for_another_store_is_judged_anew(region: Any) -> None:
    lane, path = region.lane(), region.authority.store_path()
    first, second = (Message(str(lane.topic), lane.frame([lane.alarm()])) for _ in range(2))

    async def story() -> None:
        with closing(Backup(region)) as held, closing(connect(path)) as writer, closing(connect(path)) as reader:
            restoring = RestoringJudge(region, held)
            desk = worker(region, writer, reader, Lanes(lambda: 0.0), restoring)
            await desk.take([first])
            replies = await desk.take([first, second])  # the first is remembered: only the second is judged
            assert restoring.batches == [1, 1, 2]
            assert told(lane, replies) == [(((1, 2),), epoch(reader))]
            assert stored(reader) == [1, 2]
            desk.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))


def test_nothing_is_committed_to_a_store_that_is_being_restored(region: Any) -> None:
    lane, path = region.lane(), region.authority.store_path()
    frame = Message(str(lane.topic), lane.frame([lane.alarm()]))

    async def story() -> None:
        with closing(Backup(region)) as held, closing(connect(path)) as writer, closing(connect(path)) as reader:
            desk = worker(region, writer, reader, Lanes(lambda: 0.0))
            writer.execute("DELETE FROM epochs")
            taking = asyncio.create_task(desk.take([frame]))
            while desk.store_ok:  # noqa: ASYNC110 (polls with a limit)
                await asyncio.sleep(0.01)
            assert stored(reader) == []
            fresh = held.begin_epoch()
            assert told(lane, await taking) == [(((1, 1),), fresh)]
            desk.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
