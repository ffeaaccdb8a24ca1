"""The door that devices knock at, over real TLS: who gets in, who is proven to whom, and what a knocker cannot do."""

import argparse
import asyncio
import contextlib
import dataclasses
import fcntl
import json
import os
import socket
import ssl
import threading
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography import x509

from borderpost import device as device_command
from borderpost.errors import Fault
from edge.identity.asking import EnrolmentRefused, Link
from edge.identity.enrolling import enrol_at, prepare, renew_at
from edge.identity.identity import Identity, read_identity
from edge.identity.renewal import Renewal
from edge.identity.validity import Validity
from edge.outbox.clock import Stamp
from gateway.errors import GatewayError
from gateway.identity import certificates, enrolment, keyfiles
from gateway.identity.authority import load_issuer
from gateway.identity.enrolment import EnrolmentServer, server_tls
from gateway.identity.joining import Joining
from gateway.identity.nonces import GOOD_FOR_MS, Nonces
from gateway.identity.patience import ADDRESSES_MAX, LONGEST_WAIT_S, Patience
from gateway.identity.register import Register
from gateway.state import StateFolder
from messages.claim import Claim
from messages.enrolment import BODY_MAX_BYTES, NONCE_PATH, RENEW_PATH, BadRequest, EnrolRequest, RenewRequest, write
from messages.events import Clock
from messages.keys import DeviceKey
from simulators.network.broker import free_port

LIMIT_S = 10


def now() -> Stamp:
    return Stamp(datetime.now(UTC), 0, Clock.SYNCED)


@dataclass
class Door:
    """A server in a thread of its own, and the hands of the clocks it looks at."""

    region: Any
    certificate: Path
    key: Path
    ca: Path | None = None
    port: int = 0
    ahead: timedelta = timedelta(0)
    clock_s: float = 1_000.0
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def at(self) -> str:
        return f"127.0.0.1:{self.port}"

    def claim(self, device: str = "lane-1") -> str:
        return Joining(self.region.authority).claim("harbour", device, self.now()).code

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    @contextlib.contextmanager
    def open(self) -> Iterator["Door"]:
        joining = Joining(self.region.authority)
        server = EnrolmentServer(joining, self.ca or self.region.authority.servers_ca(), self.now, lambda: self.clock_s)
        ready, loop = threading.Event(), asyncio.new_event_loop()

        def opened(port: int) -> None:
            self.port = port
            ready.set()

        async def serve() -> None:
            await server.serve("127.0.0.1", 0, server_tls(self.certificate, self.key), opened)

        task = loop.create_task(serve())
        thread = threading.Thread(target=lambda: _run(loop, task))
        thread.start()
        assert ready.wait(LIMIT_S)
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(task.cancel)
            thread.join(LIMIT_S)
            assert not thread.is_alive()


def _run(loop: asyncio.AbstractEventLoop, task: "asyncio.Task[None]") -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


@pytest.fixture
def door(region: Any) -> Iterator[Door]:
    state = region.state
    with Door(region, state / "enrolment.crt", state / "secrets" / "enrolment.key").open() as opened:
        yield opened


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(EnrolmentRefused) as caught:
        call()
    assert caught.value.message.endswith(".")
    return caught.value.code


# --- coming in ---
def test_a_device_comes_in_by_its_claim_and_knows_whom_to_believe(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "edge" / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    identity = read_identity(folder)
    assert str(identity.topic) == "bp/1/north/harbour/lane-1/evt"
    assert identity.region == door.region.authority.region_key().public
    assert identity.gateways["gateway-1"].public == door.region.authority.ack_key().public
    assert list(identity.controls) == ["control-1"]
    assert sorted(path.name for path in folder.iterdir() if path.stat().st_mode & 0o077 == 0) == [
        "device.key",
        "sign.key",
    ]


def test_a_claim_used_twice_is_refused_with_a_sentence(door: Door, tmp_path: Path) -> None:
    code = door.claim()
    enrol_at(door.at, code, tmp_path / "one" / "identity", "harbour", "lane-1", now)
    assert refused(lambda: enrol_at(door.at, code, tmp_path / "two" / "identity", "harbour", "lane-1", now)) == (
        "claim-used"
    )
    assert not (tmp_path / "two" / "identity" / "identity.toml").exists()


def test_an_enrolment_whose_answer_was_lost_may_be_repeated(door: Door, tmp_path: Path) -> None:
    code, folder = door.claim(), tmp_path / "edge" / "identity"
    enrol_at(door.at, code, folder, "harbour", "lane-1", now)
    key = (folder / "sign.key").read_bytes()
    (folder / "identity.toml").unlink()
    enrol_at(door.at, code, folder, "harbour", "lane-1", now)
    assert (folder / "sign.key").read_bytes() == key


def test_whoever_stands_in_between_is_not_told_the_claim(
    region: Any, new_region: Callable[[str], Any], tmp_path: Path
) -> None:
    """A stranger's gateway, with good certificates of a CA of its own."""
    stranger = new_region("south")
    code = Joining(region.authority).claim("harbour", "lane-1", region.now).code
    pretended = Door(stranger, stranger.state / "enrolment.crt", stranger.state / "secrets" / "enrolment.key")
    with pretended.open() as door:
        assert refused(lambda: enrol_at(door.at, code, tmp_path / "identity", "harbour", "lane-1", now)) == (
            "other-gateway"
        )
    assert not (tmp_path / "identity" / "sign.key").exists()


def test_whoever_shows_the_right_ca_and_does_not_hold_its_certificate_is_not_told_either(
    region: Any, new_region: Callable[[str], Any], tmp_path: Path
) -> None:
    """The CA is no secret: he fetched it himself, and answers with it over a certificate of his own."""
    stranger = new_region("south")
    code = Joining(region.authority).claim("harbour", "lane-1", region.now).code
    pretended = Door(region, stranger.state / "enrolment.crt", stranger.state / "secrets" / "enrolment.key")
    with pretended.open() as door:
        assert refused(lambda: enrol_at(door.at, code, tmp_path / "identity", "harbour", "lane-1", now)) == (
            "other-gateway"
        )
    assert [device["state"] for device in Joining(region.authority).show(region.now)] == ["invited"]


def test_whoever_sends_the_right_ca_and_his_own_beside_it_is_not_believed(
    region: Any, new_region: Callable[[str], Any], tmp_path: Path
) -> None:
    stranger = new_region("south")
    both = tmp_path / "both.crt"
    both.write_bytes(region.authority.servers_ca().read_bytes() + stranger.authority.servers_ca().read_bytes())
    code = Joining(region.authority).claim("harbour", "lane-1", region.now).code
    own = stranger.state
    with Door(region, own / "enrolment.crt", own / "secrets" / "enrolment.key", both).open() as door:
        assert refused(lambda: enrol_at(door.at, code, tmp_path / "identity", "harbour", "lane-1", now)) == (
            "other-gateway"
        )
    assert [device["state"] for device in Joining(region.authority).show(region.now)] == ["invited"]


def test_a_devices_certificate_does_not_make_a_gateway(region: Any, tmp_path: Path) -> None:
    """E16, the other way round: issued by another CA of the same region, for clients."""
    lane = region.lane("lane-7")
    code = Joining(region.authority).claim("harbour", "lane-1", region.now).code
    with Door(region, lane.folder / "device.crt", lane.folder / "device.key").open() as door:
        assert refused(lambda: enrol_at(door.at, code, tmp_path / "identity", "harbour", "lane-1", now)) == (
            "other-gateway"
        )


def test_a_device_in_1970_enrols_and_one_that_trusts_its_clock_refuses_an_ended_certificate(
    region: Any, tmp_path: Path
) -> None:
    key = certificates.new_key()
    old = region.now - timedelta(days=500)
    issuer = load_issuer(region.state, "servers-ca")
    ended = certificates.server_certificate(issuer, "enrolment", key.public_key(), old)
    keyfiles.write(tmp_path / "old.crt", certificates.certificate_pem(ended), secret=False)
    keyfiles.write(tmp_path / "old.key", certificates.key_pem(key), secret=True)
    with Door(region, tmp_path / "old.crt", tmp_path / "old.key").open() as door:
        assert refused(lambda: enrol_at(door.at, door.claim(), tmp_path / "e", "harbour", "lane-1", now)) == (
            "other-gateway"
        )
    with Door(region, region.state / "enrolment.crt", region.state / "secrets" / "enrolment.key").open() as door:
        dawn = Stamp(datetime(1970, 1, 1, tzinfo=UTC), 0, Clock.UNKNOWN)
        enrol_at(door.at, door.claim(), tmp_path / "f", "harbour", "lane-1", lambda: dawn)
    assert read_identity(tmp_path / "f").topic.device == "lane-1"


# --- staying ---
def test_a_renewal_swaps_certificate_and_key_and_leaves_the_signing_key(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    before = read_identity(folder)
    renew_at(door.at, folder, now)
    after = read_identity(folder)
    assert after.cert.read_bytes() != before.cert.read_bytes()
    assert after.key.read_bytes() != before.key.read_bytes()
    assert after.device_key == before.device_key
    assert before.cert.exists()  # a running edge may be about to show it
    renew_at(door.at, folder, now)
    assert not before.cert.exists()


def test_a_post_whose_clock_was_years_ahead_once_renews_all_the_same(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    before = read_identity(folder)
    floor = Stamp(now().time + timedelta(days=3 * 365), 0, Clock.UNKNOWN)
    renew_at(door.at, folder, lambda: floor)
    assert read_identity(folder).cert != before.cert


def test_a_new_signing_key_is_followed_and_the_old_one_is_gone_from_the_disk(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    old = read_identity(folder).device_key
    renew_at(door.at, folder, now, new_key=True)
    new = read_identity(folder).device_key
    assert (old.kid, new.kid) == ("lane-1", "lane-1.2")
    assert old.seed.hex() not in "".join(path.read_text() for path in folder.iterdir())


def test_a_rotation_that_was_cut_short_behind_the_answer_is_finished_by_the_next_renewal(
    door: Door, tmp_path: Path
) -> None:
    """The gateway knows the new key, and this device died before it wrote the answer down."""
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    toml, seed = (folder / "identity.toml").read_bytes(), (folder / "sign.key").read_bytes()
    renew_at(door.at, folder, now, new_key=True)
    following = (folder / "sign.2.key").read_bytes()
    (folder / "identity.toml").write_bytes(toml)
    (folder / "sign.key").write_bytes(seed)
    renew_at(door.at, folder, now)
    assert read_identity(folder).device_key.kid == "lane-1.2"
    assert (folder / "sign.2.key").read_bytes() == following


# --- coming back, by a new claim ---
def enrolled(door: Door, folder: Path) -> Identity:
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    return read_identity(folder)


def rotated(door: Door, folder: Path, *, heard: bool) -> bytes:
    """The new signing key; if its answer was not ``heard``, the device is as it was before."""
    toml, signing = (folder / "identity.toml").read_bytes(), (folder / "sign.key").read_bytes()
    renew_at(door.at, folder, now, new_key=True)
    if not heard:
        (folder / "identity.toml").write_bytes(toml)
        keyfiles.write(folder / "sign.key", signing, secret=True)
    return (folder / "sign.2.key").read_bytes()


def days_go_by(door: Door, days: int) -> None:
    """With the daily upkeep, which ends keys that were followed a month ago."""
    door.ahead += timedelta(days=days)
    with contextlib.closing(door.region.authority.open_store()) as connection:
        Register(connection).end_retired(int(door.now().timestamp() * 1000))


def key_states(door: Door) -> list[str]:
    return [key["state"] for key in Joining(door.region.authority).show(door.now())[0]["keys"]]


def forgotten(door: Door) -> None:
    """The store of a time before there was any device."""
    with contextlib.closing(door.region.authority.open_store()) as connection, connection.transaction():
        for table in ("keys", "devices", "claims"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 (tables of ours)


class OlderRequest(msgspec.Struct, forbid_unknown_fields=True):
    """An enrolment as a gateway knew it that came before the optional fields."""

    claim: str
    device: str
    post: str
    csr: bytes
    public: bytes
    proof: bytes

    def newer(self) -> EnrolRequest:
        return EnrolRequest(**msgspec.structs.asdict(self))


def test_a_post_that_did_not_hear_of_its_rotation_comes_back_by_itself_after_forty_days(
    door: Door, tmp_path: Path
) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    following = rotated(door, folder, heard=False)
    days_go_by(door, 40)
    renew_at(door.at, folder, now)
    assert read_identity(folder).device_key.kid == "lane-1.2"
    assert (folder / "sign.2.key").read_bytes() == following


@pytest.mark.parametrize("heard", [True, False])
def test_after_seventy_days_a_claim_brings_back_a_post_with_the_key_that_the_region_knows(
    door: Door, tmp_path: Path, heard: bool
) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    following = rotated(door, folder, heard=heard)
    days_go_by(door, 70)
    assert refused(lambda: renew_at(door.at, folder, now)) == "too-late"
    back = enrolled(door, folder)
    assert (back.device_key.kid, back.device_key.seed.hex()) == ("lane-1.2", following.decode().strip())
    renew_at(door.at, folder, now)
    assert read_identity(folder).device_key == back.device_key


def test_a_post_that_comes_back_by_a_claim_with_its_new_key_has_the_old_one_sign_for_what_it_signed(
    door: Door, tmp_path: Path
) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    rotated(door, folder, heard=False)
    days_go_by(door, 70)
    assert key_states(door) == ["revoked", "active"]
    assert enrolled(door, folder).device_key.kid == "lane-1.2"
    assert key_states(door) == ["retired", "active"]


def test_a_post_that_a_restored_gateway_does_not_know_keeps_the_name_of_its_key(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    rotated(door, folder, heard=True)
    forgotten(door)
    before = read_identity(folder).device_key
    assert enrolled(door, folder).device_key == before
    assert before.kid == "lane-1.2"


def test_an_older_gateway_is_asked_in_words_that_it_knows(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_of_old(body: bytes) -> EnrolRequest:
        try:
            return msgspec.json.decode(body, type=OlderRequest).newer()
        except msgspec.ValidationError:
            raise BadRequest("The body is not what this address takes.") from None

    monkeypatch.setattr(enrolment, "read_enrol", read_of_old)
    folder = tmp_path / "identity"
    assert enrolled(door, folder).device_key.kid == "lane-1"
    rotated(door, folder, heard=True)
    assert enrolled(door, folder).device_key.kid == "lane-1.2"
    forgotten(door)
    assert enrolled(door, folder).device_key.kid == "lane-1"  # it names the key as it always did


def test_a_rotation_that_never_arrived_is_finished_after_a_claim_brought_the_post_back(
    door: Door, tmp_path: Path
) -> None:
    """The request may still be under way: its key is kept until it is granted."""
    folder = tmp_path / "identity"
    before = enrolled(door, folder)
    following = prepare(folder, bytes(24), new_key=True).files.signing
    seed = (folder / following).read_bytes()
    assert enrolled(door, folder).device_key == before.device_key
    assert (folder / following).read_bytes() == seed
    renew_at(door.at, folder, now)
    assert read_identity(folder).device_key == DeviceKey("lane-1.2", bytes.fromhex(seed.decode()))


@pytest.mark.parametrize("left", [None, "[[["])
def test_a_claim_brings_back_a_post_of_which_the_signing_key_alone_is_left(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str], left: str | None
) -> None:
    edge, folder = tmp_path / "edge", tmp_path / "edge" / "identity"
    enrolled(door, folder)
    rotated(door, folder, heard=True)
    for path in folder.iterdir():
        if not path.name.startswith("sign."):
            path.unlink()
    if left is not None:
        (folder / "identity.toml").write_text(left)
    words = ("--edge", str(edge), "--post", "harbour", "--device", "lane-1")
    assert said(capsys, "enrol", "--at", door.at, "--claim", door.claim(), *words)["identity"] == str(folder)
    assert read_identity(folder).device_key.kid == "lane-1.2"


def test_a_claim_whose_answer_was_lost_is_repeated_with_the_key_that_used_it(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    rotated(door, folder, heard=False)
    code, places = door.claim(), ("identity.toml", "sign.key")
    left = [(folder / name).read_bytes() for name in places]
    enrol_at(door.at, code, folder, "harbour", "lane-1", now)
    for name, content in zip(places, left, strict=True):
        keyfiles.write(folder / name, content, secret=True)
    enrol_at(door.at, code, folder, "harbour", "lane-1", now)
    assert read_identity(folder).device_key.kid == "lane-1.2"


def test_a_refused_claim_leaves_a_running_device_what_it_has(
    door: Door, new_region: Callable[[str], Any], tmp_path: Path
) -> None:
    """A claim of another region, mistaken for one of its own: the CA is proven, and is not the broker's."""
    folder = tmp_path / "identity"
    enrolled(door, folder)
    counting = {path: path.read_bytes() for path in folder.iterdir()}
    south = new_region("south")
    with Door(south, south.state / "enrolment.crt", south.state / "secrets" / "enrolment.key").open() as other:
        code = other.claim("lane-9")
        assert refused(lambda: enrol_at(other.at, code, folder, "harbour", "lane-1", now)) == "claim-elsewhere"
    assert {path: path.read_bytes() for path in counting} == counting


def test_an_enrolment_holds_the_folder_alone_while_it_asks(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The running edge may renew at the same moment: their keys and answers must not mix."""
    folder, real, held = tmp_path / "identity", Link.ask, []

    def ask(*words: Any) -> bytes:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(handle)
        held.append(words[2])
        return real(*words)

    monkeypatch.setattr(Link, "ask", ask)
    enrolled(door, folder)
    assert held == ["/v1/ca", "/v1/enrol"]


def test_a_damaged_signing_key_is_said_in_a_sentence(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrolled(door, folder)
    keyfiles.write(folder / "sign.key", b"rot\n", secret=True)
    assert refused(lambda: renew_at(door.at, folder, now)) == "damaged"
    assert refused(lambda: enrolled(door, folder)) == "damaged"


# --- whoever answers may be no gateway ---
@pytest.mark.parametrize(
    "answer",
    [
        b"{}",
        b"[]",
        b"",
        b'{"nonce":7}',
        b'{"nonce":"' + b"z" * 48 + b'"}',
        b'{"nonce":""}',
        b'{"nonce":"' + b"0" * 46 + b'"}',
        b"[" * 9_000,
        b"\xff",
    ],
)
def test_a_gateway_that_answers_without_a_nonce_is_told_of_in_a_sentence(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    folder = tmp_path / "identity"
    before = enrolled(door, folder)
    real = EnrolmentServer._content
    monkeypatch.setattr(EnrolmentServer, "_content", lambda *words: answer if words[2] == NONCE_PATH else real(*words))
    assert refused(lambda: renew_at(door.at, folder, now)) == "no-answer"
    assert read_identity(folder) == before


def test_a_refusal_by_a_stranger_tells_a_terminal_nothing(
    door: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*words: object) -> bytes:
        raise GatewayError("no\x1b[2J", "\x1b]0;yours\x07" + "x" * 5_000, "\r\n")

    monkeypatch.setattr(EnrolmentServer, "_content", refuse)
    with pytest.raises(EnrolmentRefused) as caught:
        enrol_at(door.at, door.claim(), tmp_path / "identity", "harbour", "lane-1", now)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1_000


def test_two_renewals_at_the_same_moment_leave_one_whole_identity(door: Door, tmp_path: Path) -> None:
    """The running edge renews, and a technician does so beside it."""
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    threads = [threading.Thread(target=renew_at, args=(door.at, folder, now)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_S)
    identity = read_identity(folder)
    shown = x509.load_pem_x509_certificate(identity.cert.read_bytes()).public_key()
    held = certificates.load_key(identity.key.read_bytes()).public_key()
    assert shown == held
    assert identity.cert.name == "device.5.crt"


def test_a_device_learns_the_regions_new_key_when_it_is_renewed(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    keyfiles.write_key(door.region.authority.secret("region-2.key"), bytes(range(32)), secret=True)
    renew_at(door.at, folder, now)
    assert read_identity(folder).region.kid == "region-2"


def test_a_revoked_device_is_told_so(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    before = (folder / "identity.toml").read_bytes()
    Joining(door.region.authority).revoke("lane-1", "", door.now())
    assert refused(lambda: renew_at(door.at, folder, now)) == "revoked"
    assert (folder / "identity.toml").read_bytes() == before


def test_a_renewal_that_was_not_made_just_now_is_refused(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    old = prepare(folder, bytes(24)).request
    assert knock(door, posted(RENEW_PATH, write(old))).partition(b" ")[2][:3] == b"403"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.identity.enrolling.prepare", lambda *args, **named: prepare(folder, bytes(24)))
        assert refused(lambda: renew_at(door.at, folder, now)) == "old-nonce"


def test_a_renewal_that_was_overheard_is_good_for_a_minute_and_for_nobody_else() -> None:
    nonces = Nonces(b"k" * 32)
    nonce = nonces.make(5_000)
    assert nonces.good(nonce, 5_000)
    assert nonces.good(nonce, 5_000 + GOOD_FOR_MS)
    assert not nonces.good(nonce, 5_001 + GOOD_FOR_MS)
    assert not nonces.good(nonce, 4_999)
    assert not Nonces(b"x" * 32).good(nonce, 5_000)
    assert not nonces.good(b"", 5_000)
    assert not nonces.good((9_000).to_bytes(8) + nonce[8:], 9_000)


def test_a_running_device_renews_itself_when_two_thirds_are_over(door: Door, tmp_path: Path) -> None:
    folder = tmp_path / "identity"
    enrol_at(door.at, door.claim(), folder, "harbour", "lane-1", now)
    toml = folder / "identity.toml"
    toml.write_text(toml.read_text().replace("127.0.0.1:8444", door.at))
    door.ahead = timedelta(days=21)
    renewed: list[Identity] = []
    alarms: list[str] = []

    def later() -> Stamp:
        return Stamp(door.now(), 0, Clock.SYNCED)

    async def story() -> None:
        part = Renewal(folder, later, renewed.append, alarms.append, spread_s=0.0, look_every_s=0.02)
        running = asyncio.create_task(part.run())
        async with asyncio.timeout(LIMIT_S):
            while not renewed:  # noqa: ASYNC110  # it comes from a thread
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(story())
    assert (renewed[0].cert.name, alarms) == ("device.2.crt", [])
    assert Validity.of(renewed[0].cert).ends > door.now() + timedelta(days=29)


# --- knocking ---
def context(region: Any) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(region.authority.servers_ca()))
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    return made


def knock(door: Door, sent: bytes) -> bytes:
    """The first line of the answer; empty when there is none."""
    with (
        socket.create_connection(("127.0.0.1", door.port), timeout=LIMIT_S + 5) as raw,
        context(door.region).wrap_socket(raw, server_hostname="127.0.0.1") as wire,
        contextlib.suppress(ssl.SSLError, ConnectionError),
    ):
        wire.sendall(sent)
        return wire.recv(65_536).split(b"\r\n")[0]
    return b""


def posted(path: str, body: bytes) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize("kid", ["", "lane-2", "lane-1.1", "lane-1.02", "lane-1\0", "lane-1." + "9" * 4_000, "\ud7ff"])
def test_a_renewal_by_a_key_whose_name_is_none_is_not_looked_up(door: Door, kid: str) -> None:
    request = RenewRequest(device="lane-1", kid=kid, nonce=b"", csr=b"", signature=b"")
    assert knock(door, posted(RENEW_PATH, write(request))).partition(b" ")[2][:3] == b"400"


def test_tls_1_2_is_refused(door: Door) -> None:
    old = ssl.create_default_context(cafile=str(door.region.authority.servers_ca()))
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", door.port), timeout=LIMIT_S) as raw, pytest.raises(ssl.SSLError):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/ca HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /v1/nonce HTTP/1.1\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\n\r\n", b"404"),
        (b"GET /v1/../secrets HTTP/1.1\r\n\r\n", b"400"),
        (b"BREW /v1/ca HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /v1/enrol HTTP/1.1\r\n\r\n", b"404"),
        (b"nonsense\r\n\r\n", b"400"),
        (posted("/v1/enrol", b""), b"400"),
        (posted("/v1/enrol", b"{}"), b"400"),
        (posted("/v1/enrol", b"[" * 10_000), b"400"),
        (posted("/v1/enrol", b'{"claim":' + b"9" * 5_000 + b"}"), b"400"),
        (posted("/v1/renew", b"\xff\xfe"), b"400"),
        (b"GET /v1/ca HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n", b"400"),
        (b"GET /v1/ca HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", b"400"),
        (f"POST /v1/enrol HTTP/1.1\r\nContent-Length: {BODY_MAX_BYTES + 1}\r\n\r\n".encode(), b"413"),
        (b"GET /v1/ca HTTP/1.1\r\n" + b"x: y\r\n" * 4_000 + b"\r\n", b""),
    ],
)
def test_whatever_is_sent_is_answered_by_a_status_or_not_at_all(door: Door, sent: bytes, status: bytes) -> None:
    assert knock(door, sent).partition(b" ")[2][:3] == status
    assert knock(door, b"GET /v1/nonce HTTP/1.1\r\n\r\n").endswith(b"200 OK")


def test_wrong_claims_cost_time_and_a_person_may_mistype(door: Door, tmp_path: Path) -> None:
    def tried() -> str:
        code = Claim(bytes(16), Claim.read(door.claim("lane-9")).ca_digest).code
        return refused(lambda: enrol_at(door.at, code, tmp_path / "wrong", "harbour", "lane-1", now))

    good = door.claim()
    assert [tried() for _ in range(4)] == ["claim-unknown", "claim-unknown", "claim-unknown", "too-many"]
    assert refused(lambda: enrol_at(door.at, good, tmp_path / "good", "harbour", "lane-1", now)) == "too-many"
    door.clock_s += 1.0
    enrol_at(door.at, good, tmp_path / "good", "harbour", "lane-1", now)


def test_waits_double_up_to_a_minute_and_a_crowd_fills_no_memory() -> None:
    patience = Patience()
    waits = []
    for _ in range(12):
        patience.wrong("a", 0.0)
        waits.append(patience.wait_s("a", 0.0))
    assert waits == [0, 0, 1, 2, 4, 8, 16, 32, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S, LONGEST_WAIT_S]
    assert patience.wait_s("b", 0.0) == 0
    for number in range(3 * ADDRESSES_MAX):
        patience.wrong(str(number), 0.0)
    assert len(patience._mistakes) == ADDRESSES_MAX


def test_more_knockers_than_there_is_room_for_are_turned_away(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "CONNECTIONS_MAX", 2)
    question = b"GET /v1/nonce HTTP/1.1\r\n\r\n"
    with contextlib.ExitStack() as stack:
        for _ in range(2):
            raw = stack.enter_context(socket.create_connection(("127.0.0.1", door.port), timeout=LIMIT_S))
            wire = stack.enter_context(context(door.region).wrap_socket(raw, server_hostname="127.0.0.1"))
            wire.sendall(b"GET ")
        assert knock(door, question) == b""
        wire.sendall(question[4:])
        assert wire.recv(100).startswith(b"HTTP/1.1 200")
    assert knock(door, question).startswith(b"HTTP/1.1 200")


def test_whoever_sends_a_letter_at_a_time_is_cut_off(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "EXCHANGE_LIMIT_S", 0.2)
    assert knock(door, b"GET /v1/nonce HT") == b""


def test_no_log_line_holds_a_claim_or_a_name_from_a_stranger(
    door: Door, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        code = door.claim()
        enrol_at(door.at, code, tmp_path / "one", "harbour", "lane-1", now)
        refused(lambda: enrol_at(door.at, code, tmp_path / "two", "harbour", "lane-66", now))
    assert "lane-1 of post harbour is enrolled" in caplog.text
    assert code not in caplog.text
    assert code.replace("-", "") not in caplog.text
    assert "lane-66" not in caplog.text


# --- the port ---
def tried(region: Any, port: int, rest: Callable[[float], Awaitable[None]], opened: Callable[[int], None]) -> Any:
    config = dataclasses.replace(region.authority.config, enrolment_port=port)
    return asyncio.create_task(enrolment.receive_devices(StateFolder(region.state, config), region_now, rest, opened))


def region_now() -> datetime:
    return datetime.now(UTC)


@contextlib.asynccontextmanager
async def ended(task: "asyncio.Task[None]") -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(LIMIT_S):
            yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def test_a_port_that_is_taken_at_the_start_is_had_once_it_is_free_and_said_once(
    region: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rests: list[float] = []

    async def story(taken: socket.socket, port: int) -> None:
        opened = asyncio.Event()

        async def rest(seconds: float) -> None:
            rests.append(seconds)
            if len(rests) == 3:
                taken.close()

        async with ended(tried(region, port, rest, lambda _: opened.set())):
            await opened.wait()
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context(region))
            writer.write(b"GET /v1/nonce HTTP/1.1\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            writer.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        asyncio.run(story(taken, port))
    assert rests == [enrolment.AGAIN_S] * 3
    [said] = [line.getMessage() for line in caplog.records if line.levelname == "WARNING"]
    assert said.startswith(f"enrolment: closed, for 127.0.0.1:{port} cannot be had (")


def test_a_door_without_a_certificate_opens_once_there_is_one(region: Any, caplog: pytest.LogCaptureFixture) -> None:
    path = region.state / "enrolment.crt"
    away = path.rename(path.with_suffix(".away"))

    async def story() -> None:
        opened = asyncio.Event()

        async def rest(_: float) -> None:
            away.rename(path)

        async with ended(tried(region, free_port(), rest, lambda _: opened.set())):
            await opened.wait()

    asyncio.run(story())
    assert "it has no certificate" in caplog.text


def test_a_door_that_is_closed_sends_away_who_is_inside(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrolment, "EXCHANGE_LIMIT_S", 3_600.0)

    async def story() -> None:
        opened, port = asyncio.Event(), free_port()
        async with ended(tried(region, port, asyncio.sleep, lambda _: opened.set())):
            await opened.wait()
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context(region))
            writer.write(b"GET ")
            await writer.drain()
            question, answer = await asyncio.open_connection("127.0.0.1", port, ssl=context(region))
            answer.write(b"GET /v1/nonce HTTP/1.1\r\n\r\n")
            await question.readline()  # so the other one is inside by now
            answer.close()
        async with asyncio.timeout(LIMIT_S):
            assert await reader.read() == b""
        writer.close()

    asyncio.run(story())


# --- the command line ---
def said(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    parser = argparse.ArgumentParser()
    device_command.add_parser(parser.add_subparsers())
    args = parser.parse_args(["device", *words, "--json"])
    assert args.run(args) == 0
    return json.loads(capsys.readouterr().out)


def test_whoever_claims_for_an_enrolled_device_is_told_what_to_do_about_a_replaced_card(
    region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    region.lane("lane-1")
    parser = argparse.ArgumentParser()
    device_command.add_parser(parser.add_subparsers())
    told = {}
    for name in ("lane-1", "lane-2"):
        words = ["device", "claim", "--state", str(region.state), "--post", "harbour", "--device", name]
        args = parser.parse_args(words)
        assert args.run(args) == 0
        told[name] = capsys.readouterr().out
    assert "device revoke lane-1, and claim a new name" in told["lane-1"]
    assert "revoke" not in told["lane-2"]


def test_the_commands_claim_enrol_renew_revoke_and_show(
    door: Door, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def command(*words: str) -> Any:
        return said(capsys, *words)

    state, edge = ("--state", str(door.region.state)), ("--edge", str(tmp_path / "edge"))
    named = ("--post", "harbour", "--device", "lane-1")
    claim = command("claim", *state, *named)
    assert set(claim) == {"claim", "device", "post", "ends"}
    assert command("enrol", "--at", door.at, "--claim", claim["claim"], *edge, *named)["new"]
    assert command("renew", "--at", door.at, *edge)["kid"] == "lane-1"
    assert command("renew", "--gateway", str(door.region.state), *edge, "--new-key")["kid"] == "lane-1.2"
    assert command("revoke", "lane-1", *state, "--reason", "stolen")["revoked"]
    (shown,) = command("show", *state)["devices"]
    assert shown["state"] == "revoked"
    with pytest.raises(Fault) as caught:
        command("renew", "--at", door.at, *edge)
    assert (caught.value.code, caught.value.exit_code) == ("revoked", 2)
    with pytest.raises(Fault) as caught:
        command("enrol", "--at", door.at, *edge, *named)
    assert caught.value.code == "usage"
    known = tomllib.loads((tmp_path / "edge" / "identity" / "identity.toml").read_text())
    assert known["certificate_ends"] == shown["certificate_ends"]
