"""What does each type of event say? One frozen dataclass for each ``data`` (docs/contract.md, 2).

>>> kind_of("lane.alarm.v1").__name__
'LaneAlarm'
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar

from messages.errors import Quarantine, Refused
from messages.limits import CHECKS_MAX, LISTS_MAX, REASONS_MAX
from messages.shape import AtMost, Code, Count, Country, DocumentDate, Measure, Score, Text, Uuid, from_plain, to_plain


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


@dataclass(frozen=True, slots=True, repr=False)
class TravelDocument:
    type: Text
    issuer: Country
    number: Text
    expiry: DocumentDate

    def __repr__(self) -> str:  # No number in a log.
        return "TravelDocument()"


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    surname: Text
    given_names: Text
    birth_date: DocumentDate
    sex: Sex
    nationality: Country

    def __repr__(self) -> str:  # No name in a log.
        return "Person()"


@dataclass(frozen=True, slots=True)
class CheckMade:
    id: Code
    result: CheckResult
    mode: CheckMode
    ms: Measure | None = None


@dataclass(frozen=True, slots=True)
class FaceMatch:
    matcher: Text
    score: Score
    threshold: Score


@dataclass(frozen=True, slots=True)
class ListAsked:
    name: Text
    version: Text
    age_s: Measure


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the traveller waited for each part of the machine; a part that was not needed took 0."""

    document: Measure = 0
    chip: Measure = 0
    decision: Measure = 0
    face: Measure = 0
    record: Measure = 0
    door: Measure = 0


@dataclass(frozen=True, slots=True)
class CrossingGranted:
    TYPE: ClassVar[str] = "crossing.granted.v1"
    crossing: Uuid
    visit: Count
    direction: Direction
    document: TravelDocument
    person: Person
    checks: Annotated[tuple[CheckMade, ...], AtMost(CHECKS_MAX)]
    face: FaceMatch
    rules: Text
    lists: Annotated[tuple[ListAsked, ...], AtMost(LISTS_MAX)]
    retain_until: date


@dataclass(frozen=True, slots=True)
class CrossingLeft:
    TYPE: ClassVar[str] = "crossing.left.v1"
    crossing: Uuid
    visit: Count
    timings_ms: Timings
    total_ms: Measure


@dataclass(frozen=True, slots=True)
class CrossingAbandoned:
    TYPE: ClassVar[str] = "crossing.abandoned.v1"
    crossing: Uuid
    visit: Count
    cause: Code


@dataclass(frozen=True, slots=True)
class CrossingReferred:
    TYPE: ClassVar[str] = "crossing.referred.v1"
    crossing: Uuid
    visit: Count
    where: Where
    reasons: Annotated[tuple[Code, ...], AtMost(REASONS_MAX)]
    document: TravelDocument | None
    person: Person | None
    checks: Annotated[tuple[CheckMade, ...], AtMost(CHECKS_MAX)]
    retain_until: date


@dataclass(frozen=True, slots=True)
class LaneAlarm:
    TYPE: ClassVar[str] = "lane.alarm.v1"
    code: Code
    visit: Count | None


@dataclass(frozen=True, slots=True)
class LaneState:
    TYPE: ClassVar[str] = "lane.state.v1"
    state: LanePosition
    cause: Text


Fact = CrossingGranted | CrossingLeft | CrossingAbandoned | CrossingReferred | LaneAlarm | LaneState
KINDS: dict[str, type[Fact]] = {
    kind.TYPE: kind
    for kind in (CrossingGranted, CrossingLeft, CrossingAbandoned, CrossingReferred, LaneAlarm, LaneState)
}


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
    plain: dict[str, object] = to_plain(fact)
    return plain
