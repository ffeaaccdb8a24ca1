"""What is one outbox row? A CloudEvents 1.0 event, numbered without gaps within its device's boot.

Frozen, strict, and bounded: ``from_json`` takes what ``to_json`` writes, and nothing that two readers could
understand differently. It reads in one of two ways that agree about every input: quickly, where the bytes are exactly
what ``to_json`` would write, and strictly otherwise.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar

from msgspec import MsgspecError, Raw, Struct

from messages import quick
from messages.errors import Quarantine, Refused
from messages.facts import Fact, fact_of
from messages.limits import COUNT_MAX, EVENT_MAX_BYTES, TOPIC_MAX_CHARS
from messages.quick import TIME
from messages.strict_json import loads

SPEC_VERSION: Final = "1.0"
CONTENT_TYPE: Final = "application/json"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
BOOT = re.compile(r"[0-9a-f]{32}")
TYPE = re.compile(r"[a-z]+\.[a-z-]+\.v[1-9][0-9]{0,3}")


class Clock(StrEnum):
    """How good was the wall clock when the event was stamped?"""

    SYNCED = "synced"
    HOLDOVER = "holdover"  # was synced once, or runs on from what the disk remembers
    UNKNOWN = "unknown"


D = TypeVar("D")
CLOCKS: Final = {clock.value: clock for clock in Clock}


class Event(Struct, frozen=True, gc=False):
    """``time`` is UTC, to the millisecond; ``mono_ms`` counts since the boot and never jumps.

    ``data`` is the typed fact, or plain JSON values: whoever writes may give either, and ``from_json`` gives the fact
    where it has read quickly. ``validate`` makes a fact of both.
    """

    id: str
    source: str
    type: str
    time: datetime
    boot: str
    seq: int
    mono_ms: int
    clock: Clock
    data: Fact | Mapping[str, object]

    def __repr__(self) -> str:  # No traveller in a log.
        return f"Event({self.type!r}, {self.boot!r}, {self.seq})"

    def to_json(self) -> bytes:
        """The bytes that are signed; Refused(too-large, bad-events) when ``from_json`` would refuse them."""
        try:
            body = _written(self)
        except (TypeError, ValueError, MsgspecError):  # no JSON type, NaN, a lone surrogate: refused at the other end
            raise _bad("data") from None
        if len(body) > EVENT_MAX_BYTES:
            raise Refused(Quarantine.TOO_LARGE, f"event over {EVENT_MAX_BYTES} bytes")
        return body

    @classmethod
    def from_json(cls, body: bytes) -> "Event":
        """Read the envelope strictly; ``validate`` judges the data. Refused(bad-events) names the attribute."""
        return _quickly(body) or _strictly(body)


def read(body: bytes) -> tuple[quick.Wire[Fact], int]:
    """An event that may be stored, and its time in milliseconds since 1970: ``from_json`` and ``validate`` in one.

    Refused as they refuse.
    """
    wire = quick.read(body)
    if wire is not None:
        try:
            return wire, quick.moment_ms(wire.time)
        except ValueError:
            pass  # the strict reader says what is wrong
    event = _strictly(body)
    wire = _wire(event, validate(event))
    return wire, quick.moment_ms(wire.time)


def validate(event: Event) -> Fact:
    """The typed data of an event that may be stored; else Refused(bad-events) or Refused(unknown-version).

    A fact that was read is one already; one that somebody made by hand is proven by ``to_json``.
    """
    data = event.data
    return data if isinstance(data, Struct) else fact_of(event.type, data)


def _written(event: Event) -> bytes:
    data = event.data
    is_fact = isinstance(data, Struct)
    # json knows NaN, and refuses it; msgspec would write null.
    raw = quick.write(data) if is_fact else json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    body = quick.write(_wire(event, Raw(raw)))
    if is_fact and validate(Event.from_json(body)) != data:
        raise _bad("data")
    return body


def _wire(event: Event, data: D) -> quick.Wire[D]:
    return quick.Wire(
        SPEC_VERSION,
        event.id,
        event.source,
        event.type,
        _time_text(event.time),
        CONTENT_TYPE,
        event.boot,
        event.seq,
        event.mono_ms,
        event.clock.value,
        data,
    )


def _quickly(body: bytes) -> Event | None:
    wire = quick.read(body)
    if wire is None:
        return None
    try:
        time = datetime.fromisoformat(wire.time)
    except ValueError:
        return None
    clock = CLOCKS[wire.bpclock]
    return Event(wire.id, wire.source, wire.type, time, wire.bpboot, wire.bpseq, wire.bpmono, clock, wire.data)


def _strictly(body: bytes) -> Event:
    found = loads(body, EVENT_MAX_BYTES)
    for name, value in (("specversion", SPEC_VERSION), ("datacontenttype", CONTENT_TYPE)):
        if found.get(name) != value:
            raise _bad(name)
    data = found.get("data")
    if not isinstance(data, dict):
        raise _bad("data")
    return Event(
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


def _time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(found: Mapping[str, object], name: str, pattern: re.Pattern[str]) -> str:
    value = found.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _bad(name)
    return value


def _source(found: Mapping[str, object]) -> str:
    value = found.get("source")
    if not isinstance(value, str) or len(value) > TOPIC_MAX_CHARS or not quick.is_source(value):
        raise _bad("source")
    return value


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
