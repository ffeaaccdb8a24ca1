"""A PostgreSQL that is killed keeps what it committed, keeps its port, and leaves nothing behind when it goes."""

import os
from pathlib import Path

import psycopg
import pytest

from simulators.network.postgres import Postgres, PostgresFailed


def test_what_was_committed_outlives_a_kill(tmp_path: Path) -> None:
    with Postgres(tmp_path / "postgres") as postgres:
        port, folder = postgres.port, postgres.folder
        with psycopg.connect(postgres.url()) as connection:
            connection.execute("CREATE TABLE crossed (name TEXT)")
            connection.execute("INSERT INTO crossed VALUES ('ANNA OF UTOPIA')")
        postgres.restart()
        assert postgres.port == port
        with psycopg.connect(postgres.url()) as connection:
            assert connection.execute("SELECT name FROM crossed").fetchall() == [("ANNA OF UTOPIA",)]
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("CREATE TABLE alone (name TEXT PRIMARY KEY); INSERT INTO alone VALUES ('a'), ('a')")
        log = postgres.log.read_text()
    assert "ANNA" not in log
    assert "INSERT" not in log
    assert not postgres.running
    assert folder.exists() is (folder == tmp_path / "postgres")


def test_nobody_comes_in_without_the_password(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://borderpost@127.0.0.1:{postgres.port}/borderpost")


def test_every_test_has_a_database_of_its_own(postgres: Postgres) -> None:
    first, second = postgres.fresh(), postgres.fresh()
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine (number INTEGER)")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT to_regclass('mine')").fetchone() == (None,)


def test_a_root_never_runs_it_as_root(postgres: Postgres) -> None:
    assert postgres.pid is not None
    owner = os.stat(f"/proc/{postgres.pid}").st_uid
    assert owner != 0


def test_what_does_not_start_says_so_in_a_sentence(postgres: Postgres, tmp_path: Path) -> None:
    with Postgres(tmp_path / "second") as second:
        second.stop()
        second.port = postgres.port
        with pytest.raises(PostgresFailed, match="ended at once"):
            second.start()
