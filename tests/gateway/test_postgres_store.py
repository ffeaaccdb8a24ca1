"""What a store in PostgreSQL promises: the dialect of a file, nothing by halves, and nothing lost by a kill."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.config import load
from gateway.errors import GatewayError
from gateway.identity.authority import set_up
from gateway.intake.vault import Vault
from gateway.intake.worker import Keys, Message, Worker
from gateway.lanes import Lanes
from gateway.store import sqlite
from gateway.store.connection import StoreFault
from gateway.store.postgres import PostgresStore, connect
from messages.ack import verify_ack
from messages.keys import GatewayRecord
from simulators.network.postgres import Postgres
from tests.gateway.conftest import CANARY

LIMIT_S = 60.0


@pytest.fixture
def store(postgres: Postgres) -> Iterator[PostgresStore]:
    with closing(connect(postgres.fresh())) as opened:
        opened.execute("CREATE TABLE seen (name TEXT PRIMARY KEY, number BIGINT, part DOUBLE PRECISION, raw BYTEA)")
        yield opened


def test_rows_are_read_by_name_and_by_place_and_values_come_back_as_they_went(store: PostgresStore) -> None:
    store.execute("INSERT INTO seen VALUES (?, ?, ?, ?)", ("a?%s", 2**53 - 1, 0.5, b"\x00\xff"))
    row = store.execute("SELECT *, '100%?' AS said FROM seen WHERE name LIKE 'a%'").fetchone()
    assert row is not None
    assert (row["name"], row[1], row["part"], row["raw"]) == ("a?%s", 2**53 - 1, 0.5, b"\x00\xff")
    assert dict(row)["said"] == "100%?"
    assert tuple(row) == ("a?%s", 2**53 - 1, 0.5, b"\x00\xff", "100%?")
    (total,) = store.execute("SELECT sum(number) FROM seen").fetchone() or ()
    assert (total, type(total)) == (2**53 - 1, int)


@pytest.mark.parametrize("count", [3, 300])
def test_only_rows_that_no_key_holds_are_new(store: PostgresStore, count: int) -> None:
    rows = [(f"n{n}", n, None, b"") for n in range(count)]
    with store.transaction():
        assert store.insert_new("seen", ("name", "number", "part", "raw"), rows[:2]) == 2
        assert store.insert_new("seen", ("name", "number", "part", "raw"), rows) == count - 2
        store.execute("DELETE FROM seen WHERE name = 'n0'")
        assert store.insert_new("seen", ("name", "number", "part", "raw"), rows[1:]) == 0
    assert store.execute("SELECT count(*) FROM seen").fetchone()[0] == count - 1  # type: ignore[index]  # a count is there
    assert store.insert_new("seen", ("name", "number", "part", "raw"), []) == 0


def test_a_transaction_that_failed_and_went_on_is_not_called_committed(store: PostgresStore) -> None:
    """The server answers COMMIT of such a one with ROLLBACK, and calls it no error: an acknowledgement would follow."""
    with pytest.raises(StoreFault, match="rolled-back"), store.transaction():  # noqa: PT012 (all of it is the attack)
        store.execute("INSERT INTO seen (name) VALUES ('a')")
        with pytest.raises(StoreFault):
            store.execute("INSERT INTO seen (name) VALUES ('a')")
    assert store.execute("SELECT count(*) FROM seen").fetchone()[0] == 0  # type: ignore[index]


def test_what_is_raised_inside_leaves_nothing_behind(store: PostgresStore) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012
        store.execute("INSERT INTO seen (name) VALUES ('a')")
        raise ZeroDivisionError
    assert store.execute("SELECT count(*) FROM seen").fetchone()[0] == 0  # type: ignore[index]


def test_h08_a_fault_tells_a_code_and_never_a_value(store: PostgresStore, postgres: Postgres) -> None:
    store.execute("INSERT INTO seen (name) VALUES (?)", (CANARY,))
    with pytest.raises(StoreFault) as caught:
        store.execute("INSERT INTO seen (name) VALUES (?)", (CANARY,))
    assert caught.value.code == "23505"
    assert CANARY not in str(caught.value)
    assert CANARY not in postgres.log.read_text()


def test_a_transaction_never_goes_on_over_a_new_connection(store: PostgresStore, postgres: Postgres) -> None:
    with pytest.raises(StoreFault), store.transaction():  # noqa: PT012
        store.execute("INSERT INTO seen (name) VALUES ('before')")
        postgres.restart()
        with pytest.raises(StoreFault):
            store.execute("INSERT INTO seen (name) VALUES ('between')")
        store.execute("INSERT INTO seen (name) VALUES ('after')")
    assert store.execute("SELECT count(*) FROM seen").fetchone()[0] == 0  # type: ignore[index]


def test_both_engines_know_the_same_tables_and_columns(postgres: Postgres) -> None:
    with closing(connect(postgres.fresh())) as server, closing(sqlite.connect(Path(":memory:"))) as file:
        server.migrate()
        server.migrate()
        file.migrate()
        columns = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        ours = {tuple(row) for row in server.execute(columns)}
        own, a_files = {"schema_version", "events_rest"}, {"ages"}  # a server's index tells what that table does
        names = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'"
        theirs = {
            (name, column["name"])
            for (name,) in file.execute(names).fetchall()
            for column in file.execute(f"PRAGMA table_info({name})")
        }
        assert {pair for pair in ours if pair[0] not in own} == {pair for pair in theirs if pair[0] not in a_files}


def test_workers_that_start_at_once_make_the_tables_once(postgres: Postgres) -> None:
    url, begin, faults = postgres.fresh(), threading.Barrier(4), []

    def work() -> None:
        with closing(connect(url)) as store:
            begin.wait()
            try:
                store.migrate()
            except StoreFault as fault:
                faults.append(fault)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_a_region_is_set_up_on_the_store_that_a_url_names(postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.fresh()
    set_up(tmp_path / "state", "north", datetime.now(UTC), url)
    config = tmp_path / "state" / "gateway.toml"
    assert load(config).store == url
    assert config.stat().st_mode & 0o077 == 0  # a password stands in it
    assert not list((tmp_path / "state").glob("store.sqlite*"))


def test_a_server_that_does_not_answer_is_said_in_a_sentence_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(GatewayError) as caught:
        connect("postgresql://borderpost:hunter2@127.0.0.1:1/region")
    assert caught.value.code == "bad-store"
    assert "region at 127.0.0.1:1" in caught.value.message
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_is_about_to_serve_is_waited_for(monkeypatch: pytest.MonkeyPatch, postgres: Postgres) -> None:
    """After a kill it says for a while that it is starting up; nobody has to start the gateway again for that."""
    url, words = postgres.fresh(), ["starting up", "not yet accepting connections"]
    opened = psycopg.connect

    def not_yet(*args: Any, **options: Any) -> Any:
        if words:
            raise psycopg.OperationalError(f"FATAL:  the database system is {words.pop()}")
        return opened(*args, **options)

    monkeypatch.setattr(psycopg, "connect", not_yet)
    with closing(connect(url)) as store:
        assert store.execute("SELECT 1").fetchone()[0] == 1  # type: ignore[index]
    assert words == []


@pytest.mark.parametrize("store_url", ["mysql://x", 5])
def test_what_is_no_url_of_a_postgres_is_refused(tmp_path: Path, store_url: object) -> None:
    value = f'"{store_url}"' if isinstance(store_url, str) else store_url
    (tmp_path / "gateway.toml").write_text(f'region = "north"\nstore = {value}\n')
    with pytest.raises(GatewayError, match="PostgreSQL"):
        load(tmp_path / "gateway.toml")


def test_a_server_killed_in_mid_batch_loses_nothing_that_was_acknowledged(
    postgres: Postgres, region: Any, tmp_path: Path
) -> None:
    """It is killed while it commits, again and again; the worker says so, waits, comes back, and answers then."""
    set_up(tmp_path / "grown", "north", datetime.now(UTC), postgres.fresh())
    authority = type(region.authority)(tmp_path / "grown")
    region.authority = authority
    lane = region.lane()
    frames = [Message(str(lane.topic), lane.frame([lane.granted(n), lane.left(n)])) for n in range(1, 61)]
    acknowledged: set[int] = set()
    record = GatewayRecord("gateway-1", lane.enrolled.gateways["gateway-1"])

    async def story() -> None:
        with closing(authority.open_store()) as writer, closing(authority.open_store()) as reader:
            keys = Keys(authority.region_keys(), authority.ack_key())
            vault = Vault(authority.store_key())
            worker = Worker(writer, reader, vault, keys, Lanes(lambda: 0.0), lambda: region.now, lambda: None)
            for at in range(0, len(frames), 20):
                taking = asyncio.create_task(worker.take(frames[at : at + 20]))
                await asyncio.sleep(0)
                await asyncio.to_thread(postgres.kill)
                assert not taking.done() or taking.result()
                await asyncio.to_thread(postgres.start)
                for reply in await taking:
                    for first, last in verify_ack(reply.payload, lane.topic, {"gateway-1": record}).seqs:
                        acknowledged.update(range(first, last + 1))
            worker.close()

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    postgres.restart()
    with closing(authority.open_store()) as after:
        stored = {row["seq"] for row in after.execute("SELECT seq FROM events")}
    assert acknowledged == stored == set(range(1, 121))
