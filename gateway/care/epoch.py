"""Is the store still the one that acknowledged? It has a random epoch, which every restore changes.

It stands in each acknowledgement. A device that sees a new one sends again what it still keeps of what it has struck
off: the store that acknowledged it may have been lost since. A store without any is being restored: nothing is
committed there until it has one.
"""

import secrets
from datetime import datetime
from typing import Final

from gateway.store.connection import Connection, StoreFault

EPOCH_BYTES: Final = 8
BEING_RESTORED: Final = "being-restored"


class OtherEpoch(Exception):
    """The store is another than the one for which this was made; it bears ``current``."""

    def __init__(self, current: str) -> None:
        super().__init__(current)
        self.current = current


def epoch(connection: Connection) -> str:
    """16 hexadecimal digits."""
    row = connection.execute("SELECT epoch FROM epochs ORDER BY number DESC LIMIT 1").fetchone()
    return "" if row is None else str(row[0])


def expect_epoch(connection: Connection, expected: str) -> None:
    """Inside a transaction, before it reads any other table: a restore takes this one first, so that neither waits for
    the other in a circle, and from here on it waits for the commit. OtherEpoch when the store was replaced."""
    current = epoch(connection)
    if not current:
        raise StoreFault(BEING_RESTORED)
    if current != expected:
        raise OtherEpoch(current)


def begin_epoch(connection: Connection, now: datetime) -> str:
    fresh = secrets.token_hex(EPOCH_BYTES)
    with connection.transaction():
        row = connection.execute("SELECT coalesce(max(number), 0) FROM epochs").fetchone()
        number = 1 if row is None else int(row[0]) + 1
        begun_ms = int(now.timestamp() * 1000)
        connection.execute("INSERT INTO epochs (number, epoch, begun_ms) VALUES (?, ?, ?)", (number, fresh, begun_ms))
    return fresh
