"""How far has each start of a device counted, as the device says? By it the region knows what is still to come.

Statuses come every few seconds and most are no news: what is news is kept in memory, and written once a minute for all
devices together. So an event costs nothing more, and what is kept is a minute old at most.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from gateway.intake.arrivals import GAPS_MAX, left_of
from gateway.store.connection import Connection
from messages.ack import Range
from messages.errors import Refused
from messages.shape import Boot, Count, Number, from_plain

EVERY_S: Final = 60.0
TOLD_MAX: Final = 64  # of one status
KEPT_STARTS: Final = 1_000  # Attack: a device that makes up starts fills no disk
Start = tuple[int, str, int]  # number, boot, last_seq
Heard = dict[str, object]  # what each device says of its starts

KEEP: Final = (
    "INSERT INTO announced (device, number, boot, last_seq) VALUES (?, ?, ?, ?) ON CONFLICT (device, number) DO UPDATE"
    " SET boot = excluded.boot, last_seq = CASE WHEN announced.boot = excluded.boot"
    " AND announced.last_seq > excluded.last_seq THEN announced.last_seq ELSE excluded.last_seq END"
)
FORGET: Final = (
    "DELETE FROM announced WHERE device = ?"
    " AND number <= (SELECT max(number) - ? FROM announced AS own WHERE own.device = announced.device)"
)
AWAITED: Final = (
    "SELECT device, boot, key, came + 1, last_seq FROM (SELECT announced.device, announced.number, announced.boot,"
    " announced.last_seq, boots.key,"
    " coalesce((SELECT max(last) FROM arrived WHERE arrived.boot_key = boots.key), 0) AS came FROM announced LEFT JOIN"
    " boots ON boots.device = announced.device AND boots.boot = announced.boot) AS told"
    " WHERE last_seq > came ORDER BY device, number LIMIT ?"
)
# What is announced came, is still to come, or had no event: a start that was cut short. What is between is missing.
MISSING: Final = (
    "SELECT device, before + 1, number - 1 FROM (SELECT device, number, lag(number) OVER (PARTITION BY device"
    " ORDER BY number) AS before FROM (SELECT device, number FROM boots WHERE number > 0"
    " UNION SELECT device, number FROM announced) AS known) AS numbered"
    " WHERE number > before + 1 ORDER BY device, number LIMIT ?"
)


class _Told(Struct, frozen=True):
    """As a status names a start (docs/contract.md, 3)."""

    number: Number
    boot: Boot
    last_seq: Count


@dataclass(frozen=True, slots=True)
class Awaited:
    """Numbers above the highest that came."""

    device: str
    boot: str
    numbers: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class MissingBoots:
    """Starts between two that came or were announced, of which nothing is known."""

    device: str
    numbers: tuple[Range, ...]


class Announcing:
    """``hear``, ``is_due`` and ``take`` where statuses are heard; ``keep`` in the thread of the connection."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._kept_s = -EVERY_S
        self._heard: Heard = {}
        self._newest: dict[str, Start] = {}  # of each device, as it is written

    def hear(self, device: str, status: Mapping[str, object]) -> None:
        """A verified status, no older than the one before. It is looked into when it is written."""
        self._heard[device] = status.get("boots")

    def is_due(self) -> bool:
        return bool(self._heard) and self._clock_s() - self._kept_s >= EVERY_S

    def take(self) -> Heard:
        self._kept_s = self._clock_s()
        heard, self._heard = self._heard, {}
        return heard

    def again(self, heard: Heard) -> None:
        """It was not kept: the next time, unless there is newer."""
        self._heard = {**heard, **self._heard}

    def keep(self, connection: Connection, heard: Heard) -> None:
        """What is news, in one transaction; in one order, so that two workers never wait for each other in a ring."""
        news = {device: self._news(device, _starts(heard[device])) for device in sorted(heard)}
        rows = [(device, *start) for device, starts in news.items() for start in starts]
        if not rows:
            return
        with connection.transaction():
            connection.executemany(KEEP, rows)
            connection.executemany(FORGET, [(device, KEPT_STARTS) for device, starts in news.items() if starts])
        self._newest.update({device: starts[-1] for device, starts in news.items() if starts})

    def _news(self, device: str, starts: Sequence[Start]) -> list[Start]:
        """Only the newest start counts on."""
        known = self._newest.get(device)
        return sorted(start for start in starts if known is None or (start[0] >= known[0] and start != known))


def awaited(connection: Connection) -> list[Awaited]:
    """What is merely on its way, or waits in an outbox: no gap."""
    found = []
    for device, boot, key, first, last in connection.execute(AWAITED, (GAPS_MAX,)).fetchall():
        left = [(first, last)] if key is None else left_of(connection, "dropped", key, (first, last))
        if left:
            found.append(Awaited(device, boot, tuple(left)))
    return found


def boots_missing(connection: Connection) -> list[MissingBoots]:
    found: dict[str, list[Range]] = {}
    for device, first, last in connection.execute(MISSING, (GAPS_MAX,)).fetchall():
        found.setdefault(device, []).append((first, last))
    return [MissingBoots(device, tuple(numbers)) for device, numbers in found.items()]


def _starts(told: object) -> tuple[Start, ...]:
    """What a device writes is its own affair: anything that is none is left out."""
    starts = [_start(one) for one in told[-TOLD_MAX:]] if isinstance(told, list) else []
    return tuple(start for start in starts if start is not None)


def _start(told: object) -> Start | None:
    try:
        start = from_plain(_Told, told)
    except Refused:
        return None
    return start.number, start.boot, start.last_seq
