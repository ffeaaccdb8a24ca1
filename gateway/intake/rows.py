"""How does an event lie in the store? Its body sealed, beside it only what is impersonal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import astuple

from gateway.intake.impersonal import impersonal
from gateway.intake.judge import Accepted
from gateway.intake.vault import Vault, place_of
from messages.facts import CrossingGranted, CrossingReferred

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DATED: Final = (CrossingGranted, CrossingReferred)


class EventRow(Struct, array_like=True, gc=False):
    """A row of the table ``events``, in its own order.

    Bytes lie in bytearrays: sqlite3 takes them as they are, where it asks of each ``bytes`` how to adapt it, which
    costs more than to store it.
    """

    boot_key: int  # 0 until the store gave one
    seq: int
    device: str
    id: bytearray
    digest: bytearray
    type: str
    time_ms: int
    mono_ms: int
    clock: str
    crossing: str | None
    visit: int | None
    direction: str
    place: str
    reasons: str
    cause: str
    document_type: str
    issuer: str
    timings_ms: str | None
    total_ms: float | None
    received_ms: int
    body: bytearray
    retain_until: str

    @property
    def values(self) -> tuple[Any, ...]:  # in the order of COLUMNS
        return astuple(self)


COLUMNS: Final = EventRow.__struct_fields__


class Rows:
    """Makes the rows of one transaction."""

    def __init__(self, vault: Vault, now_ms: int, keep_until: str) -> None:
        self._vault = vault
        self._now_ms = now_ms
        self._keep_until = keep_until

    def of(self, device: str, boot: str, accepted: Sequence[Accepted]) -> list[EventRow]:
        """The rows of events of one boot, whose key is still to be filled in."""
        sealed = self._vault.seal_all([(one.body, place_of(device, boot, one.wire.bpseq)) for one in accepted])
        return [self._row(device, one, body) for one, body in zip(accepted, sealed, strict=True)]

    def _row(self, device: str, accepted: Accepted, sealed: bytes) -> EventRow:
        wire = accepted.wire
        fact = wire.data
        return EventRow(
            0,
            wire.bpseq,
            device,
            bytearray.fromhex(wire.id.replace("-", "")),
            bytearray(self._vault.digest(accepted.body)),
            wire.type,
            accepted.time_ms,
            wire.bpmono,
            wire.bpclock,
            *impersonal(fact),
            self._now_ms,
            bytearray(sealed),
            # Crossings carry a date of their own.
            fact.retain_until.isoformat() if type(fact) in DATED else self._keep_until,  # type: ignore[union-attr]
        )
