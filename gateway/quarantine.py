"""What is kept aside, and how much of it? Once for each content, sealed, and never more than a sender's share."""

from typing import Final

from gateway.alarms import Alarm, Alarms
from gateway.intake import Kept
from gateway.store.connection import Connection
from gateway.tallies import Tallies
from gateway.vault import Vault, place_of

ROWS_PER_SENDER: Final = 200
BODY_BYTES: Final = 262_144


class Shelf:
    """Where one transaction puts what it may not store."""

    def __init__(self, connection: Connection, vault: Vault, tallies: Tallies, alarms: Alarms, now_ms: int) -> None:
        self._connection = connection
        self._vault = vault
        self._tallies = tallies
        self._alarms = alarms
        self._now_ms = now_ms

    def keep(self, kept: Kept, digest: bytes, retain_until: str) -> bool:
        """Put bytes aside once. False: the sender has filled its share, so it is not acknowledged either."""
        if self._known(kept, digest):
            self._tallies.add(kept.sender, "duplicates")
            return True
        if self._is_full(kept.sender):
            self._alarms.say(kept.sender, Alarm.QUARANTINE_FULL)
            return False
        body = kept.body[:BODY_BYTES]
        sealed = self._vault.seal(body, place_of(kept.sender, kept.boot, kept.first)) if body else None
        self._insert(kept, digest, sealed, retain_until)
        return True

    def move(self, kept: Kept, digest: bytes, sealed: bytes | None, retain_until: str) -> None:
        """What was stored already comes here as it lies; there is always room for it."""
        if not self._known(kept, digest):
            self._insert(kept, digest, sealed, retain_until)

    def _known(self, kept: Kept, digest: bytes) -> bool:
        query = "SELECT 1 FROM quarantine WHERE sender = ? AND topic = ? AND reason = ? AND digest = ?"
        place = (kept.sender, kept.topic, kept.reason.value, digest)
        return self._connection.execute(query, place).fetchone() is not None

    def _is_full(self, sender: str) -> bool:
        query = "SELECT row FROM quarantine WHERE sender = ? LIMIT ?"
        return len(self._connection.execute(query, (sender, ROWS_PER_SENDER)).fetchall()) >= ROWS_PER_SENDER

    def _insert(self, kept: Kept, digest: bytes, sealed: bytes | None, retain_until: str) -> None:
        self._connection.execute(
            "INSERT INTO quarantine (sender, topic, reason, detail, boot, first, last, digest, size_bytes,"
            " received_ms, body, retain_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                kept.sender,
                kept.topic,
                kept.reason.value,
                kept.detail,
                kept.boot,
                kept.first,
                kept.last,
                digest,
                len(kept.body),
                self._now_ms,
                sealed,
                retain_until,
            ),
        )
        self._tallies.add(kept.sender, "quarantined")
