"""What stands in the outbox's tables? All its SQL; when, and under which lock, is ``Outbox``'s business."""

import sqlite3
from collections.abc import Callable, Sequence

from edge.outbox import limits
from edge.outbox.database import spoken, transaction, unsynced
from edge.outbox.rows import SEQ_BITS, SEQ_MASK, Boot, Crossings, Found, Row, Whole, place_of
from edge.outbox.sealer import Sealed
from messages.ack import Range


class Tables:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        (self.page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
        self._boots: dict[int, str] = {}

    # --- boots ---
    def begin_boot(self, boot: Boot) -> None:
        """Write down how far the boot before came, as its last row says, and begin this one."""
        with transaction(self._connection):
            self._connection.execute(
                "UPDATE boots SET last_seq = max(boots.last_seq, last.last_seq), last_ms = max(last_ms, last.time_ms)"
                " FROM (SELECT place, last_seq, time_ms FROM frames ORDER BY place DESC LIMIT 1) AS last"
                " WHERE boots.number = last.place >> 40"
            )
            self._connection.execute(
                "INSERT INTO boots (number, boot, last_ms) VALUES (?, ?, ?)", (boot.number, boot.boot, boot.last_ms)
            )
        self._boots = {one.number: one.boot for one in self.boots()}

    def boots(self) -> list[Boot]:
        with spoken():
            rows = self._connection.execute(
                "SELECT number, boot, last_seq, last_ms, gone, payload_bytes, written_bytes FROM boots ORDER BY number"
            ).fetchall()
            return [Boot(*row) for row in rows]

    def keep(self, boot: Boot) -> None:
        with transaction(self._connection):
            self._keep(boot)

    def _keep(self, boot: Boot) -> None:
        self._connection.execute(
            "UPDATE boots SET last_seq = ?, last_ms = ?, gone = ?, payload_bytes = ?, written_bytes = ?"
            " WHERE number = ?",
            (boot.last_seq, boot.last_ms, boot.gone, boot.payload_bytes, boot.written_bytes, boot.number),
        )

    def floor_ms(self) -> int:
        """The newest time that any event here bears."""
        newest = self._number("SELECT coalesce((SELECT time_ms FROM frames ORDER BY place DESC LIMIT 1), 0)")
        return max(newest, self._number("SELECT coalesce(max(last_ms), 0) FROM boots"))

    def prove_writable(self) -> None:
        """A write that leaves nothing behind; an OutboxError when even that fails. An UPDATE that sets what is there
        already would prove nothing: SQLite does not write it."""
        with transaction(self._connection):
            self._connection.execute("INSERT INTO open_crossings VALUES ('', 0)")
            self._connection.execute("DELETE FROM open_crossings WHERE crossing = ''")

    # --- write down ---
    def add(self, rows: Sequence[Sealed], boot: Boot, crossings: Crossings, *, keep: Boot | None = None) -> None:
        """``keep`` where the last row alone does not tell how far the boot has come."""
        with transaction(self._connection):
            self._connection.executemany("INSERT INTO open_crossings VALUES (?, ?)", crossings.granted)
            self._connection.executemany(
                "DELETE FROM open_crossings WHERE crossing = ?", [(ended,) for ended in crossings.ended]
            )
            self._insert(rows, boot)
            if keep is not None:
                self._keep(keep)

    def _insert(self, rows: Sequence[Sealed], boot: Boot) -> None:
        self._connection.executemany(
            "INSERT INTO frames VALUES (?, ?, ?, ?, ?)",
            [(place_of(boot.number, row.first), row.last, row.time_ms, int(row.telemetry), row.frame) for row in rows],
        )

    def open_crossings(self) -> list[tuple[str, int]]:
        with spoken():
            rows = self._connection.execute("SELECT crossing, visit FROM open_crossings ORDER BY visit").fetchall()
            return [(crossing, visit) for crossing, visit in rows]

    # --- send ---
    def waiting(self, limit: int, after: int, until: int) -> list[Row]:
        return self._rows("place > ? AND place <= ? ORDER BY place LIMIT ?", (after, until, limit))

    def at(self, places: Sequence[int]) -> list[Row]:
        marks = ", ".join("?" * len(places))
        return self._rows(f"place IN ({marks}) ORDER BY place", tuple(places))

    def _rows(self, condition: str, values: tuple[int, ...]) -> list[Row]:
        # The condition is one of the two above, never anything from outside.
        query = f"SELECT place, last_seq, frame FROM frames WHERE {condition}"  # noqa: S608
        with spoken():
            found = self._connection.execute(query, values).fetchall()
        return [
            Row(place, self._boots[place >> SEQ_BITS], place & SEQ_MASK, last, frame) for place, last, frame in found
        ]

    def place_before_the_newest(self, count: int) -> int:
        """Behind this place stand the ``count`` newest rows; 0 when there are no more than these."""
        return self._number(
            "SELECT coalesce((SELECT place FROM frames ORDER BY place DESC LIMIT 1 OFFSET ?), 0)", count
        )

    # --- strike off, and drop ---
    def acknowledged(self, number: int, seqs: Sequence[Range]) -> list[Found]:
        """Rows of a boot that lie wholly within the ranges."""
        query = (
            "SELECT place, last_seq, telemetry, length(frame) FROM frames"
            " WHERE place BETWEEN ? AND ? AND last_seq <= ? ORDER BY place"
        )
        with spoken():
            return [
                Found(place, row_last, bool(telemetry), size_bytes)
                for first, last in seqs
                for place, row_last, telemetry, size_bytes in self._connection.execute(
                    query, (place_of(number, first), place_of(number, last), last)
                ).fetchall()
            ]

    def oldest_telemetry(self, limit: int) -> list[Found]:
        query = (
            "SELECT place, last_seq, telemetry, length(frame) FROM frames WHERE telemetry = 1 ORDER BY place LIMIT ?"
        )
        with spoken():
            return [Found(*row) for row in self._connection.execute(query, (limit,)).fetchall()]

    def telemetry_events(self) -> int:
        return self._number(
            f"SELECT coalesce(sum(last_seq - (place & {SEQ_MASK}) + 1), 0) FROM frames WHERE telemetry = 1"  # noqa: S608
        )

    def strike(self, rows: Sequence[Found], current: Boot) -> None:
        """Not synced at once: a row that comes back after a power cut is sent again, and the region knows it. The next
        commit syncs this one too."""
        with unsynced(self._connection), transaction(self._connection):
            self._delete(rows, current)

    def drop(self, rows: Sequence[Found], declared: Sealed, current: Boot) -> None:
        """The rows go and their declaration comes in one transaction: no number is ever missing without a word."""
        with transaction(self._connection):
            self._delete(rows, current)
            self._insert([declared], current)

    def _delete(self, rows: Sequence[Found], current: Boot) -> None:
        """``current`` has counted its own rows among ``gone`` already; those of earlier boots are counted here."""
        self._connection.executemany("DELETE FROM frames WHERE place = ?", [(row.place,) for row in rows])
        self._count_gone(rows, current, 1)
        self._keep(current)

    def _count_gone(self, rows: Sequence[Found], current: Boot, sign: int) -> None:
        self._connection.executemany(
            "UPDATE boots SET gone = gone + ? WHERE number = ?",
            [(sign * row.events, row.number) for row in rows if row.number != current.number],
        )

    # --- what the region lost ---
    def whole(self, rows: Sequence[Found]) -> list[Whole]:
        marks = ", ".join("?" * len(rows))
        query = f"SELECT place, last_seq, time_ms, telemetry, frame FROM frames WHERE place IN ({marks}) ORDER BY place"  # noqa: S608
        with spoken():
            found = self._connection.execute(query, [row.place for row in rows]).fetchall()
        return [Whole(place, last, time_ms, bool(telemetry), frame) for place, last, time_ms, telemetry, frame in found]

    def put_back(self, rows: Sequence[Whole], after: Callable[[Sequence[Found]], Boot]) -> list[Found]:
        """Rows that wait again; those that still wait, or whose boot nobody knows here, are left out. ``after`` them:
        how the current boot then stands."""
        back = list[Found]()
        with transaction(self._connection):
            for row in rows:
                values = (row.place, row.last, row.time_ms, int(row.telemetry), row.frame)
                known = row.place >> SEQ_BITS in self._boots
                query = "INSERT INTO frames VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
                if known and self._connection.execute(query, values).rowcount:
                    back.append(Found(row.place, row.last, row.telemetry, len(row.frame)))
            current = after(back)
            self._count_gone(back, current, -1)
            self._keep(current)
        return back

    # --- room ---
    def shrink_wal(self) -> None:
        with spoken():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def give_back(self) -> None:
        """Let the file shrink, where that is little work: a backlog has made it large, and is gone."""
        free_bytes = self.free_bytes()
        used_bytes = self._number("PRAGMA page_count") * int(self.page_bytes) - free_bytes
        if used_bytes <= limits.GIVE_BACK_MAX_BYTES <= free_bytes:
            with spoken():
                self._connection.execute("VACUUM")
            self.shrink_wal()

    def free_bytes(self) -> int:
        """Pages that the file holds and does not use."""
        return self._number("PRAGMA freelist_count") * int(self.page_bytes)

    def _number(self, query: str, *values: int) -> int:
        with spoken():
            return int(self._connection.execute(query, values).fetchone()[0])
