"""When is a fact on the disk? Numbered, sealed, signed and synced all at once, or refused; never half."""

from bisect import insort
from collections.abc import Callable, Sequence

from edge.outbox import limits
from edge.outbox.batches import crossings_of, declaration, groups_of
from edge.outbox.clock import Stamp
from edge.outbox.dropping import Dropping
from edge.outbox.errors import DiskFull, Obstacle, OutboxError
from edge.outbox.ledger import Ledger
from edge.outbox.room import Room
from edge.outbox.sealer import Sealed, Sealer, Told, is_telemetry
from edge.outbox.tables import Tables


class Writing:
    """Under the outbox's lock."""

    def __init__(
        self, tables: Tables, ledger: Ledger, room: Room, dropping: Dropping, sealer: Callable[[], Sealer]
    ) -> None:
        self._tables, self._ledger, self._room, self._dropping = tables, ledger, room, dropping
        self._sealer = sealer
        self._fault: OutboxError | None = None
        self._gathered: list[Told] = []
        self._refused = 0  # readings for which there was no room: they take a number all the same, and are declared

    # --- border events ---
    def commit(self, group: Sequence[Told], now: Stamp) -> Sealed:
        """One frame; what was gathered before it goes with it, as frames of its own."""
        self._dropping.make_room(now)
        before = [told for told in self._gathered if told.now.time <= now.time]
        try:
            written = self._write([*groups_of(before), group])
            self._gathered = self._gathered[len(before) :]
        except DiskFull:
            written = self._write_on_full_disk(group, now)
        return written[-1]

    def _write_on_full_disk(self, group: Sequence[Told], now: Stamp) -> list[Sealed]:
        """Telemetry goes first; then a border event takes the reserve. Raises DiskFull when even that is used up."""
        self._refuse()
        while not is_telemetry(group) and self._gave_up(now):
            try:
                return self._write([group])
            except DiskFull:
                continue
        raise DiskFull

    def _gave_up(self, now: Stamp) -> bool:
        return self._dropping.drop("disk-full", now) or self._room.give_up_reserve()

    # --- telemetry ---
    def gather(self, told: Told) -> int:
        if len(self._gathered) >= limits.GATHERED_MAX:
            self._refuse()
        insort(self._gathered, told, key=lambda gathered: gathered.now.time)  # two threads may come out of turn
        return len(self._gathered)

    def flush(self) -> int:
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
        return count

    def _refuse(self) -> int:
        self._refused += len(self._gathered)
        self._gathered = []
        return 0

    # --- both ---
    def _write(self, groups: Sequence[Sequence[Told]]) -> list[Sealed]:
        """Each group as a row, all in one transaction; when it fails, nothing has happened."""
        boot, refused = self._ledger.boot, self._refused
        if refused:
            seqs = (boot.last_seq + 1, boot.last_seq + refused)
            groups = [[declaration(boot.boot, [seqs], "disk-full", groups[0][0].now)], *groups]
        rows = self._sealed(groups, boot.last_seq + refused + 1)
        after = self._ledger.after(rows, gone=refused)
        try:
            self._tables.add(rows, boot, crossings_of(rows), keep=after if refused else None)
        except OutboxError as error:
            self._fault = error
            raise
        self._fault, self._refused = None, 0
        self._ledger.moved(after, groups[-1][-1].now, written=rows)
        return rows

    def _sealed(self, groups: Sequence[Sequence[Told]], first: int) -> list[Sealed]:
        boot, rows = self._ledger.boot, list[Sealed]()
        for group in groups:
            rows.append(self._sealer().seal(group, boot.boot, boot.number, first))
            first = rows[-1].last + 1
        return rows

    # --- may more be written? ---
    def obstacle(self) -> Obstacle | None:
        """Why no new passage may begin: no room, or a write that failed and still does."""
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
