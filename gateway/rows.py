"""How does an event lie in the store? Its body sealed, beside it only what is impersonal."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from gateway.impersonal import impersonal
from gateway.vault import Vault, place_of
from messages.events import Event
from messages.facts import CrossingGranted, CrossingReferred, Fact

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MS: Final = timedelta(milliseconds=1)


class EventRow(NamedTuple):
    """A row of the table ``events``, in its own order."""

    boot_key: int
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


class Rows:
    """Makes the rows of one transaction."""

    def __init__(self, vault: Vault, now_ms: int, keep_until: str) -> None:
        self._vault = vault
        self._now_ms = now_ms
        self._keep_until = keep_until

    def row(self, boot_key: int, device: str, event: Event, fact: Fact, body: bytes, digest: bytes) -> EventRow:
        return EventRow(
            boot_key,
            event.seq,
            device,
            bytes.fromhex(event.id.replace("-", "")),
            digest,
            event.type,
            time_ms(event),
            event.mono_ms,
            event.clock.value,
            *impersonal(fact),
            self._now_ms,
            self._vault.seal(body, place_of(device, event.boot, event.seq)),
            self.retain_until(fact),
        )

    def retain_until(self, fact: Fact) -> str:
        """Crossings carry a date of their own."""
        if isinstance(fact, CrossingGranted | CrossingReferred):
            return fact.retain_until.isoformat()
        return self._keep_until


def time_ms(event: Event) -> int:
    return (event.time - EPOCH) // MS
