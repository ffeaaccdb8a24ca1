"""What has the gateway itself to say about a device? One row for each place, open until a person settles it.

What goes on is said again every hour, and what happens again after it was settled is open again at once.
"""

from enum import StrEnum
from typing import Final

from gateway.store.connection import Connection, Row
from messages.errors import Quarantine


class Alarm(StrEnum):
    """docs/contract.md, 13.3."""

    DEVICE_CLONED = "device-cloned"
    SEQUENCE_CONFLICT = "sequence-conflict"
    QUARANTINE_FULL = "quarantine-full"  # this sender's share: the bodies of what it sends now are not kept
    FROM_THE_FUTURE = "from-the-future"
    REVOKED_KEY = "revoked-key"
    WRONG_TOPIC = "wrong-topic"
    WRONG_REGION = "wrong-region"


SAY_AGAIN_MS: Final = 3_600_000
PLACE: Final = "device = ? AND code = ? AND boot = ? AND seq = ?"
BY_REASON: Final = {
    Quarantine.REVOKED_KEY: Alarm.REVOKED_KEY,  # D30
    Quarantine.WRONG_TOPIC: Alarm.WRONG_TOPIC,  # D01
    Quarantine.WRONG_REGION: Alarm.WRONG_REGION,  # D24
}


class Alarms:
    """Those of one transaction; ``raised`` are the ones that are to be said now."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._said: set[tuple[str, str, str, int]] = set()
        self.raised: list[tuple[str, str]] = []  # device, code

    def say(self, device: str, alarm: Alarm, boot: str = "", seq: int = 0) -> None:
        place = (device, alarm.value, boot, seq)
        if place in self._said:
            return
        self._said.add(place)
        known = self._connection.execute(f"SELECT * FROM alarms WHERE {PLACE}", place).fetchone()  # noqa: S608
        now_ms, raised = self._now_ms, known is None or self._is_to_be_said(known)
        if known is None:
            row = (*place, now_ms, now_ms, now_ms)
            self._connection.execute(
                "INSERT INTO alarms (device, code, boot, seq, since_ms, last_ms, said_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        else:
            moved = (max(known["last_ms"], now_ms), now_ms if raised else known["said_ms"])
            query = f"UPDATE alarms SET last_ms = ?, said_ms = ?, settled_ms = NULL WHERE {PLACE}"  # noqa: S608
            self._connection.execute(query, (*moved, *place))
        if raised:
            self.raised.append((device, alarm.value))

    def _is_to_be_said(self, known: Row) -> bool:
        # A clock that was ahead when it was said, and was set back, must not silence it until it gets there again.
        silent_ms = abs(self._now_ms - int(known["said_ms"]))
        return known["settled_ms"] is not None or silent_ms > SAY_AGAIN_MS


def settle(connection: Connection, device: str, code: str, now_ms: int) -> int:
    """Somebody dealt with them: they are on no page until it happens again. How many there were."""
    with connection.transaction():
        connection.alone_with([device])
        query = "UPDATE alarms SET settled_ms = ? WHERE device = ? AND code = ? AND settled_ms IS NULL"
        return connection.execute(query, (now_ms, device, code)).rowcount
