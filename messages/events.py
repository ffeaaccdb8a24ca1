"""What is one outbox row? A CloudEvents 1.0 event, numbered without gaps within its device's boot.

Frozen, strict, and bounded: ``from_json`` takes what ``to_json`` writes, and nothing that two readers could
understand differently.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from messages.errors import Quarantine, Refused
from messages.facts import Fact, fact_of
from messages.limits import COUNT_MAX, EVENT_MAX_BYTES
from messages.strict_json import loads
from messages.topics import Channel, Topic

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BOOT = re.compile(r"[0-9a-f]{32}")
TYPE = re.compile(r"[a-z]+\.[a-z-]+\.v[1-9][0-9]{0,3}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


class Clock(StrEnum):
    """How good was the wall clock when the event was stamped?"""

    SYNCED = "synced"
    HOLDOVER = "holdover"  # was synced once, or runs on from what the disk remembers
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, repr=False)
class Event:
    """``time`` is UTC, to the millisecond; ``mono_ms`` counts since the boot and never jumps."""

    id: str
    source: str
    type: str
    time: datetime
    boot: str
    seq: int
    mono_ms: int
    clock: Clock
    data: Mapping[str, object]

    def __repr__(self) -> str:  # No traveller in a log.
        return f"Event({self.type!r}, {self.boot!r}, {self.seq})"

    def to_json(self) -> bytes:
        """The bytes that are signed; Refused(too-large, bad-events) when ``from_json`` would refuse them."""
        fields = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "source": self.source,
            "type": self.type,
            "time": _time_text(self.time),
            "datacontenttype": CONTENT_TYPE,
            "bpboot": self.boot,
            "bpseq": self.seq,
            "bpmono": self.mono_ms,
            "bpclock": self.clock.value,
            "data": self.data,
        }
        try:
            body = json.dumps(fields, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
        except (TypeError, ValueError):  # no JSON type, NaN, a lone surrogate: the other end would refuse it
            raise _bad("data") from None
        if len(body) > EVENT_MAX_BYTES:
            raise Refused(Quarantine.TOO_LARGE, f"event over {EVENT_MAX_BYTES} bytes")
        return body

    @classmethod
    def from_json(cls, body: bytes) -> "Event":
        """Read the envelope strictly; ``validate`` judges the data. Refused(bad-events) names the attribute."""
        found = loads(body, EVENT_MAX_BYTES)
        for name, value in (("specversion", SPEC_VERSION), ("datacontenttype", CONTENT_TYPE)):
            if found.get(name) != value:
                raise _bad(name)
        data = found.get("data")
        if not isinstance(data, dict):
            raise _bad("data")
        return cls(
            id=_text(found, "id", UUID),
            source=_source(found),
            type=_text(found, "type", TYPE),
            time=_time(found),
            boot=_text(found, "bpboot", BOOT),
            seq=_count(found, "bpseq", least=1),
            mono_ms=_count(found, "bpmono", least=0),
            clock=_clock(found),
            data=data,
        )


def validate(event: Event) -> Fact:
    """The typed data of an event that may be stored; else Refused(bad-events) or Refused(unknown-version)."""
    return fact_of(event.type, event.data)


def _time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(found: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _bad(name)
    return value


def _source(found: Mapping[str, object]) -> str:
    value = found.get("source")
    try:
        return Topic.parse(f"{value}/{Channel.EVT}").source
    except Refused:
        raise _bad("source") from None


def _time(found: Mapping[str, object]) -> datetime:
    try:
        return datetime.fromisoformat(_text(found, "time", TIME))
    except ValueError:  # the 31st of February
        raise _bad("time") from None


def _count(found: Mapping[str, object], name: str, *, least: int) -> int:
    value = found.get(name)
    if type(value) is not int or not least <= value <= COUNT_MAX:
        raise _bad(name)
    return value


def _clock(found: Mapping[str, object]) -> Clock:
    value = found.get("bpclock")
    if not isinstance(value, str) or value not in list(Clock):
        raise _bad("bpclock")
    return Clock(value)


def _bad(name: str) -> Refused:
    return Refused(Quarantine.BAD_EVENTS, f"attribute {name}")
