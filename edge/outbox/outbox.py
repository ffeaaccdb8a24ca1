"""Where does a crossing stand before anybody moves? Here: numbered, sealed, signed, and synced to the disk.

There are two classes of rows. A *border event* is committed before anybody moves, and goes only when the region has
acknowledged it. *Telemetry* is gathered and committed in groups; when there is no more room its oldest rows go first,
and each is declared in a signed event (docs/contract.md, 13.3).
"""

import sqlite3
from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock

from edge.outbox import limits
from edge.outbox.batches import batches, crossings_of, declaration, groups_of
from edge.outbox.clock import Stamp
from edge.outbox.database import open_or_replace
from edge.outbox.dropping import Dropping
from edge.outbox.errors import DiskFull, Obstacle, OutboxError
from edge.outbox.kept import TWO_DAYS, Keeping, Kept
from edge.outbox.ledger import Ledger
from edge.outbox.room import Room
from edge.outbox.rows import Found, Row
from edge.outbox.sealer import Sealed, Sealer, Told, is_telemetry
from edge.outbox.tables import Tables
from edge.outbox.wear import Log, Wear
from messages.ack import Epoch, Range
from messages.events import Event

BEHIND_EVERYTHING = (1 << 63) - 1


class Outbox:
    """Made by ``Outbox.open``; may be used from any thread. Each opening is a new boot with a random id."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, sealer: Sealer, moved_aside: Path | None, keeping: Keeping
    ) -> None:
        self._connection, self._tables = connection, Tables(connection)
        self._kept = Kept(path.with_name(path.name + ".kept"), keeping)
        self._sealer, self._room = sealer, Room(path, self._tables, self._kept.give_up)
        wear = Wear(Log(path.with_name(path.name + "-wal"), self._tables.page_bytes))
        self._ledger = Ledger(path, self._tables, self._room, wear)
        self._dropping = Dropping(self._tables, self._ledger, self._room, lambda: self._sealer)
        self._room.lay()
        self._lock = RLock()
        self._listeners: list[Callable[[], None]] = []
        self._fault: OutboxError | None = None
        self._gathered: list[Told] = []
        self._refused = 0  # readings for which there was no room: they take a number all the same, and are declared
        self.moved_aside = moved_aside

    @classmethod
    def open(cls, path: Path, sealer: Sealer, keeping: Keeping = TWO_DAYS) -> "Outbox":
        """Begin a new boot. A damaged file is moved aside (see ``moved_aside``); OutboxError is a sentence."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection, moved_aside = open_or_replace(path)
        try:
            return cls(connection, path, sealer, moved_aside, keeping)
        except BaseException:
            connection.close()
            raise

    def close(self) -> None:
        """May be said twice. What the card was given is written down for the next boot to tell, if there is room."""
        with self._lock:
            with suppress(OutboxError):
                self._tables.keep(self._ledger.after([]))
            self._ledger.close()
            self._ledger.wear.close()
            self._connection.close()

    # --- write down ---
    def commit(self, kind: str, data: Mapping[str, object], now: Stamp) -> Event:
        """One event, one transaction, one sync: when this returns, it is on the disk. Else an OutboxError."""
        return self.commit_group([(kind, data)], now)[0]

    def commit_group(self, facts: Sequence[tuple[str, Mapping[str, object]]], now: Stamp) -> tuple[Event, ...]:
        """1 to 50 events in one frame and one sync: all of them are on the disk, or none. What was gathered before them
        goes with them, as frames of its own."""
        group = [Told(kind, data, now) for kind, data in facts]
        with self._lock:
            self._dropping.make_room(now)
            before = [told for told in self._gathered if told.now.time <= now.time]
            try:
                written = self._write([*groups_of(before), group])
                self._gathered = self._gathered[len(before) :]
            except DiskFull:
                written = self._write_on_full_disk(group)
        self._tell()
        return written[-1].events

    def gather(self, kind: str, data: Mapping[str, object], now: Stamp) -> int:
        """Telemetry that the next ``flush`` or commit writes; how many wait for that. They have no number yet, and are
        gone when the process dies before. Raises Unfit."""
        told = Told(kind, data, now)
        self._sealer.judge(told)
        with self._lock:
            if len(self._gathered) >= limits.GATHERED_MAX:
                self._refuse()
            insort(self._gathered, told, key=lambda gathered: gathered.now.time)  # two threads may come out of turn
            return len(self._gathered)

    def flush(self) -> int:
        """Write what was gathered, in frames of up to 50 and one sync; how many events that were. Where there is no
        room they are refused, and declared as soon as there is; another OutboxError leaves them gathered."""
        with self._lock:
            if not self._gathered:
                return 0
            self._dropping.make_room(self._gathered[0].now)
            if self._dropping.obstacle() is not None:
                return self._refuse()
            try:
                self._write(groups_of(self._gathered))
            except DiskFull:
                return self._refuse()
            count, self._gathered = len(self._gathered), []
        self._tell()
        return count

    def _refuse(self) -> int:
        self._refused += len(self._gathered)
        self._gathered = []
        return 0

    def _write_on_full_disk(self, group: Sequence[Told]) -> list[Sealed]:
        """Telemetry goes first; then a border event takes the reserve. Raises DiskFull when even that is used up."""
        self._refuse()
        while not is_telemetry(group) and self._gave_up(group[0].now):
            try:
                return self._write([group])
            except DiskFull:
                continue
        raise DiskFull

    def _gave_up(self, now: Stamp) -> bool:
        return self._dropping.drop("disk-full", now) or self._room.give_up_reserve()

    def _write(self, groups: Sequence[Sequence[Told]]) -> list[Sealed]:
        """Each group as a row, all in one transaction; when it fails, nothing has happened."""
        boot, refused = self._ledger.boot, self._refused
        first, rows = boot.last_seq + 1, list[Sealed]()
        if refused:
            lost = declaration(boot.boot, [(first, first + refused - 1)], "disk-full", groups[0][0].now)
            groups, first = [[lost], *groups], first + refused
        for group in groups:
            rows.append(self._sealer.seal(group, boot.boot, boot.number, first))
            first = rows[-1].last + 1
        after = self._ledger.after(rows, gone=refused)
        try:
            self._tables.add(rows, boot, crossings_of(rows), keep=after if refused else None)
        except OutboxError as error:
            self._fault = error
            raise
        self._fault, self._refused = None, 0
        self._ledger.moved(after, groups[-1][-1].now, written=rows)
        return rows

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # --- send ---
    def waiting(self, limit: int, after: int = 0, until: int = BEHIND_EVERYTHING) -> list[Row]:
        """Frames to send, oldest first, behind ``place`` ``after`` and not behind ``until``."""
        with self._lock:
            return self._tables.waiting(limit, after, until)

    def again(self, places: Sequence[int]) -> list[Row]:
        """Those of the frames at ``places`` that still wait."""
        with self._lock:
            return self._tables.at(places)

    def backlog_until(self, live_rows: int = limits.LIVE_ROWS) -> int:
        """The place where the backlog ends: behind it stand the newest rows, which are still today's."""
        with self._lock:
            return self._tables.place_before_the_newest(live_rows)

    # --- strike off ---
    def strike(self, boot: str, seqs: Sequence[Range]) -> list[int]:
        """Delete what the region acknowledged; the places that went. In small transactions, and on a full disk with
        the ballast's room: without that a full disk could never become empty again."""
        with self._lock:
            whose = self._ledger.of(boot)
            found = [] if whose is None else self._tables.acknowledged(whose.number, seqs)
            for batch in batches(found):
                self._delete(batch)
            if found:
                self._room.lay()
            return [row.place for row in found]

    def _delete(self, rows: Sequence[Found]) -> None:
        self._kept.keep(self._tables.whole(rows))
        after = self._ledger.after([], gone=self._ledger.own(rows))
        self._room.deleting(lambda: self._tables.strike(rows, after))
        self._ledger.moved(after, None, gone=rows)

    # --- send again ---
    def heed(self, epoch: Epoch) -> bool:
        """The region's store bears this epoch. A later one has lost what was acknowledged lately: it is to go again.
        False for one that has passed: what was acknowledged under it may be lost."""
        with self._lock:
            return self._kept.heed(epoch)

    def put_back(self) -> bool:
        """A few hundred of the rows that are to go again wait again; True when there were any. Say it when the backlog
        is short, until it says no."""
        with self._lock:
            rows = self._kept.again() if self._ledger.waiting < limits.PUT_BACK_BELOW else []
            if not rows:
                return False
            try:
                returned = self._tables.put_back(rows, self._ledger.returned)
            except DiskFull:  # What waits already goes first, and makes room.
                return False
            self._ledger.waits_again(returned)
            self._kept.put_back()
            return True

    # --- how it stands ---
    def can_record(self) -> bool:
        """May a new passage begin?"""
        return self.obstacle() is None

    def obstacle(self) -> Obstacle | None:
        """Why not, if not. Space is a safety resource: what one passage needs must be free before it begins, and
        telemetry makes room for it as long as there is some."""
        with self._lock:
            try:
                obstacle = self._dropping.obstacle()
            except OutboxError as error:
                return Obstacle("outbox-broken", str(error))
            if obstacle is None and self._fault is not None and not self._works_again():
                return Obstacle("outbox-broken", str(self._fault))
            return obstacle

    def _works_again(self) -> bool:
        """After a failed commit: try a write that changes nothing."""
        try:
            self._tables.prove_writable()
        except OutboxError as error:
            self._fault = error
            return False
        self._fault = None
        return True

    def produced(self) -> int:
        """All events ever numbered here, struck off, dropped or waiting."""
        with self._lock:
            return self._ledger.produced

    def boots(self) -> list[tuple[str, int]]:
        """Each boot, oldest first, with its last number: what the region must have or be told of, and nothing else."""
        with self._lock:
            return [(boot.boot, boot.last_seq) for boot in self._ledger.boots]

    def newest_boots(self, most: int) -> list[tuple[str, int]]:
        """The last of them: for a question that is asked every few seconds of a post that has started for years."""
        with self._lock:
            return [(boot.boot, boot.last_seq) for boot in self._ledger.newest_boots(most)]

    def open_crossings(self) -> list[tuple[str, int]]:
        """(crossing, visit) of those that were granted and have not ended: at the start, those of a life cut short."""
        with self._lock:
            return self._tables.open_crossings()

    def last_seq_of(self, boot: str) -> int | None:
        """How far a boot of this device has counted; None when it is none of ours."""
        with self._lock:
            found = self._ledger.of(boot)
            return None if found is None else found.last_seq

    def wear(self) -> dict[str, object]:
        """What the disk was given since the start (docs/contract.md, 13.7)."""
        with self._lock:
            return {**self._ledger.wear.summary(), "kept_bytes": self._kept.written_bytes}

    def wear_before(self) -> tuple[int, int] | None:
        """Payload and written bytes of the boot before this one, as far as it has told."""
        earlier = self._ledger.earlier
        return (earlier[-1].payload_bytes, earlier[-1].written_bytes) if earlier else None

    @property
    def boot(self) -> str:
        return self._ledger.boot.boot

    @property
    def number(self) -> int:
        """Which boot of this device it is: 1, 2, 3, ..."""
        return self._ledger.boot.number

    @property
    def waiting_count(self) -> int:
        """Events that wait for their acknowledgement."""
        return self._ledger.waiting

    @property
    def floor_ms(self) -> int:
        """No earlier boot showed a later time: where ``PostClock`` starts."""
        return self._ledger.floor_ms

    @property
    def sealer(self) -> Sealer:
        return self._sealer

    def seal_with(self, sealer: Sealer) -> None:
        """From the next row on: a device that was renewed signs with its new key, and seals to the region's newest."""
        with self._lock:
            self._sealer = sealer

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Called after each commit, in the committing thread: wake somebody, do nothing long. Returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)
