"""The file behind the store: opened with WAL and FULL sync, brought up to date by numbered .sql files."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

from gateway.errors import GatewayError

BUSY_LIMIT_MS = 5_000  # another process (a command, a backup) may hold the file for a moment
WAL_PAGES = 1_000
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledgement follows: NORMAL would lose rows at a power cut
    "foreign_keys=ON",
    "secure_delete=ON",  # what retention takes leaves no trace in free pages
    f"wal_autocheckpoint={WAL_PAGES}",
    "temp_store=MEMORY",
)


def connect(path: Path) -> sqlite3.Connection:
    """One connection for one thread at a time. Whatever commits on it is on the disk before the commit returns."""
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        message = f"The store {path} cannot be opened: {error}."
        raise GatewayError("bad-store", message, "Free disk space, or restore it from the backup.") from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_LIMIT_MS / 1000)
    connection.row_factory = sqlite3.Row
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
    except sqlite3.DatabaseError:
        connection.close()
        raise
    return connection


def migrate(connection: sqlite3.Connection) -> None:
    """Apply the files this database has not seen yet, each in its own transaction."""
    for number, script in migrations():
        with transaction(connection):
            if number > connection.execute("PRAGMA user_version").fetchone()[0]:
                for statement in statements(script):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version={number:d}")


def migrations() -> list[tuple[int, str]]:
    folder = resources.files("gateway") / "migrations"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".sql")), key=lambda file: file.name)
    return [(int(file.name.split("_")[0]), file.read_text()) for file in files]


def statements(script: str) -> Iterator[str]:
    """Cut a script into statements (``executescript`` would commit before it starts)."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing. IMMEDIATE: whoever writes says so at the start and never has to upgrade a read."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # A full disk has rolled it back already.
            connection.execute("ROLLBACK")
        raise
