"""Is the store still the one that acknowledged? It has a random epoch, which every restore changes.

It stands in each acknowledgement. A device that sees a new one sends again what it still keeps of what it has struck
off: the store that acknowledged it may have been lost since. A store without any is being restored: nothing is
committed there until it has one.
"""

import secrets
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.care.ledger import Entry, entries, write_down
from gateway.store.connection import Connection, StoreFault
from messages.ack import UNTOLD, Epoch

EPOCH_BYTES: Final = 8
BEING_RESTORED: Final = "being-restored"
NUMBER_MAX_DIGITS: Final = 12


class OtherEpoch(Exception):
    """The store is another than the one for which this was made; it bears ``current``."""

    def __init__(self, current: Epoch) -> None:
        super().__init__(current)
        self.current = current


def epoch(connection: Connection) -> Epoch:
    """Without a name while the store is being restored."""
    row = connection.execute("SELECT epoch, number FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
    return UNTOLD if row is None else Epoch(str(row[0]), int(row[1]))


def expect_begun(connection: Connection) -> Epoch:
    """Inside a transaction, before it reads any other table: a restore takes this one first, so that neither waits for
    the other in a circle, and from here on it waits for the commit. StoreFault while a restore is under way."""
    current = epoch(connection)
    if not current.name:
        raise StoreFault(BEING_RESTORED)
    return current


def expect_epoch(connection: Connection, expected: Epoch) -> None:
    """As ``expect_begun``; OtherEpoch when the store was replaced."""
    current = expect_begun(connection)
    if current != expected:
        raise OtherEpoch(current)


def begin_epoch(connection: Connection, now: datetime, state: Path) -> Epoch:
    """Within the caller's transaction. Later than any that a device can have heard, also where the store forgot those
    (the ledger has not) and where the ledger was lost as well (the clock went on)."""
    row = connection.execute("SELECT coalesce(max(number), 0) FROM epochs").fetchone()
    before = max(_highest_written(state), 0 if row is None else int(row[0]))
    fresh = Epoch(secrets.token_hex(EPOCH_BYTES), max(before + 1, int(now.timestamp())))
    begun_ms = int(now.timestamp() * 1000)
    write_down(state, Entry("epoch", "", f"{fresh.number} {fresh.name}", begun_ms))
    connection.execute(
        "INSERT INTO epochs (number, epoch, begun_ms) VALUES (?, ?, ?)", (fresh.number, fresh.name, begun_ms)
    )
    return fresh


def catch_up(connection: Connection, now: datetime, state: Path) -> None:
    """Within the caller's transaction. A store that was lost and made anew counts from one again: to devices that have
    heard more it would never have anything stored."""
    current = epoch(connection)
    if current.name and current.number < _highest_written(state):
        begin_epoch(connection, now, state)


def _highest_written(state: Path) -> int:
    numbers = [entry.subject.partition(" ")[0] for entry in entries(state, "epoch")]
    return max((int(each) for each in numbers if each.isdecimal() and len(each) <= NUMBER_MAX_DIGITS), default=0)
