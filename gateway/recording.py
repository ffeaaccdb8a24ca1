"""How does a batch get into the store? Everything of it in one transaction, in any order, any number of times.

The same set of frames, shuffled and repeated, gives the same events, crossings, quarantine and gaps. Two different
events under one sequence number or one id are both set aside, whichever came first, and an alarm tells of it (D08).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from gateway.arrivals import add_arrivals
from gateway.crossings import refold
from gateway.impersonal import impersonal
from gateway.intake import Accepted, Kept, Verdict
from gateway.store.connection import Connection, Row, Value
from gateway.vault import Vault, place_of
from messages.ack import Range, ranges
from messages.errors import Quarantine
from messages.facts import (
    CrossingGranted,
    CrossingReferred,
    Fact,
)
from messages.limits import ACK_RANGES_MAX
from messages.topics import Topic

QUARANTINE_ROWS_PER_SENDER = 200
QUARANTINE_BODY_BYTES = 262_144
QUARANTINE_FULL = "quarantine-full"  # this sender's share; what it sends now is neither kept nor acknowledged
RETAIN_DAYS = 30  # what carries no date of its own


@dataclass(frozen=True, slots=True)
class Receipt:
    """What one device may be told, now that it is committed."""

    topic: Topic
    boot: str
    seqs: tuple[Range, ...]


@dataclass(slots=True)
class Outcome:
    receipts: list[Receipt] = field(default_factory=list)
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    alarms: list[tuple[str, str]] = field(default_factory=list)  # device, code


def record(connection: Connection, vault: Vault, verdicts: Sequence[Verdict], now: datetime) -> Outcome:
    """Commit the batch; whatever is raised, nothing of it is stored and nothing may be acknowledged."""
    with connection.transaction():
        connection.alone_with({sender_of(verdict) for verdict in verdicts})
        batch = _Batch(connection, vault, now)
        for verdict in verdicts:
            batch.take(verdict)
        batch.finish()
    return batch.outcome


class _Batch:
    """One open transaction."""

    def __init__(self, connection: Connection, vault: Vault, now: datetime) -> None:
        self.outcome = Outcome()
        self._connection = connection
        self._vault = vault
        self._now_ms = int(now.timestamp() * 1000)
        self._today = now.astimezone(UTC).date()
        self._settled: dict[tuple[Topic, str], set[int]] = {}
        self._touched: set[tuple[str, str]] = set()
        self._removed = 0

    def take(self, verdict: Verdict) -> None:
        settled: list[int] = []
        for accepted in verdict.accepted:
            if self._store(verdict, accepted):
                settled.append(accepted.event.seq)
        for kept in verdict.kept:
            if self._keep(kept, self._vault.digest(kept.body), None, self._default_date()):
                settled += range(kept.first, kept.last + 1)  # from an unproven sender: nothing, and nobody to tell
        if verdict.signed is not None:
            self._settled.setdefault((verdict.signed.topic, verdict.signed.boot), set()).update(settled)

    def finish(self) -> None:
        for (topic, boot), seqs in self._settled.items():
            stretches = ranges(seqs)
            add_arrivals(self._connection, topic.device, boot, stretches)
            # Attack: a device leaves so many holes that no acknowledgement holds them all. It gets several.
            for at in range(0, len(stretches), ACK_RANGES_MAX):
                self.outcome.receipts.append(Receipt(topic, boot, stretches[at : at + ACK_RANGES_MAX]))
        changes = refold(self._connection, self._touched)
        changes.update(
            events=self.outcome.stored - self._removed,
            duplicates_offered=self.outcome.duplicates,
            quarantined=self.outcome.quarantined,
        )
        self._connection.executemany(
            "UPDATE counts SET value = value + ? WHERE name = ?",
            [(n, name) for name, n in sorted(changes.items()) if n],
        )

    def _store(self, verdict: Verdict, accepted: Accepted) -> bool:
        """Store one event, or find it here already, or contested. False: there was no room for it."""
        assert verdict.signed is not None  # noqa: S101 (only a signed frame has accepted events)
        topic, digest = verdict.signed.topic, self._vault.digest(accepted.body)
        if self._contested(topic.device, accepted):
            return self._set_aside(topic, accepted, digest)
        if self._insert(topic, accepted, digest):
            self.outcome.stored += 1
            self._touch(topic.device, accepted.fact)
            return True
        holders = self._holders(topic.device, accepted)
        if [bytes(row["digest"]) for row in holders] == [digest]:
            self.outcome.duplicates += 1
            return True
        for row in holders:  # Who came first is no proof of being the right one.
            self._evict(topic, row)
        return self._set_aside(topic, accepted, digest)

    def _contested(self, device: str, accepted: Accepted) -> bool:
        claims = _claims(accepted.event.boot, accepted.event.seq, accepted.event.id)
        query = "SELECT 1 FROM contested WHERE device = ? AND claim IN (?, ?)"
        return self._connection.execute(query, (device, *claims)).fetchone() is not None

    def _insert(self, topic: Topic, accepted: Accepted, digest: bytes) -> bool:
        event = accepted.event
        values: dict[str, Value] = {
            "device": topic.device,
            "post": topic.post,
            "boot": event.boot,
            "seq": event.seq,
            "id": event.id,
            "digest": digest,
            "type": event.type,
            "time": event.time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "clock": event.clock.value,
            "received_ms": self._now_ms,
            "body": self._vault.seal(accepted.body, place_of(topic.device, event.boot, event.seq)),
            "retain_until": self._retain_until(accepted.fact),
            **impersonal(accepted.fact),
        }
        # Column names come from this file, never from a message.
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        query = f"INSERT INTO events ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
        return self._connection.execute(query, tuple(values.values())).rowcount == 1

    def _holders(self, device: str, accepted: Accepted) -> Sequence[Row]:
        """Whoever holds this event's number or its id."""
        query = "SELECT * FROM events WHERE device = ? AND ((boot = ? AND seq = ?) OR id = ?)"
        event = accepted.event
        return self._connection.execute(query, (device, event.boot, event.seq, event.id)).fetchall()

    def _evict(self, topic: Topic, row: Row) -> None:
        kept = Kept(
            Quarantine.SEQUENCE_CONFLICT, "", str(topic), b"", topic.device, row["boot"], row["seq"], row["seq"]
        )
        self._connection.execute("DELETE FROM events WHERE row = ?", (row["row"],))
        self._removed += 1
        if row["crossing"]:
            self._touched.add((topic.device, row["crossing"]))
        self._keep(kept, bytes(row["digest"]), row["body"], row["retain_until"], always=True)
        self._contest(topic.device, row["boot"], row["seq"], row["id"])

    def _set_aside(self, topic: Topic, accepted: Accepted, digest: bytes) -> bool:
        event = accepted.event
        self._contest(topic.device, event.boot, event.seq, event.id)
        kept = Kept(
            Quarantine.SEQUENCE_CONFLICT, "", str(topic), accepted.body, topic.device, event.boot, event.seq, event.seq
        )
        return self._keep(kept, digest, None, self._retain_until(accepted.fact))

    def _contest(self, device: str, boot: str, seq: int, identity: str) -> None:
        claims = _claims(boot, seq, identity)
        query = "INSERT INTO contested (device, claim) VALUES (?, ?) ON CONFLICT DO NOTHING"
        self._connection.executemany(query, [(device, claim) for claim in claims])
        self._alarm(device, Quarantine.SEQUENCE_CONFLICT.value, boot, seq)

    def _alarm(self, device: str, code: str, boot: str, seq: int) -> None:
        """Raised once for each place; kept until somebody has dealt with it."""
        query = "INSERT INTO alarms (device, code, boot, seq, since_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if self._connection.execute(query, (device, code, boot, seq, self._now_ms)).rowcount:
            self.outcome.alarms.append((device, code))

    def _keep(
        self, kept: Kept, digest: bytes, sealed: bytes | None, retain_until: str, *, always: bool = False
    ) -> bool:
        """Put bytes into quarantine once. False: this sender has filled its share, so it is not acknowledged either."""
        known = "SELECT 1 FROM quarantine WHERE sender = ? AND topic = ? AND reason = ? AND digest = ?"
        if self._connection.execute(known, (kept.sender, kept.topic, kept.reason.value, digest)).fetchone():
            self.outcome.duplicates += 1
            return True
        share = self._connection.execute("SELECT row FROM quarantine WHERE sender = ?", (kept.sender,)).fetchall()
        if not always and len(share) >= QUARANTINE_ROWS_PER_SENDER:
            self._alarm(kept.sender, QUARANTINE_FULL, "", 0)
            return False
        body = kept.body[:QUARANTINE_BODY_BYTES]
        if sealed is None and body:
            sealed = self._vault.seal(body, place_of(kept.sender, kept.boot, kept.first))
        self._connection.execute(
            "INSERT INTO quarantine (sender, topic, reason, detail, boot, first, last, digest, size_bytes,"
            " received_ms, body, retain_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kept.sender,
                kept.topic,
                kept.reason.value,
                kept.detail,
                kept.boot,
                kept.first,
                kept.last,
                digest,
                len(kept.body),
                self._now_ms,
                sealed,
                retain_until,
            ),
        )
        self.outcome.quarantined += 1
        return True

    def _touch(self, device: str, fact: Fact) -> None:
        crossing = impersonal(fact).get("crossing")
        if isinstance(crossing, str):
            self._touched.add((device, crossing))

    def _retain_until(self, fact: Fact) -> str:
        match fact:
            case CrossingGranted(retain_until=date() as day) | CrossingReferred(retain_until=date() as day):
                return day.isoformat()
            case _:
                return self._default_date()

    def _default_date(self) -> str:
        return (self._today + timedelta(days=RETAIN_DAYS)).isoformat()


def sender_of(verdict: Verdict) -> str:
    """Whose rows this verdict may touch; those of nobody proven are all under the empty name."""
    return "" if verdict.signed is None else verdict.signed.topic.device


def _claims(boot: str, seq: int, identity: str) -> tuple[str, str]:
    return f"seq:{boot}/{seq}", f"id:{identity}"
