"""What became of a crossing? A fold over its events in which every column is the least of what they say.

So it makes no difference in which order, how often and by whom they are taken in; ``FOLD`` says the same in SQL, for
whoever begins anew: a crossing that lost an event, or all of them (``gateway rebuild``).
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Final

from gateway.intake.rows import EventRow
from gateway.intake.tallies import Tallies
from gateway.store.connection import Connection, Row

GRANTED, REFERRED, ABANDONED, LEFT = (f"crossing.{what}.v1" for what in ("granted", "referred", "abandoned", "left"))
MARKS_MAX: Final = 500  # crossings asked for in one statement
COUNTED: Final = (
    ("granted", "granted_ms"), ("referred", "referred_ms"), ("abandoned", "abandoned_ms"), ("departed", "left_ms"),
)  # fmt: skip


@dataclass(slots=True)
class Crossing:
    """A row of the read model; times are milliseconds, as the device told them."""

    crossing: str
    device: str
    post: str
    visit: int
    moved_ms: int
    granted_ms: int | None = None
    referred_ms: int | None = None
    abandoned_ms: int | None = None
    left_ms: int | None = None
    direction: str = ""
    place: str = ""
    reasons: str = "[]"
    cause: str = ""
    document_type: str = ""
    issuer: str = ""

    def tell(self, event: EventRow) -> None:
        """Fold one event into it: the same one again changes nothing."""
        visit, at_ms = event.visit or 0, moved_ms(event)
        if visit < self.visit:
            self.visit = visit
        if at_ms > self.moved_ms:
            self.moved_ms = at_ms
        _TOLD[event.type](self, event)

    def _left(self, event: EventRow) -> None:
        self.left_ms = _least(self.left_ms, event.time_ms)

    def _abandoned(self, event: EventRow) -> None:
        self.cause = event.cause if self.abandoned_ms is None else min(self.cause, event.cause)
        self.abandoned_ms = _least(self.abandoned_ms, event.time_ms)

    def _granted(self, event: EventRow) -> None:
        first = self.granted_ms is None
        self.direction = event.direction if first else min(self.direction, event.direction)
        self._document(event, first=first)
        self.granted_ms = _least(self.granted_ms, event.time_ms)

    def _referred(self, event: EventRow) -> None:
        first = self.referred_ms is None
        self.place = event.place if first else min(self.place, event.place)
        self.reasons = event.reasons if first else min(self.reasons, event.reasons)
        if self.granted_ms is None:  # What was granted says more of the document.
            self._document(event, first=first)
        self.referred_ms = _least(self.referred_ms, event.time_ms)

    def _document(self, event: EventRow, *, first: bool) -> None:
        self.document_type = event.document_type if first else min(self.document_type, event.document_type)
        self.issuer = event.issuer if first else min(self.issuer, event.issuer)

    def seen(self) -> set[str]:
        """What it counts as: one crossing, and once for each thing that happened in it."""
        times = zip(_HAPPENED, _times(self), strict=True)
        return {"crossings", *[name for name, at_ms in times if at_ms is not None]}


_TOLD: Final[dict[str, Callable[[Crossing, EventRow], None]]] = {
    GRANTED: Crossing._granted,
    REFERRED: Crossing._referred,
    ABANDONED: Crossing._abandoned,
    LEFT: Crossing._left,
}
_HAPPENED, _times = [name for name, _ in COUNTED], attrgetter(*(column for _, column in COUNTED))
COLUMNS: Final = tuple(field.name for field in fields(Crossing))
_values = attrgetter(*COLUMNS)
_KEPT: Final = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS if name not in ("crossing", "device"))
UPSERT: Final = (
    f"INSERT INTO crossings ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (crossing, device) DO UPDATE SET {_KEPT}"
)


def _least_of(kind: str, column: str) -> str:
    return f"min(CASE WHEN type = '{kind}' THEN {column} END)"


FOLD: Final = (  # in the order of COLUMNS
    "SELECT crossing, events.device, max(post), min(coalesce(visit, 0)),"  # noqa: S608 (our own columns)
    " max(CASE WHEN clock = 'unknown' OR time_ms > received_ms THEN received_ms ELSE time_ms END),"
    f" {_least_of(GRANTED, 'time_ms')}, {_least_of(REFERRED, 'time_ms')},"
    f" {_least_of(ABANDONED, 'time_ms')}, {_least_of(LEFT, 'time_ms')},"
    f" coalesce({_least_of(GRANTED, 'direction')}, ''), coalesce({_least_of(REFERRED, 'place')}, ''),"
    f" coalesce({_least_of(REFERRED, 'reasons')}, '[]'), coalesce({_least_of(ABANDONED, 'cause')}, ''),"
    f" coalesce({_least_of(GRANTED, 'document_type')}, {_least_of(REFERRED, 'document_type')}, ''),"
    f" coalesce({_least_of(GRANTED, 'issuer')}, {_least_of(REFERRED, 'issuer')}, '')"
    " FROM events JOIN boots ON boots.key = events.boot_key"
)
GROUPED: Final = " GROUP BY crossing, events.device"


def moved_ms(event: EventRow) -> int:
    """When this was: by the device's clock, unless it is unknown or ahead of ours."""
    late = event.clock == "unknown" or event.time_ms > event.received_ms
    return event.received_ms if late else event.time_ms


def follow(connection: Connection, told: Iterable[tuple[EventRow, str]], tallies: Tallies) -> None:
    """Fold new events (each with its post) into the read model."""
    events = [(event, post) for event, post in told if event.crossing is not None]
    known = _known(connection, {event.crossing for event, _ in events if event.crossing is not None})
    before = {key: crossing.seen() for key, crossing in known.items()}
    for event, post in events:
        key = (event.crossing or "", event.device)
        crossing = known.get(key)
        if crossing is None:
            crossing = known[key] = Crossing(*key, post, event.visit or 0, moved_ms(event))
        crossing.tell(event)
    touched = {(event.crossing or "", event.device) for event, _ in events}
    _keep(connection, [known[key] for key in touched], before, tallies)


def refold(connection: Connection, touched: Collection[tuple[str, str]], tallies: Tallies) -> None:
    """Fold these crossings (device, crossing) anew from the events that are left of them."""
    for device, crossing in sorted(touched):
        for known in _known(connection, {crossing}).values():
            if known.device == device:
                for name in known.seen():
                    tallies.add(device, name, -1)
        connection.execute("DELETE FROM crossings WHERE crossing = ? AND device = ?", (crossing, device))
        # GROUP BY nothing else: the index gives this crossing's two or three events.
        query = f"{FOLD} WHERE events.device = ? AND crossing = ?{GROUPED}"
        for row in connection.execute(query, (device, crossing)).fetchall():
            _keep(connection, [Crossing(*row)], {}, tallies)


def withdraw(connection: Connection, rows: Sequence[Row], tallies: Tallies) -> None:
    """Delete events (their row, device, type and crossing are given), with everything that was read off them."""
    connection.executemany("DELETE FROM events WHERE row = ?", [(row["row"],) for row in rows])
    for row in rows:
        tallies.add(row["device"], "events", -1)
        if row["type"] == "lane.alarm.v1":
            tallies.add(row["device"], "alarms", -1)
    refold(connection, {(row["device"], row["crossing"]) for row in rows if row["crossing"]}, tallies)


def _known(connection: Connection, crossings: Collection[str]) -> dict[tuple[str, str], Crossing]:
    asked, found = sorted(crossings), {}
    for at in range(0, len(asked), MARKS_MAX):
        part = asked[at : at + MARKS_MAX]
        query = f"SELECT {', '.join(COLUMNS)} FROM crossings WHERE crossing IN ({', '.join('?' * len(part))})"  # noqa: S608
        for row in connection.execute(query, part):
            found[row["crossing"], row["device"]] = Crossing(*row)
    return found


def _keep(
    connection: Connection,
    crossings: Sequence[Crossing],
    before: dict[tuple[str, str], set[str]],
    tallies: Tallies,
) -> None:
    for crossing in crossings:
        for name in crossing.seen() - before.get((crossing.crossing, crossing.device), set()):
            tallies.add(crossing.device, name)
    connection.executemany(UPSERT, [_values(crossing) for crossing in crossings])


def _least(known: int | None, told: int) -> int:
    return told if known is None or told < known else known
