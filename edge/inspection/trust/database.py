"""How is the store's one file opened, read-only beside whoever imports, and brought to the newest schema?"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Final

from icao.tlv import Garbled

FILE: Final = "trust.sqlite"
LOCK_WAIT_S: Final = 5.0
SCHEMA: Final = 1
DAMAGED: Final = "is damaged. Delete it and import your sources again."


class TrustError(Exception):
    """The store cannot be used at all; one sentence with its cure."""


def open_to_read(folder: Path) -> sqlite3.Connection:
    """Nothing is read yet but the schema's number. Raises TrustError."""
    path = folder / FILE
    with spoken(path):
        try:
            return _readable(path)
        except sqlite3.OperationalError:
            # An import was killed while it wrote: whoever may write puts the file back as it was before.
            with closing(connect(path, "rw")) as connection:
                connection.execute("PRAGMA user_version")
            return _readable(path)


def open_to_write(folder: Path) -> sqlite3.Connection:
    """Makes folder, file and schema where they are missing. Raises TrustError."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrustError(f"{folder} cannot be made ({error.strerror}). Choose another folder.") from error
    with spoken(path):
        connection = connect(path, "rwc")
        with closed_by_a_fault(connection):
            connection.execute("PRAGMA synchronous = FULL")
            migrate(connection, path)
        return connection


def in_memory() -> sqlite3.Connection:
    """A store that is gone with the process."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    migrate(connection, Path(":memory:"))
    return connection


def connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=LOCK_WAIT_S,
        isolation_level=None,
        check_same_thread=False,
    )


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = _expect_known(connection, path)
    folder = resources.files("edge.inspection.trust.migrations")
    scripts = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    for number, name in enumerate(scripts[version:], version + 1):
        script = (folder / name).read_text()
        connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version = {number};\nCOMMIT;")


@contextmanager
def spoken(path: Path) -> Iterator[None]:
    """SQLite's errors as a sentence, and what was read once and now cannot be."""
    try:
        yield
    except Garbled as error:
        raise TrustError(f"{path} {DAMAGED}") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise TrustError(f"{path} is being written by another import. Try again when it is done.") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise TrustError(f"{path} {DAMAGED}") from error
        raise TrustError(f"{path} cannot be used ({error}). Look to its permissions and the disk.") from error


@contextmanager
def closed_by_a_fault(connection: sqlite3.Connection) -> Iterator[None]:
    """Nobody is left holding it when it could not be made ready."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _readable(path: Path) -> sqlite3.Connection:
    connection = connect(path, "ro")
    with closed_by_a_fault(connection):
        if _expect_known(connection, path) == 0:
            raise TrustError(f"{path} was never finished. Import your sources again.")
    return connection


def _expect_known(connection: sqlite3.Connection, path: Path) -> int:
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA:
        raise TrustError(f"{path} was written by a newer borderpost. Update this one.")
    return version
