"""What is kept aside, and how much of it? Once for each content, and never more than a sender's share."""

from typing import Final

from gateway.intake.alarms import Alarm, Alarms
from gateway.intake.prepared import Aside
from gateway.intake.tallies import Tallies
from gateway.store.connection import Connection

ROWS_PER_SENDER: Final = 200


class Shelf:
    """Where one transaction puts what it may not store."""

    def __init__(self, connection: Connection, tallies: Tallies, alarms: Alarms, now_ms: int) -> None:
        self._connection = connection
        self._tallies = tallies
        self._alarms = alarms
        self._now_ms = now_ms

    def keep(self, aside: Aside) -> bool:
        """Put bytes aside once. False: the sender has filled its share, so it is not acknowledged either."""
        if self._known(aside):
            self._tallies.add(aside.sender, "duplicates")
            return True
        if self._is_full(aside.sender):
            self._alarms.say(aside.sender, Alarm.QUARANTINE_FULL)
            return False
        self._insert(aside)
        return True

    def move(self, aside: Aside) -> None:
        """What was stored already comes here as it lies; there is always room for it."""
        if not self._known(aside):
            self._insert(aside)

    def _known(self, aside: Aside) -> bool:
        query = "SELECT 1 FROM quarantine WHERE sender = ? AND topic = ? AND reason = ? AND digest = ?"
        place = (aside.sender, aside.topic, aside.reason.value, aside.digest)
        return self._connection.execute(query, place).fetchone() is not None

    def _is_full(self, sender: str) -> bool:
        query = "SELECT row FROM quarantine WHERE sender = ? LIMIT ?"
        return len(self._connection.execute(query, (sender, ROWS_PER_SENDER)).fetchall()) >= ROWS_PER_SENDER

    def _insert(self, aside: Aside) -> None:
        self._connection.execute(
            "INSERT INTO quarantine (reason, detail, topic, sender, boot, first, last, digest, size_bytes, body,"
            " retain_until, received_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                aside.reason.value,
                aside.detail,
                aside.topic,
                aside.sender,
                aside.boot,
                aside.first,
                aside.last,
                aside.digest,
                aside.size_bytes,
                aside.body,
                aside.retain_until,
                self._now_ms,
            ),
        )
        self._tallies.add(aside.sender, "quarantined")
