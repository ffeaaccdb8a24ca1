"""How does an event lie in the store? Its body sealed, beside it only what is impersonal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, NamedTuple

from gateway.intake.impersonal import impersonal
from gateway.intake.judge import Accepted
from gateway.intake.vault import Vault, place_of
from messages.events import Clock
from messages.facts import CrossingGranted, CrossingReferred

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
DATED: Final = (CrossingGranted, CrossingReferred)
CLOCKS: Final = {clock: clock.value for clock in Clock}  # an enum's own ``value`` is slow to ask for


class EventRow(NamedTuple):
    """A row of the table ``events``, in its own order."""

    boot_key: int  # 0 until the store gave one
    seq: int
    device: str
    id: bytes
    digest: bytes
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
    body: bytes
    retain_until: str


COLUMNS: Final = EventRow._fields


def with_key(row: EventRow, boot_key: int) -> EventRow:
    return EventRow._make((boot_key, *row[1:]))


class Rows:
    """Makes the rows of one transaction."""

    def __init__(self, vault: Vault, now_ms: int, keep_until: str) -> None:
        self._vault = vault
        self._now_ms = now_ms
        self._keep_until = keep_until

    def of(self, device: str, accepted: Sequence[Accepted]) -> list[EventRow]:
        """The rows of events of one boot, whose key is still to be filled in."""
        sealed = self._vault.seal_all([(one.body, place_of(device, one.event.boot, one.event.seq)) for one in accepted])
        return [self._row(device, one, body) for one, body in zip(accepted, sealed, strict=True)]

    def _row(self, device: str, accepted: Accepted, sealed: bytes) -> EventRow:
        event, fact = accepted.event, accepted.fact
        return EventRow._make(
            (
                0,
                event.seq,
                device,
                bytes.fromhex(event.id.replace("-", "")),
                self._vault.digest(accepted.body),
                event.type,
                round(event.time.timestamp() * 1000),
                event.mono_ms,
                CLOCKS[event.clock],
                *impersonal(fact),
                self._now_ms,
                sealed,
                # Crossings carry a date of their own.
                fact.retain_until.isoformat() if type(fact) in DATED else self._keep_until,  # type: ignore[union-attr]
            )
        )
