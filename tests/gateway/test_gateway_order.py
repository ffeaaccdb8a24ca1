"""Any order, any repetition, any cut into batches, one worker or two: the same store, and the same alarms."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gateway.intake.quarantine import SHARE_BODIES
from gateway.intake.rebuild import rebuild
from gateway.intake.vault import Vault
from gateway.store.connection import Connection
from gateway.store.sqlite import connect
from messages.events import Clock, Event
from messages.facts import DeviceTelemetry, Fact, LaneAlarm, OutboxDropped, Reading, TravelDocument, data_of
from messages.frame import seal_frame
from messages.keys import RegionPublic
from messages.limits import EVENTS_PER_FRAME_MAX
from tests.gateway.conftest import NOW, granted, referred
from tests.gateway.desk import Desk, Offer, offer, offer_with_bodies

ALARM = LaneAlarm("tailgating", None)
SNAPSHOT = (
    "SELECT device, post, boot, seq, id, digest, type, time_ms, true_ms, crossing FROM told ORDER BY 1, 3, 4",
    "SELECT * FROM crossings ORDER BY crossing, device",
    "SELECT sender, topic, reason, boot, first, last, digest, size_bytes, retain_until FROM quarantine"
    " ORDER BY 1, 2, 3, 4, 5, 7",
    "SELECT sender, reason, count(body) FROM quarantine GROUP BY sender, reason ORDER BY 1, 2",
    "SELECT device, boot, number, first_ms, last_ms, synced_mono, synced_ms FROM boots ORDER BY 1, 2",
    "SELECT device, boot, first, last FROM arrived JOIN boots ON key = boot_key ORDER BY 1, 2, 3",
    "SELECT device, boot, first, last FROM dropped JOIN boots ON key = boot_key ORDER BY 1, 2, 3",
    "SELECT device, claim FROM contested ORDER BY 1, 2",
    "SELECT device, code, boot, seq FROM alarms ORDER BY 1, 2, 3, 4",
    "SELECT device, events, alarms, crossings, granted, referred, abandoned, departed, quarantined FROM lanes"
    " WHERE events + quarantined > 0 ORDER BY 1",
)


def told(lane: Any, boot: str, seq: int, fact: Fact, at_s: float, **more: Any) -> Event:
    """An event of any boot, number, time (seconds from noon) and clock; ``mono`` is its boot's."""
    clock, identity = more.get("clock", Clock.SYNCED), more.get("identity")
    identity = identity or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{lane.name}/{boot}/{seq}/{fact!r}"))
    time = NOW + timedelta(seconds=at_s)
    mono_ms = int(more.get("mono_s", seq) * 1000)
    return Event(identity, lane.topic.source, fact.TYPE, time, boot, seq, mono_ms, clock, data_of(fact))


def numbered(lane: Any, number: int, *events: Event) -> Offer:
    region = RegionPublic(lane.enrolled.region_kid, lane.enrolled.region_public)
    return str(lane.topic), seal_frame(events, lane.topic, lane.key, region, number=number)


def story(region: Any) -> list[Offer]:
    """Honest and hostile frames of three lanes: conflicts of number, of id, and in a chain; poison; a cloned card;
    numbers that were dropped; clocks that are wrong; and frames for nobody."""
    one, two, three = region.lane("lane-1"), region.lane("lane-2"), region.lane("lane-3")
    visits = [[one.granted(n), one.left(n)] for n in range(1, 4)]
    visits += [[one.referred(4)], [one.granted(5), one.abandoned(5)]]
    frames = [offer(one, *events) for events in visits]
    frames.append(offer(one, *visits[0], *visits[1]))  # framed anew
    frames.append(offer(one, one.tell(ALARM, seq=2)))  # contests a number
    frames.append(offer(one, one.tell(ALARM, seq=20, identity=visits[2][0].id)))  # contests an id
    frames.append(offer_with_bodies(one, [b"poison"], 12))
    frames.append(
        offer(
            one,
            one.tell(ALARM, seq=30),
        )
    )
    chain = [(31, "x"), (32, "x"), (33, "y"), (32, "y")]  # each touches the next: all four are in doubt
    frames += [offer(one, one.tell(ALARM, seq=seq, identity=_id(name))) for seq, name in chain]
    frames.append(offer(two, two.granted(1), two.left(1)))
    frames.append((str(two.topic), frames[0][1]))  # another's frame
    frames.append((str(two.topic), b"garbage"))
    a, b, c = "1" * 32, "2" * 32, "3" * 32
    reading = DeviceTelemetry((Reading("cpu", 40.5),))
    # A crossing that was granted and then referred, with another document, by a clock that nobody believes.
    seen = granted(_id("visit"), 9), referred(_id("visit"), 9)
    seen = seen[0], structs.replace(seen[1], document=TravelDocument("ID", "AAA", "1", date(2030, 1, 1)))
    frames += [
        numbered(three, 1, told(three, a, 10 + n, fact, 70 + n, clock=Clock.UNKNOWN)) for n, fact in enumerate(seen)
    ]
    unknown = {"clock": Clock.UNKNOWN}
    frames.append(numbered(three, 1, told(three, a, 1, ALARM, 0, **unknown), told(three, a, 2, reading, 1, **unknown)))
    frames.append(numbered(three, 1, told(three, a, 3, reading, 900)))
    frames.append(numbered(three, 1, told(three, a, 7, OutboxDropped(a, ((4, 6),), 3, "disk-full"), 1000)))
    frames.append(numbered(three, 2, told(three, b, 1, reading, 950)))  # before the end of the first: another card
    frames.append(numbered(three, 2, told(three, c, 1, reading, 4000)))  # the same number as ``b``: another card
    frames.append(numbered(three, 2, told(three, c, 2, reading, 86_400)))  # from the future
    four, most = region.lane("lane-4"), EVENTS_PER_FRAME_MAX  # sends more that nobody can read than its share holds
    frames += [
        offer_with_bodies(four, [b"poison %d" % (start + n) for n in range(most)], start)
        for start in range(1, SHARE_BODIES + most, most)
    ]
    frames.append(offer_with_bodies(four, [b"poison 1"] * 2, 900))  # the same at another place: rows of their own
    frames.append(offer(four, four.tell(ALARM, seq=400)))
    frames.append(offer(four, four.tell(reading, seq=400)))  # both can be read: their bodies take no share
    return frames


def _id(name: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name))


@contextmanager
def workers(region: Any, folder: Path, count: int) -> Iterator[list[Desk]]:
    """A new store, and so many workers on it. They know the region's devices."""
    path = folder / f"{uuid.uuid4()}.sqlite"
    vault, known = Vault(region.authority.store_key()), Path(region.authority.store_path())
    with ExitStack() as stack:
        stores = [stack.enter_context(closing(connect(path))) for _ in range(count)]
        stores[0].execute("PRAGMA synchronous=OFF")
        stores[0].migrate()
        stores[0].execute("ATTACH ? AS enrolled", (str(known),))
        for table in ("devices", "keys"):
            if stores[0].execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
                stores[0].execute(f"INSERT INTO {table} SELECT * FROM enrolled.{table}")  # noqa: S608
        yield [Desk(store, region, vault) for store in stores]
    for file in folder.glob(f"{path.name}*"):
        file.unlink()


def taken(region: Any, folder: Path, offers: Sequence[Offer], size: int, count: int) -> list[Any]:
    """What stands in a new store after these offers, in batches of ``size``, one worker after the other."""
    with workers(region, folder, count) as desks:
        for turn, start in enumerate(range(0, len(offers), size)):
            desks[turn % count].take(*offers[start : start + size])
        assert rebuild(desks[0].connection).equal
        return snapshot(desks[0].connection)


def snapshot(connection: Connection) -> list[Any]:
    return [[tuple(row) for row in connection.execute(query)] for query in SNAPSHOT]


def test_frames_shuffled_repeated_cut_into_batches_and_shared_by_two_workers_give_the_same_store(
    region: Any, tmp_path: Path
) -> None:
    frames = story(region)
    expected = taken(region, tmp_path, frames, 1, 1)

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(
        order=st.permutations(range(len(frames))),
        again=st.lists(st.integers(0, len(frames) - 1), max_size=6),
        size=st.integers(1, len(frames)),
        count=st.integers(1, 2),
    )
    def any_order(order: list[int], again: list[int], size: int, count: int) -> None:
        offers = [frames[n] for n in order + again]
        for found, wanted in zip(taken(region, tmp_path, offers, size, count), expected, strict=True):
            assert found == wanted

    any_order()
    events, _, kept, bodies, _, _, dropped, _, alarms, _ = expected
    assert len(events) == 19
    assert [row[2] for row in kept].count("sequence-conflict") == 10
    assert [row[0] for row in kept].count("lane-4") == SHARE_BODIES + EVENTS_PER_FRAME_MAX + 4
    assert [row for row in bodies if row[0] == "lane-4"] == [
        ("lane-4", "bad-events", SHARE_BODIES),
        ("lane-4", "sequence-conflict", 2),
    ]
    assert dropped == [("lane-3", "1" * 32, 4, 6)]
    assert {(row[0], row[1]) for row in alarms} == {
        ("lane-1", "sequence-conflict"),
        ("lane-2", "wrong-topic"),
        ("lane-3", "device-cloned"),
        ("lane-3", "from-the-future"),
        ("lane-4", "quarantine-full"),
        ("lane-4", "sequence-conflict"),
    }
