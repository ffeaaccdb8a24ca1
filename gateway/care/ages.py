"""Where may events stand that are too old? In stretches of rows of which the oldest reception is remembered.

Rows have numbers in the order in which they came, and not always in that of their ages: a clock that was ahead for a
week puts a whole week of younger rows before older ones. A privacy promise must not depend on that. What was looked at
once needs no second look, for a row never changes its age, and none comes in between: a stretch only gets younger.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.store.connection import Connection
from gateway.store.sqlite import SqliteStore

STRETCH_ROWS: Final = 10_000
ROW_MAX: Final = 2**63 - 1
# A sum, or PostgreSQL walks along the rows in search of the lowest; and no stretch reaches from one month to another.
IN_SERVER: Final = (
    "SELECT min(row + 0) - 1 AS behind, max(row + 0) AS until FROM events WHERE received_ms < ?"
    " GROUP BY tableoid ORDER BY 1"
)
OLDEST: Final = "SELECT min(received_ms) FROM events WHERE row > ? AND row <= ?"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The rows ``behind`` < row <= ``until``."""

    behind: int
    until: int


def old_stretches(connection: Connection, oldest_ms: int) -> Sequence[Stretch]:
    """Every event that was received before ``oldest_ms`` lies in one of these, and most of what is young in none."""
    if not isinstance(connection, SqliteStore):
        return [Stretch(*row) for row in connection.execute(IN_SERVER, (oldest_ms,)).fetchall()]
    known = _remember(connection)
    old = connection.execute("SELECT last FROM ages WHERE oldest_ms < ? ORDER BY last", (oldest_ms,)).fetchall()
    return [*(Stretch(row["last"] - STRETCH_ROWS, row["last"]) for row in old), Stretch(known, ROW_MAX)]


def settle(connection: Connection, stretch: Stretch) -> None:
    """What was old in it is gone."""
    if isinstance(connection, SqliteStore):
        update = f"UPDATE ages SET oldest_ms = ({OLDEST}) WHERE last = ?"  # noqa: S608 (our own words)
        connection.execute(update, (stretch.behind, stretch.until, stretch.until))


def _remember(store: SqliteStore) -> int:
    """The row up to which ages are remembered. A day's rows are read once, by the sweep that comes next."""
    last, newest = _ends(store)
    while last + STRETCH_ROWS <= newest:
        row = store.execute(OLDEST, (last, last + STRETCH_ROWS)).fetchone()
        last += STRETCH_ROWS
        new = "INSERT INTO ages (last, oldest_ms) VALUES (?, ?) ON CONFLICT DO NOTHING"  # another may sweep, too
        store.execute(new, (last, None if row is None else row[0]))
    return last


def _ends(store: SqliteStore) -> tuple[int, int]:
    known = store.execute("SELECT max(last) FROM ages").fetchone()
    first = store.execute("SELECT min(row) FROM events").fetchone()
    newest = store.execute("SELECT max(row) FROM events").fetchone()
    unknown_from = 0 if first is None or first[0] is None else (int(first[0]) - 1) // STRETCH_ROWS * STRETCH_ROWS
    last = unknown_from if known is None or known[0] is None else int(known[0])
    return last, 0 if newest is None or newest[0] is None else int(newest[0])
