"""What does it cost to read what a device wrote, and to prove it? Processor time, so a busy machine spoils it less."""

import time
import timeit
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from messages import quick
from messages.events import Clock, Event, validate
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingGranted,
    CrossingLeft,
    DeviceTelemetry,
    Direction,
    FaceMatch,
    Fact,
    LaneAlarm,
    ListAsked,
    Person,
    Reading,
    Sex,
    Timings,
    TravelDocument,
)
from messages.frame import open_frame, read_events, seal_frame, verify
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

ROUNDS = 7  # the best of them counts: the others waited for somebody
WHEN = datetime(2026, 11, 24, 4, 30, 15, tzinfo=UTC)
TOPIC = Topic("utopia-north", "harbour", "lane-1", Channel.EVT)
DEVICE, REGION = DeviceKey("lane-1", b"\x01" * 32), RegionKey("region-1", b"\x03" * 32)
CHECKS = ("pa.parse", "pa.message_digest", "pa.sod_signature", "pa.chain", "pa.ds_validity", "ca", "mrz.match", "face")
FACTS: dict[str, Fact] = {
    "granted": CrossingGranted(
        "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88",
        7,
        Direction.ENTRY,
        TravelDocument("P", "UTO", "L898902C3", "2032-04-15"),
        Person("ERIKSSON", "ANNA MARIA", "1974-08-12", Sex.FEMALE, "UTO"),
        tuple(CheckMade(name, CheckResult.SUCCESSFUL, CheckMode.MANDATORY, 12.5) for name in CHECKS),
        FaceMatch("sface", 0.71, 0.363),
        "1",
        (ListAsked("documents", "2026-11-24", 30), ListAsked("persons", "2026-11-24", 30)),
        date(2029, 11, 24),
    ),
    "left": CrossingLeft("5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88", 7, Timings(112.5, 940, 4, 720, 11, 830), 9_120),
    "telemetry": DeviceTelemetry(tuple(Reading(name, 20.5) for name in ("cpu", "board", "free_mb", "load"))),
    "alarm": LaneAlarm("tailgating", 3),
}


def measure() -> dict[str, Any]:
    return {
        "read_us": {name: _read_us(fact) for name, fact in FACTS.items()},
        "frame_us": {
            "1_granted": _frame_us(["granted"]),
            "50_telemetry": _frame_us(["telemetry"] * 50),
            "50_crossings": _frame_us(["granted", "left"] * 25),
        },
    }


def _read_us(fact: Fact) -> float:
    """Reading, checking and validating one event, from its bytes to its fact."""
    body = _event(1, fact).to_json()
    assert quick.read(body) is not None
    return _us(lambda: validate(Event.from_json(body)), 5_000)


def _frame_us(names: list[str]) -> dict[str, float]:
    events = [_event(seq, FACTS[name]) for seq, name in enumerate(names, 1)]
    frame = seal_frame(events, TOPIC, DEVICE, REGION.public, number=1)
    keys = {DEVICE.kid: DEVICE.record(TOPIC.region, TOPIC.post)}
    signed = verify(frame, TOPIC, keys)
    opened = open_frame(signed, REGION)
    told = {
        "verify": _us(lambda: verify(frame, TOPIC, keys), 500),
        "open": _us(lambda: open_frame(signed, REGION), 500),
        "read": _us(lambda: read_events(opened), 500),
    }
    return {"bytes": len(frame), **told, "for_each_event": round(sum(told.values()) / len(names), 2)}


def _event(seq: int, fact: Fact) -> Event:
    when = WHEN + timedelta(milliseconds=seq)
    return Event(
        str(UUID(int=seq)), TOPIC.source, fact.TYPE, when, "0123456789abcdef" * 2, seq, seq, Clock.SYNCED, fact
    )


def _us(work: Callable[[], object], times: int) -> float:
    best_s = min(timeit.repeat(work, number=times, repeat=ROUNDS, timer=time.process_time))
    return round(best_s / times * 1e6, 2)
