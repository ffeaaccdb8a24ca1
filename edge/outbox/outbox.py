"""Where does a crossing stand before anybody moves? Here: numbered, sealed, signed, and synced to the disk.

Each commit seals its event into a frame at once: a stolen card shows no traveller, and a row cannot be altered
later. A row goes only when the region has acknowledged it.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from secrets import token_hex
from threading import RLock
from uuid import uuid4

from edge.outbox import limits
from edge.outbox.ballast import Ballast
from edge.outbox.clock import Stamp
from edge.outbox.database import open_or_replace
from edge.outbox.errors import DiskFull, OutboxError, Unfit
from edge.outbox.tables import Acknowledged, Crossings, Row, Tables
from messages.ack import Range
from messages.errors import Refused
from messages.events import Event, validate
from messages.facts import CrossingAbandoned, CrossingGranted, CrossingLeft
from messages.frame import seal_frame
from messages.keys import DeviceKey, RegionPublic
from messages.topics import Topic


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who this device is, and to whom it seals: all that a frame needs."""

    topic: Topic
    device_key: DeviceKey
    region: RegionPublic


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no new passage may begin: ``code`` is an ALARM of the contract, ``sentence`` is for an officer."""

    code: str
    sentence: str


class Outbox:
    """Made by ``Outbox.open``; may be used from any thread. Each opening is a new boot with a random id."""

    def __init__(self, connection: sqlite3.Connection, path: Path, sealer: Sealer, moved_aside: Path | None) -> None:
        self._connection, self._tables = connection, Tables(connection)
        self._folder = path.parent
        self._sealer = sealer
        self._ballast = Ballast(path.with_name(path.name + ".ballast"), limits.BALLAST_BYTES)
        self._lock = RLock()
        self._listeners: list[Callable[[], None]] = []
        self._fault: OutboxError | None = None
        self.moved_aside = moved_aside
        self.boot = token_hex(16)
        self._last_seq = 0
        self._last_ms = self._floor_ms = self._tables.floor_ms()
        self._waiting = self._tables.waiting_events()

    @classmethod
    def open(cls, path: Path, sealer: Sealer) -> "Outbox":
        """Begin a new boot. A damaged file is moved aside (see ``moved_aside``); OutboxError is a sentence.

        On a full disk no boot can be written down yet, so the ballast is given up first, and rows of earlier boots
        can still be sent and struck off.
        """
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection, moved_aside = open_or_replace(path)
        try:
            outbox = cls(connection, path, sealer, moved_aside)
            outbox._begin_boot()
        except BaseException:
            connection.close()
            raise
        return outbox

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # --- write down ---
    def commit(self, kind: str, data: Mapping[str, object], now: Stamp) -> Event:
        """One event, one transaction, one sync: when this returns, it is on the disk. Else an OutboxError."""
        return self.commit_group([(kind, data)], now)[0]

    def commit_group(self, facts: Sequence[tuple[str, Mapping[str, object]]], now: Stamp) -> tuple[Event, ...]:
        """1 to 50 events in one frame and one sync: all of them are on the disk, or none."""
        with self._lock:
            events = tuple(
                self._event(seq, kind, data, now) for seq, (kind, data) in enumerate(facts, self._last_seq + 1)
            )
            frame = self._sealed(events)
            self._write(events, frame, _ms(now.time))
        for listener in tuple(self._listeners):
            listener()
        return events

    def _sealed(self, events: Sequence[Event]) -> bytes:
        """What the region would refuse fails here, where somebody still stands and can be referred."""
        try:
            for event in events:
                validate(event)
            return seal_frame(events, self._sealer.topic, self._sealer.device_key, self._sealer.region)
        except Refused as refused:
            raise Unfit(str(refused)) from refused

    def _event(self, seq: int, kind: str, data: Mapping[str, object], now: Stamp) -> Event:
        source = self._sealer.topic.source
        return Event(str(uuid4()), source, kind, now.time, self.boot, seq, now.mono_ms, now.clock, dict(data))

    def _write(self, events: Sequence[Event], frame: bytes, now_ms: int) -> None:
        first, last = events[0].seq, events[-1].seq
        last_ms = max(now_ms, self._last_ms)
        try:
            self._tables.add(self.boot, first, last, frame, last_ms, _crossings(events))
        except OutboxError as error:
            self._fault = error
            raise
        self._fault, self._last_seq, self._last_ms = None, last, last_ms
        self._waiting += len(events)

    def _begin_boot(self) -> None:
        try:
            self._tables.begin_boot(self.boot, self._floor_ms)
        except DiskFull:
            self._ballast.drop()
            self._tables.shrink_wal()
            self._tables.begin_boot(self.boot, self._floor_ms)
            self._tables.shrink_wal()
        self._ballast.lay()

    # --- send ---
    def waiting(self, limit: int, after: int = 0) -> list[Row]:
        """Frames to send, oldest first, behind ``place`` ``after``."""
        with self._lock:
            return self._tables.waiting(limit, after)

    def again(self, places: Sequence[int]) -> list[Row]:
        """Those of the frames at ``places`` that still wait."""
        with self._lock:
            return self._tables.at(places)

    # --- strike off ---
    def strike(self, boot: str, seqs: Sequence[Range]) -> list[int]:
        """Delete what the region acknowledged; the places that went. In small transactions, and on a full disk with
        the ballast's room: without that a full disk could never become empty again."""
        with self._lock:
            found = self._tables.acknowledged(boot, seqs)
            for batch in _batches(found):
                self._delete(batch)
            if found:
                self._ballast.lay()
            return [row.place for row in found]

    def _delete(self, rows: Sequence[Acknowledged]) -> None:
        try:
            self._tables.delete(rows)
        except DiskFull:
            self._ballast.drop()
            self._tables.shrink_wal()
            self._tables.delete(rows)
        if not self._ballast.is_laid:  # The disk is full: the next batch needs the room that this one has used.
            self._tables.shrink_wal()
        self._waiting -= sum(row.events for row in rows)

    # --- how it stands ---
    def can_record(self) -> bool:
        """May a new passage begin?"""
        return self.obstacle() is None

    def obstacle(self) -> Obstacle | None:
        """Why not, if not. Space is a safety resource: what one passage needs must be free before it begins."""
        with self._lock:
            if self._waiting >= limits.ROWS_MAX:
                return Obstacle("outbox-full", "The outbox is full: this post must reach the region before it goes on.")
            if not self._has_room():
                return Obstacle("disk-full", str(DiskFull()))
            if self._fault is not None and not self._works_again():
                return Obstacle("outbox-broken", str(self._fault))
            return None

    def _has_room(self) -> bool:
        if not self._ballast.is_laid and not self._ballast.lay():
            return False
        disk = os.statvfs(self._folder)
        return disk.f_bavail * disk.f_frsize >= limits.RESERVE_BYTES

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
        """All events ever written here, struck off or not."""
        with self._lock:
            return self._tables.produced()

    def boots(self) -> list[tuple[str, int]]:
        """Each boot, oldest first, with its last number: what the region must have in the end, no more and no less."""
        with self._lock:
            return self._tables.boots()

    def open_crossings(self) -> list[tuple[str, int]]:
        """(crossing, visit) of those that were granted and have not ended: at the start, those of a life cut short."""
        with self._lock:
            return self._tables.open_crossings()

    def last_seq_of(self, boot: str) -> int | None:
        """How far a boot of this device has counted; None when it is none of ours."""
        with self._lock:
            return self._tables.last_seq_of(boot)

    @property
    def waiting_count(self) -> int:
        """Events that wait for their acknowledgement."""
        return self._waiting

    @property
    def floor_ms(self) -> int:
        """The wall clock of the newest event of all earlier boots: where ``PostClock`` starts."""
        return self._floor_ms

    @property
    def sealer(self) -> Sealer:
        return self._sealer

    def on_commit(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Called after each commit, in the committing thread: wake somebody, do nothing long. Returns the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)


def _batches(rows: Sequence[Acknowledged]) -> Iterator[list[Acknowledged]]:
    """Deleting overwrites (secure_delete), so a batch is as large in the WAL as its frames were: keep it small."""
    batch: list[Acknowledged] = []
    size_bytes = 0
    for row in rows:
        size_bytes += row.size_bytes
        if batch and (len(batch) == limits.STRIKE_ROWS_MAX or size_bytes > limits.STRIKE_MAX_BYTES):
            yield batch
            batch, size_bytes = [], row.size_bytes
        batch.append(row)
    if batch:
        yield batch


def _ms(time: datetime) -> int:
    return round(time.timestamp() * 1000)


def _crossings(events: Sequence[Event]) -> Crossings:
    """A granted crossing is two events; until the second is written, the first stands open."""
    granted = [(str(e.data["crossing"]), int(str(e.data["visit"]))) for e in events if e.type == CrossingGranted.TYPE]
    ended = [str(e.data["crossing"]) for e in events if e.type in (CrossingLeft.TYPE, CrossingAbandoned.TYPE)]
    return Crossings(tuple(granted), tuple(ended))
