"""What has each start of a device's outbox shown? One row a boot: its number, its span of time, one true clock.

Every field is the least or the greatest of what any signed event of the boot said, so the order in which they come
makes no difference. What one card cannot have done tells that there are two (D02, D03, D08).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.intake.alarms import Alarm, Alarms
from gateway.store.connection import Connection, Row
from messages.topics import Topic

Span = tuple[int, int]  # milliseconds since 1970, first and last
Synced = tuple[int, int]  # milliseconds since the boot, and since 1970


@dataclass(slots=True)
class Boot:
    key: int
    device: str
    boot: str
    number: int
    span: Span | None
    synced: Synced | None
    changed: bool = False

    def show(self, number: int, span: Span | None, synced: Synced | None) -> None:
        """Fold what a frame says into it."""
        told = (self.number, self.span, self.synced)
        self.number = max(self.number, number)
        if span is not None:
            self.span = span if self.span is None else (min(self.span[0], span[0]), max(self.span[1], span[1]))
        if synced is not None:
            self.synced = synced if self.synced is None else min(self.synced, synced)
        self.changed |= told != (self.number, self.span, self.synced)


class Boots:
    """The boots that one transaction touches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._open: dict[tuple[str, str], Boot] = {}

    def of(self, topic: Topic, boot: str) -> Boot:
        known = self._open.get((topic.device, boot))
        if known is None:
            known = self._open[topic.device, boot] = self._found(topic.device, boot) or self._made(topic, boot)
        return known

    def __iter__(self) -> Iterator[Boot]:
        return iter(self._open.values())

    def keep(self, alarms: Alarms) -> None:
        """Write what changed, and say where one device is two."""
        changed = [boot for boot in self._open.values() if boot.changed]
        write(self._connection, changed)
        for boot in changed:
            for name in twins(self._connection, boot):
                alarms.say(boot.device, Alarm.DEVICE_CLONED, name)

    def _found(self, device: str, boot: str) -> Boot | None:
        row = self._connection.execute("SELECT * FROM boots WHERE device = ? AND boot = ?", (device, boot)).fetchone()
        return None if row is None else _boot(row)

    def _made(self, topic: Topic, boot: str) -> Boot:
        self._connection.execute(
            "INSERT INTO boots (device, post, boot, number) VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING",
            (topic.device, topic.post, boot),
        )
        found = self._found(topic.device, boot)
        assert found is not None  # noqa: S101 (inserted a line ago, or there before)
        return found


def write(connection: Connection, boots: Collection[Boot]) -> None:
    """As they are now."""
    connection.executemany(
        "UPDATE boots SET number = ?, first_ms = ?, last_ms = ?, synced_mono = ?, synced_ms = ? WHERE key = ?",
        [(boot.number, *(boot.span or (None, None)), *(boot.synced or (None, None)), boot.key) for boot in boots],
    )


def boots_of(connection: Connection, device: str) -> list[Boot]:
    return [_boot(row) for row in connection.execute("SELECT * FROM boots WHERE device = ? ORDER BY key", (device,))]


def twins(connection: Connection, boot: Boot) -> set[str]:
    """Boots of the device that cannot be of one card together with this one, itself among them; mostly none.

    A card counts its starts and its clock never runs backwards: no number comes twice, and nothing in a boot is later
    than the first event of a boot with a higher number (docs/contract.md, 13.2).
    """
    if not boot.number or boot.span is None:
        return set()
    first_ms, last_ms = boot.span
    rows = connection.execute(
        "SELECT boot FROM boots WHERE device = ? AND key <> ? AND number > 0 AND (number = ?"
        " OR (number > ? AND first_ms < ?) OR (number < ? AND last_ms > ?))",
        (boot.device, boot.key, boot.number, boot.number, last_ms, boot.number, first_ms),
    ).fetchall()
    return {boot.boot, *(row["boot"] for row in rows)} if rows else set()


def _boot(row: Row) -> Boot:
    span = None if row["first_ms"] is None else (row["first_ms"], row["last_ms"])
    synced = None if row["synced_ms"] is None else (row["synced_mono"], row["synced_ms"])
    return Boot(row["key"], row["device"], row["boot"], row["number"], span, synced)
