"""Which sequence numbers came? Kept as stretches, so that a gap is what lies between two of them.

What a signed event declares dropped (docs/contract.md, 13.3) is kept the same way, beside it: it is no gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.store.connection import Connection
from messages.ack import Range

GAPS_MAX: Final = 10_000  # a device that leaves holes on purpose fills no page and no answer
Stretches = Literal["arrived", "dropped"]


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers below the highest one seen that never came; most often they are still on their way."""

    device: str
    boot: str
    missing: tuple[Range, ...]

    @property
    def numbers(self) -> int:
        return sum(last - first + 1 for first, last in self.missing)


def any_arrived(connection: Connection, boot_key: int, first: int, last: int) -> bool:
    """Has one of these numbers come before? Stretches do not touch, so the nearest one tells."""
    query = "SELECT last FROM arrived WHERE boot_key = ? AND first <= ? ORDER BY first DESC LIMIT 1"
    row = connection.execute(query, (boot_key, last)).fetchone()
    return row is not None and row["last"] >= first


def add(connection: Connection, table: Stretches, boot_key: int, stretches: Sequence[Range]) -> None:
    """Join each new stretch with those it touches; the order in which they come makes no difference."""
    for first, last in stretches:
        touching = _touching(connection, table, boot_key, first - 1, last + 1)
        joined = min([first, *(a for a, _ in touching)]), max([last, *(b for _, b in touching)])
        if touching == [joined]:
            continue
        gone = [(boot_key, a) for a, _ in touching if a != joined[0]]
        connection.executemany(f"DELETE FROM {table} WHERE boot_key = ? AND first = ?", gone)  # noqa: S608
        connection.execute(
            f"INSERT INTO {table} (boot_key, first, last) VALUES (?, ?, ?)"  # noqa: S608 (one of our two tables)
            " ON CONFLICT (boot_key, first) DO UPDATE SET last = excluded.last",
            (boot_key, *joined),
        )


def lacking(connection: Connection, table: Stretches, boot_key: int, stretches: Sequence[Range]) -> list[Range]:
    """What of these is not there."""
    return [left for stretch in stretches for left in left_of(connection, table, boot_key, stretch)]


def left_of(connection: Connection, table: Stretches, boot_key: int, stretch: Range) -> list[Range]:
    """What of this one is not there."""
    return without(stretch, _touching(connection, table, boot_key, *stretch))


def gaps(connection: Connection) -> list[Gap]:
    """Every device's every boot starts at 1, so what lies before the first stretch is missing too."""
    missing: dict[tuple[str, str], list[Range]] = {}
    rows = connection.execute(
        "SELECT boots.device, boots.boot, arrived.boot_key, arrived.first - 1 AS last, coalesce((SELECT nearer.last"
        " FROM arrived AS nearer WHERE nearer.boot_key = arrived.boot_key AND nearer.first < arrived.first"
        " ORDER BY nearer.first DESC LIMIT 1), 0) + 1 AS first"
        " FROM arrived JOIN boots ON boots.key = arrived.boot_key WHERE arrived.first > 1"
        " ORDER BY boots.device, boots.boot, arrived.first LIMIT ?",
        (GAPS_MAX,),
    ).fetchall()
    for device, boot, key, last, first in rows:
        left = left_of(connection, "dropped", key, (first, last))
        if left:
            missing.setdefault((device, boot), []).extend(left)
    return [Gap(device, boot, tuple(stretches)) for (device, boot), stretches in missing.items()]


def declared_drops(connection: Connection) -> int:
    """Numbers that devices say they dropped, and that did not come after all."""
    dropped = 0
    for key, first, last in connection.execute("SELECT boot_key, first, last FROM dropped").fetchall():
        left = left_of(connection, "arrived", key, (first, last))
        dropped += sum(b - a + 1 for a, b in left)
    return dropped


def without(stretch: Range, taken: Sequence[Range]) -> list[Range]:
    """What remains of a stretch. ``taken`` rises.

    >>> without((1, 9), [(2, 3), (9, 12)])
    [(1, 1), (4, 8)]
    """
    left, at = [], stretch[0]
    for first, last in taken:
        if first > at:
            left.append((at, min(first - 1, stretch[1])))
        at = max(at, last + 1)
    if at <= stretch[1]:
        left.append((at, stretch[1]))
    return left


def _touching(connection: Connection, table: Stretches, boot_key: int, first: int, last: int) -> list[Range]:
    """Stretches that hold a number of first..last, rising: those that begin there, and the one before."""
    query = (
        f"SELECT first, last FROM {table} WHERE boot_key = ? AND first <= ? AND first >= coalesce("  # noqa: S608
        f"(SELECT max(first) FROM {table} WHERE boot_key = ? AND first <= ?), ?) AND last >= ? ORDER BY first"
    )
    rows = connection.execute(query, (boot_key, last, boot_key, first, first, first)).fetchall()
    return [(row["first"], row["last"]) for row in rows]
