"""What has a device to tell? Crossings as they come at a border, a few referrals and alarms, and readings in between.

Of a hundred travellers ninety pass, eight are referred and two step back; now and then there is an alarm, and every
second visit the lane tells of its own health. All of them live in Utopia.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingAbandoned,
    CrossingGranted,
    CrossingLeft,
    CrossingReferred,
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
    Where,
)
from messages.ids import CHANCE_BYTES, new_id
from simulators.people.citizens import CITIZENS, Citizen

CHECKS: Final = ("access", "mrz.printed", "mrz.match", "pa.message_digest", "pa.signature", "pa.chain", "face.match")
REASONS: Final = ("face-no-match", "chip-unreadable", "person-listed", "not-alone", "document-expired")
ALARMS: Final = ("tailgating", "lingering", "document-left", "obstructed")
GRANTED, REFERRED, ABANDONED = 0.90, 0.08, 0.02  # of the travellers
ALARM_EACH, TELEMETRY_EACH = 0.04, 0.5  # of the visits
RETAINED: Final = timedelta(days=30)
VISIT_MS: Final = 12_000  # from one traveller to the next


def story(seed: int, device: str, today: date) -> Iterator[Fact]:
    """Never ends; the same seed and device tell the same story. Each fact is one event."""
    chance = random.Random(f"{seed}/{device}")
    visit = 0
    while True:
        visit += 1
        yield from _visit(chance, visit, today)
        if chance.random() < ALARM_EACH:
            yield LaneAlarm(chance.choice(ALARMS), visit)
        if chance.random() < TELEMETRY_EACH:
            yield _telemetry(chance, visit)


def _visit(chance: random.Random, visit: int, today: date) -> Iterator[Fact]:
    began_ms = int(datetime.combine(today, time(), UTC).timestamp()) * 1000
    crossing = new_id(began_ms + visit * VISIT_MS, chance.randbytes(CHANCE_BYTES))
    citizen = chance.choice(CITIZENS)
    came_to = chance.choices(("left", "referred", "abandoned"), (GRANTED, REFERRED, ABANDONED))[0]
    if came_to == "referred":
        yield _referred(chance, crossing, visit, citizen, today)
        return
    yield _granted(chance, crossing, visit, citizen, today)
    if came_to == "left":
        timings = Timings(*(round(chance.uniform(20, 2_000), 1) for _ in range(6)))
        yield CrossingLeft(crossing, visit, timings, round(chance.uniform(9_000, 15_000), 1))
    else:
        yield CrossingAbandoned(crossing, visit, "stepped-back")


def _granted(chance: random.Random, crossing: str, visit: int, citizen: Citizen, today: date) -> CrossingGranted:
    return CrossingGranted(
        crossing=crossing,
        visit=visit,
        direction=Direction.ENTRY,
        document=_document(chance),
        person=_person(citizen),
        checks=_checks(chance, CheckResult.SUCCESSFUL),
        face=FaceMatch("sface", round(chance.uniform(0.6, 0.9), 3), 0.363),
        rules="1",
        lists=(ListAsked("documents", "2026-11-24", 30), ListAsked("persons", "2026-11-24", 30)),
        retain_until=today + RETAINED,
    )


def _referred(chance: random.Random, crossing: str, visit: int, citizen: Citizen, today: date) -> CrossingReferred:
    return CrossingReferred(
        crossing=crossing,
        visit=visit,
        where=Where.INSIDE,
        reasons=(chance.choice(REASONS),),
        document=_document(chance),
        person=_person(citizen),
        checks=_checks(chance, CheckResult.FAILED),
        retain_until=today + RETAINED,
    )


def _document(chance: random.Random) -> TravelDocument:
    return TravelDocument("P", "UTO", f"U{chance.randrange(10**8):08}", "2032-04-15")


def _person(citizen: Citizen) -> Person:
    sex = Sex(citizen.sex)
    return Person(citizen.surname, citizen.given_names, citizen.birth_date.isoformat(), sex, "UTO")


def _checks(chance: random.Random, last: CheckResult) -> tuple[CheckMade, ...]:
    results = [CheckResult.SUCCESSFUL] * (len(CHECKS) - 1) + [last]
    return tuple(
        CheckMade(name, result, CheckMode.MANDATORY, round(chance.uniform(1, 90), 1))
        for name, result in zip(CHECKS, results, strict=True)
    )


def _telemetry(chance: random.Random, visit: int) -> DeviceTelemetry:
    readings = (("cpu.celsius", chance.uniform(40, 70)), ("disk.free-mb", 20_000 - visit), ("lane.visits", visit))
    return DeviceTelemetry(tuple(Reading(name, round(value, 1)) for name, value in readings))
