"""Old months go as whole tables, with what was read off them; and several workers may sweep at once."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from typing import Any

import pytest

from gateway.care.retention import SWEEPER, sweep
from gateway.intake.crossings import withdraw
from gateway.intake.rebuild import rebuild
from gateway.intake.tallies import Tallies
from gateway.store.months import make_part
from gateway.store.postgres import PostgresStore, connect
from messages.facts import CrossingLeft, Timings
from simulators.network.postgres import Postgres
from tests.gateway.conftest import granted
from tests.gateway.desk import LATER, Desk, offer
from tests.gateway.test_postgres_order import desks, parts, this_month, until_somebody_waits

MONTH = 24_000  # in the year 2000
LATE_MS = 400 * 86_400_000
LONG_AFTER = LATER + timedelta(days=400)
COUNTS = "SELECT events, alarms, crossings, granted, departed FROM lanes WHERE device = 'lane-1'"


@pytest.fixture
def stores(postgres: Postgres) -> Iterator[list[PostgresStore]]:
    url = postgres.fresh()
    with ExitStack() as stack:
        opened = [stack.enter_context(closing(connect(url))) for _ in range(2)]
        opened[0].migrate()
        yield opened


def in_month(store: PostgresStore, lane: Any, month: int, boot: str) -> None:
    """As if the boot had first been heard in that month."""
    for statement in make_part(month):
        store.execute(statement)
    sql = "INSERT INTO boots (key, device, post, boot, number) VALUES (?, ?, 'harbour', ?, 1)"
    store.execute(sql, ((month << 32) + 1, lane.name, boot))


def tell_of_two_months(lane: Any, desk: Desk) -> None:
    """A whole crossing and an alarm in the old month; another crossing begins there and ends in this one."""
    lane.boot = "1" * 32
    in_month(desk.connection, lane, MONTH, lane.boot)  # type: ignore[arg-type]  # it is a PostgresStore
    half = lane.crossing(2)
    desk.take(offer(lane, lane.granted(1), lane.left(1), lane.alarm(), lane.tell(granted(half, 2))))
    lane.boot, lane.seq = "2" * 32, 0
    desk.take(offer(lane, lane.tell(CrossingLeft(half, 2, Timings(100, 900, 5, 700, 12, 800), 9000))))


def test_an_old_month_goes_as_one_table_and_what_is_left_adds_up(region: Any, stores: list[PostgresStore]) -> None:
    lane, store = region.lane(), stores[0]
    desk = desks(region, stores)[0]
    tell_of_two_months(lane, desk)
    store.execute("UPDATE events SET received_ms = received_ms + ? WHERE boot_key >> 32 <> ?", (LATE_MS, MONTH))
    assert tuple(store.execute(COUNTS).fetchone()) == (5, 1, 2, 2, 2)
    assert sweep(store, (), LONG_AFTER, keep_days=100).rows_removed == 4
    assert parts(store) == [f"events_{this_month(store)}"]
    assert tuple(store.execute(COUNTS).fetchone()) == (1, 0, 1, 0, 1)
    assert rebuild(store).equal


def test_a_month_with_one_newer_event_stays_and_loses_its_old_rows(region: Any, stores: list[PostgresStore]) -> None:
    lane, store = region.lane(), stores[0]
    tell_of_two_months(lane, desks(region, stores)[0])
    store.execute("UPDATE events SET received_ms = received_ms + ? WHERE seq = 3", (LATE_MS,))
    assert sweep(store, (), LONG_AFTER, keep_days=100).rows_removed == 4
    assert parts(store) == ["events_2000_01", f"events_{this_month(store)}"]
    assert tuple(store.execute(COUNTS).fetchone()) == (1, 1, 0, 0, 0)
    assert rebuild(store).equal


def test_workers_that_sweep_at_once_count_nothing_off_twice(region: Any, stores: list[PostgresStore]) -> None:
    lane = region.lane()
    desk = desks(region, stores)[0]
    in_month(stores[0], lane, MONTH, "1" * 32)
    lane.boot = "1" * 32
    desk.take(offer(lane, *(lane.alarm() for _ in range(40))))
    lane.boot, lane.seq = "2" * 32, 0
    desk.take(offer(lane, *(lane.alarm() for _ in range(40))))
    removed: list[int] = []
    begin = threading.Barrier(len(stores))

    def work(store: PostgresStore) -> None:
        begin.wait()
        removed.append(sweep(store, (), LONG_AFTER, keep_days=100).rows_removed)

    threads = [threading.Thread(target=work, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(removed) == 80
    assert tuple(stores[0].execute(COUNTS).fetchone()) == (0, 0, 0, 0, 0)
    assert rebuild(stores[0]).equal


def test_a_worker_that_sweeps_waits_for_another_that_does(region: Any, stores: list[PostgresStore]) -> None:
    lane = region.lane()
    desks(region, stores)[0].take(*(offer(lane, lane.alarm()) for _ in range(4)))
    removed: list[int] = []
    sweeping = threading.Thread(
        target=lambda: removed.append(sweep(stores[0], (), LONG_AFTER, keep_days=100).rows_removed)
    )
    with stores[1].transaction():
        stores[1].alone_with([SWEEPER])
        sweeping.start()
        until_somebody_waits(stores[1], sweeping)
        rows, tallies = stores[1].execute("SELECT row, device, type, crossing FROM events").fetchall(), Tallies()
        withdraw(stores[1], rows, tallies)
        tallies.keep(stores[1])
    sweeping.join()
    assert removed == [0]
    assert tuple(stores[0].execute(COUNTS).fetchone()) == (0, 0, 0, 0, 0)
