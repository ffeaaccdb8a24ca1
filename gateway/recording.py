"""How does a batch get into the store? Everything of it in one transaction, in any order, any number of times.

The same set of frames, shuffled and repeated, gives the same events, crossings, quarantine, gaps and alarms. Frames
of which nothing has come before go in together (the fast way); all others are looked at, one event at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Final

from gateway import arrivals, crossings
from gateway.alarms import BY_REASON, Alarm, Alarms
from gateway.boots import Boot, Boots
from gateway.conflicts import Conflicts, Stored
from gateway.intake import Accepted, Verdict
from gateway.quarantine import Shelf
from gateway.rows import COLUMNS, EventRow, Rows, time_ms
from gateway.store.connection import Connection
from gateway.tallies import Tallies
from gateway.vault import Vault
from messages.ack import Range, ranges
from messages.events import Clock
from messages.facts import LaneAlarm, OutboxDropped
from messages.limits import ACK_RANGES_MAX
from messages.topics import Channel, Topic

RETAIN_DAYS: Final = 30  # what carries no date of its own
FUTURE_MS: Final = 300_000  # an event may be so far ahead of our clock (D32)


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


@dataclass(slots=True)
class _Offered:
    """A frame that is signed and opened, and the numbers of its boot that this batch settles."""

    topic: Topic
    boot: Boot
    accepted: tuple[Accepted, ...]
    settled: set[int]


def record(connection: Connection, vault: Vault, verdicts: Sequence[Verdict], now: datetime) -> Outcome:
    """Commit the batch; whatever is raised, nothing of it is stored and nothing may be acknowledged."""
    with connection.transaction():
        connection.alone_with({sender_of(verdict) for verdict in verdicts})
        batch = _Batch(connection, vault, now)
        batch.take(verdicts)
        return batch.outcome()


def sender_of(verdict: Verdict) -> str:
    """Whose rows this verdict may touch; those of nobody proven are all under the empty name."""
    return "" if verdict.signed is None else verdict.signed.topic.device


class _Batch:
    """One open transaction."""

    def __init__(self, connection: Connection, vault: Vault, now: datetime) -> None:
        self._connection = connection
        self._vault = vault
        self._now_ms = int(now.timestamp() * 1000)
        self._keep_until = (now.astimezone(UTC).date() + timedelta(days=RETAIN_DAYS)).isoformat()
        self._rows = Rows(vault, self._now_ms, self._keep_until)
        self._tallies = Tallies()
        self._alarms = Alarms(connection, self._now_ms)
        self._boots = Boots(connection)
        self._shelf = Shelf(connection, vault, self._tallies, self._alarms, self._now_ms)
        self._conflicts = Conflicts(connection, self._shelf, self._tallies, self._alarms)
        self._settled: dict[int, tuple[Topic, str, set[int]]] = {}
        self._stored: list[tuple[EventRow, str]] = []

    def take(self, verdicts: Sequence[Verdict]) -> None:
        fresh: list[_Offered] = []
        again: list[_Offered] = []
        promised: dict[int, set[int]] = {}  # numbers of each boot that fresh frames of this batch will fill
        for verdict in verdicts:
            offered = self._offered(verdict)
            if offered is not None:
                taken = promised.setdefault(offered.boot.key, set())
                (fresh if self._is_fresh(offered, taken) else again).append(offered)
                taken.update(accepted.event.seq for accepted in offered.accepted)
        if not self._insert(fresh):
            again = fresh + again  # in the order in which they came
        for offered in again:
            self._look_at(offered)

    def outcome(self) -> Outcome:
        """Write what the batch adds up to."""
        receipts: list[Receipt] = []
        for key, (topic, boot, seqs) in sorted(self._settled.items()):
            stretches = ranges(seqs)
            arrivals.add(self._connection, "arrived", key, stretches)
            # Attack: a device leaves so many holes that no acknowledgement holds them all. It gets several.
            for at in range(0, len(stretches), ACK_RANGES_MAX):
                receipts.append(Receipt(topic, boot, stretches[at : at + ACK_RANGES_MAX]))
        self._boots.keep(self._alarms)
        stored = [(row, post) for row, post in self._stored if (row.boot_key, row.seq) not in self._conflicts.evicted]
        crossings.follow(self._connection, stored, self._tallies)
        self._tallies.keep(self._connection)
        total = self._tallies.total
        return Outcome(receipts, len(stored), total("duplicates"), total("quarantined"), self._alarms.raised)

    # --- what a verdict says, whether it is stored or not ---
    def _offered(self, verdict: Verdict) -> _Offered | None:
        settled: set[int] = set()
        boot: Boot | None = None
        if verdict.signed is not None:
            topic = verdict.signed.topic
            boot = self._boots.of(topic, verdict.signed.boot)
            settled = self._settled.setdefault(boot.key, (topic, verdict.signed.boot, set()))[2]
        for kept in verdict.kept:
            if kept.reason in BY_REASON:
                self._alarms.say(_suspect(kept.sender, kept.topic), BY_REASON[kept.reason])
            if self._shelf.keep(kept, self._vault.digest(kept.body), self._keep_until):
                settled.update(range(kept.first, kept.last + 1))  # of an unproven sender: nobody to tell
        if verdict.signed is None or boot is None or not verdict.accepted:
            return None
        self._hear(verdict, verdict.signed.topic, boot)
        return _Offered(verdict.signed.topic, boot, verdict.accepted, settled)

    def _hear(self, verdict: Verdict, topic: Topic, boot: Boot) -> None:
        """What a boot shows counts however its events end: contested ones, too, were signed with its card's key."""
        times = [time_ms(accepted.event) for accepted in verdict.accepted]
        span = (min(times), max(times))
        synced = (
            (accepted.event.mono_ms, told_ms)
            for accepted, told_ms in zip(verdict.accepted, times, strict=True)
            if accepted.event.clock is Clock.SYNCED
        )
        boot.show(verdict.number, span, min(synced, default=None))
        if span[1] > self._now_ms + FUTURE_MS:  # D32
            self._alarms.say(boot.device, Alarm.FROM_THE_FUTURE, boot.boot)
        for accepted in verdict.accepted:
            if type(accepted.fact) is OutboxDropped:
                self._declare(topic, accepted.fact)

    def _declare(self, topic: Topic, dropped: OutboxDropped) -> None:
        boot = self._boots.of(topic, dropped.boot)
        arrivals.add(self._connection, "dropped", boot.key, dropped.seqs)

    # --- the fast way ---
    def _is_fresh(self, offered: _Offered, taken: set[int]) -> bool:
        first, last = offered.accepted[0].event.seq, offered.accepted[-1].event.seq
        if not taken.isdisjoint(range(first, last + 1)) or self._conflicts.are_known_of(offered.boot.device):
            return False
        return not arrivals.any_arrived(self._connection, offered.boot.key, first, last)

    def _insert(self, fresh: Sequence[_Offered]) -> bool:
        """All of them together; nothing, and False, if any of them was not new after all (by its id)."""
        made = [self._rows.of(offered.boot.key, offered.boot.device, offered.accepted) for offered in fresh]
        rows = list(chain.from_iterable(made))
        if not rows:
            return True
        self._connection.execute("SAVEPOINT fresh")
        if self._connection.insert_new("events", COLUMNS, rows) != len(rows):
            self._connection.execute("ROLLBACK TO SAVEPOINT fresh")
            return False
        self._connection.execute("RELEASE SAVEPOINT fresh")
        for offered, stored in zip(fresh, made, strict=True):
            self._note(offered, stored)
        return True

    # --- the slow way ---
    def _look_at(self, offered: _Offered) -> None:
        known = self._digests(offered)
        for accepted in offered.accepted:
            seq = accepted.event.seq
            if known.get(seq) == self._vault.digest(accepted.body):
                self._tallies.add(offered.boot.device, "duplicates")
                offered.settled.add(seq)
                continue
            (row,) = self._rows.of(offered.boot.key, offered.boot.device, [accepted])
            stored = self._conflicts.store(offered.topic, offered.boot.boot, row, accepted.body)
            if stored is Stored.NEW:
                self._note(offered, [row])
            elif stored is Stored.SETTLED:
                offered.settled.add(seq)

    def _digests(self, offered: _Offered) -> dict[int, bytes]:
        query = "SELECT seq, digest FROM events WHERE boot_key = ? AND seq BETWEEN ? AND ?"
        first, last = offered.accepted[0].event.seq, offered.accepted[-1].event.seq
        return {
            row["seq"]: bytes(row["digest"]) for row in self._connection.execute(query, (offered.boot.key, first, last))
        }

    def _note(self, offered: _Offered, stored: Sequence[EventRow]) -> None:
        device = offered.boot.device
        self._stored.extend((row, offered.topic.post) for row in stored)
        self._tallies.add(device, "events", len(stored))
        self._tallies.add(device, "alarms", sum(row.type == LaneAlarm.TYPE for row in stored))
        offered.settled.update(row.seq for row in stored)


def _suspect(sender: str, topic: str) -> str:
    """Who sent it: the signer, or whoever the broker let publish there (a certificate's own topics and no other)."""
    levels = topic.split("/")
    return sender or (levels[4] if len(levels) == len(Channel) else "")
