"""Which devices, keys and certificates does this region know? Tables of the store, the truth for every worker."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.store.connection import Connection, Row
from messages.keys import KeyRecord, device_of, number_of

RETIRED_DAYS: Final = 30  # what a key signed before it was followed is still taken for so long (docs/contract.md, 13.1)
DAY_MS: Final = 86_400_000

COLUMNS: Final = "keys.kid, keys.device, keys.public, keys.state, devices.region, devices.post"
KEYS: Final = f"SELECT {COLUMNS} FROM keys JOIN devices ON devices.device = keys.device"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Device:
    """A device as the region knows it; ``keys`` are (kid, state), the newest last."""

    device: str
    post: str
    state: str
    keys: tuple[tuple[str, str], ...]
    certificate_ends: str | None


class Register(Mapping[str, KeyRecord]):
    """A mapping from key id to key record, read from the table each time: revoked by a command, refused at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- keys, for whoever judges frames ---
    def key(self, kid: str) -> KeyRecord | None:
        row = self._connection.execute(f"{KEYS} WHERE keys.kid = ?", (kid,)).fetchone()
        return None if row is None else _record(row)

    def snapshot(self) -> dict[str, KeyRecord]:
        """All of them, for one batch: a fault of the disk shows here, and never as a stranger's frame."""
        return {row["kid"]: _record(row) for row in self._connection.execute(KEYS)}

    def version(self) -> int:
        """Rises with every change: who keeps a snapshot asks for this and reads again when it differs."""
        row = self._connection.execute("SELECT version FROM register_version").fetchone()
        return 0 if row is None else int(row[0])

    def __getitem__(self, kid: str) -> KeyRecord:
        record = self.key(kid)
        if record is None:
            raise KeyError(kid)
        return record

    def __iter__(self) -> Iterator[str]:
        return iter([row[0] for row in self._connection.execute("SELECT kid FROM keys ORDER BY kid")])

    def __len__(self) -> int:
        row = self._connection.execute("SELECT count(*) FROM keys").fetchone()
        return 0 if row is None else int(row[0])

    # --- devices, for people and for the authority ---
    def device(self, device: str) -> KeyRecord | None:
        """The device's newest key; None when it was never enrolled."""
        sql = f"{KEYS} WHERE keys.device = ? ORDER BY keys.number DESC LIMIT 1"
        row = self._connection.execute(sql, (device,)).fetchone()
        return None if row is None else _record(row)

    def devices(self) -> list[KeyRecord]:
        """The newest key of each device."""
        newest = "keys.number = (SELECT max(number) FROM keys AS own WHERE own.device = keys.device)"
        sql = f"{KEYS} WHERE {newest} ORDER BY devices.post, devices.device"
        return [_record(row) for row in self._connection.execute(sql)]

    def known(self) -> list[Device]:
        """Every device with all its keys, for people: a device is what its newest key is."""
        ends = dict(
            tuple(row)
            for row in self._connection.execute(
                "SELECT name, max(not_after) FROM certificates WHERE purpose = 'device' GROUP BY name"
            )
        )
        keys: dict[tuple[str, str], list[tuple[str, str]]] = {}
        rows = self._connection.execute(f"{KEYS} ORDER BY devices.post, devices.device, keys.number")
        for row in rows:
            keys.setdefault((row["device"], row["post"]), []).append((row["kid"], row["state"]))
        return [
            Device(device, post, found[-1][1], tuple(found), ends.get(device)) for (device, post), found in keys.items()
        ]

    def last_events(self) -> dict[str, int]:
        """When the newest event of each device happened, by its own clock (milliseconds)."""
        rows = self._connection.execute(
            "SELECT device, max(last_ms) FROM boots WHERE last_ms IS NOT NULL GROUP BY device"
        )
        return {row[0]: int(row[1]) for row in rows}

    def owner(self, public: bytes) -> str | None:
        """Whose signing key this is, or was."""
        row = self._connection.execute("SELECT device FROM keys WHERE public = ?", (public,)).fetchone()
        return None if row is None else str(row[0])

    def before(self, kid: str) -> KeyRecord | None:
        """The key that this one of the same device followed; None for the first that is known."""
        sql = f"{KEYS} WHERE keys.device = ? AND keys.number < ? ORDER BY keys.number DESC LIMIT 1"
        row = self._connection.execute(sql, (device_of(kid), number_of(kid))).fetchone()
        return None if row is None else _record(row)

    def enrol(self, record: KeyRecord, now_ms: int) -> None:
        """Within the caller's transaction, together with the certificate given to the device."""
        self._connection.execute(
            "INSERT INTO devices (device, region, post, enrolled_ms) VALUES (?, ?, ?, ?)",
            (record.device, record.region, record.post, now_ms),
        )
        self._key(record.kid, record.device, number_of(record.kid), record.public, now_ms)

    def follow(self, device: str, public: bytes, now_ms: int) -> str:
        """A new signing key; the one before it retires. Within the caller's transaction. Returns its kid."""
        row = self._connection.execute("SELECT max(number) FROM keys WHERE device = ?", (device,)).fetchone()
        number = (0 if row is None else int(row[0] or 0)) + 1
        return self._follow(device, number, public, now_ms)

    def take_back(self, record: KeyRecord, at_ms: int) -> None:
        """A key that this store forgot, or whose older key was heard out later than it knows. Within the caller's
        transaction. What is here is never replaced, and a revoked device gets no key."""
        newest, owner = self.device(record.device), self.owner(record.public)
        if newest is None and owner is None:
            self.enrol(record, at_ms)
        elif newest is None or newest.revoked:
            return
        elif owner is None and number_of(record.kid) > number_of(newest.kid):
            self._follow(record.device, number_of(record.kid), record.public, at_ms)
        elif newest.public == record.public and (before := self.before(newest.kid)) is not None:
            self.retire_anew(before.kid, at_ms)

    def retire_anew(self, kid: str, now_ms: int) -> None:
        """A followed key has its 30 days from now on, also when they were over. Within the caller's transaction, and
        only for a device that proved its newest key, or that somebody vouched for, and that is not revoked."""
        changed = self._connection.execute(
            "UPDATE keys SET state = 'retired', until_ms = ? WHERE kid = ? AND state <> 'active'",
            (now_ms + RETIRED_DAYS * DAY_MS, kid),
        ).rowcount
        if changed:
            self._changed()

    def end_retired(self, now_ms: int) -> int:
        """Keys whose 30 days are over are revoked; how many that were."""
        with self._connection.transaction():
            return self.end_retired_within(now_ms)

    def end_retired_within(self, now_ms: int) -> int:
        sql = "UPDATE keys SET state = 'revoked' WHERE state = 'retired' AND until_ms <= ?"
        ended = self._connection.execute(sql, (now_ms,)).rowcount
        if ended:
            self._changed()
        return ended

    def revoke(self, device: str) -> bool:
        """Every key of the device, at once and for ever; False when there is no such device."""
        with self._connection.transaction():
            return self.revoke_within(device)

    def revoke_within(self, device: str) -> bool:
        changed = self._connection.execute("UPDATE keys SET state = 'revoked' WHERE device = ?", (device,)).rowcount
        self._changed()
        return changed > 0

    # --- certificates ---
    def issued(self, serial: int, name: str, purpose: str, not_after: str) -> None:
        """Within the caller's transaction."""
        self._connection.execute(
            "INSERT INTO certificates (serial, name, purpose, not_after) VALUES (?, ?, ?, ?)",
            (f"{serial:x}", name, purpose, not_after),
        )

    def take_back_certificates(self, given: Iterable[tuple[int, str, datetime]]) -> None:
        """Serial, device and end of what this store may have forgotten. Within the caller's transaction."""
        self._connection.executemany(
            "INSERT INTO certificates (serial, name, purpose, not_after) VALUES (?, ?, 'device', ?)"
            " ON CONFLICT DO NOTHING",
            ((f"{serial:x}", device, ends.isoformat()) for serial, device, ends in given),
        )

    def certificate_ends(self, device: str) -> datetime | None:
        """When the device's latest certificate ends; None when it never had one. A server may bear the same name."""
        sql = "SELECT max(not_after) FROM certificates WHERE name = ? AND purpose = 'device'"
        row = self._connection.execute(sql, (device,)).fetchone()
        return None if row is None or row[0] is None else datetime.fromisoformat(row[0])

    def revoke_certificates(self, name: str, reason: str, now_ms: int) -> None:
        """Everything that was ever given to this name. Within the caller's transaction."""
        self._connection.execute(
            "INSERT INTO revocations (serial, revoked_ms, reason)"
            " SELECT serial, ?, ? FROM certificates WHERE name = ? ON CONFLICT DO NOTHING",
            (now_ms, reason, name),
        )

    def revoked_certificates(self, now: datetime) -> list[tuple[int, datetime]]:
        """Serial and time of what is revoked and has not ended by itself."""
        rows = self._connection.execute(
            "SELECT revocations.serial, revoked_ms FROM revocations"
            " JOIN certificates ON certificates.serial = revocations.serial"
            " WHERE not_after > ? ORDER BY revoked_ms, revocations.serial",
            (now.isoformat(),),
        )
        return [(int(row[0], 16), datetime.fromtimestamp(row[1] / 1000, now.tzinfo)) for row in rows]

    # --- within ---
    def _follow(self, device: str, number: int, public: bytes, now_ms: int) -> str:
        self._connection.execute(
            "UPDATE keys SET state = 'retired', until_ms = ? WHERE device = ? AND state = 'active'",
            (now_ms + RETIRED_DAYS * DAY_MS, device),
        )
        kid = f"{device}.{number}"
        self._key(kid, device, number, public, now_ms)
        return kid

    def _key(self, kid: str, device: str, number: int, public: bytes, now_ms: int) -> None:
        self._connection.execute(
            "INSERT INTO keys (kid, device, number, public, state, since_ms) VALUES (?, ?, ?, ?, 'active', ?)",
            (kid, device, number, public, now_ms),
        )
        self._changed()

    def _changed(self) -> None:
        self._connection.execute("UPDATE register_version SET version = version + 1")


def _record(row: Row) -> KeyRecord:
    return KeyRecord(row["kid"], row["public"], row["region"], row["post"], row["state"] == "revoked")
