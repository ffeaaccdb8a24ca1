"""How does a store become one file, and a file a store again? As its own engine says: never by copying live files."""

import os
import re
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.store.folders import sync_folder
from gateway.store.migrations import migrations
from gateway.store.opening import open_store

SQLITE, POSTGRES = "store.sqlite", "store.pgdump"
PUT_ASIDE = "before-restore"  # .sqlite, then -2.sqlite: no retention looks there; whoever restored deletes them
OURS: Final = re.compile(rf"{PUT_ASIDE}(-[0-9]+)?\.sqlite", re.ASCII)
STEM: Final = re.compile(rf"{PUT_ASIDE}(?:-([0-9]+))?", re.ASCII)
MOVING: Final = ".moving"  # the mark of a store that is put aside, until its log is there too
DEADLOCK: Final = "40P01"
DEADLOCK_WAITS_S: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 2.0)
BUSY_LIMIT_S: Final = 30.0
EVENTS: Final = "SELECT count(*) FROM events"
EMPTY: Final = """
DO $$ DECLARE found text; BEGIN
    IF to_regclass('public.epochs') IS NOT NULL THEN
        LOCK TABLE public.epochs IN ACCESS EXCLUSIVE MODE; -- workers of other hosts look here first (expect_epoch)
    END IF;
    FOR found IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE IF EXISTS public.%I CASCADE', found);
    END LOOP;
    FOR found IN SELECT sequencename FROM pg_sequences WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP SEQUENCE IF EXISTS public.%I CASCADE', found);
    END LOOP;
END $$;
"""
# Workers of other hosts run on. Without an epoch they commit nothing until whoever restores has begun a new one: under
# the backup's own they would acknowledge what they remember, and what was revoked since would not be so again yet.
BEING_RESTORED: Final = """
DO $$ BEGIN
    IF to_regclass('public.epochs') IS NOT NULL THEN
        DELETE FROM public.epochs;
    END IF;
END $$;
"""


def dump(url: str, path: Path, into: Path) -> int:
    """Write the committed store of this moment into the folder, while it is in use; how many events it holds."""
    if url:
        return _dump_postgres(url, into / POSTGRES)
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_LIMIT_S)) as connection:
            # One read transaction: what is committed meanwhile is not in it. Free pages are left behind (H07).
            connection.execute("VACUUM INTO ?", (str(into / SQLITE),))
        (into / SQLITE).chmod(0o600)
        with closing(sqlite3.connect(into / SQLITE)) as copy:
            return int(copy.execute(EVENTS).fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise GatewayError(
            "not-written", f"The store {path} could not be copied: {error}.", "Free disk space."
        ) from error


def prove_sqlite(path: Path) -> None:
    """Raises GatewayError when the file is no whole database, or one of a later release."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            answers = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            [version] = connection.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError as error:
        answers, version = [str(error)], 0
    if version > max(number for number, _ in migrations("sqlite")):
        raise GatewayError("unknown-backup", "This backup is of a later release.", "Use the release that made it.")
    if answers != ["ok"]:
        raise GatewayError("bad-backup", "The store in this backup is damaged.", "Restore an older backup.")


def replace_sqlite(path: Path, fresh: Path) -> None:
    """The old file stays beside the new one until somebody deletes it. A cut in between leaves none: do it again."""
    _put_aside(path)
    fresh.chmod(0o600)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    fresh.replace(path)
    sync_folder(path.parent)


def stores_aside(folder: Path) -> list[Path]:
    """What restores have put aside and nobody has deleted, the newest last."""
    found = [file for file in folder.glob(f"{PUT_ASIDE}*.sqlite") if OURS.fullmatch(file.name)]
    return sorted(found, key=lambda file: (len(file.name), file.name))


def _put_aside(path: Path) -> None:
    """SQLite finds a log by the database's name alone, and reads it into whatever database bears that name.

    Whoever restored the wrong backup first still has the store that was there before. One that was put aside without
    its log, for it was cut short in between, is marked: the log of any other store is kept under a number of its own.
    """
    folder = path.parent
    if path.exists():
        _fold_log(path)
        for mark in folder.glob(f"{PUT_ASIDE}*{MOVING}"):
            mark.unlink(missing_ok=True)
        aside = _unused(folder)
        aside.with_name(aside.name + MOVING).touch(0o600)
        sync_folder(folder)
        path.replace(aside)  # First: after a cut there may be a log without its database, and never the other way.
    else:
        cut_short = [file for file in stores_aside(folder) if file.with_name(file.name + MOVING).exists()]
        aside = cut_short[-1] if cut_short else _unused(folder)
    for log, target in zip(_logs(path), _logs(aside), strict=True):
        with suppress(FileNotFoundError):
            log.rename(target)
    aside.with_name(aside.name + MOVING).unlink(missing_ok=True)


def _unused(folder: Path) -> Path:
    """A name under which there is neither a store nor the log of one that somebody has deleted."""
    beside = {file.name.partition(".")[0] for file in folder.glob(f"{PUT_ASIDE}*.sqlite*") if MOVING not in file.name}
    numbers = [int(found[1] or 1) for stem in beside if (found := STEM.fullmatch(stem))]
    number = 1 + max(numbers, default=0)
    return folder / (f"{PUT_ASIDE}-{number}.sqlite" if numbers else f"{PUT_ASIDE}.sqlite")


def _fold_log(path: Path) -> None:
    """A gateway that was killed has left its last commits in the log: into the database with them, and it is one file.

    One that is damaged, or for which the disk is too full, stays as it is: its log goes with it.
    """
    with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(path, timeout=BUSY_LIMIT_S)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _logs(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in ("-wal", "-shm")]


def load_postgres(url: str, file: Path) -> None:
    """Replace every table of the database by what the dump holds, in one transaction. It has no epoch then."""
    first, then, last = (file.with_name(name) for name in ("empty.sql", "script.sql", "last.sql"))
    first.write_text(EMPTY)
    last.write_text(BEING_RESTORED)
    _call(url, "pg_restore", "--no-owner", "--no-privileges", "--file", str(then), str(file))
    _replace_all(url, first, then, last)


def _replace_all(url: str, *scripts: Path) -> None:
    """Workers run on, and each takes its tables in an order of its own: when one of them and this wait for each other
    in a circle, the server ends either, and it is tried again. Nothing was changed by then."""
    words = ["--quiet", "--no-psqlrc", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--set", "VERBOSITY=verbose"]
    words += ["--output", os.devnull, *(word for script in scripts for word in ("--file", str(script)))]
    for wait_s in DEADLOCK_WAITS_S:
        try:
            return _call(url, "psql", *words)
        except GatewayError as error:
            if DEADLOCK not in error.message:
                raise
        time.sleep(wait_s)
    return _call(url, "psql", *words)


def _dump_postgres(url: str, file: Path) -> int:
    with closing(open_store(url, file)) as connection:
        row = connection.execute(EVENTS).fetchone()
    _call(url, "pg_dump", "--format=custom", "--no-owner", "--file", str(file))
    return int(row[0]) if row is not None else 0


def _call(url: str, program: str, *words: str) -> None:
    """The password goes by the environment: a command line is read by everybody on the machine."""
    if shutil.which(program) is None:
        raise GatewayError("no-tool", f"{program} is not installed.", "Install Debian's package postgresql-client.")
    environment = {**os.environ, **_settings(url)}
    done = subprocess.run((program, *words), env=environment, capture_output=True, check=False)
    if done.returncode:
        why = [line for line in done.stderr.decode(errors="replace").splitlines() if "ERROR" in line.upper()]
        said = why[0] if why else "it did not say why"
        raise GatewayError("not-written", f"{program} failed: {said}.", "Look at the server, then try again.")


def _settings(url: str) -> dict[str, str]:
    from psycopg.conninfo import conninfo_to_dict

    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    return {names[name]: str(value) for name, value in conninfo_to_dict(url).items() if name in names and value}
