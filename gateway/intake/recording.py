"""How does a batch get into the store? Everything of it in one transaction, in any order, any number of times.

The same set of frames, shuffled and repeated, gives the same events, crossings, quarantine, gaps and alarms. Frames
of which nothing has come before go in together (the fast way); all others are looked at, one event at a time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Final

from gateway.care.epoch import expect_epoch
from gateway.intake import arrivals, crossings
from gateway.intake.alarms import BY_REASON, Alarm, Alarms
from gateway.intake.boots import Boot, Boots
from gateway.intake.conflicts import Conflicts
from gateway.intake.judge import Verdict
from gateway.intake.prepared import Prepared, prepare
from gateway.intake.quarantine import Shelf, suspect
from gateway.intake.rows import COLUMNS, EventRow
from gateway.intake.tallies import Tallies
from gateway.intake.vault import Vault
from gateway.store.connection import Connection
from messages.ack import Epoch, Range, ranges
from messages.facts import LaneAlarm
from messages.limits import ACK_RANGES_MAX
from messages.topics import Topic

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
    whole: list[bool] = field(default_factory=list)  # of each frame: is every number of it settled?


@dataclass(slots=True)
class _Offered:
    """Events of one signed frame, their boot, and the numbers of it that this batch settles."""

    frame: Prepared
    boot: Boot
    rows: Sequence[EventRow]
    settled: set[int]


def record(connection: Connection, vault: Vault, verdicts: Sequence[Verdict], now: datetime) -> Outcome:
    """Commit the batch; whatever is raised, nothing of it is stored and nothing may be acknowledged."""
    return store(connection, prepare(verdicts, vault, now), now)


def store(connection: Connection, frames: Sequence[Prepared], now: datetime, epoch: Epoch | None = None) -> Outcome:
    """As ``record``, of what was judged and prepared elsewhere. May be tried again as it is; with the ``epoch`` for
    which it was prepared, OtherEpoch says that it must be prepared anew."""
    with connection.transaction():
        connection.alone_with({name for frame in frames for name in _concerned(frame)})
        if epoch is not None:  # A frame that comes again counts as stored: in another store it may not be.
            expect_epoch(connection, epoch)
        batch = _Batch(connection, int(now.timestamp() * 1000))
        batch.take(frames)
        return batch.outcome(frames)


class _Batch:
    """One open transaction."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._tallies = Tallies()
        self._alarms = Alarms(connection, now_ms)
        self._boots = Boots(connection)
        self._shelf = Shelf(connection, self._tallies, self._alarms, now_ms)
        self._conflicts = Conflicts(connection, self._shelf, self._tallies, self._alarms)
        self._settled: dict[int, tuple[Topic, str, set[int]]] = {}
        self._stored: list[tuple[EventRow, str]] = []

    def take(self, frames: Sequence[Prepared]) -> None:
        fresh: list[_Offered] = []
        again: list[_Offered] = []
        promised: dict[int, set[int]] = {}  # numbers of each boot that fresh frames of this batch will fill
        for frame in frames:
            offered = self._offered(frame)
            if offered is not None:
                taken = promised.setdefault(offered.boot.key, set())
                (fresh if self._is_fresh(offered, taken) else again).append(offered)
                taken.update(row.seq for row in offered.rows)
        if not self._insert(fresh):
            again = fresh + again  # in the order in which they came
        for offered in again:
            self._look_at(offered)

    def outcome(self, frames: Sequence[Prepared]) -> Outcome:
        """Write what the batch adds up to."""
        receipts: list[Receipt] = []
        for key, (topic, boot, seqs) in sorted(self._settled.items()):
            stretches = ranges(seqs)
            arrivals.add(self._connection, "arrived", key, stretches)
            # Attack: a device leaves so many holes that no acknowledgement holds them all. It gets several.
            for at in range(0, len(stretches), ACK_RANGES_MAX):
                receipts.append(Receipt(topic, boot, stretches[at : at + ACK_RANGES_MAX]))
        self._boots.keep(self._alarms)
        stored, evicted = self._stored, self._conflicts.evicted
        if evicted:
            stored = [(row, post) for row, post in stored if (row.boot_key, row.seq) not in evicted]
        crossings.follow(self._connection, stored, self._tallies)
        self._tallies.keep(self._connection)
        total = self._tallies.total
        whole = [self._is_whole(frame) for frame in frames]
        return Outcome(receipts, len(stored), total("duplicates"), total("quarantined"), self._alarms.raised, whole)

    def _is_whole(self, frame: Prepared) -> bool:
        if not frame.where or frame.aside:
            return False
        settled = self._settled[self._boots.of(frame.topic, frame.boot).key][2]
        return settled.issuperset([row.seq for row in frame.rows])

    # --- what a frame says, whether it is stored or not ---
    def _offered(self, frame: Prepared) -> _Offered | None:
        for aside in frame.aside:
            if aside.reason in BY_REASON:
                self._alarms.say(suspect(aside), BY_REASON[aside.reason])
            self._shelf.keep(aside)
        if not frame.where:
            return None  # nobody proved to have sent it: nobody to tell
        boot = self._boots.of(frame.topic, frame.boot)
        settled = self._settled.setdefault(boot.key, (frame.topic, frame.boot, set()))[2]
        for aside in frame.aside:
            settled.update(range(aside.first, aside.last + 1))
        if frame.again is not None:
            first, last = frame.again
            settled.update(range(first, last + 1))
            self._tallies.add(boot.device, "duplicates", last - first + 1)
        if not frame.rows:
            return None
        self._hear(frame, boot)
        for row in frame.rows:
            row.boot_key = boot.key
        return _Offered(frame, boot, frame.rows, settled)

    def _hear(self, frame: Prepared, boot: Boot) -> None:
        """What a boot shows counts however its events end: contested ones, too, were signed with its card's key."""
        times = [row.time_ms for row in frame.rows]
        span = (min(times), max(times))
        synced = min(((row.mono_ms, row.time_ms) for row in frame.rows if row.clock == "synced"), default=None)
        boot.show(frame.number, span, synced)
        if span[1] > self._now_ms + FUTURE_MS:  # D32
            self._alarms.say(boot.device, Alarm.FROM_THE_FUTURE, boot.boot)
        for dropped in frame.dropped:
            about = self._boots.of(frame.topic, dropped.boot)
            arrivals.add(self._connection, "dropped", about.key, dropped.seqs)

    # --- the fast way ---
    def _is_fresh(self, offered: _Offered, taken: set[int]) -> bool:
        first, last = offered.rows[0].seq, offered.rows[-1].seq
        if not taken.isdisjoint(range(first, last + 1)) or self._conflicts.are_known_of(offered.boot.device):
            return False
        return not arrivals.any_arrived(self._connection, offered.boot.key, first, last)

    def _insert(self, fresh: Sequence[_Offered]) -> bool:
        """All of them together; nothing, and False, if any of them was not new after all (by its id)."""
        rows = list(chain.from_iterable(offered.rows for offered in fresh))
        if not rows:
            return True
        self._connection.execute("SAVEPOINT fresh")
        if self._connection.insert_new("events", COLUMNS, [row.values for row in rows]) != len(rows):
            self._connection.execute("ROLLBACK TO SAVEPOINT fresh")
            return False
        self._connection.execute("RELEASE SAVEPOINT fresh")
        for offered in fresh:
            self._note(offered, offered.rows)
        return True

    # --- the slow way ---
    def _look_at(self, offered: _Offered) -> None:
        known = self._digests(offered)
        for row in offered.rows:
            if known.get(row.seq) == bytes(row.digest):
                self._tallies.add(offered.boot.device, "duplicates")
                offered.settled.add(row.seq)
                continue
            if self._conflicts.store(offered.frame.where, offered.boot.boot, row):
                self._note(offered, [row])
            else:
                offered.settled.add(row.seq)

    def _digests(self, offered: _Offered) -> dict[int, bytes]:
        query = "SELECT seq, digest FROM events WHERE boot_key = ? AND seq BETWEEN ? AND ?"
        place = (offered.boot.key, offered.rows[0].seq, offered.rows[-1].seq)
        return {row["seq"]: bytes(row["digest"]) for row in self._connection.execute(query, place)}

    def _note(self, offered: _Offered, stored: Sequence[EventRow]) -> None:
        device, post = offered.boot.device, offered.frame.topic.post
        self._stored.extend((row, post) for row in stored)
        self._tallies.add(device, "events", len(stored))
        self._tallies.add(device, "alarms", [row.type for row in stored].count(LaneAlarm.TYPE))
        offered.settled.update([row.seq for row in stored])


def _concerned(frame: Prepared) -> set[str]:
    """Whose rows this frame may touch: what nobody signed lies under the empty name, its alarms under its topic's."""
    return {frame.topic.device if frame.where else "", *(suspect(aside) for aside in frame.aside)}
