"""What does each type of event say? One frozen struct for each ``data`` (docs/contract.md, 2 and 13.3).

>>> kind_of("lane.alarm.v1").__name__
'LaneAlarm'
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, get_args

from msgspec import Meta, Struct, to_builtins

from messages.errors import Quarantine, Refused
from messages.limits import CHECKS_MAX, LISTS_MAX, READINGS_MAX, REASONS_MAX
from messages.shape import (
    Boot,
    Code,
    CodeOrNone,
    Count,
    Country,
    DocumentDate,
    Measure,
    Number,
    Offset,
    Ranges,
    Score,
    Text,
    Uuid,
    from_plain,
)


class Direction(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class Where(StrEnum):
    OUTSIDE = "outside"
    INSIDE = "inside"


class LanePosition(StrEnum):
    OPEN = "open"
    CLOSED = "closed"


class Sex(StrEnum):
    FEMALE = "F"
    MALE = "M"
    UNSPECIFIED = "X"


class CheckResult(StrEnum):
    """BSI TR-03135-1: a check ends in one of five ways."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_SUPPORTED = "not_supported"
    ABORTED = "aborted"


class CheckMode(StrEnum):
    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    EVALUATORY = "evaluatory"


class TravelDocument(Struct, frozen=True, gc=False):
    """As printed in the machine-readable zone, without fillers."""

    type: Text
    issuer: Country
    number: Text
    expiry: DocumentDate

    def __repr__(self) -> str:  # No number in a log.
        return "TravelDocument()"


class Person(Struct, frozen=True, gc=False):
    """As the document names its holder."""

    surname: Text
    given_names: Text
    birth_date: DocumentDate
    sex: Sex
    nationality: Country

    def __repr__(self) -> str:  # No name in a log.
        return "Person()"


class CheckMade(Struct, frozen=True, gc=False):
    """One check of the document, by its id (section 11)."""

    id: Code
    result: CheckResult
    mode: CheckMode
    ms: Measure | None = None


class FaceMatch(Struct, frozen=True, gc=False):
    """How like is the live face to the chip's portrait? At least ``threshold`` is a match."""

    matcher: Text
    score: Score
    threshold: Score


class ListAsked(Struct, frozen=True, gc=False):
    """A list that was looked up, and how old it was."""

    name: Text
    version: Text
    age_s: Measure


class Timings(Struct, frozen=True, gc=False):
    """How long the traveller waited for each part of the machine; a part that was not needed took 0."""

    document: Measure = 0
    chip: Measure = 0
    decision: Measure = 0
    face: Measure = 0
    record: Measure = 0
    door: Measure = 0


class CrossingGranted(Struct, frozen=True, gc=False):
    """Somebody was found to be the holder of a good document, and may pass; on the disk before the exit opens."""

    TYPE: ClassVar[str] = "crossing.granted.v1"
    crossing: Uuid
    visit: Count
    direction: Direction
    document: TravelDocument
    person: Person
    checks: Annotated[tuple[CheckMade, ...], Meta(max_length=CHECKS_MAX)]
    face: FaceMatch
    rules: Text
    lists: Annotated[tuple[ListAsked, ...], Meta(max_length=LISTS_MAX)]
    retain_until: date


class CrossingLeft(Struct, frozen=True, gc=False):
    """Somebody who was granted has passed the exit."""

    TYPE: ClassVar[str] = "crossing.left.v1"
    crossing: Uuid
    visit: Count
    timings_ms: Timings
    total_ms: Measure


class CrossingAbandoned(Struct, frozen=True, gc=False):
    """A granted crossing ended before its exit; ``cause`` says how."""

    TYPE: ClassVar[str] = "crossing.abandoned.v1"
    crossing: Uuid
    visit: Count
    cause: Code


class CrossingReferred(Struct, frozen=True, gc=False):
    """Somebody was sent to an officer; ``reasons`` are for officers, and never shown to the traveller."""

    TYPE: ClassVar[str] = "crossing.referred.v1"
    crossing: Uuid
    visit: Count
    where: Where
    reasons: Annotated[tuple[Code, ...], Meta(max_length=REASONS_MAX)]
    document: TravelDocument | None
    person: Person | None
    checks: Annotated[tuple[CheckMade, ...], Meta(max_length=CHECKS_MAX)]
    retain_until: date


class LaneAlarm(Struct, frozen=True, gc=False):
    """Somebody should look: ``code`` says at what."""

    TYPE: ClassVar[str] = "lane.alarm.v1"
    code: Code
    visit: Count | None


class LaneState(Struct, frozen=True, gc=False):
    """The lane was taken into service, or out of it."""

    TYPE: ClassVar[str] = "lane.state.v1"
    state: LanePosition
    cause: Text


class Wear(Struct, frozen=True, gc=False):
    """What the boot before wrote to the card: what it had to say, and what that cost."""

    payload_bytes: Count
    written_bytes: Count


class DeviceStarted(Struct, frozen=True, gc=False):
    """A boot began: the ``number``-th of this device."""

    TYPE: ClassVar[str] = "device.started.v1"
    number: Number
    software: Text
    wear: Wear | None


class Reading(Struct, frozen=True, gc=False):
    """One number of the machine."""

    name: Code
    value: Offset


class DeviceTelemetry(Struct, frozen=True, gc=False):
    """A few numbers about the machine; no person. Written in groups, and the first to go when the disk is full."""

    TYPE: ClassVar[str] = "device.telemetry.v1"
    readings: Annotated[tuple[Reading, ...], Meta(max_length=READINGS_MAX)]


class DeviceClock(Struct, frozen=True, gc=False):
    """The wall clock became better or worse, or was moved by ``offset_ms``."""

    TYPE: ClassVar[str] = "device.clock.v1"
    cause: Code
    offset_ms: Offset


class OutboxDropped(Struct, frozen=True, gc=False):
    """Telemetry that a full disk took: these ``count`` numbers of a boot never come, and are no gap."""

    TYPE: ClassVar[str] = "outbox.dropped.v1"
    boot: Boot
    seqs: Ranges
    count: Number
    cause: Code


class DeviceCommand(Struct, frozen=True, gc=False):
    """What a command came to; written down before it acts."""

    TYPE: ClassVar[str] = "device.command.v1"
    counter: Count
    command: Code
    result: Code
    cause: CodeOrNone


class ListTaken(Struct, frozen=True, gc=False):
    """A list or the rules were renewed."""

    TYPE: ClassVar[str] = "list.taken.v1"
    name: Code
    number: Number
    cause: Code


Crossed = CrossingGranted | CrossingLeft | CrossingAbandoned | CrossingReferred
Told = DeviceStarted | DeviceTelemetry | DeviceClock | OutboxDropped | DeviceCommand | ListTaken
Fact = Crossed | LaneAlarm | LaneState | Told
KINDS: dict[str, type[Fact]] = {kind.TYPE: kind for kind in get_args(Fact)}


def kind_of(type_name: str) -> type[Fact]:
    """A type or a version of it that this contract does not hold is refused, and kept: Refused(unknown-version)."""
    kind = KINDS.get(type_name)
    if kind is None:
        raise Refused(Quarantine.UNKNOWN_VERSION, "type of event")
    return kind


def fact_of(type_name: str, data: object) -> Fact:
    """The typed fact in an event's ``data``; Refused(bad-events) names the place that is wrong, never the value."""
    return from_plain(kind_of(type_name), data)


def data_of(fact: Fact) -> dict[str, object]:
    """The ``data`` of an event of type ``fact.TYPE``."""
    plain: dict[str, object] = to_builtins(fact)
    return plain
