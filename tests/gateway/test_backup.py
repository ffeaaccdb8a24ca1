"""A region goes on from its backup: nothing that was in it is lost, and nobody who was forgotten comes back."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.care import retention
from gateway.care.backup import INDEX, backup
from gateway.care.epoch import epoch
from gateway.care.in_use import at_work
from gateway.care.ledger import Entry, entries, write_down
from gateway.care.restore import restore
from gateway.care.retention import erased_in, sweep
from gateway.downlink import lists
from gateway.errors import GatewayError
from gateway.identity.authority import set_up
from gateway.identity.joining import Joining
from gateway.identity.register import Register
from gateway.intake.judge import judge
from gateway.intake.recording import record
from gateway.intake.vault import Vault, place_of
from gateway.queries import Queries
from gateway.state import StateFolder
from gateway.store.sqlite import connect
from messages.ack import Epoch

CANARY, NUMBER = "CANARYSSON", "UCANARY42"  # what the Utopians of conftest are called
PASSPHRASE = b"seven utopian herons fly north"
DUE = datetime(2026, 12, 25, tzinfo=UTC)  # the day after the Utopians' dates


def store(region: Any, *frames: tuple[str, bytes]) -> None:
    with closing(connect(region.authority.store_path())) as connection:
        register, key = Register(connection).snapshot(), region.authority.region_key()
        verdicts = [judge(topic, payload, register, key) for topic, payload in frames]
        record(connection, Vault(region.authority.store_key()), verdicts, region.now)


def offer(lane: Any, *events: Any) -> tuple[str, bytes]:
    return str(lane.topic), lane.frame(events)


def rows(state: Path, query: str) -> list[tuple[Any, ...]]:
    with closing(connect(state / "store.sqlite")) as connection:
        return [tuple(row) for row in connection.execute(query)]


def in_clear(content: bytes, secrets: Sequence[bytes]) -> list[bytes]:
    return [secret for secret in secrets if secret in content]


def key_lines(state: Path) -> list[bytes]:
    """Lines of key files that nobody else has."""
    lines = [line for path in (state / "secrets").iterdir() for line in path.read_bytes().splitlines()]
    return [line for line in lines if len(line) > 40] + [bytes.fromhex((state / "secrets/store.key").read_text())]


def test_a_backup_restored_on_another_machine_opens_every_body(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    granted, left = lane.granted(1), lane.left(1)
    store(region, offer(lane, granted, left))
    made = backup(region.authority, tmp_path / "tape", region.now, PASSPHRASE)
    assert (made.events, made.size_bytes) == (2, (tmp_path / "tape").stat().st_size)
    restore(tmp_path / "anew", made.file, region.now, secret=PASSPHRASE, force=False)
    folder = StateFolder(tmp_path / "anew")
    [(body,)] = rows(folder.state, "SELECT body FROM events WHERE seq = 1")
    opened = Vault(folder.store_key()).open(bytes(body), place_of(lane.name, lane.boot, 1))
    assert CANARY.encode() in opened
    with closing(connect(folder.store_path())) as connection:
        counts = Queries(connection).counts()
        assert lane.name in Register(connection)
    assert (counts.events, counts.crossings, counts.lost) == (2, 1, 0)
    assert folder.region_key().secret == region.authority.region_key().secret
    assert (folder.state / "broker" / "broker.key").stat().st_mode & 0o777 == 0o600


def test_h08_a_backup_tape_shows_no_traveller_and_no_key(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.granted(1)), (str(lane.topic), lane.frame([lane.referred(2)])[:-1]))
    personal = [CANARY.encode(), NUMBER.encode(), b"1980-02-03"]
    keys = key_lines(region.state)
    for passphrase in (None, PASSPHRASE):
        made = backup(region.authority, tmp_path / "tape", region.now, passphrase)
        assert in_clear(made.file.read_bytes(), [*personal, *keys]) == []
        assert made.file.stat().st_mode & 0o777 == 0o600
    assert in_clear((region.state / "secrets/store.key").read_bytes(), keys)  # the search would find them


def test_a_backup_is_made_while_the_gateway_writes(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.alarm()))
    with at_work(region.state), closing(connect(region.authority.store_path())) as writer, writer.transaction():
        writer.execute("UPDATE boots SET number = 77")
        made = backup(region.authority, tmp_path / "tape", region.now, None)
    restore(region.state, made.file, region.now, secret=None, force=True)
    assert rows(region.state, "SELECT number FROM boots") == [(0,)]  # what was committed


def test_a_backup_that_is_cut_short_leaves_the_one_before(
    region: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    before = made.file.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GatewayError, match="could not be written: No space left"):
        backup(region.authority, tmp_path / "tape", region.now, None)
    assert made.file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


# --- what restore refuses ---
def test_a_store_that_is_there_is_replaced_by_force_alone_and_put_aside(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    store(region, offer(lane, lane.alarm()))
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=False)
    assert refused.value.code == "store-there"
    assert rows(region.state, "SELECT count(*) FROM events") == [(1,)]
    restore(region.state, made.file, region.now, secret=None, force=True)
    assert rows(region.state, "SELECT count(*) FROM events") == [(0,)]
    with closing(connect(region.state / "before-restore.sqlite")) as aside:
        assert [tuple(row) for row in aside.execute("SELECT count(*) FROM events")] == [(1,)]


def test_a_folder_with_a_gateway_at_work_is_left_alone(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    with at_work(region.state), at_work(region.state):  # several workers do not disturb each other
        with pytest.raises(GatewayError) as refused:
            restore(region.state, made.file, region.now, secret=None, force=True)
        assert refused.value.code == "in-use"
    restore(region.state, made.file, region.now, secret=None, force=True)


def repacked(source: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            content = change(member.name, file.read())
            path = target.with_suffix(".part")
            path.write_bytes(content)
            new.add(path, member.name)
    return target


def with_another_register(region: Any, tmp_path: Path) -> Callable[[str, bytes], bytes]:
    """The store with a device of the thief's own in it, and an index that fits it."""
    stolen = tmp_path / "stolen.sqlite"
    shutil.copyfile(region.authority.store_path(), stolen)
    content = stolen.read_bytes()

    def change(name: str, was: bytes) -> bytes:
        if name == "store.sqlite":
            return content
        if name == INDEX:
            index = json.loads(was)
            index["files"]["store.sqlite"] = {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            return json.dumps(index).encode()
        return was

    return change


def test_a_backup_with_a_device_slipped_in_is_not_taken(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    region.lane("thief")
    forged = repacked(made.file, tmp_path / "forged", with_another_register(region, tmp_path))
    with pytest.raises(GatewayError) as refused:
        restore(region.state, forged, region.now, secret=None, force=True)
    assert refused.value.code == "not-ours"


def flipped(name: str, was: bytes) -> bytes:
    """One bit of the store."""
    return was[:5000] + bytes([was[5000] ^ 1]) + was[5001:] if name == "store.sqlite" else was


def test_a_damaged_backup_is_not_taken(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    damaged = repacked(made.file, tmp_path / "damaged", flipped)
    (tmp_path / "noise").write_bytes(os.urandom(4096))
    (tmp_path / "cut").write_bytes(made.file.read_bytes()[: made.size_bytes // 2])
    before = rows(region.state, "SELECT * FROM devices")
    for path, code in (
        (damaged, "bad-backup"),
        (tmp_path / "noise", "not-a-backup"),
        (tmp_path / "cut", "not-a-backup"),
    ):
        with pytest.raises(GatewayError) as refused:
            restore(region.state, path, region.now, secret=None, force=True)
        assert refused.value.code == code
    assert rows(region.state, "SELECT * FROM devices") == before


def test_g14_a_backup_cannot_write_outside_its_folder(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)

    def change(name: str, was: bytes) -> bytes:
        return was.replace(b'"gateway.toml"', b'"../../escaped"') if name == INDEX else was

    with pytest.raises(GatewayError) as refused:
        restore(tmp_path / "a" / "b", repacked(made.file, tmp_path / "x", change), region.now, secret=None, force=True)
    assert refused.value.code == "not-a-backup"
    assert not (tmp_path / "escaped").exists()


def test_keys_come_with_their_passphrase_alone(region: Any, tmp_path: Path) -> None:
    bare = backup(region.authority, tmp_path / "bare", region.now, None)
    full = backup(region.authority, tmp_path / "full", region.now, PASSPHRASE)
    for source, secret, code in (
        (bare.file, None, "no-keys"),
        (bare.file, PASSPHRASE, "no-keys"),
        (full.file, None, "no-keys"),
        (full.file, b"another passphrase", "wrong-passphrase"),
    ):
        with pytest.raises(GatewayError) as refused:
            restore(tmp_path / "anew", source, region.now, secret=secret, force=False)
        assert refused.value.code == code
    with pytest.raises(GatewayError) as refused:
        backup(region.authority, tmp_path / "weak", region.now, b"guess me")
    assert refused.value.code == "weak-passphrase"


def test_another_regions_backup_is_not_taken(region: Any, other_region: Any, tmp_path: Path) -> None:
    made = backup(other_region.authority, tmp_path / "tape", region.now, PASSPHRASE)
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=PASSPHRASE, force=True)
    assert refused.value.code == "not-ours"


def test_a_folder_that_has_become_another_regions_is_left_alone(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    (region.state / "gateway.toml").write_text('region = "south"\n')
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=True)
    assert refused.value.code == "other-region"


# --- what a restore may not bring back ---
def test_a_restore_begins_a_new_epoch(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)

    def now() -> Epoch:
        with closing(connect(region.authority.store_path())) as connection:
            return epoch(connection)

    seen = [now()]
    for _ in range(2):
        restore(region.state, made.file, region.now, secret=None, force=True)
        seen.append(now())
    assert len({each.name for each in seen}) == 3
    assert all(len(each.name) == 16 for each in seen)
    assert seen == sorted(seen, key=lambda each: each.number)


@pytest.mark.parametrize("lost", ["nothing", "ledger.jsonl", "clock"])
def test_an_epoch_is_later_than_all_before_it_though_the_store_has_forgotten_them(
    region: Any, tmp_path: Path, lost: str
) -> None:
    """A device that has heard a later one would never again strike anything off."""
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    numbers = []
    for turn in range(1, 4):
        now = region.now - timedelta(days=turn) if lost == "clock" else region.now + timedelta(days=turn)
        restore(region.state, made.file, now, secret=None, force=True)
        [(number,)] = rows(region.state, "SELECT max(number) FROM epochs")
        numbers.append(number)
        (region.state / lost).unlink(missing_ok=True)
    assert numbers == sorted(set(numbers))


def test_a_number_in_a_spoilt_ledger_that_no_device_would_read_is_not_followed(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    write_down(region.state, *(Entry("epoch", "", subject, 1) for subject in ("9" * 30, "heron", "")))
    restore(region.state, made.file, region.now, secret=None, force=True)
    assert rows(region.state, "SELECT max(number) FROM epochs") == [(int(region.now.timestamp()),)]


def test_a_store_that_was_lost_and_made_anew_is_later_than_the_one_before(region: Any, tmp_path: Path) -> None:
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    restore(region.state, made.file, region.now, secret=None, force=True)
    query = "SELECT max(number) FROM epochs"
    [(before,)] = rows(region.state, query)
    set_up(region.state, "north", region.now)  # where nothing was lost it begins none
    assert rows(region.state, query) == [(before,)]
    region.authority.store_path().write_bytes(b"")  # as when a database was emptied
    set_up(region.state, "north", region.now)
    assert rows(region.state, query) > [(before,)]


def test_a_claim_that_may_have_been_used_since_the_backup_is_void(region: Any, tmp_path: Path) -> None:
    Joining(region.authority).claim("harbour", "lane-9", region.now)
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    assert rows(region.state, "SELECT count(*) FROM claims") == [(1,)]
    restore(region.state, made.file, region.now, secret=None, force=True)
    assert rows(region.state, "SELECT count(*) FROM claims") == [(0,)]


def test_a_list_that_is_published_after_a_restore_is_newer_than_what_devices_hold(region: Any, tmp_path: Path) -> None:
    rules = b'format = "borderpost-rules-1"\n'

    def publish() -> int:
        with closing(connect(region.authority.store_path())) as connection:
            key = region.authority.control_key()
            return lists.publish(connection, "north", key, "rules", rules, valid_s=60, now_ms=1).number

    assert publish() == 1
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    since = [publish() for _ in range(3)]
    restore(region.state, made.file, region.now, secret=None, force=True)
    assert publish() > max(since)
    assert publish() == lists.ROOM + 3  # and goes on by ones


def test_a_backup_of_a_later_release_is_not_taken(region: Any, tmp_path: Path) -> None:
    with closing(connect(region.authority.store_path())) as connection:
        connection.execute("PRAGMA user_version = 9999")
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    with pytest.raises(GatewayError) as refused:
        restore(region.state, made.file, region.now, secret=None, force=True)
    assert refused.value.code == "unknown-backup"


def test_h12_erased_and_revoked_stay_so_after_a_restore(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.granted(1), lane.left(1), lane.granted(2)))
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))
    Joining(region.authority).revoke(lane.name, "stolen", region.now)
    (region.state / "broker" / "revoked").unlink()
    done = restore(region.state, made.file, region.now, secret=None, force=True)
    assert done.erased.bodies_removed == 2
    assert rows(region.state, "SELECT seq FROM events WHERE body IS NOT NULL") == [(3,)]
    with closing(connect(region.authority.store_path())) as connection:
        register = Register(connection)
        assert register.snapshot()[lane.name].revoked
        assert register.revoked_certificates(region.now)
    assert (region.state / "broker" / "revoked").read_text().split() == [lane.name]


def test_h12_bodies_whose_date_has_come_since_the_backup_are_not_restored(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.granted(1)))
    made = backup(region.authority, tmp_path / "tape", region.now, None)
    restore(region.state, made.file, DUE, secret=None, force=True)
    assert rows(region.state, "SELECT count(*) FROM events WHERE body IS NOT NULL") == [(0,)]


# --- retention ---
def test_a_body_goes_on_its_date_and_its_row_stays(region: Any) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.granted(1), lane.left(1)), (str(lane.topic), lane.frame([lane.alarm()])[:-1]))
    with closing(connect(region.authority.store_path())) as connection:
        last_day = sweep(connection, (), DUE - timedelta(days=1), keep_days=3_650)
        assert last_day.until == "2026-12-24"
        granted = "SELECT body IS NULL FROM events WHERE seq = 1"
        assert [tuple(row) for row in connection.execute(granted)] == [(0,)]
        sweep(connection, (), DUE, keep_days=3_650)
        assert [tuple(row) for row in connection.execute(granted)] == [(1,)]
        assert Queries(connection).counts().events == 2
        sweep(connection, (), DUE + timedelta(days=30), keep_days=3_650)
    assert rows(region.state, "SELECT count(*) FROM events WHERE body IS NOT NULL") == [(0,)]
    assert rows(region.state, "SELECT count(*) FROM quarantine WHERE body IS NOT NULL") == [(0,)]


def test_h07_what_is_erased_lies_in_no_free_page_and_no_log(region: Any) -> None:
    lane = region.lane()
    store(region, offer(lane, lane.granted(1)))
    with closing(connect(region.authority.store_path())) as connection:
        [row] = connection.execute("SELECT body FROM events").fetchall()
        body = bytes(row[0])

        def on_disk() -> list[str]:
            paths = [path for path in region.state.iterdir() if path.name.startswith("store.sqlite")]
            return [path.name for path in paths if body[:200] in path.read_bytes()]

        assert on_disk()
        sweep(connection, (), DUE, keep_days=3_650)
        assert on_disk() == []


def test_old_rows_go_with_all_that_was_read_off_them(region: Any) -> None:
    lane = region.lane()
    store(region, offer(lane, *(lane.alarm() for _ in range(40))), offer(lane, lane.granted(1), lane.left(1)))
    bad = str(lane.topic), lane.frame([lane.alarm()])[:-1]
    store(region, bad)
    with closing(connect(region.authority.store_path())) as connection:
        assert sweep(connection, (), region.now + timedelta(days=99), keep_days=100).rows_removed == 0
        swept = sweep(connection, (), region.now + timedelta(days=101), keep_days=100)
        assert swept.rows_removed == 43
        counts = Queries(connection).counts()
        assert (counts.events, counts.crossings, counts.granted, counts.quarantined) == (0, 0, 0, 0)
        assert counts.lost == 0  # that they once came is still known
        assert Queries(connection).movements() == ()


def test_a_row_that_came_while_the_clock_was_ahead_shields_no_older_one(
    region: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH_ROWS", 4)
    lane = region.lane()
    store(region, offer(lane, *(lane.alarm() for _ in range(11))))
    with closing(connect(region.authority.store_path())) as connection:
        connection.execute("UPDATE events SET received_ms = received_ms + 864000000 WHERE seq IN (2, 3, 4, 5, 10)")
        now = region.now + timedelta(days=101)
        assert sweep(connection, (), now, keep_days=100).rows_removed == 6
        assert rows(region.state, "SELECT seq FROM events ORDER BY seq") == [(2,), (3,), (4,), (5,), (10,)]
        assert sweep(connection, (), now, keep_days=100).rows_removed == 0
        assert Queries(connection).counts().events == 5


def test_h12_a_crossing_that_is_sent_again_after_its_erasure_is_erased_again(region: Any) -> None:
    lane = region.lane()
    write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))
    store(region, offer(lane, lane.granted(1), lane.granted(2)))
    with closing(connect(region.authority.store_path())) as connection:
        assert sweep(connection, erased_in(region.state), region.now, keep_days=100).bodies_removed == 1
    assert rows(region.state, "SELECT seq FROM events WHERE body IS NULL") == [(1,)]


def test_a_line_of_the_ledger_that_a_power_cut_tore_is_passed_over(tmp_path: Path) -> None:
    first, second = Entry("erased", "lane-1", "a", 1), Entry("erased", "lane-1", "b", 2)
    write_down(tmp_path, first)
    with (tmp_path / "ledger.jsonl").open("ab") as file:
        file.write(b'{"kind": "era')
    write_down(tmp_path, second)
    assert entries(tmp_path, "erased") == (first, second)
    assert entries(tmp_path, "revoked") == ()


# --- by command ---
def command(*words: str) -> tuple[int, Any]:
    done = subprocess.run([sys.executable, "-m", "borderpost", *words, "--json"], capture_output=True, check=False)
    return done.returncode, json.loads(done.stdout)


def test_the_commands_say_what_they_did(region: Any, tmp_path: Path) -> None:
    lane, state, tape = region.lane(), str(region.state), str(tmp_path / "tape")
    store(region, offer(lane, lane.granted(1)))
    secret = tmp_path / "passphrase"
    secret.write_bytes(PASSPHRASE + b"\n")
    code, told = command("gateway", "backup", tape, "--state", state, "--with-keys", "--passphrase-file", str(secret))
    assert (code, told["file"], told["events"]) == (0, tape, 1)
    code, told = command("gateway", "retention", "--state", state, "--erase", lane.name, lane.crossing(1))
    assert (code, told["bodies_removed"], told["rows_removed"]) == (0, 1, 0)
    code, told = command("gateway", "restore", tape, "--state", state)
    assert (code, told["error"]["code"]) == (2, "store-there")
    anew = str(tmp_path / "anew")
    code, told = command("gateway", "restore", tape, "--state", anew, "--passphrase-file", str(secret))
    assert (code, told["events"]) == (0, 1)


@pytest.mark.parametrize("name", ["store.sqlite", "secrets/store.key", "gateway.toml"])
def test_a_backup_takes_the_place_of_another_backup_and_of_nothing_else(region: Any, tmp_path: Path, name: str) -> None:
    folder, target = StateFolder(region.state), region.state / name
    before = target.read_bytes()
    with pytest.raises(GatewayError, match="is no backup"):
        backup(folder, target, region.now, None)
    assert target.read_bytes() == before
    for _ in range(2):
        backup(folder, tmp_path / "backup", region.now, None)


def test_a_store_that_was_restored_is_closed_to_others(region: Any, tmp_path: Path) -> None:
    backup(StateFolder(region.state), tmp_path / "backup", region.now, None)
    restore(region.state, tmp_path / "backup", region.now, secret=None, force=True)
    assert {path.name: path.stat().st_mode & 0o077 for path in region.state.glob("*.sqlite")} == {
        "store.sqlite": 0,
        "before-restore.sqlite": 0,
    }
