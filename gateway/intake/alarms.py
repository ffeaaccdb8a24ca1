"""What has the gateway itself to say about a device? Once for each place, kept until somebody dealt with it."""

from enum import StrEnum
from typing import Final

from gateway.store.connection import Connection
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


BY_REASON: Final = {
    Quarantine.REVOKED_KEY: Alarm.REVOKED_KEY,  # D30
    Quarantine.WRONG_TOPIC: Alarm.WRONG_TOPIC,  # D01
    Quarantine.WRONG_REGION: Alarm.WRONG_REGION,  # D24
}


class Alarms:
    """Those of one transaction; ``raised`` are the ones nobody knew of."""

    def __init__(self, connection: Connection, now_ms: int) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._said: set[tuple[str, Alarm, str, int]] = set()
        self.raised: list[tuple[str, str]] = []  # device, code

    def say(self, device: str, alarm: Alarm, boot: str = "", seq: int = 0) -> None:
        if (device, alarm, boot, seq) in self._said:
            return
        self._said.add((device, alarm, boot, seq))
        query = "INSERT INTO alarms (device, code, boot, seq, since_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
        if self._connection.execute(query, (device, alarm.value, boot, seq, self._now_ms)).rowcount:
            self.raised.append((device, alarm.value))
