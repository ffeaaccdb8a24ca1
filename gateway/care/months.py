"""How does a whole month of events go? With what was read off it, and then as one table, not row by row.

PostgreSQL only: a file has no parts. A crossing that has an event in another month, too, is folded anew first.
"""

from collections.abc import Iterator
from typing import Final

from gateway.intake.crossings import COUNTED, withdraw
from gateway.intake.tallies import Tallies
from gateway.store.postgres import PostgresStore

PARTS: Final = (
    "SELECT CAST(inhrelid AS regclass)::text AS name FROM pg_inherits"
    " WHERE inhparent = CAST('events' AS regclass) AND inhrelid <> CAST('events_rest' AS regclass) ORDER BY 1"
)
STRADDLING: Final = (
    "SELECT row, device, type, crossing FROM {part} AS own WHERE crossing IS NOT NULL AND EXISTS (SELECT 1 FROM events"
    " WHERE events.device = own.device AND events.crossing = own.crossing AND events.tableoid <> own.tableoid)"
)
EVENTS: Final = (
    "UPDATE lanes SET events = lanes.events - gone.events, alarms = lanes.alarms - gone.alarms FROM (SELECT device,"
    " count(*) AS events, count(*) FILTER (WHERE type = 'lane.alarm.v1') AS alarms FROM {part} GROUP BY device) AS gone"
    " WHERE lanes.device = gone.device"
)
CROSSINGS: Final = (
    "WITH gone AS (DELETE FROM crossings USING (SELECT DISTINCT device, crossing FROM {part}) AS old"  # noqa: S608
    " WHERE crossings.device = old.device AND crossings.crossing = old.crossing RETURNING crossings.*),"
    " counted AS (SELECT device, count(*) AS crossings"
    + "".join(f", count({column}) AS {name}" for name, column in COUNTED)
    + " FROM gone GROUP BY device) UPDATE lanes SET crossings = lanes.crossings - counted.crossings"
    + "".join(f", {name} = lanes.{name} - counted.{name}" for name, _ in COUNTED)
    + " FROM counted WHERE lanes.device = counted.device"
)


def drop_months(store: PostgresStore, oldest_ms: int, sweeper: str) -> int:
    """Drop each part of which everything was received before ``oldest_ms``; how many events went with them.

    The newest part stays: its month may not be over. ``sweeper`` is the name under which workers sweep in turn.
    """
    removed = 0
    oldest: str | None = ""
    while oldest is not None:
        with store.transaction():
            store.alone_with([sweeper])  # before it looks: another worker may be dropping what it would see
            oldest = next(_old_parts(store, oldest_ms), None)
            removed += 0 if oldest is None else _drop(store, oldest)
    return removed


def _old_parts(store: PostgresStore, oldest_ms: int) -> Iterator[str]:
    parts = [str(row["name"]) for row in store.execute(PARTS).fetchall()]
    return (part for part in parts[:-1] if not _has_newer(store, part, oldest_ms))


def _drop(store: PostgresStore, part: str) -> int:
    # A frame that comes again waits here, and then finds no part.
    store.execute(f"LOCK TABLE {part} IN ACCESS EXCLUSIVE MODE")
    tallies = Tallies()
    straddling = store.execute(STRADDLING.format(part=part)).fetchall()
    withdraw(store, straddling, tallies)
    tallies.keep(store)
    row = store.execute(f"SELECT count(*) FROM {part}").fetchone()  # noqa: S608 (a table of ours)
    store.execute(EVENTS.format(part=part))
    store.execute(CROSSINGS.format(part=part))
    store.execute(f"DROP TABLE {part}")
    return len(straddling) + (0 if row is None else int(row[0]))


def _has_newer(store: PostgresStore, part: str, oldest_ms: int) -> bool:
    row = store.execute(f"SELECT EXISTS (SELECT 1 FROM {part} WHERE received_ms >= ?)", (oldest_ms,)).fetchone()  # noqa: S608
    return row is None or bool(row[0])
