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

    def enrol(self, record: KeyRecord, serial: int, not_after: str, now_ms: int) -> None:
        """Keep the device and the certificate given to it, both or neither."""
        with self._connection.transaction():
            self._connection.execute(
                "INSERT INTO devices (device, region, post, public, revoked, enrolled_ms) VALUES (?, ?, ?, ?, 0, ?)",
                (record.kid, record.region, record.post, record.public, now_ms),
            )
            self._issued(serial, record.kid, "device", not_after)

    def issued(self, serial: int, name: str, purpose: str, not_after: str) -> None:
        with self._connection.transaction():
            self._issued(serial, name, purpose, not_after)

    def revoke(self, kid: str) -> bool:
        with self._connection.transaction():
            changed = self._connection.execute("UPDATE devices SET revoked = 1 WHERE device = ?", (kid,)).rowcount
        return changed == 1

    def _issued(self, serial: int, name: str, purpose: str, not_after: str) -> None:
        self._connection.execute(
            "INSERT INTO certificates (serial, name, purpose, not_after) VALUES (?, ?, ?, ?)",
            (f"{serial:x}", name, purpose, not_after),
        )


def _record(row: Row) -> KeyRecord:
    return KeyRecord(row["device"], row["public"], row["region"], row["post"], bool(row["revoked"]))
