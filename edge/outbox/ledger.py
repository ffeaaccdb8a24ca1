"""How far has each boot counted, and how many of its events still wait? What the tables say, in memory.

Nothing is read from the disk for a question that is asked each second; a new standing holds only when the transaction
that it belongs to has been committed.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from edge.outbox.clock import Stamp
from edge.outbox.floor import Floor, keep_floor, read_floor
from edge.outbox.room import Room
from edge.outbox.rows import Boot, Found
from edge.outbox.sealer import Sealed
from edge.outbox.tables import Tables
from edge.outbox.wear import Portion, Wear


class Ledger:
    """Making it begins a new boot."""

    def __init__(self, path: Path, tables: Tables, room: Room, wear: Wear) -> None:
        self._path, self.wear = path.with_name(path.name + ".floor"), wear
        known = read_floor(self._path)
        self.floor_ms = max(known.time_ms, tables.floor_ms())
        number = max([known.number, *(boot.number for boot in tables.boots())]) + 1
        self.boot = Boot(number, token_hex(16), last_ms=self.floor_ms)
        # On a full disk the boot takes the ballast's room: rows of earlier boots can still be sent and struck off.
        room.deleting(lambda: tables.begin_boot(self.boot))
        keep_floor(self._path, Floor(number, self.floor_ms))
        self.earlier = tables.boots()[:-1]
        self._by_name = {boot.boot: boot for boot in self.earlier}
        self._produced_before = sum(boot.last_seq for boot in self.earlier)
        self.waiting = sum(boot.last_seq - boot.gone for boot in self.earlier)
        self.telemetry = tables.telemetry_events()
        self.newest: Stamp | None = None
        wear.begin()

    # --- what was written and deleted ---
    def after(self, rows: Sequence[Sealed], *, gone: int = 0) -> Boot:
        """How far this boot will have come with these rows, when so many more of its events have gone."""
        last_ms = max([self.boot.last_ms, *(row.time_ms for row in rows)])
        last_seq = rows[-1].last if rows else self.boot.last_seq
        worn = self.wear
        return replace(
            self.boot,
            last_seq=last_seq,
            last_ms=last_ms,
            gone=self.boot.gone + gone,
            payload_bytes=worn.payload_bytes,
            written_bytes=worn.written_bytes,
        )

    def moved(self, after: Boot, now: Stamp | None, written: Sequence[Sealed] = (), gone: Sequence[Found] = ()) -> None:
        """The transaction that wrote and deleted these rows is committed."""
        self.boot, self.newest = after, now or self.newest
        self.waiting += sum(len(row.events) for row in written) - sum(row.events for row in gone)
        self.telemetry += sum(len(row.events) for row in written if row.telemetry)
        self.telemetry -= sum(row.events for row in gone if row.telemetry)
        for row in written:
            self.wear.recorded(row.payload_bytes, events=len(row.events))
        self.wear.moved(
            [Portion(len(row.events), len(row.frame)) for row in written]
            + [Portion(row.events, row.size_bytes) for row in gone]
        )

    def returned(self, rows: Sequence[Found]) -> Boot:
        """How far this boot will have come when these rows wait again; ``waits_again`` when that is committed."""
        return self.after([], gone=-self.own(rows))

    def waits_again(self, rows: Sequence[Found]) -> None:
        self.boot = self.returned(rows)
        self.waiting += sum(row.events for row in rows)
        self.telemetry += sum(row.events for row in rows if row.telemetry)
        self.wear.moved([Portion(row.events, row.size_bytes) for row in rows])

    def own(self, rows: Sequence[Found]) -> int:
        """How many of these rows' events are of this boot."""
        return sum(row.events for row in rows if row.number == self.boot.number)

    # --- which boots there are ---
    def boots(self, newest: int = sys.maxsize) -> list[Boot]:
        """So many of the last, oldest first; the last one is now."""
        return [*self.earlier[max(0, len(self.earlier) + 1 - newest) :], self.boot]

    @property
    def produced(self) -> int:
        """Numbers that were ever given."""
        return self._produced_before + self.boot.last_seq

    def of(self, boot: str) -> Boot | None:
        return self.boot if boot == self.boot.boot else self._by_name.get(boot)

    def numbered(self, number: int) -> Boot:
        return next(one for one in self.boots() if one.number == number)

    def close(self) -> None:
        keep_floor(self._path, Floor(self.boot.number, self.boot.last_ms))
