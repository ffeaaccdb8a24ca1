"""Where does a crossing stand before anybody moves? Here: all that others may ask of the outbox, under one lock.

There are two classes of rows. A *border event* is committed before anybody moves, and goes only when the region has
acknowledged it. *Telemetry* is gathered and committed in groups; when there is no more room its oldest rows go first,
and each is declared in a signed event (docs/contract.md, 13.3). ``writing`` writes rows down, ``striking`` strikes them
off, ``room`` and ``dropping`` keep room for them, ``ledger`` counts them.
"""

import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import RLock

from edge.outbox.clock import Stamp
from edge.outbox.database import open_or_replace
from edge.outbox.dropping import Dropping
from edge.outbox.errors import Obstacle, OutboxError
from edge.outbox.kept import TWO_DAYS, Keeping, Kept
from edge.outbox.ledger import Ledger
from edge.outbox.room import Room
from edge.outbox.rows import LAST_PLACE, Row
from edge.outbox.sealer import Sealer, Told
from edge.outbox.striking import Striking
from edge.outbox.tables import Tables
from edge.outbox.wear import Log, Wear
from edge.outbox.writing import Writing
from messages.ack import Epoch, Range
from messages.events import Event


class Outbox:
    """Made by ``Outbox.open``; may be used from any thread. Each opening is a new boot with a random id."""

    def __init__(
        self, connection: sqlite3.Connection, path: Path, sealer: Sealer, moved_aside: Path | None, keeping: Keeping
    ) -> None:
        self._connection, self._tables = connection, Tables(connection)
        self._kept = Kept(path.with_name(path.name + ".kept"), keeping)
        self._sealer = sealer
        room = Room(path, self._tables, self._kept.give_up)
        wear = Wear(Log(path.with_name(path.name + "-wal"), self._tables.page_bytes))
        self._ledger = Ledger(path, self._tables, room, wear)
        dropping = Dropping(self._tables, self._ledger, room, lambda: self._sealer)
        self._writing = Writing(self._tables, self._ledger, room, dropping, lambda: self._sealer)
        self._striking = Striking(self._tables, self._ledger, room, self._kept)
        room.lay()
        self._lock = RLock()
        self._listeners: list[Callable[[], None]] = []
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
            written = self._writing.commit(group, now)
        self._tell()
        return written.events

    def gather(self, kind: str, data: Mapping[str, object], now: Stamp) -> int:
        """Telemetry that the next ``flush`` or commit writes; how many wait for that. They have no number yet, and are
        gone when the process dies before. Raises Unfit."""
        told = Told(kind, data, now)
        self._sealer.judge(told)
        with self._lock:
            return self._writing.gather(told)

    def flush(self) -> int:
        """Write what was gathered, in frames of up to 50 and one sync; how many events that were. Where there is no
        room they are refused, and declared as soon as there is; another OutboxError leaves them gathered."""
        with self._lock:
            count = self._writing.flush()
        if count:
            self._tell()
        return count

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()

    # --- send ---
    def waiting(self, limit: int, after: int = 0, until: int = LAST_PLACE) -> list[Row]:
        """Frames to send, oldest first, behind ``place`` ``after`` and not behind ``until``."""
        with self._lock:
            return self._tables.waiting(limit, after, until)

    def again(self, places: Sequence[int]) -> list[Row]:
        """Those of the frames at ``places`` that still wait."""
        with self._lock:
            return self._tables.at(places)

    def backlog_until(self, live_rows: int) -> int:
        """The place where the backlog ends: behind it stand the newest rows, which are still today's."""
        with self._lock:
            return self._tables.place_before_the_newest(live_rows)

    # --- strike off ---
    def strike(self, boot: str, seqs: Sequence[Range]) -> list[int]:
        """Delete what the region acknowledged; the places that went."""
        with self._lock:
            return self._striking.strike(boot, seqs)

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
            return self._striking.put_back()

    # --- how it stands ---
    def obstacle(self) -> Obstacle | None:
        """May a new passage begin, and if not, why? Space is a safety resource: what one passage needs must be free
        before it begins, and telemetry makes room for it as long as there is some."""
        with self._lock:
            return self._writing.obstacle()

    def produced(self) -> int:
        """All events ever numbered here, struck off, dropped or waiting."""
        with self._lock:
            return self._ledger.produced

    def boots(self, newest: int = sys.maxsize) -> list[tuple[str, int]]:
        """Each boot, oldest first, with its last number: what the region must have or be told of, and nothing else. A
        post that has started for years tells of its ``newest`` every few seconds."""
        return [(boot, last_seq) for _, boot, last_seq in self.starts(newest)]

    def starts(self, newest: int = sys.maxsize) -> list[tuple[int, str, int]]:
        """As ``boots``, each with its number before it: one that is not among them never was."""
        with self._lock:
            return [(boot.number, boot.boot, boot.last_seq) for boot in self._ledger.boots(newest)]

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
