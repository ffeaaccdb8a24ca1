"""How is the file opened, brought to the newest schema, and moved aside when it is broken?"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import errorcode
from importlib import resources
from pathlib import Path

from edge.outbox.errors import Damaged, DiskFull, OutboxBusy, StoreBroken, TooNew
from edge.outbox.limits import CHECK_MAX_BYTES, LOCK_WAIT_S, PAGE_BYTES, WAL_BYTES

LOOKS = 2  # SQLite also calls it damage when a page could not be read for once; a healthy file must not go for that


def open_or_replace(path: Path) -> tuple[sqlite3.Connection, Path | None]:
    """The connection, and where a broken file was moved to (never deleted: its frames may be saved by hand)."""
    for _ in range(LOOKS):
        with suppress(Damaged):
            return _open(path), None
    aside = _move_aside(path)
    return _open(path), aside


def _open(path: Path) -> sqlite3.Connection:
    # Made before SQLite sees it, so that it is never readable by others; -wal and -shm take over its mode.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreBroken(errorcode.get(error.errno or 0, "it does not open")) from error
    with spoken():
        connection = sqlite3.connect(path, timeout=LOCK_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        with spoken():
            _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "locking_mode = EXCLUSIVE",  # one edge to an outbox: two would number alike
        "journal_mode = WAL",
        "synchronous = FULL",  # an acknowledged row survives a power cut; NORMAL lost 665 of 1,500 (measured)
        "secure_delete = ON",
        "temp_store = MEMORY",  # nothing of ours in a folder of others
        "foreign_keys = ON",
        f"journal_size_limit = {WAL_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()  # an older file keeps its own
    connection.execute(f"PRAGMA wal_autocheckpoint = {WAL_BYTES // page_bytes}")
    if path.stat().st_size <= CHECK_MAX_BYTES:
        (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if answer != "ok":
            raise Damaged
    _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    scripts = sorted(
        (entry for entry in resources.files("edge.outbox.migrations").iterdir() if entry.name.endswith(".sql")),
        key=lambda entry: entry.name,
    )
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(scripts):
        raise TooNew(version)
    for number, script in enumerate(scripts[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{script.read_text()}\nPRAGMA user_version = {number};\nCOMMIT;")


@contextmanager
def spoken() -> Iterator[None]:
    """SQLite's errors as ours, each with what to do about it."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        match getattr(error, "sqlite_errorcode", 0) & 0xFF:
            case sqlite3.SQLITE_FULL:
                raise DiskFull from error
            case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
                raise OutboxBusy from error
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise Damaged from error
            case _:
                raise StoreBroken(getattr(error, "sqlite_errorname", type(error).__name__)) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. SQLite has rolled back by itself when the disk is full, so a second rollback is not an error."""
    with spoken():
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


@contextmanager
def unsynced(connection: sqlite3.Connection) -> Iterator[None]:
    """Transactions within reach the disk whenever it likes, in their order. For what may be lost without harm."""
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def _move_aside(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
        number += 1
    for ending in ("-wal", "-shm", ""):  # the database last: a cut in between leaves it to be moved again
        part = path.with_name(path.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    return aside
