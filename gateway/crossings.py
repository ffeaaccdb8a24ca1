"""What became of a crossing? Its row is folded anew whenever one of its events comes or goes."""

from collections import Counter
from collections.abc import Iterable, Sequence

from gateway.store.connection import Connection, Row

RANK = {"crossing.granted.v1": 0, "crossing.referred.v1": 1, "crossing.abandoned.v1": 2, "crossing.left.v1": 3}
STATE = ("granted", "referred", "abandoned", "left")
WHEN = ("granted", "referred", "abandoned", "departed")  # columns of the same four


def refold(connection: Connection, touched: Iterable[tuple[str, str]]) -> Counter[str]:
    """Fold these crossings (device, crossing) and return by how much each count changed."""
    changes: Counter[str] = Counter()
    for device, crossing in touched:
        before = _seen(_row(connection, device, crossing))
        connection.execute("DELETE FROM crossings WHERE device = ? AND crossing = ?", (device, crossing))
        # Without ORDER BY: with it SQLite walks all events of the device instead of this crossing's two or three.
        query = "SELECT * FROM events WHERE device = ? AND crossing = ?"
        _write(connection, connection.execute(query, (device, crossing)).fetchall())
        changes.update(_seen(_row(connection, device, crossing)))
        changes.subtract(before)
    return changes


def _row(connection: Connection, device: str, crossing: str) -> Row | None:
    query = "SELECT * FROM crossings WHERE device = ? AND crossing = ?"
    row: Row | None = connection.execute(query, (device, crossing)).fetchone()
    return row


def _seen(row: Row | None) -> list[str]:
    """What a crossing counts as: one crossing, and once for each thing that happened in it."""
    if row is None:
        return []
    return ["crossings", *(state for state, column in zip(STATE, WHEN, strict=True) if row[column])]


def _write(connection: Connection, events: Sequence[Row]) -> None:
    known = [event for event in events if event["type"] in RANK]
    if not known:
        return
    known.sort(key=lambda event: (RANK[event["type"]], event["boot"], event["seq"]))
    times = {event["type"]: event["time"] for event in reversed(known)}  # of several, the first
    latest = known[-1]
    connection.execute(
        "INSERT INTO crossings (device, crossing, post, visit, direction, state, time, granted, referred, abandoned,"
        " departed, place, reasons, cause, document_type, issuer, latest_row)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            latest["device"],
            latest["crossing"],
            latest["post"],
            latest["visit"],
            _first(known, "direction", ""),
            STATE[RANK[latest["type"]]],
            latest["time"],
            *(times.get(kind) for kind in RANK),
            _first(known, "place", ""),
            _first(known, "reasons", "[]"),
            _first(known, "cause", ""),
            _first(known, "document_type", ""),
            _first(known, "issuer", ""),
            max(event["row"] for event in known),
        ),
    )


def _first(events: Sequence[Row], column: str, nothing: str) -> str:
    return next((str(event[column]) for event in events if event[column] != nothing), nothing)
