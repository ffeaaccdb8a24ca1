"""What is written down about a crossing: of every document, in order, and past what can never be written."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from edge.gate.events import DeviceBack, DeviceLost, Event, Reason
from edge.inspection.document import Document
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.records import Crossing, Records
from edge.watch import BEHIND_MAX_EVENTS, Watches
from hardware.drivers.chip import open_chip
from icao.mrz.zone import parse
from messages.events import Clock
from messages.facts import LanePosition
from messages.frame import open_frame, read_events, verify
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

TODAY = date(2026, 11, 24)
TOPIC = Topic("utopia", "north-bridge", "gate-1", Channel.EVT)
REGION = RegionKey.generate("region-1")
DEVICE = DeviceKey.generate("gate-1")
LIMIT_S = 2.0  # a record that waits for another try takes longer than RETRY_S only where something is wrong


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    outbox = Outbox.open(tmp_path / "outbox.db", Sealer(TOPIC, DEVICE, REGION.public))
    yield outbox
    outbox.close()


def records(outbox: Outbox) -> Records:
    now = Stamp(datetime(2026, 11, 24, 12, tzinfo=UTC), 1, Clock.SYNCED)
    return Records(outbox, "entry", 1095, lambda: now, lambda: TODAY)


def written(outbox: Outbox) -> list[str]:
    keys = {DEVICE.kid: DEVICE.record(TOPIC.region, TOPIC.post)}
    frames = [open_frame(verify(row.frame, TOPIC, keys), REGION) for row in outbox.waiting(100)]
    return [event.type for frame in frames for event in read_events(frame)]


def forged(issuer: str) -> Document:
    """A chip says what it likes; only the alphabet of the zone is certain."""
    lines = (f"P<{issuer}ERIKSSON<<ANNA<MARIA".ljust(44, "<"), "L898902C36U<O7408122F1204159ZE184226B<<<<<10")
    return Document(parse(lines, TODAY), b"", ())


@pytest.mark.parametrize("issuer", ["U<O", "<<<", "U0O", "D<<", "<U<"])
def test_the_referral_of_a_document_of_no_state_is_written(outbox: Outbox, issuer: str) -> None:
    async def story() -> None:
        kept = records(outbox)
        kept.referred(Crossing(1), "outside", (Reason.MRZ_MISMATCH,), forged(issuer))
        kept.lane(LanePosition.OPEN, "ready")
        async with asyncio.timeout(LIMIT_S):
            await kept.drain()
        kept.close()

    asyncio.run(story())
    assert written(outbox) == ["crossing.referred.v1", "lane.state.v1"]


def test_a_lane_to_which_more_happens_than_its_disk_can_write_takes_nobody_new(outbox: Outbox) -> None:
    async def story() -> None:
        kept, told = records(outbox), asyncio.Queue[Event]()
        watching = asyncio.create_task(Watches(told.put_nowait, outbox, kept, open_chip("socket://127.0.0.1:1")).run())
        for visit in range(3 * BEHIND_MAX_EVENTS):
            kept.alarm("tailgating", visit)
        assert kept.behind > BEHIND_MAX_EVENTS
        async with asyncio.timeout(10 * LIMIT_S):
            assert await told.get() == DeviceLost("outbox")
            while (event := await told.get()) != DeviceBack("outbox"):
                assert event == DeviceLost("chip-reader")
            assert kept.behind <= BEHIND_MAX_EVENTS
            await kept.drain()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        kept.close()

    asyncio.run(story())


def test_what_breaks_the_contract_does_not_hold_up_what_comes_after_it(outbox: Outbox) -> None:
    async def story() -> None:
        kept = records(outbox)
        kept.abandoned(Crossing(1).id, 1, "No Cause of the contract")
        kept.alarm("tailgating", 2)
        async with asyncio.timeout(LIMIT_S):
            await kept.drain()
        kept.close()

    asyncio.run(story())
    assert written(outbox) == ["lane.alarm.v1"]
