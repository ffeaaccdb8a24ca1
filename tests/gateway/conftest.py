"""A region in a folder, lanes enrolled in it, and what they have to tell. Everybody in it is a Utopian."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.identity import certificates, keyfiles
from gateway.identity.authority import Authority, Enrolled, set_up
from messages.events import Clock, Event
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingAbandoned,
    CrossingGranted,
    CrossingLeft,
    CrossingReferred,
    Direction,
    FaceMatch,
    Fact,
    LaneAlarm,
    Person,
    Sex,
    Timings,
    TravelDocument,
    Where,
    data_of,
)
from messages.frame import seal_frame
from messages.keys import DeviceKey
from messages.topics import Channel, Topic
from tests.gateway.desk import Desk, open_desk

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CANARY = "CANARYSSON"
NUMBER = "UCANARY42"


@dataclass
class Lane:
    """One enrolled device and its memory of what it told so far."""

    topic: Topic
    key: DeviceKey
    enrolled: Enrolled
    folder: Path
    boot: str = "a" * 32
    seq: int = 0
    told: list[Event] = field(default_factory=list)

    @property
    def name(self) -> str:
        return self.topic.device

    def tell(self, fact: Fact, *, seq: int | None = None, identity: str | None = None) -> Event:
        """The next event, or one under a number or an id of somebody's choice."""
        self.seq = self.seq + 1 if seq is None else self.seq
        number = self.seq if seq is None else seq
        identity = identity or str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{self.boot}/{number}/{len(self.told)}"))
        time = NOW + timedelta(seconds=number)
        event = Event(
            identity,
            self.topic.source,
            fact.TYPE,
            time,
            self.boot,
            number,
            number * 1000,
            Clock.SYNCED,
            data_of(fact),
        )
        self.told.append(event)
        return event

    def crossing(self, visit: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.name}/{self.boot}/crossing/{visit}"))

    def granted(self, visit: int) -> Event:
        return self.tell(granted(self.crossing(visit), visit))

    def left(self, visit: int) -> Event:
        return self.tell(CrossingLeft(self.crossing(visit), visit, Timings(100, 900, 5, 700, 12, 800), 9000))

    def referred(self, visit: int) -> Event:
        return self.tell(referred(self.crossing(visit), visit))

    def abandoned(self, visit: int) -> Event:
        return self.tell(CrossingAbandoned(self.crossing(visit), visit, "stepped-back"))

    def alarm(self) -> Event:
        return self.tell(LaneAlarm("tailgating", None))

    def frame(self, events: Sequence[Event], topic: Topic | None = None) -> bytes:
        from messages.keys import RegionPublic

        region = RegionPublic(self.enrolled.region_kid, self.enrolled.region_public)
        return seal_frame(events, topic or self.topic, self.key, region)


def granted(crossing: str, visit: int) -> CrossingGranted:
    return CrossingGranted(
        crossing,
        visit,
        Direction.ENTRY,
        TravelDocument("P", "UTO", NUMBER, date(2031, 5, 1)),
        Person(CANARY, "ANNA", "1980-02-03", Sex.FEMALE, "UTO"),
        (CheckMade("pa.chain", CheckResult.SUCCESSFUL, CheckMode.MANDATORY, 3),),
        FaceMatch("sface", 0.7, 0.4),
        "rules-1",
        (),
        date(2026, 12, 24),
    )


def referred(crossing: str, visit: int) -> CrossingReferred:
    document = TravelDocument("P", "UTO", NUMBER, date(2020, 5, 1))
    person = Person(CANARY, "ANNA", "1980-02-03", Sex.FEMALE, "UTO")
    until = date(2026, 12, 24)
    return CrossingReferred(crossing, visit, Where.OUTSIDE, ("document-expired",), document, person, (), until)


@dataclass
class Region:
    state: Path
    folder: Path
    authority: Authority
    now: datetime

    def lane(self, device: str = "lane-1", post: str = "harbour", now: datetime | None = None) -> Lane:
        key, tls = DeviceKey.generate(device), certificates.new_key()
        request = certificates.request_pem(device, tls)
        enrolled = self.authority.enrol(request, key.public, post, device, now or self.now)
        folder = keyfiles.closed_folder(self.folder / device)
        keyfiles.write(folder / "device.key", certificates.key_pem(tls), secret=True)
        keyfiles.write(folder / "device.crt", enrolled.certificate_pem, secret=False)
        keyfiles.write(folder / "ca.crt", enrolled.servers_ca_pem, secret=False)
        return Lane(Topic(self.authority.config.region, post, device, Channel.EVT), key, enrolled, folder)


@pytest.fixture
def region(tmp_path: Path) -> Region:
    return make_region(tmp_path, "north")


@pytest.fixture
def desk(region: Region) -> Iterator[Desk]:
    """The intake of that region."""
    with open_desk(region) as opened:
        yield opened


@pytest.fixture
def other_region(tmp_path: Path) -> Region:
    return make_region(tmp_path / "elsewhere", "south")


@pytest.fixture
def new_region(tmp_path: Path) -> Callable[[str], Region]:
    return lambda name: make_region(tmp_path / name, name)


@pytest.fixture(scope="session")
def new_region_in() -> Callable[[Path, str], Region]:
    return make_region


def make_region(folder: Path, name: str) -> Region:
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    set_up(folder / "state", name, now)
    return Region(folder / "state", folder, Authority(folder / "state"), now)
