"""How do facts become a row? Numbered, judged as the region will judge them, sealed to it, and signed, all at once.

A stolen card shows no traveller, and nobody alters a row later (docs/adr/0002).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_bytes
from typing import Final

from edge.outbox.clock import Stamp
from edge.outbox.errors import Unfit
from messages.errors import Refused
from messages.events import Event
from messages.facts import fact_of
from messages.frame import seal_frame
from messages.ids import CHANCE_BYTES, new_id
from messages.keys import DeviceKey, RegionPublic
from messages.topics import Topic

TELEMETRY: Final = frozenset({"device.telemetry.v1"})  # every other type is a border event, and never dropped


@dataclass(frozen=True, slots=True, repr=False)
class Told:
    """A fact that has happened and has no number yet."""

    kind: str
    data: Mapping[str, object]
    now: Stamp


@dataclass(frozen=True, slots=True, repr=False)
class Sealed:
    """A row that is not on the disk yet."""

    events: tuple[Event, ...]
    frame: bytes
    telemetry: bool
    payload_bytes: int

    @property
    def first(self) -> int:
        return self.events[0].seq

    @property
    def last(self) -> int:
        return self.events[-1].seq

    @property
    def time_ms(self) -> int:
        return max(ms_of(event.time) for event in self.events)


@dataclass(frozen=True, slots=True)
class Sealer:
    """Who this device is, and to whom it seals: all that a frame needs."""

    topic: Topic
    device_key: DeviceKey
    region: RegionPublic

    def seal(self, group: Sequence[Told], boot: str, number: int, first: int) -> Sealed:
        """One frame of 1 to 50 events. What the region would refuse fails here, with Unfit, where somebody still stands
        and can be referred."""
        try:
            events = tuple(self._event(told, boot, seq) for seq, told in enumerate(group, first))
            payload_bytes = sum(len(event.to_json()) for event in events)
            frame = seal_frame(events, self.topic, self.device_key, self.region, number=number)
        except Refused as refused:
            raise Unfit(str(refused)) from refused
        return Sealed(events, frame, is_telemetry(group), payload_bytes)

    def judge(self, told: Told) -> None:
        """Unfit for what could never be sealed: before it spoils a group."""
        try:
            self._event(told, "0" * 32, 1).to_json()
        except Refused as refused:
            raise Unfit(str(refused)) from refused

    def _event(self, told: Told, boot: str, seq: int) -> Event:
        now, fact = told.now, fact_of(told.kind, told.data)
        identity = new_id(ms_of(now.time), token_bytes(CHANCE_BYTES))
        return Event(identity, self.topic.source, told.kind, now.time, boot, seq, now.mono_ms, now.clock, fact)


def is_telemetry(group: Sequence[Told]) -> bool:
    return all(told.kind in TELEMETRY for told in group)


def ms_of(time: datetime) -> int:
    return round(time.timestamp() * 1000)
