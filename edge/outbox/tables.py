"""What stands in the outbox's tables? All its SQL; when, and under which lock, is ``Outbox``'s business."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edge.outbox.database import spoken, transaction
from messages.ack import Range


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One frame that waits. ``place`` orders the rows of this device across boots."""

    place: int
    boot: str
    first: int
    last: int
    frame: bytes

    def __repr__(self) -> str:
        return f"Row({self.place}, {self.boot!r}, {self.first}..{self.last})"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A row that may go: how many events it holds, and how much the WAL takes to overwrite it."""

    place: int
    events: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Crossings:
    """What a frame's events say of crossings: (crossing, visit) of those granted, and those that came to their end."""

    granted: tuple[tuple[str, int], ...] = ()
    ended: tuple[str, ...] = ()


class Tables:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    # --- boots ---
    def begin_boot(self, boot: str, floor_ms: int) -> None:
        with transaction(self._connection):
            self._connection.execute("INSERT INTO boots (boot, last_ms) VALUES (?, ?)", (boot, floor_ms))

    def boots(self) -> list[tuple[str, int]]:
        with spoken():
            rows = self._connection.execute("SELECT boot, last_seq FROM boots ORDER BY number").fetchall()
            return [(boot, last_seq) for boot, last_seq in rows]

    def last_seq_of(self, boot: str) -> int | None:
        with spoken():
            row = self._connection.execute("SELECT last_seq FROM boots WHERE boot = ?", (boot,)).fetchone()
            return None if row is None else int(row[0])

    def produced(self) -> int:
        return self._number("SELECT coalesce(sum(last_seq), 0) FROM boots")

    def floor_ms(self) -> int:
        return self._number("SELECT coalesce(max(last_ms), 0) FROM boots")

    def prove_writable(self) -> None:
        """A write that leaves nothing behind; an OutboxError when even that fails. An UPDATE that sets what is there
        already would prove nothing: SQLite does not write it."""
        with transaction(self._connection):
            self._connection.execute("INSERT INTO open_crossings VALUES ('', 0)")
            self._connection.execute("DELETE FROM open_crossings WHERE crossing = ''")

    # --- frames ---
    def add(self, boot: str, first: int, last: int, frame: bytes, last_ms: int, crossings: Crossings) -> None:
        with transaction(self._connection):
            self._connection.executemany("INSERT INTO open_crossings VALUES (?, ?)", crossings.granted)
            self._connection.executemany(
                "DELETE FROM open_crossings WHERE crossing = ?", [(ended,) for ended in crossings.ended]
            )
            self._connection.execute(
                "INSERT INTO frames (boot, first_seq, last_seq, frame) VALUES (?, ?, ?, ?)", (boot, first, last, frame)
            )
            self._connection.execute("UPDATE boots SET last_seq = ?, last_ms = ? WHERE boot = ?", (last, last_ms, boot))

    def open_crossings(self) -> list[tuple[str, int]]:
        with spoken():
            rows = self._connection.execute("SELECT crossing, visit FROM open_crossings ORDER BY rowid").fetchall()
            return [(crossing, visit) for crossing, visit in rows]

    def waiting(self, limit: int, after: int) -> list[Row]:
        return self._rows("place > ? ORDER BY place LIMIT ?", (after, limit))

    def at(self, places: Sequence[int]) -> list[Row]:
        marks = ", ".join("?" * len(places))
        return self._rows(f"place IN ({marks}) ORDER BY place", tuple(places))

    def _rows(self, condition: str, values: tuple[int, ...]) -> list[Row]:
        # The condition is one of the two above, never anything from outside.
        query = f"SELECT place, boot, first_seq, last_seq, frame FROM frames WHERE {condition}"  # noqa: S608
        with spoken():
            return [Row(*row) for row in self._connection.execute(query, values)]

    def waiting_events(self) -> int:
        return self._number("SELECT coalesce(sum(last_seq - first_seq + 1), 0) FROM frames")

    def acknowledged(self, boot: str, seqs: Sequence[Range]) -> list[Acknowledged]:
        """Rows that lie wholly within the ranges."""
        query = (
            "SELECT place, last_seq - first_seq + 1, length(frame) FROM frames"
            " WHERE boot = ? AND first_seq BETWEEN ? AND ? AND last_seq <= ? ORDER BY place"
        )
        with spoken():
            return [
                Acknowledged(*row)
                for first, last in seqs
                for row in self._connection.execute(query, (boot, first, last, last)).fetchall()
            ]

    def delete(self, rows: Sequence[Acknowledged]) -> None:
        with transaction(self._connection):
            self._connection.executemany("DELETE FROM frames WHERE place = ?", [(row.place,) for row in rows])

    def shrink_wal(self) -> None:
        with spoken():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _number(self, query: str) -> int:
        with spoken():
            return int(self._connection.execute(query).fetchone()[0])
