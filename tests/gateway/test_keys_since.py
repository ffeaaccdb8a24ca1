"""A restore forgets no key that came after the backup, believes no older one for it, and takes in no revoked device."""

import errno
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.care.backup import backup
from gateway.care.keys_since import play_keys, write_keys
from gateway.care.ledger import LEDGER_NAME, Entry, entries, write_down
from gateway.care.restore import restore
from gateway.identity.authority import Authority, set_up
from gateway.identity.joining import Joining
from gateway.identity.register import RETIRED_DAYS, Register
from gateway.store.connection import StoreFault
from messages.errors import Quarantine
from messages.keys import DeviceKey, KeyRecord
from simulators.network.postgres import Postgres
from tests.gateway.conftest import Region
from tests.gateway.test_joining import asked, reason, refused, renewed
from tests.gateway.test_returning import coming_back, states

DAY = timedelta(days=1)


@pytest.fixture
def server(postgres: Postgres, tmp_path: Path) -> Region:
    now = datetime.now(UTC)
    set_up(tmp_path / "state", "north", now, postgres.fresh())
    return Region(tmp_path / "state", tmp_path, Authority(tmp_path / "state"), now)


def tape(region: Any) -> Path:
    return backup(region.authority, region.folder / "tape", region.now, None).file


def changed(region: Any, lane: Any, now: datetime | None = None) -> DeviceKey:
    """The key that the lane has from now on, and is answered about."""
    new = DeviceKey.generate(lane.name)
    return DeviceKey(Joining(region.authority).renew(renewed(lane, follower=new), now or region.now).kid, new.seed)


def back(region: Any, source: Path, now: datetime | None = None) -> None:
    restore(region.state, source, now or region.now, secret=None, force=True)


def lines(region: Any) -> list[bytes]:
    return (region.state / LEDGER_NAME).read_bytes().splitlines(keepends=True)


def comes_back_by_itself(region: Any) -> None:
    """Once changed its key after the backup, once came in after it as well."""
    early = region.lane("lane-1")
    source = tape(region)
    for lane in (early, region.lane("lane-2", "airport")):
        first, second = lane.key, changed(region, lane)
        back(region, source)
        assert [reason(region, lane, key) for key in (first, second)] == ["", ""]  # its rows wait, under either
        assert Joining(region.authority).renew(renewed(lane, second), region.now).post == lane.topic.post
        third = changed(region, lane)
        assert third.kid == f"{lane.name}.3"


# --- keys that came after the backup ---
def test_a_device_that_changed_its_key_after_the_backup_comes_back_by_itself(region: Any) -> None:
    comes_back_by_itself(region)


def test_it_does_so_on_a_postgres(server: Region) -> None:
    comes_back_by_itself(server)


def test_a_device_that_came_in_by_a_claim_after_the_backup_is_known(region: Any) -> None:
    source, joining, key = tape(region), Joining(region.authority), DeviceKey.generate("lane-1.4")
    joining.enrol(coming_back(joining.claim("harbour", "lane-1", region.now).code, key), region.now)
    back(region, source)
    assert [device["keys"] for device in joining.show(region.now)] == [[{"kid": "lane-1.4", "state": "active"}]]


def test_a_key_whose_device_was_heard_out_after_the_backup_has_its_days_again(region: Any) -> None:
    lane, joining, new = region.lane(), Joining(region.authority), DeviceKey.generate("lane-1")
    joining.renew(renewed(lane, follower=new), region.now)
    later = region.now + 70 * DAY
    with closing(region.authority.open_store()) as connection:
        Register(connection).end_retired(int(later.timestamp() * 1000))
    source = tape(region)
    code = joining.claim("harbour", "lane-1", later).code
    joining.enrol(coming_back(code, new, before=lane.key), later)
    back(region, source, later + DAY)
    assert states(region) == ["retired", "active"]
    back(region, source, later + (RETIRED_DAYS + 1) * DAY)
    assert states(region) == ["revoked", "active"]


# --- what a thief would like of a restore ---
def test_a_key_that_was_followed_after_the_backup_does_not_count_again_in_a_thiefs_hands(region: Any) -> None:
    lane = region.lane()
    source, thief = tape(region), DeviceKey.generate("lane-1")
    changed(region, lane)
    back(region, source)
    joining = Joining(region.authority)
    for request in (renewed(lane), renewed(lane, follower=thief)):
        assert refused(lambda: joining.renew(request, region.now)) == "retired-key"  # noqa: B023
    code = joining.claim("harbour", "lane-1", region.now).code
    assert refused(lambda: joining.enrol(asked(code, key=lane.key), region.now)) == "device-known"
    back(region, source, region.now + (RETIRED_DAYS + 1) * DAY)  # and gets no month more by each restore
    assert reason(region, lane, lane.key) == Quarantine.REVOKED_KEY


@pytest.mark.parametrize("order", [1, -1])
def test_a_device_that_came_and_was_revoked_after_the_backup_stays_revoked(region: Any, order: int) -> None:
    """In whatever order the ledger tells it."""
    early = region.lane("lane-1")
    source = tape(region)
    late, joining = region.lane("lane-2"), Joining(region.authority)
    newest = {lane.name: changed(region, lane) for lane in (early, late)}
    for lane in (early, late):
        joining.revoke(lane.name, "stolen", region.now)
    (region.state / LEDGER_NAME).write_bytes(b"".join(lines(region)[::order]))
    back(region, source)
    for lane in (early, late):
        assert refused(lambda: joining.claim("harbour", lane.name, region.now)) == "revoked"  # noqa: B023
        assert refused(lambda: joining.renew(renewed(lane, newest[lane.name]), region.now)) == "revoked"  # noqa: B023
        assert reason(region, lane, newest[lane.name]) == Quarantine.REVOKED_KEY
    assert (region.state / "broker" / "revoked").read_text().split() == ["lane-1", "lane-2"]


def test_a_device_that_is_revoked_in_the_store_gets_no_key_from_the_ledger(region: Any) -> None:
    lane = region.lane()
    changed(region, lane)
    Joining(region.authority).revoke("lane-1", "stolen", region.now)
    third = KeyRecord("lane-1.3", DeviceKey.generate("lane-1.3").public, "north", "harbour")
    (region.state / LEDGER_NAME).unlink()
    write_keys(region.state, [third], 1)
    back(region, tape(region))
    assert states(region) == ["revoked", "revoked"]


# --- the lines themselves ---
@pytest.fixture
def played(region: Any) -> Iterator[Any]:
    """Plays what the ledger holds, and returns the keys that are known then."""

    def play(*records: KeyRecord) -> dict[str, bytes]:
        for record in records:
            write_keys(region.state, [record], 1)
        with closing(region.authority.open_store()) as connection:
            with connection.transaction():
                play_keys(region.state, Register(connection), "north", 2)
            return {kid: record.public for kid, record in Register(connection).snapshot().items()}

    return play


def a_key(kid: str, number: int) -> KeyRecord:
    return KeyRecord(kid, bytes([number]) * 32, "north", "harbour")


def test_of_two_lines_for_one_name_the_last_counts(played: Any) -> None:
    """The first was written, and the store then refused."""
    assert played(a_key("lane-1", 1), a_key("lane-1", 2)) == {"lane-1": bytes([2]) * 32}


def test_what_the_store_knows_is_replaced_by_no_line_and_one_key_is_never_two_devices(region: Any, played: Any) -> None:
    lane = region.lane()
    known = {"lane-1": lane.key.public}
    copied = KeyRecord("lane-2", lane.key.public, "north", "harbour")
    assert played(a_key("lane-1", 1), copied, KeyRecord("lane-1.2", lane.key.public, "north", "harbour")) == known


def test_keys_are_played_by_their_numbers_whatever_the_order_of_the_lines(region: Any, played: Any) -> None:
    known = played(*(a_key(f"lane-1.{number}", number) for number in (10, 9, 2)))
    assert known == {f"lane-1.{number}": bytes([number]) * 32 for number in (2, 9, 10)}
    assert states(region) == ["retired", "retired", "active"]


@pytest.mark.parametrize(
    "subject",
    ["", "lane-1", "lane-1 harbour", "lane-1 harbour 00", f"lane-2 harbour {'00' * 32}", f"lane-1 .. {'00' * 32}"],
)
def test_a_line_that_names_no_key_of_its_device_is_passed_over(region: Any, played: Any, subject: str) -> None:
    write_down(region.state, Entry("key", "lane-1", subject, 1))
    assert played() == {}


def test_a_device_is_not_taken_in_unless_its_line_is_on_the_disk(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk tears the line: nothing was done, and the line that comes next is whole."""
    write = os.write

    def torn(descriptor: int, content: bytes) -> int:
        return write(descriptor, content[:20])

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for name, fault in (("write", torn), ("fsync", full)):
        with monkeypatch.context() as broken:
            broken.setattr(f"gateway.care.ledger.os.{name}", fault)
            with pytest.raises(StoreFault, match="ENOSPC"):
                region.lane()
        assert Joining(region.authority).show(region.now) == []
    lane = region.lane()
    assert entries(region.state, "key")[-1].subject == f"lane-1 harbour {lane.key.public.hex()}"


def test_the_first_line_is_on_the_disk_with_the_name_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[str]()
    monkeypatch.setattr("gateway.care.ledger.os.fsync", lambda handle: synced.append(_name_of(handle)))
    for _ in range(2):
        write_keys(tmp_path, [a_key("lane-1", 1)], 1)
    assert synced == [LEDGER_NAME, tmp_path.name, LEDGER_NAME]


def _name_of(handle: int) -> str:
    return Path(f"/proc/self/fd/{handle}").readlink().name


def test_two_thousand_devices_are_one_line_each_and_one_wait_for_the_disk(
    region: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = list[str]()
    monkeypatch.setattr("gateway.care.ledger.os.fsync", lambda handle: synced.append(_name_of(handle)))
    write_keys(region.state, [a_key(f"lane-{number}", number % 250) for number in range(2000)], 1)
    assert (len(lines(region)), synced.count(LEDGER_NAME)) == (2000, 1)
