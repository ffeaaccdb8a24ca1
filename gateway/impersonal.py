"""What of an event may stand in an open column? Nothing that names, numbers or dates a person."""

import json

from msgspec import to_builtins

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


def impersonal(fact: Fact) -> dict[str, int | float | str | None]:
    """The columns that pages and statistics need; no name, number, date of birth or portrait is among them."""
    match fact:
        case CrossingGranted():
            return {
                "crossing": fact.crossing,
                "visit": fact.visit,
                "direction": fact.direction.value,
                "document_type": fact.document.type,
                "issuer": fact.document.issuer,
            }
        case CrossingReferred():
            document = fact.document
            return {
                "crossing": fact.crossing,
                "visit": fact.visit,
                "place": fact.where.value,
                "reasons": json.dumps(fact.reasons),
                "document_type": document.type if document else "",
                "issuer": document.issuer if document else "",
            }
        case CrossingLeft():
            timings = json.dumps(to_builtins(fact.timings_ms))
            return {
                "crossing": fact.crossing,
                "visit": fact.visit,
                "timings_ms": timings,
                "total_ms": fact.total_ms,
            }
        case CrossingAbandoned():
            return {"crossing": fact.crossing, "visit": fact.visit, "cause": fact.cause}
        case LaneAlarm():
            return {"visit": fact.visit, "cause": fact.code}
        case LaneState():
            return {"cause": fact.cause}
        case DeviceClock() | OutboxDropped() | DeviceCommand() | ListTaken():
            return {"cause": fact.cause}
        case DeviceStarted() | DeviceTelemetry():
            return {}
