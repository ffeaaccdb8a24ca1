"""Every event that is due goes, in whatever order the gateway's clock let events come; and nothing is read twice."""

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from gateway.care import ages, retention
from gateway.care.moving import move
from gateway.care.retention import sweep
from gateway.queries import Queries
from gateway.state import StateFolder
from gateway.store.connection import Connection
from gateway.store.postgres import PostgresStore
from gateway.store.sqlite import SqliteStore
from gateway.store.sqlite import connect as open_file
from simulators.network.postgres import Postgres
from tests.gateway.desk import offer, open_desk
from tests.gateway.test_postgres_order import desks
from tests.gateway.test_postgres_retention import stores

__all__ = ["stores"]
AHEAD_MS = 10 * 86_400_000
WALKED = "SELECT row, device, type, crossing, received_ms FROM events"


@pytest.fixture
def store(region: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[SqliteStore]:
    """Eleven events, in stretches of five."""
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    monkeypatch.setattr(ages, "STRETCH_ROWS", 5)
    lane = region.lane()
    with open_desk(region) as desk:
        desk.take(offer(lane, *(lane.alarm() for _ in range(11))))
        with closing(open_file(region.authority.store_path())) as connection:
            yield connection


def came_ahead(connection: Connection, *numbers: int) -> None:
    """As if the clock had been ten days ahead when these came."""
    for number in numbers:
        connection.execute("UPDATE events SET received_ms = received_ms + ? WHERE seq = ?", (AHEAD_MS, number))


def swept(connection: Connection, region: Any, days: int = 101) -> int:
    return sweep(connection, (), region.now + timedelta(days=days), keep_days=100).rows_removed


def left(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT seq FROM events ORDER BY seq").fetchall()]


def walks(store: SqliteStore, region: Any, days: int = 101) -> list[str]:
    """What was asked for in a sweep, of the rows themselves."""
    asked = list[str]()
    store.raw.set_trace_callback(asked.append)
    swept(store, region, days)
    store.raw.set_trace_callback(None)
    return [sql for sql in asked if sql.startswith(WALKED)]


def test_rows_that_came_while_the_clock_was_ahead_shield_no_older_one(region: Any, store: SqliteStore) -> None:
    came_ahead(store, 1, 2, 3, 4, 5, 6, 7, 9)
    assert swept(store, region) == 3
    assert left(store) == [1, 2, 3, 4, 5, 6, 7, 9]
    assert (swept(store, region), Queries(store).counts().events) == (0, 8)
    assert swept(store, region, 111) == 8


def test_they_shield_none_in_a_postgres(
    region: Any, stores: list[PostgresStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 2)
    lane, server = region.lane(), stores[0]
    desks(region, stores)[0].take(offer(lane, *(lane.alarm() for _ in range(11))))
    came_ahead(server, 1, 2, 3, 4, 5, 6, 7, 9)
    assert swept(server, region) == 3
    assert left(server) == [1, 2, 3, 4, 5, 6, 7, 9]
    assert (swept(server, region), swept(server, region, 112)) == (0, 8)


def test_where_nothing_is_due_only_the_newest_rows_are_looked_at(region: Any, store: SqliteStore) -> None:
    swept(store, region, 1)
    assert [sql.partition("WHERE")[2] for sql in walks(store, region, 1)] == [
        f" row > 10 AND row <= {ages.ROW_MAX} ORDER BY row LIMIT 2",
        f" row > 11 AND row <= {ages.ROW_MAX} ORDER BY row LIMIT 2",
    ]


def test_a_stretch_that_was_swept_is_as_young_as_what_is_left_of_it(region: Any, store: SqliteStore) -> None:
    came_ahead(store, 1, 2, 3, 4, 5, 6, 8)
    assert (swept(store, region), left(store)) == (4, [1, 2, 3, 4, 5, 6, 8])
    assert all(" row > 10 " in sql for sql in walks(store, region))
    assert store.execute("SELECT count(*) FROM ages WHERE oldest_ms IS NULL").fetchall()[0][0] == 0
    assert (swept(store, region, 111), left(store)) == (7, [])
    assert store.execute("SELECT count(*) FROM ages WHERE oldest_ms IS NULL").fetchall()[0][0] == 2


def test_a_sweep_that_was_cut_short_is_gone_on_with(
    region: Any, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    came_ahead(store, 1, 2, 9)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(retention, "settle", killed)
        with pytest.raises(KeyboardInterrupt):
            swept(store, region)
    assert left(store) == [1, 2, 6, 7, 8, 9, 10, 11]
    assert (swept(store, region), left(store)) == (5, [1, 2, 9])


def test_a_store_whose_first_rows_are_gone_long_ago_begins_with_those_that_are_there(
    region: Any, store: SqliteStore
) -> None:
    store.execute("DELETE FROM events WHERE row < 8")
    swept(store, region, 1)
    assert [row[0] for row in store.execute("SELECT last FROM ages").fetchall()] == [10]


def test_what_is_known_of_ages_goes_by_the_numbers_of_rows_and_does_not_move(
    region: Any, store: SqliteStore, postgres: Postgres
) -> None:
    swept(store, region, 1)
    store.close()
    assert move(region.authority, postgres.fresh()) == 11
    with closing(StateFolder(region.state).open_store()) as server:
        assert swept(server, region) == 11
