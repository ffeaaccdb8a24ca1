"""An intake over a real store, and what it may be offered: shared by the tests of intake."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.identity.register import Register
from gateway.intake.judge import judge
from gateway.intake.recording import Outcome, Receipt, record
from gateway.intake.vault import Vault
from gateway.store.connection import Connection
from gateway.store.sqlite import connect
from messages.cbor import encode
from messages.frame import FRAME_TYPE
from messages.keys import RegionPublic
from messages.sealing import seal
from messages.signing import sign

Offer = tuple[str, bytes]
LATER = datetime(2026, 11, 24, 13, tzinfo=UTC)  # an hour after the lanes of conftest began


@dataclass
class Desk:
    """An intake over a real store."""

    connection: Connection
    region: Any  # Region of conftest
    vault: Vault

    def take(self, *offers: Offer, now: datetime = LATER) -> Outcome:
        key, register = self.region.authority.region_key(), Register(self.connection).snapshot()
        verdicts = [judge(topic, payload, register, key) for topic, payload in offers]
        return record(self.connection, self.vault, verdicts, now)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.connection.execute(query)]

    def reasons(self) -> list[str]:
        return [reason for (reason,) in self.rows("SELECT reason FROM quarantine ORDER BY row")]

    def stored(self) -> int:
        return int(self.rows("SELECT count(*) FROM events")[0][0])


@contextmanager
def open_desk(region: Any) -> Iterator[Desk]:
    with closing(connect(region.authority.store_path())) as connection:
        yield Desk(connection, region, Vault(region.authority.store_key()))


def offer(lane: Any, *events: Any) -> Offer:
    return str(lane.topic), lane.frame(events)


def offer_with_bodies(lane: Any, bodies: Sequence[bytes], first: int, region: RegionPublic | None = None) -> Offer:
    """A frame that is right outside, whatever its events are."""
    topic = lane.topic
    region = region or RegionPublic(lane.enrolled.region_kid, lane.enrolled.region_public)
    places = {"region": topic.region, "post": topic.post, "device": topic.device}
    inside = {"v": 1, **places, "boot": lane.boot, "first": first, "events": list(bodies)}
    header = {3: FRAME_TYPE, "boot": bytes.fromhex(lane.boot), "seqs": [first, first + len(bodies) - 1]}
    return str(topic), sign(seal(encode(inside), region, bytes(topic)), lane.key, header, bytes(topic))


def receipt(lane: Any, first: int, last: int) -> Receipt:
    return Receipt(lane.topic, lane.boot, ((first, last),))
