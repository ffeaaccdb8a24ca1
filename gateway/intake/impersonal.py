"""What of an event may stand in an open column? Nothing that names, numbers or dates a person."""

from collections.abc import Callable
from typing import Any, Final

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
    Direction,
    Fact,
    LaneAlarm,
    LaneState,
    ListTaken,
    OutboxDropped,
)

# What pages and statistics need, in the order of the table: crossing, visit, direction, place, reasons, cause,
# document_type, issuer, timings_ms, total_ms. No name, number, birth date or portrait is in it.
OpenColumns = tuple[
    str | None, int | None, str, str, str, str, str, str, str | None, float | None
]  # plain: one is made of each event
NOTHING: Final[OpenColumns] = (None, None, "", "", "[]", "", "", "", None, None)


def impersonal(fact: Fact) -> OpenColumns:
    return _OF[type(fact)](fact)


def _granted(fact: CrossingGranted) -> OpenColumns:
    document = fact.document
    direction = _DIRECTIONS[fact.direction]
    return fact.crossing, fact.visit, direction, "", "[]", "", document.type, document.issuer, None, None


def _referred(fact: CrossingReferred) -> OpenColumns:
    document, reasons = fact.document, encode(fact.reasons).decode()
    kind, issuer = (document.type, document.issuer) if document else ("", "")
    return fact.crossing, fact.visit, "", fact.where.value, reasons, "", kind, issuer, None, None


def _left(fact: CrossingLeft) -> OpenColumns:
    timings = encode(fact.timings_ms).decode()
    return fact.crossing, fact.visit, "", "", "[]", "", "", "", timings, fact.total_ms


def _abandoned(fact: CrossingAbandoned) -> OpenColumns:
    return fact.crossing, fact.visit, "", "", "[]", fact.cause, "", "", None, None


def _alarm(fact: LaneAlarm) -> OpenColumns:
    return None, fact.visit, "", "", "[]", fact.code, "", "", None, None


def _with_cause(fact: LaneState | DeviceClock | OutboxDropped | DeviceCommand | ListTaken) -> OpenColumns:
    return None, None, "", "", "[]", fact.cause, "", "", None, None


def _nothing(_fact: Fact) -> OpenColumns:
    return NOTHING


_DIRECTIONS: Final = {direction: direction.value for direction in Direction}  # an enum's ``value`` is slow to ask for
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
