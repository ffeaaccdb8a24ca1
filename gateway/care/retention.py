"""What must go, and when? A sealed body on the date in its row; a whole row after an age; an erased crossing at once.

In small transactions, so that intake waits for one of them at most. Afterwards the write-ahead log is emptied: what
was erased lay in it, too (H07).
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from gateway.care.ages import Stretch, old_stretches, settle
from gateway.care.ledger import entries
from gateway.downlink.orders import forget_old
from gateway.intake.crossings import withdraw
from gateway.intake.tallies import Tallies
from gateway.store.connection import Connection, Row
from gateway.store.sqlite import SqliteStore

BATCH_ROWS: Final = 500
SWEEPER: Final = "gateway-retention"  # no device has this name: one worker sweeps at a time
Crossing = tuple[str, str]  # device and crossing


@dataclass(frozen=True, slots=True)
class Swept:
    """``until``: the first day whose bodies are still here, ``YYYY-MM-DD``."""

    bodies_removed: int
    rows_removed: int
    until: str


def sweep(connection: Connection, erased: Collection[Crossing], now: datetime, keep_days: int) -> Swept:
    """Take away what is due. May be repeated, and cut short at any moment: the next one goes on."""
    today = now.astimezone(UTC).date().isoformat()
    oldest_ms = int((now - timedelta(days=keep_days)).timestamp() * 1000)
    bodies = sum(_due_bodies(connection, table, today) for table in ("events", "quarantine"))
    bodies += sum(_erase(connection, crossing) for crossing in erased)
    rows = (
        _old_months(connection, oldest_ms) + _old_events(connection, oldest_ms) + _old_quarantine(connection, oldest_ms)
    )
    rows += forget_old(connection, int(now.timestamp() * 1000))
    if isinstance(connection, SqliteStore) and bodies + rows:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Swept(bodies, rows, today)


def erased_in(state: Path) -> tuple[Crossing, ...]:
    """Crossings whose traveller was to be forgotten before the date: a device, or a backup, may bring them again."""
    return tuple((entry.device, entry.subject) for entry in entries(state, "erased"))


def _due_bodies(connection: Connection, table: str, today: str) -> int:
    due = (
        f"UPDATE {table} SET body = NULL WHERE row IN"  # noqa: S608 (one of our two tables)
        f" (SELECT row FROM {table} WHERE body IS NOT NULL AND retain_until < ? ORDER BY retain_until LIMIT ?)"
    )
    return _in_batches(connection, lambda: connection.execute(due, (today, BATCH_ROWS)).rowcount)


def _in_batches(connection: Connection, take: Callable[[], int]) -> int:
    """Each in a transaction of its own, until one is no whole batch; how many rows all of them took."""
    removed = 0
    while True:
        with connection.transaction():
            taken = take()
        removed += taken
        if taken < BATCH_ROWS:
            return removed


def _erase(connection: Connection, crossing: Crossing) -> int:
    with connection.transaction():
        query = "UPDATE events SET body = NULL WHERE device = ? AND crossing = ? AND body IS NOT NULL"
        return connection.execute(query, crossing).rowcount


def _old_months(connection: Connection, oldest_ms: int) -> int:
    if isinstance(connection, SqliteStore):
        return 0
    from gateway.care.months import drop_months  # whoever has a file needs no driver
    from gateway.store.postgres import PostgresStore

    return drop_months(connection, oldest_ms, SWEEPER) if isinstance(connection, PostgresStore) else 0


def _old_events(connection: Connection, oldest_ms: int) -> int:
    """All of them, wherever they stand: a clock that was ahead, and set back, puts younger rows before older ones."""
    removed = 0
    for stretch in old_stretches(connection, oldest_ms):
        removed += _old_within(connection, stretch, oldest_ms)
        settle(connection, stretch)
    return removed


def _old_within(connection: Connection, stretch: Stretch, oldest_ms: int) -> int:
    removed, behind = 0, stretch.behind
    while behind < stretch.until:
        with connection.transaction():
            connection.alone_with([SWEEPER])  # else two workers would count the same rows off
            looked_at = _rows(connection, behind, stretch.until)
            if devices := {row["device"] for row in looked_at if row["received_ms"] < oldest_ms}:
                connection.alone_with(devices)  # Looked at again: intake may have set one of them aside meanwhile.
                old = [row for row in _rows(connection, behind, stretch.until) if row["received_ms"] < oldest_ms]
                rows = [row for row in old if row["device"] in devices]
                _forget(connection, rows)
                removed += len(rows)
        behind = looked_at[-1]["row"] if looked_at else stretch.until
    return removed


def _rows(connection: Connection, behind: int, until: int) -> Sequence[Row]:
    query = (
        "SELECT row, device, type, crossing, received_ms FROM events WHERE row > ? AND row <= ? ORDER BY row LIMIT ?"
    )
    return connection.execute(query, (behind, until, BATCH_ROWS)).fetchall()


def _forget(connection: Connection, rows: Sequence[Row]) -> None:
    """Within a transaction, together with what was read off these events: a rebuild comes out equal."""
    tallies = Tallies()
    withdraw(connection, rows, tallies)
    tallies.keep(connection)


def _old_quarantine(connection: Connection, oldest_ms: int) -> int:
    query = "SELECT row, sender FROM quarantine WHERE received_ms < ? LIMIT ?"

    def take() -> int:
        connection.alone_with([SWEEPER])
        rows, tallies = connection.execute(query, (oldest_ms, BATCH_ROWS)).fetchall(), Tallies()
        connection.executemany("DELETE FROM quarantine WHERE row = ?", [(row["row"],) for row in rows])
        for row in rows:
            tallies.add(row["sender"], "quarantined", -1)
        tallies.keep(connection)
        return len(rows)

    return _in_batches(connection, take)
