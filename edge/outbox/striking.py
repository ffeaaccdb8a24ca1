"""When does a row go, and what brings it back? The region's word, and a region that has lost what it gave it for."""

from collections.abc import Sequence

from edge.outbox import limits
from edge.outbox.batches import batches
from edge.outbox.errors import DiskFull
from edge.outbox.kept import Kept
from edge.outbox.ledger import Ledger
from edge.outbox.room import Room
from edge.outbox.rows import Found
from edge.outbox.tables import Tables
from messages.ack import Range


class Striking:
    """Under the outbox's lock."""

    def __init__(self, tables: Tables, ledger: Ledger, room: Room, kept: Kept) -> None:
        self._tables, self._ledger, self._room, self._kept = tables, ledger, room, kept

    def strike(self, boot: str, seqs: Sequence[Range]) -> list[int]:
        """In small transactions, and on a full disk with the ballast's room: without that a full disk could never
        become empty again."""
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

    def put_back(self) -> bool:
        """A few hundred at a time, so that what is happening now is not held up by the past."""
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
