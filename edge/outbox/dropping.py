"""What is given up when there is no more room? The oldest telemetry, and each number of it is declared."""

from collections.abc import Callable

from edge.outbox import limits
from edge.outbox.batches import by_boot, declaration, droppable
from edge.outbox.clock import Stamp
from edge.outbox.errors import DiskFull, Obstacle
from edge.outbox.ledger import Ledger
from edge.outbox.room import Room
from edge.outbox.sealer import Sealer
from edge.outbox.tables import Tables

OUTBOX_FULL = Obstacle("outbox-full", "The outbox is full: this post must reach the region before it goes on.")
DISK_FULL = Obstacle("disk-full", str(DiskFull()))


class Dropping:
    """Under the outbox's lock. Raises OutboxError when the store itself is broken."""

    def __init__(self, tables: Tables, ledger: Ledger, room: Room, sealer: Callable[[], Sealer]) -> None:
        self._tables, self._ledger, self._room, self._sealer = tables, ledger, room, sealer

    def make_room(self, now: Stamp) -> None:
        """Before each commit one step, so that nobody waits long for it."""
        if self._ledger.telemetry >= limits.TELEMETRY_MAX:
            self.drop("outbox-full", now)
        elif obstacle := self._lacks():
            self.drop(obstacle.code, now)

    def obstacle(self) -> Obstacle | None:
        """Why no new passage may begin, after telemetry has made what room it can."""
        while obstacle := self._lacks():
            if not self.drop(obstacle.code):
                return obstacle
        return None

    def _lacks(self) -> Obstacle | None:
        if self._ledger.waiting >= limits.EVENTS_MAX:
            return OUTBOX_FULL
        return None if self._room.is_enough() else DISK_FULL

    def drop(self, cause: str, now: Stamp | None = None) -> bool:
        """One batch and its declaration, in one transaction. False when there is too little: the declaration takes a
        row itself. What is on its way may still be acknowledged: there is then no row left, and nothing happens."""
        ledger, boot = self._ledger, self._ledger.boot
        rows = droppable(self._tables.oldest_telemetry(limits.DROP_ROWS_MAX))
        now = ledger.newest or now  # never ahead of what was gathered and has no number yet
        if not rows or now is None:
            return False
        told = [
            declaration(ledger.numbered(number).boot, [row.seqs for row in its_rows], cause, now)
            for number, its_rows in by_boot(rows).items()
        ]
        declared = self._sealer().seal(told, boot.boot, boot.number, boot.last_seq + 1)
        after = ledger.after([declared], gone=ledger.own(rows))
        try:
            self._room.deleting(lambda: self._tables.drop(rows, declared, after))
        except DiskFull:
            return False
        ledger.moved(after, now, written=[declared], gone=rows)
        return True
