"""A device renews by itself, at a moment of its own, tries again less and less often, and says when it gets late."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from edge.identity import renewal
from edge.identity.asking import EnrolmentRefused
from edge.identity.files import Files, IdentityFolder
from edge.identity.identity import Identity
from edge.identity.renewal import RETRY_CEILING_S, Renewal, retry_s
from edge.identity.validity import Validity
from edge.outbox.clock import Stamp
from messages.enrolment import Enrolled
from messages.events import Clock

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LIMIT_S = 10


def certificate(begins: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "lane-1")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begins).not_valid_after(begins + 30 * DAY)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def keep(folder: Path, begins: datetime, files: Files, at: str = "127.0.0.1:1") -> None:
    place = IdentityFolder(folder)
    place.make()
    place.tls_key(files.key)
    place.signing_key(files.signing, "lane-1")
    enrolled = Enrolled(
        certificate_pem=certificate(begins),
        servers_ca_pem=b"",
        region="north",
        post="harbour",
        kid="lane-1",
        region_kid="region-1",
        region_public=bytes(32),
        gateways={"gateway-1": bytes(32)},
        controls={},
        at=at,
        not_after_s=int((begins + 30 * DAY).timestamp()),
    )
    place.keep(enrolled, "lane-1", files)


class World:
    """A device, its clock, and a gateway that answers as it is told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> None:
        self.folder, self.time, self.clock = folder, BEGAN, Clock.SYNCED
        self.offline_s = 0.0
        self.kept: datetime | None = None
        self.issues: datetime | None = None  # when new certificates begin, if not now
        self.asked, self.looks, self.answers = 0, 0, True
        self.renewed: list[Identity] = []
        self.alarms: list[str] = []
        self.files = Files()
        keep(folder, BEGAN, self.files, options.pop("at", "127.0.0.1:1"))
        monkeypatch.setattr(renewal, "renew_at", self._renew)
        monkeypatch.setattr(renewal, "RETRY_FIRST_S", 0.01)
        options = {"spread_s": 0.0, "look_every_s": 0.01, "offline_s": lambda: self.offline_s, **options}
        self.part = Renewal(folder, self._now, self.renewed.append, self.alarms.append, **options)

    def _now(self) -> Stamp:
        """Asked once in each look at a folder that can be read."""
        self.looks += 1
        return Stamp(self.time, 0, self.clock, self.kept)

    def _renew(self, at: str, folder: Path, now: Callable[[], Stamp]) -> None:
        self.asked += 1
        if not self.answers:
            raise EnrolmentRefused("no-answer", "The gateway does not answer.")
        self.replace()

    def replace(self) -> None:
        self.files = self.files.following(new_signing=False)
        keep(self.folder, self.issues or self.time, self.files)

    async def looked(self, times: int = 1) -> None:
        """So often, from now on."""
        before = self.looks
        await until(lambda: self.looks >= before + times)

    def run(self, story: Callable[[], Any]) -> None:
        async def with_part() -> None:
            running = asyncio.create_task(self.part.run())
            try:
                async with asyncio.timeout(LIMIT_S):
                    await story()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(with_part())


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110  # threads make it true
        await asyncio.sleep(0.005)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path / "identity", monkeypatch)


@pytest.mark.parametrize(("days", "due"), [(0, False), (19.9, False), (20, True), (29, True), (40, True)])
def test_a_certificate_is_due_from_two_thirds_on_and_also_behind_its_end(days: float, due: bool) -> None:
    assert Validity(BEGAN, BEGAN + 30 * DAY).due(BEGAN + days * DAY) is due


def test_retries_double_and_have_a_ceiling_and_a_part_of_chance() -> None:
    longest = [retry_s(failures, lambda low, high: high) for failures in range(1, 12)]
    assert longest[:3] == [300, 600, 1_200]
    assert longest[-1] == RETRY_CEILING_S
    assert retry_s(1, lambda low, high: low) == 150


def test_it_renews_once_when_it_is_due_and_hands_on_the_new_identity(world: World) -> None:
    async def story() -> None:
        world.time = BEGAN + 20 * DAY
        await until(lambda: bool(world.renewed))
        await world.looked(10)

    world.run(story)
    assert world.asked == 1
    assert [identity.cert.name for identity in world.renewed] == ["device.2.crt"]
    assert world.alarms == []


def test_it_does_not_ask_before_its_time(world: World) -> None:
    async def story() -> None:
        world.time = BEGAN + 19 * DAY
        await world.looked(5)

    world.run(story)
    assert world.asked == 0


def test_it_tries_again_until_it_is_answered_and_says_that_the_certificate_ends(world: World) -> None:
    async def story() -> None:
        world.answers = False
        world.time = BEGAN + 24 * DAY
        await until(lambda: world.asked >= 2)
        assert world.alarms == []  # days are left, and a line may be down for hours
        world.time = BEGAN + 26 * DAY
        await until(lambda: bool(world.alarms))
        asked = world.asked
        await until(lambda: world.asked >= asked + 2)
        assert world.alarms == ["certificate-ending"]  # once a day
        world.answers = True
        await until(lambda: bool(world.renewed))

    world.run(story)


def test_behind_a_floor_that_is_ahead_the_clock_that_is_kept_says_when_it_is_due(world: World) -> None:
    async def story() -> None:
        world.time, world.kept = BEGAN + 1_000 * DAY, BEGAN + 19 * DAY
        await world.looked(5)
        assert world.asked == 0
        world.kept = BEGAN + 20 * DAY
        await until(lambda: bool(world.renewed))

    world.run(story)


def test_a_clock_that_calls_the_new_certificate_due_as_well_is_no_storm(world: World) -> None:
    async def story() -> None:
        world.time, world.issues = BEGAN + 1_000 * DAY, BEGAN
        await until(lambda: bool(world.renewed))
        await world.looked(5)
        assert world.asked == 1
        world.part.ask()  # the command ``renew`` does not wait for that
        await until(lambda: world.asked == 2)

    world.run(story)


@pytest.mark.parametrize("clock", [Clock.UNKNOWN, Clock.HOLDOVER])  # holdover: one that was saved may be weeks slow
def test_a_post_whose_clock_nobody_keeps_renews_when_the_broker_lets_it_in_no_more(world: World, clock: Clock) -> None:
    async def story() -> None:
        world.clock, world.offline_s = clock, renewal.OFFLINE_MAX_S - 1
        await world.looked(5)
        assert world.asked == 0
        world.answers, world.offline_s = False, renewal.OFFLINE_MAX_S
        await until(lambda: world.asked >= 2)  # less and less often, as ever
        world.answers = True
        await until(lambda: bool(world.renewed))
        asked = world.asked
        await world.looked(5)  # it is offline still: its certificate was not to blame
        assert world.asked == asked

    world.run(story)


@pytest.mark.parametrize(("clock", "kept"), [(Clock.SYNCED, None), (Clock.UNKNOWN, BEGAN)])
def test_a_post_that_knows_the_time_does_not_blame_its_certificate_for_a_line_that_is_down(
    world: World, clock: Clock, kept: datetime | None
) -> None:
    async def story() -> None:
        world.clock, world.kept, world.offline_s = clock, kept, 1e6
        await world.looked(5)

    world.run(story)
    assert world.asked == 0


def test_it_renews_at_a_moment_of_its_own_within_the_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(tmp_path / "identity", monkeypatch, spread_s=3_600.0)
    monkeypatch.setattr(renewal, "CHANCE", type("Chance", (), {"uniform": lambda self, low, high: high})())

    async def story() -> None:
        world.time = BEGAN + 21 * DAY
        await world.looked(5)
        assert world.asked == 0
        world.part.ask()  # the command ``renew`` does not wait
        await until(lambda: world.asked == 1)

    world.run(story)


def test_what_a_technician_renewed_beside_it_is_taken_at_the_next_look(world: World) -> None:
    async def story() -> None:
        await world.looked()
        world.replace()
        await until(lambda: bool(world.renewed))

    world.run(story)
    assert world.asked == 0


def test_a_damaged_folder_stops_nothing_and_is_not_handed_on(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        await world.looked()
        path = world.folder / "identity.toml"
        good = path.read_text()
        path.write_text("[[[")
        await until(lambda: "the identity cannot be read" in caplog.text)
        path.write_text(good)
        await world.looked(5)

    world.run(story)
    assert world.renewed == []


def test_a_device_that_was_not_told_where_to_renew_says_so_when_it_gets_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path / "identity", monkeypatch, at="")

    async def story() -> None:
        world.time = BEGAN + 28 * DAY
        await until(lambda: bool(world.alarms))

    world.run(story)
    assert (world.asked, world.alarms) == (0, ["certificate-ending"])
