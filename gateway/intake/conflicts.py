"""What if two different events claim one number or one id? Both are set aside, whichever came first (D08).

This is the slow way in: it looks at one event at a time. Who came first is no proof of being the right one.
"""

from typing import Final

from gateway.intake.alarms import Alarm, Alarms
from gateway.intake.crossings import withdraw
from gateway.intake.prepared import Aside
from gateway.intake.quarantine import Shelf
from gateway.intake.rows import COLUMNS, EventRow
from gateway.intake.tallies import Tallies
from gateway.intake.vault import OVERHEAD_BYTES
from gateway.store.connection import Connection, Row
from messages.errors import Quarantine

HOLDERS: Final = (
    "SELECT row, boot_key, boot, events.device, seq, id, type, crossing, digest, body, retain_until FROM events"
    " JOIN boots ON boots.key = events.boot_key WHERE row IN (SELECT row FROM events WHERE boot_key = ? AND seq = ?"
    " UNION SELECT row FROM events WHERE device = ? AND id = ?)"
)
CONFLICT: Final = Quarantine.SEQUENCE_CONFLICT


class Conflicts:
    """Stores one event at a time within an open transaction."""

    def __init__(self, connection: Connection, shelf: Shelf, tallies: Tallies, alarms: Alarms) -> None:
        self._connection = connection
        self._shelf = shelf
        self._tallies = tallies
        self._alarms = alarms
        self.evicted: set[tuple[int, int]] = set()  # boot_key and seq of what is stored no more

    def are_known_of(self, device: str) -> bool:
        """Once a device contested something, each of its events is looked at."""
        query = "SELECT 1 FROM contested WHERE device = ? LIMIT 1"
        return self._connection.execute(query, (device,)).fetchone() is not None

    def store(self, topic: str, boot: str, event: EventRow) -> bool:
        """False: it was known already, or is set aside now."""
        contested = self._contested(boot, event)
        if not contested and self._connection.insert_new("events", COLUMNS, [event.values]):
            return True
        holders = self._connection.execute(HOLDERS, (event.boot_key, event.seq, event.device, event.id)).fetchall()
        if not contested and [bytes(row["digest"]) for row in holders] == [bytes(event.digest)]:
            self._tallies.add(event.device, "duplicates")
            return False
        for row in holders:
            self._evict(topic, row)
        aside = _aside(topic, event.device, boot, event.seq, bytes(event.digest), bytes(event.body), event.retain_until)
        if not self._contest(aside, bytes(event.id)):
            self._tallies.add(event.device, "duplicates")
        return False

    def _contested(self, boot: str, event: EventRow) -> bool:
        query = "SELECT 1 FROM contested WHERE device = ? AND claim IN (?, ?)"
        claims = _claims(boot, event.seq, bytes(event.id))
        return self._connection.execute(query, (event.device, *claims)).fetchone() is not None

    def _evict(self, topic: str, row: Row) -> None:
        withdraw(self._connection, [row], self._tallies)
        self.evicted.add((row["boot_key"], row["seq"]))
        lies = (bytes(row["digest"]), row["body"], row["retain_until"])
        self._contest(_aside(topic, row["device"], row["boot"], row["seq"], *lies), bytes(row["id"]))

    def _contest(self, aside: Aside, identity: bytes) -> bool:
        """Whether it is new: one that comes again, for its answer was lost, opens no alarm that was settled."""
        query = "INSERT INTO contested (device, claim) VALUES (?, ?) ON CONFLICT DO NOTHING"
        claims = _claims(aside.boot, aside.first, identity)
        self._connection.executemany(query, [(aside.sender, claim) for claim in claims])
        new = self._shelf.keep_event(aside)
        if new:
            self._alarms.say(aside.sender, Alarm.SEQUENCE_CONFLICT, aside.boot, aside.first)
        return new


def _claims(boot: str, seq: int, identity: bytes) -> tuple[str, str]:
    return f"seq:{boot}/{seq}", f"id:{identity.hex()}"


def _aside(
    topic: str, device: str, boot: str, seq: int, digest: bytes, sealed: bytes | None, retain_until: str
) -> Aside:
    """Sealed for the place where it would have stood, which is the same in quarantine."""
    size_bytes = len(sealed) - OVERHEAD_BYTES if sealed else 0
    return Aside(CONFLICT, "", topic, device, boot, seq, seq, digest, size_bytes, sealed, retain_until)
