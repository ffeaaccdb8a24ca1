"""What of a verdict goes to the store? Rows that lack nothing but their boot's key, everything personal in them sealed.

Made where frames are judged, which may be another process: so it holds plain values alone, and packs small.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from gateway.intake.judge import Kept, Verdict, topic_of
from gateway.intake.rows import EventRow, Rows
from gateway.intake.vault import Vault, place_of
from messages.ack import Range
from messages.errors import Quarantine
from messages.facts import OutboxDropped
from messages.topics import Topic

RETAIN_DAYS: Final = 30  # what carries no date of its own
KEPT_BYTES: Final = 262_144  # of one body in quarantine


class Aside(Struct, frozen=True, array_like=True, gc=False):
    """Bytes for the quarantine, sealed. ``sender`` is empty unless a signature proved it."""

    reason: Quarantine
    detail: str
    topic: str
    sender: str
    boot: str
    first: int
    last: int
    digest: bytes
    size_bytes: int
    body: bytes | None
    retain_until: str


class Dropped(Struct, frozen=True, array_like=True, gc=False):
    """A signed event says that these were never sent."""

    boot: str
    seqs: tuple[Range, ...]


class Prepared(Struct, frozen=True, array_like=True, gc=False):
    """``where`` is the topic whose device signed; empty where nobody did: then there is nobody to acknowledge to."""

    where: str
    boot: str
    number: int
    rows: tuple[EventRow, ...]
    dropped: tuple[Dropped, ...]
    aside: tuple[Aside, ...]
    again: Range | None = None  # of a frame that is stored already: its numbers, and no rows

    @property
    def topic(self) -> Topic:
        return topic_of(self.where)


def prepare(verdicts: Sequence[Verdict], vault: Vault, now: datetime) -> list[Prepared]:
    keep_until = (now.astimezone(UTC).date() + timedelta(days=RETAIN_DAYS)).isoformat()
    rows = Rows(vault, int(now.timestamp() * 1000), keep_until)
    return [_prepared(verdict, vault, rows, keep_until) for verdict in verdicts]


def _prepared(verdict: Verdict, vault: Vault, rows: Rows, keep_until: str) -> Prepared:
    aside = tuple(_aside(kept, vault, keep_until) for kept in verdict.kept)
    signed = verdict.signed
    if signed is None:
        return Prepared("", "", 0, (), (), aside)
    return Prepared(
        str(signed.topic),
        signed.boot,
        verdict.number,
        tuple(rows.of(signed.topic.device, signed.boot, verdict.accepted)),
        tuple(
            Dropped(fact.boot, fact.seqs)
            for fact in (accepted.wire.data for accepted in verdict.accepted)
            if type(fact) is OutboxDropped
        ),
        aside,
    )


def _aside(kept: Kept, vault: Vault, keep_until: str) -> Aside:
    body = kept.body[:KEPT_BYTES]
    sealed = vault.seal(body, place_of(kept.sender, kept.boot, kept.first))
    return Aside(
        kept.reason, kept.detail, kept.topic, kept.sender, kept.boot, kept.first, kept.last,
        vault.digest(kept.body), len(kept.body), sealed, keep_until,
    )  # fmt: skip
