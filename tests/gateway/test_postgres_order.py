"""Several workers on one PostgreSQL: the same store as one worker on one file, one after another and at once."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.identity.register import Register
from gateway.intake.judge import judge
from gateway.intake.rebuild import rebuild
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from gateway.store.connection import StoreFault
from gateway.store.postgres import PostgresStore, connect
from messages.facts import LaneAlarm
from simulators.network.postgres import Postgres
from tests.gateway.desk import LATER, Desk, offer
from tests.gateway.test_gateway_order import ALARM, SNAPSHOT, numbered, snapshot, story, taken, told

WRITTEN = "events, boots, arrived, dropped, contested, quarantine, alarms, crossings, lanes"
LIMIT_S = 60


@pytest.fixture
def stores(postgres: Postgres, region: Any) -> Iterator[list[PostgresStore]]:
    """Two connections to one new store that knows the region's devices as they are enrolled later."""
    url = postgres.fresh()
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(connect(url))) for _ in range(2)]
        opened[0].migrate()
        yield opened


def desks(region: Any, stores: Sequence[PostgresStore]) -> list[Desk]:
    """Empty, and with every device that the region has enrolled by now."""
    with closing(region.authority.open_store()) as known, stores[0].transaction():
        stores[0].execute(f"TRUNCATE {WRITTEN}")
        for query in ("SELECT * FROM devices", "SELECT * FROM keys"):
            rows = known.execute(query).fetchall()
            stores[0].insert_new(query.split()[-1], list(rows[0].keys()), [tuple(row) for row in rows])
    return [Desk(store, region, Vault(region.authority.store_key())) for store in stores]


def found(store: PostgresStore) -> list[Any]:
    return [
        [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows] for rows in snapshot(store)
    ]


def test_any_order_and_two_workers_on_postgres_give_what_one_file_gives(
    region: Any, tmp_path: Path, stores: list[PostgresStore]
) -> None:
    frames = story(region)
    expected = taken(region, tmp_path, frames, 1, 1)

    @settings(max_examples=25, deadline=None, derandomize=True, database=None)
    @given(
        order=st.permutations(range(len(frames))),
        again=st.lists(st.integers(0, len(frames) - 1), max_size=6),
        size=st.integers(1, len(frames)),
    )
    def any_order(order: list[int], again: list[int], size: int) -> None:
        offers = [frames[n] for n in order + again]
        workers = desks(region, stores)
        for turn, start in enumerate(range(0, len(offers), size)):
            workers[turn % 2].take(*offers[start : start + size])
        assert rebuild(stores[0]).equal
        for query, here, there in zip(SNAPSHOT, found(stores[1]), expected, strict=True):
            assert here == there, query

    any_order()


def test_two_workers_at_once_over_the_same_frames_store_each_event_once_and_never_wait_in_a_circle(
    region: Any, tmp_path: Path, stores: list[PostgresStore]
) -> None:
    lanes = [region.lane(f"lane-{n}") for n in range(6)]
    frames = [offer(lane, lane.granted(visit), lane.left(visit)) for visit in range(1, 8) for lane in lanes]
    frames += [offer(lanes[0], lanes[0].tell(ALARM, seq=3)), offer(lanes[1], lanes[1].tell(ALARM, seq=4))]
    expected = taken(region, tmp_path, frames, 5, 1)
    workers = desks(region, stores)
    failed: list[BaseException] = []

    def work(desk: Desk, seed: int) -> None:
        mine = list(frames)
        random.Random(seed).shuffle(mine)
        try:
            for at in range(0, len(mine), 4):
                desk.take(*mine[at : at + 4])
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(desk, seed)) for seed, desk in enumerate(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    assert failed == []
    assert found(stores[0]) == expected


def test_a_worker_waits_for_another_that_holds_frames_of_the_same_device_and_for_no_other(
    region: Any, stores: list[PostgresStore]
) -> None:
    busy, free = region.lane("lane-1"), region.lane("lane-2")
    first, second = desks(region, stores)
    with first.connection.transaction():
        first.connection.alone_with(["lane-1"])
        assert second.take(offer(free, free.alarm())).stored == 1
        outcomes: list[Any] = []
        waiting = threading.Thread(target=lambda: outcomes.append(second.take(offer(busy, busy.alarm()))))
        waiting.start()
        until_somebody_waits(stores[0], waiting)
    waiting.join(LIMIT_S)
    assert [outcome.stored for outcome in outcomes] == [1]


def test_what_nobody_signed_waits_for_whoever_holds_the_device_of_its_topic(
    region: Any, stores: list[PostgresStore]
) -> None:
    """Both may raise that device's alarms: without the wait two workers could stand still for each other."""
    lane = region.lane("lane-1")
    first, second = desks(region, stores)
    outcomes: list[Any] = []
    garbage = threading.Thread(target=lambda: outcomes.append(second.take((str(lane.topic), b"garbage"))))
    with first.connection.transaction():
        first.connection.alone_with(["lane-1"])
        garbage.start()
        until_somebody_waits(stores[0], garbage)
    garbage.join(LIMIT_S)
    assert [outcome.quarantined for outcome in outcomes] == [1]


def test_a_month_that_nobody_has_heard_of_gets_its_part_and_a_dropped_one_stays_away(
    region: Any, stores: list[PostgresStore]
) -> None:
    lane = region.lane()
    first, second = desks(region, stores)
    verdict = judge(*offer(lane, lane.alarm()), Register(stores[0]).snapshot(), region.authority.region_key())
    stores[0].execute("ALTER TABLE lanes RENAME TO gone")  # the transaction that makes the part fails, and undoes it
    with pytest.raises(StoreFault):
        record(stores[0], first.vault, [verdict], LATER)
    stores[0].execute("ALTER TABLE gone RENAME TO lanes")
    assert parts(stores[0]) == []
    assert record(stores[0], first.vault, [verdict], LATER).stored == 1
    assert second.take(offer(lane, lane.alarm())).stored == 1
    assert parts(stores[0]) == [f"events_{this_month(stores[0])}"]
    old = [told(lane, "f" * 32, 1, LaneAlarm("tailgating", None), 0)]
    stores[0].execute(
        "INSERT INTO boots (key, device, post, boot, number) VALUES (7, 'lane-1', 'harbour', ?, 1)", ("f" * 32,)
    )
    assert second.take(numbered(lane, 1, *old)).stored == 1  # its month is long gone; it is no reason to stand still
    assert second.take(numbered(lane, 1, *old)).duplicates == 1
    assert stores[0].execute("SELECT count(*) FROM events_rest").fetchone()[0] == 1


def until_somebody_waits(store: PostgresStore, waiting: threading.Thread) -> None:
    deadline = time.monotonic() + LIMIT_S
    blocked = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    while not store.execute(blocked).fetchone()[0]:
        assert waiting.is_alive(), "it did not wait"
        assert time.monotonic() < deadline


def parts(store: PostgresStore) -> list[str]:
    query = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^events_[0-9]' ORDER BY 1"
    return [row[0] for row in store.execute(query)]


def this_month(store: PostgresStore) -> str:
    return str(store.execute("SELECT to_char(timezone('UTC', now()), 'YYYY_MM')").fetchone()[0])


def test_a_frame_of_an_event_costs_the_same_statements_whatever_the_parts(
    region: Any, stores: list[PostgresStore]
) -> None:
    """An exact repeat is told by its boot's own part alone: the plan looks at no other."""
    lane = region.lane()
    desk, _ = desks(region, stores)
    desk.take(offer(lane, lane.alarm()))
    key = stores[0].execute("SELECT boot_key FROM events").fetchone()[0]
    plan = stores[0].execute(f"EXPLAIN SELECT 1 FROM events WHERE boot_key = {key} AND seq = 1").fetchall()  # noqa: S608
    text = " ".join(row[0] for row in plan)
    assert "events_rest" not in text
    assert f"events_{this_month(stores[0])}" in text
