"""What of an event may stand in an open column? Nothing that names, numbers or dates a person."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec.json import encode

from messages.facts import (
    CrossingAbandoned,
    CrossingGranted,
    CrossingLeft,
    CrossingReferred,
    DeviceClock,
    DeviceCommand,
    DeviceStarted,
    DeviceTelemetry,
    Fact,
    LaneAlarm,
    LaneState,
    ListTaken,
    OutboxDropped,
)


class OpenColumns(NamedTuple):
    """What pages and statistics need, in the order of the table; no name, number, birth date or portrait is in it."""

    crossing: str | None = None
    visit: int | None = None
    direction: str = ""
    place: str = ""
    reasons: str = "[]"
    cause: str = ""
    document_type: str = ""
    issuer: str = ""
    timings_ms: str | None = None
    total_ms: float | None = None


def impersonal(fact: Fact) -> OpenColumns:
    return _OF[type(fact)](fact)


def _granted(fact: CrossingGranted) -> OpenColumns:
    document = fact.document
    return OpenColumns(
        fact.crossing, fact.visit, fact.direction.value, "", "[]", "", document.type, document.issuer, None, None
    )


def _referred(fact: CrossingReferred) -> OpenColumns:
    document = fact.document
    return OpenColumns(
        crossing=fact.crossing,
        visit=fact.visit,
        place=fact.where.value,
        reasons=encode(fact.reasons).decode(),
        document_type=document.type if document else "",
        issuer=document.issuer if document else "",
    )


def _left(fact: CrossingLeft) -> OpenColumns:
    timings = encode(fact.timings_ms).decode()
    return OpenColumns(fact.crossing, fact.visit, "", "", "[]", "", "", "", timings, fact.total_ms)


def _abandoned(fact: CrossingAbandoned) -> OpenColumns:
    return OpenColumns(crossing=fact.crossing, visit=fact.visit, cause=fact.cause)


def _alarm(fact: LaneAlarm) -> OpenColumns:
    return OpenColumns(visit=fact.visit, cause=fact.code)


def _with_cause(fact: LaneState | DeviceClock | OutboxDropped | DeviceCommand | ListTaken) -> OpenColumns:
    return OpenColumns(cause=fact.cause)


def _nothing(_fact: Fact) -> OpenColumns:
    return OpenColumns()


_OF: Final[dict[type, Callable[[Any], OpenColumns]]] = {  # Any: each takes the fact under which it stands
    CrossingGranted: _granted,
    CrossingReferred: _referred,
    CrossingLeft: _left,
    CrossingAbandoned: _abandoned,
    LaneAlarm: _alarm,
    LaneState: _with_cause,
    DeviceClock: _with_cause,
    OutboxDropped: _with_cause,
    DeviceCommand: _with_cause,
    ListTaken: _with_cause,
    DeviceStarted: _nothing,
    DeviceTelemetry: _nothing,
}
