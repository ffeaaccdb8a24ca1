"""What a device tells of itself: its start, its clock, and a few numbers in groups."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge import telemetry
from edge.outbox.clock import PostClock, Stamp
from edge.outbox.limits import EARLIEST_MS, GROUP_EVENTS_MAX
from edge.outbox.outbox import Outbox
from edge.records import Records
from edge.telemetry import Telemetry, readings
from messages.events import Clock, validate
from messages.facts import DeviceClock, DeviceStarted, DeviceTelemetry, Fact, LaneAlarm, Wear
from tests.edge.outbox.reading import events_in
from tests.edge.uplink_world import REGION_KEY, SEALER, until

HOUR_MS = 3_600_000
LIMIT_S = 10.0


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox.open(tmp_path / "outbox.db", SEALER)
    yield outbox
    outbox.close()


def records(outbox: Outbox) -> Records:
    now = Stamp(datetime(2026, 11, 24, 12, tzinfo=UTC), 1, Clock.SYNCED)
    return Records(outbox, "entry", 1095, lambda: now, lambda: date(2026, 11, 24))


def facts_in(outbox: Outbox) -> list[Fact]:
    return [validate(event) for event in events_in(outbox, REGION_KEY)]


def test_a_start_tells_which_boot_it_is_and_what_the_boot_before_wrote_to_the_card(tmp_path: Path) -> None:
    async def start() -> list[Fact]:
        outbox = Outbox.open(tmp_path / "outbox.db", SEALER)
        kept = records(outbox)
        kept.started("0.1.0")
        await kept.drain()
        kept.close()
        found = facts_in(outbox)
        outbox.strike(outbox.boot, [(1, 1)])
        outbox.close()
        return found

    assert asyncio.run(start()) == [DeviceStarted(1, "0.1.0", None)]
    [second] = asyncio.run(start())
    assert isinstance(second, DeviceStarted)
    assert second.number == 2
    assert isinstance(second.wear, Wear)
    assert second.wear.written_bytes > second.wear.payload_bytes > 0


def test_what_is_measured_together_is_one_frame(outbox: Outbox) -> None:
    async def story() -> None:
        kept = records(outbox)
        for number in range(5):
            kept.measured({"load": number})
        async with asyncio.timeout(LIMIT_S):
            await kept.drain()
        kept.close()

    asyncio.run(story())
    assert [(row.first, row.last) for row in outbox.waiting(10)] == [(1, 5)]
    values = [fact.readings[0].value for fact in facts_in(outbox) if isinstance(fact, DeviceTelemetry)]
    assert values == [0, 1, 2, 3, 4]


def test_a_full_group_does_not_wait_for_more(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.records.GROUP_WAIT_S", 3_600.0)

    async def story() -> None:
        kept = records(outbox)
        for number in range(GROUP_EVENTS_MAX):
            kept.measured({"load": number})
        await until(lambda: outbox.waiting_count == GROUP_EVENTS_MAX, LIMIT_S)
        kept.close()

    asyncio.run(story())
    assert len(outbox.waiting(10)) == 1


@dataclass
class World:
    wall_ms: int = EARLIEST_MS + HOUR_MS
    mono_ms: int = 0
    synced: bool = True
    looks: int = 0

    def wall(self) -> int:
        self.looks += 1
        return self.wall_ms


def test_a_clock_that_jumps_is_told_and_one_that_nobody_can_believe_is_an_alarm(
    outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "LOOK_EVERY_S", 0.01)
    world = World()
    clock = PostClock(0, wall_ms=world.wall, mono_ms=lambda: world.mono_ms, synced=lambda: world.synced)

    async def story() -> None:
        kept = records(outbox)
        running = asyncio.create_task(Telemetry(kept, clock, tmp_path, lambda: 0).run())
        await until(lambda: world.looks > 0, LIMIT_S)
        world.wall_ms -= HOUR_MS
        await until(lambda: outbox.produced() == 3, LIMIT_S)
        world.wall_ms += HOUR_MS
        await until(lambda: outbox.produced() == 4, LIMIT_S)
        running.cancel()
        await asyncio.wait({running})
        await kept.drain()
        kept.close()

    asyncio.run(story())
    assert facts_in(outbox) == [
        DeviceClock("lost", -HOUR_MS),
        DeviceClock("ahead", -HOUR_MS),
        LaneAlarm("clock-unknown", None),
        DeviceClock("synced", HOUR_MS),
    ]


def test_each_minute_a_few_numbers_are_told(outbox: Outbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telemetry, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(telemetry, "MEASURE_EVERY_S", 0.05)

    async def story() -> None:
        kept = records(outbox)
        running = asyncio.create_task(Telemetry(kept, PostClock(0), tmp_path, lambda: 7).run())
        await until(lambda: outbox.produced() > 0, LIMIT_S)
        running.cancel()
        await asyncio.wait({running})
        await kept.drain()
        kept.close()

    asyncio.run(story())
    fact = facts_in(outbox)[0]
    assert isinstance(fact, DeviceTelemetry)
    told = {reading.name: reading.value for reading in fact.readings}
    assert told["waiting"] == 7
    assert told["rss-mb"] > 1
    assert told["disk-free-mb"] > 0


def test_a_device_without_a_thermometer_leaves_it_out(tmp_path: Path) -> None:
    assert "processor-c" not in readings(tmp_path, thermometer=tmp_path / "none")
    (tmp_path / "temp").write_text("48312\n")
    assert readings(tmp_path, thermometer=tmp_path / "temp")["processor-c"] == 48.312
