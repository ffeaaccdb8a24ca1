"""How does a region that has outgrown its file come into PostgreSQL? Every row, in one transaction, while nobody works.

Keys, certificates and devices stay as they are: no device notices. What came before the move lies in ``events_rest``.
"""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from gateway.care.in_use import alone
from gateway.errors import GatewayError
from gateway.identity import keyfiles
from gateway.state import CONFIG_NAME, StateFolder
from gateway.store.connection import Connection, Row
from gateway.store.opening import is_url, open_store

BATCH_ROWS: Final = 2_000
FIRST: Final = ("devices", "certificates")  # others refer to them
TABLES: Final = (  # without ages: they go by the numbers of rows, which are new there
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> 'ages' ORDER BY name"
)


def move(folder: StateFolder, url: str) -> int:
    """Copy the store into the database at ``url`` and name it in gateway.toml; how many events went.

    Raises GatewayError: a gateway runs, the store is no file, or the database is not empty. Then nothing has changed.
    """
    if not is_url(url):
        raise GatewayError("bad-store", "The store is no URL of a PostgreSQL.", "Write it as postgresql://...")
    if folder.config.store:
        raise GatewayError("bad-store", "This region's store is in a PostgreSQL already.")
    with alone(folder.state), closing(folder.open_store()) as file, closing(open_store(url, Path())) as server:
        file.migrate()
        server.migrate()
        with server.transaction():
            _refuse_what_is_used(server)
            copied = {table: _copy(file, server, table) for table in _tables(file)}
    _name_it(folder.state / CONFIG_NAME, url)
    return copied["events"]


def _refuse_what_is_used(server: Connection) -> None:
    row = server.execute("SELECT (SELECT count(*) FROM devices) + (SELECT count(*) FROM boots)").fetchone()
    if row is None or row[0]:
        message = "That database belongs to a region already."
        raise GatewayError("store-there", message, "Make an empty one and name that.")


def _tables(file: Connection) -> list[str]:
    names = [str(row["name"]) for row in file.execute(TABLES)]
    return [*FIRST, *(name for name in names if name not in FIRST)]


def _copy(file: Connection, server: Connection, table: str) -> int:
    """Without ``row``: the database counts anew, in the same order."""
    server.execute(f"DELETE FROM {table}")  # noqa: S608 (a table of ours; migrations put a row into some)
    copied = 0
    for rows in _batches(file, table):
        columns = [name for name in list(rows[0].keys()) if name != "row"]
        values = [tuple(row[name] for name in columns) for row in rows]
        if server.insert_new(table, columns, values) != len(values):
            raise GatewayError("not-moved", f"The table {table} did not arrive whole.", "Nothing was changed.")
        copied += len(values)
    return copied


def _batches(file: Connection, table: str) -> Iterator[list[Row]]:
    rows = iter(file.execute(f"SELECT * FROM {table}"))  # noqa: S608
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            yield batch
            batch = []
    if batch:
        yield batch


def _name_it(config: Path, url: str) -> None:
    """Behind the line of the region; a password stands in it, so nobody else may read the file from now on."""
    lines = config.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("region"))
    lines.insert(at + 1, f'store = "{url}"')
    text = "\n".join([*lines, ""])
    keyfiles.write(config, text.encode(), secret=True)
