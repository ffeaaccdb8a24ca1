"""A lane of Utopia, its keys, and the events it may write."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

import pytest
from hypothesis import settings

from messages.events import Clock, Event
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingGranted,
    Direction,
    FaceMatch,
    Fact,
    LaneAlarm,
    ListAsked,
    Person,
    Sex,
    TravelDocument,
)
from messages.keys import DeviceKey, GatewayKey, GatewayRecord, KeyRecord, RegionKey
from messages.topics import Channel, Topic

settings.register_profile("unhurried", deadline=None)  # A loaded machine is not a fault.
settings.load_profile("unhurried")

BOOT = "0123456789abcdef" * 2
UUID = "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88"
WHEN = datetime(2026, 11, 24, 4, 30, 15, 250_000, UTC)

MakeEvent = Callable[..., Event]


@pytest.fixture
def topic() -> Topic:
    return Topic("utopia-north", "harbour", "lane-1", Channel.EVT)


@pytest.fixture
def device_key() -> DeviceKey:
    return DeviceKey("lane-1", b"\x01" * 32)


@pytest.fixture
def other_key() -> DeviceKey:
    return DeviceKey("lane-2", b"\x02" * 32)


@pytest.fixture
def region_key() -> RegionKey:
    return RegionKey("region-1", b"\x03" * 32)


@pytest.fixture
def gateway_key() -> GatewayKey:
    return GatewayKey("gateway-1", b"\x04" * 32)


@pytest.fixture
def keys(device_key: DeviceKey, other_key: DeviceKey) -> Mapping[str, KeyRecord]:
    return {key.kid: key.record("utopia-north", "harbour") for key in (device_key, other_key)}


@pytest.fixture
def gateways(gateway_key: GatewayKey) -> Mapping[str, GatewayRecord]:
    return {gateway_key.kid: gateway_key.record()}


@pytest.fixture
def granted() -> CrossingGranted:
    return CrossingGranted(
        crossing=UUID,
        visit=7,
        direction=Direction.ENTRY,
        document=TravelDocument("P", "UTO", "L898902C3", "2032-04-15"),
        person=Person("ERIKSSON", "ANNA MARIA", "1974-08-12", Sex.FEMALE, "UTO"),
        checks=(CheckMade("pa.chain", CheckResult.SUCCESSFUL, CheckMode.MANDATORY, 12.5),),
        face=FaceMatch("sface", 0.71, 0.363),
        rules="1",
        lists=(ListAsked("documents", "2026-11-24", 30),),
        retain_until=date(2029, 11, 24),
    )


@pytest.fixture
def make_event(topic: Topic) -> MakeEvent:
    def make(seq: int = 1, *, source: str = topic.source, boot: str = BOOT, fact: Fact | None = None) -> Event:
        said = fact or LaneAlarm("tailgating", 3)
        return Event(UUID, source, said.TYPE, WHEN, boot, seq, 1_000 + seq, Clock.SYNCED, said)

    return make
