"""Which devices and certificates does this region know? Two tables of the store, read for every frame."""

from collections.abc import Iterator, Mapping

from gateway.store.connection import Connection, Row
from messages.keys import KeyRecord


class Register(Mapping[str, KeyRecord]):
    """A mapping from device to key record, read from the table each time: revoked by a command, refused at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def device(self, kid: str) -> KeyRecord | None:
        row = self._connection.execute("SELECT * FROM devices WHERE device = ?", (kid,)).fetchone()
        return None if row is None else _record(row)

    def snapshot(self) -> dict[str, KeyRecord]:
        """All of them, for one batch: a fault of the disk shows here, and never as a stranger's frame."""
        return {record.kid: record for record in self.devices()}

    def __getitem__(self, kid: str) -> KeyRecord:
        record = self.device(kid)
        if record is None:
            raise KeyError(kid)
        return record

    def __iter__(self) -> Iterator[str]:
        return iter([record.kid for record in self.devices()])

    def __len__(self) -> int:
        return len(self.devices())

    def devices(self) -> list[KeyRecord]:
        return [_record(row) for row in self._connection.execute("SELECT * FROM devices ORDER BY post, device")]

    def enrol(self, record: KeyRecord, now_ms: int) -> None:
        """Within the caller's transaction, together with the certificate given to the device."""
        self._connection.execute(
            "INSERT INTO devices (device, region, post, public, revoked, enrolled_ms) VALUES (?, ?, ?, ?, 0, ?)",
            (record.kid, record.region, record.post, record.public, now_ms),
        )

    def issued(self, serial: int, name: str, purpose: str, not_after: str) -> None:
        """Within the caller's transaction."""
        self._connection.execute(
            "INSERT INTO certificates (serial, name, purpose, not_after) VALUES (?, ?, ?, ?)",
            (f"{serial:x}", name, purpose, not_after),
        )

    def revoke(self, kid: str) -> bool:
        with self._connection.transaction():
            changed = self._connection.execute("UPDATE devices SET revoked = 1 WHERE device = ?", (kid,)).rowcount
        return changed == 1


def _record(row: Row) -> KeyRecord:
    return KeyRecord(row["device"], row["public"], row["region"], row["post"], bool(row["revoked"]))
