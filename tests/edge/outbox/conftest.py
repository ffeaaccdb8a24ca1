"""An outbox of a lane of Utopia, and what it writes."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.events import Clock
from messages.facts import LaneAlarm, data_of
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

settings.register_profile("unhurried", deadline=None)  # A loaded machine is not a fault.
settings.load_profile("unhurried")


@pytest.fixture
def region_key() -> RegionKey:
    return RegionKey("region-1", b"\x03" * 32)


@pytest.fixture
def sealer(region_key: RegionKey) -> Sealer:
    topic = Topic("utopia-north", "harbour", "lane-1", Channel.EVT)
    return Sealer(topic, DeviceKey("lane-1", b"\x01" * 32), region_key.public)


@pytest.fixture
def now() -> Stamp:
    return Stamp(datetime(2026, 11, 24, 4, 30, 15, 250_000, UTC), 1_000, Clock.SYNCED)


@pytest.fixture
def open_outbox(tmp_path: Path, sealer: Sealer) -> Iterator[Callable[..., Outbox]]:
    """Opens the outbox again and again, as a device that starts does; the one before is closed."""
    opened: list[Outbox] = []

    def open_(path: Path = tmp_path / "outbox.db") -> Outbox:
        for earlier in opened:
            earlier.close()
        opened.append(Outbox.open(path, sealer))
        return opened[-1]

    yield open_
    for outbox in opened:
        outbox.close()


@pytest.fixture
def alarm() -> tuple[str, dict[str, object]]:
    """What to commit when it does not matter what."""
    return LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", 3))
