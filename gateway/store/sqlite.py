"""The store of one host: a file, opened with WAL and FULL sync. Whatever commits is on the disk before it returns."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from gateway.store.connection import Rows, StoreFault, Values, cannot_open
from gateway.store.migrations import migrations, statements

BUSY_LIMIT_MS: Final = 5_000  # another process (a command, a backup) may hold the file for a moment
PAGE_BYTES: Final = 8_192  # an event is about 1 kB: with 4 kB a quarter of each page stays empty
WAL_PAGES: Final = 1_000
CACHE_KIB: Final = 16_384  # ids and crossings are random: with SQLite's own 2 MB each event would read pages back
PRAGMAS: Final = (
    f"page_size={PAGE_BYTES}",  # of a new file
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledgement follows: NORMAL would lose rows at a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # what retention takes leaves no trace in free pages
    f"wal_autocheckpoint={WAL_PAGES}",
    "temp_store=MEMORY",
)


def connect(path: Path) -> "SqliteStore":
    """One connection, for one thread at a time. GatewayError(bad-store) when the file is none or cannot be opened."""
    try:
        return SqliteStore(_opened(path))
    except sqlite3.DatabaseError as error:
        raise cannot_open(path, error) from error


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_LIMIT_MS / 1000)
    connection.row_factory = sqlite3.Row
    connection.create_function("from_hex", 1, bytes.fromhex, deterministic=True)  # for 0002: Debian's has no unhex
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        _expect_writable(connection)
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def _expect_writable(connection: sqlite3.Connection) -> None:
    """A file that for once cannot be opened for writing (EMFILE, EIO) SQLite opens for reading, and says nothing: this
    gateway would then refuse every frame until somebody started it again."""
    try:
        connection.execute("BEGIN IMMEDIATE")  # passes on a file open for reading, too: only a write tells
        try:
            connection.execute("PRAGMA application_id=0")
        finally:
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:  # busy: somebody writes, so it can be written
            raise


class SqliteStore:
    """``gateway.store.connection.Connection`` over one file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Values = ()) -> Rows:
        try:
            return self._connection.cursor(_Cursor).execute(sql, values)
        except sqlite3.DatabaseError as error:
            raise _fault(error) from error

    def executemany(self, sql: str, rows: Iterable[Values]) -> int:
        try:
            return max(0, self._connection.executemany(sql, rows).rowcount)  # -1 of none
        except sqlite3.DatabaseError as error:
            raise _fault(error) from error

    def insert_new(self, table: str, columns: Sequence[str], rows: Sequence[Values]) -> int:
        # Names come from our own files, never from a message.
        marks = ", ".join("?" * len(columns))
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
        return self.executemany(sql, rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """IMMEDIATE: whoever writes says so at the start and never has to upgrade a read."""
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # A full disk has rolled it back already.
                self.execute("ROLLBACK")
            raise

    def alone_with(self, devices: Iterable[str]) -> None:
        """It is alone with everything: ``transaction`` saw to it."""

    def migrate(self) -> None:
        for number, script in migrations("sqlite"):
            with self.transaction():
                if number > self._connection.execute("PRAGMA user_version").fetchone()[0]:
                    for statement in statements(script):
                        self.execute(statement)
                    self.execute(f"PRAGMA user_version={number:d}")

    def close(self) -> None:
        self._connection.close()

    def expect_many(self) -> None:
        """Of the one connection that takes frames in: it keeps the pages at hand that random keys touch again."""
        self.execute(f"PRAGMA cache_size=-{CACHE_KIB}")

    @property
    def raw(self) -> sqlite3.Connection:
        """For what only SQLite does: backing itself up, telling its plan."""
        return self._connection


class _Cursor(sqlite3.Cursor):
    """Reads may fail as well as writes, row by row."""

    def fetchone(self) -> Any:  # a sqlite3.Row or None
        try:
            return super().fetchone()
        except sqlite3.DatabaseError as error:
            raise _fault(error) from error

    def fetchall(self) -> list[Any]:  # sqlite3.Row
        try:
            return super().fetchall()
        except sqlite3.DatabaseError as error:
            raise _fault(error) from error

    def __next__(self) -> Any:  # a sqlite3.Row
        try:
            return super().__next__()
        except sqlite3.DatabaseError as error:
            raise _fault(error) from error


def _fault(error: sqlite3.DatabaseError) -> StoreFault:
    return StoreFault(getattr(error, "sqlite_errorname", type(error).__name__))
