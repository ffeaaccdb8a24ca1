"""What was forgotten, revoked or ended stays so where a region goes on: on its host, or on a new one."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from gateway.care import backup as backup_module
from gateway.care.backup import backup
from gateway.care.ledger import LEDGER_NAME, Entry, entries, merge, write_down
from gateway.care.restore import Restored, restore
from gateway.errors import GatewayError
from gateway.identity.authority import Authority
from gateway.identity.joining import Joining
from gateway.identity.rotation import end, rotate
from gateway.state import StateFolder
from tests.gateway.conftest import Region
from tests.gateway.test_backup import PASSPHRASE, flipped, offer, repacked, rows, store
from tests.gateway.test_joining import refused


@pytest.fixture
def new_host(region: Any, tmp_path: Path) -> Region:
    """Where nothing is yet but what a test puts there."""
    return Region(tmp_path / "new-host", tmp_path, region.authority, region.now)


def tape(region: Any, name: str = "tape") -> Path:
    return backup(region.authority, region.folder / name, region.now, PASSPHRASE).file


def back(region: Any, source: Path) -> Restored:
    done = restore(region.state, source, region.now, secret=PASSPHRASE, force=True)
    region.authority = Authority(region.state)
    return done


def carry_ledger(region: Any, new_host: Region) -> None:
    new_host.state.mkdir(0o700)
    shutil.copy(region.state / LEDGER_NAME, new_host.state)


def controls(region: Any) -> list[str]:
    return list(StateFolder(region.state).controls())


# --- a control key that was seen, and ended after the backup ---
def test_it_stays_ended_in_a_folder_that_lost_its_keys_and_kept_its_ledger(region: Any) -> None:
    rotate(region.authority, "control")
    source = tape(region)
    end(region.authority, "control-1", region.now)
    shutil.rmtree(region.state / "secrets")
    assert back(region, source).control == ""
    assert controls(region) == ["control-2"]


def test_it_stays_ended_on_a_new_host_with_the_ledger(region: Any, new_host: Region) -> None:
    rotate(region.authority, "control")
    source = tape(region)
    end(region.authority, "control-1", region.now)
    carry_ledger(region, new_host)
    back(new_host, source)
    assert controls(new_host) == ["control-2"]
    assert rotate(new_host.authority, "control") == "control-3"


def test_where_the_one_that_took_its_place_is_lost_another_is_made_and_that_is_said(
    region: Any, new_host: Region, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tape(region)
    rotate(region.authority, "control")
    lost = region.authority.controls()["control-2"]
    end(region.authority, "control-1", region.now)
    carry_ledger(region, new_host)
    secret = region.folder / "passphrase"
    secret.write_bytes(PASSPHRASE + b"\n")
    words = ["gateway", "restore", str(source), "--state", str(new_host.state), "--passphrase-file", str(secret)]
    assert main(words) == 0
    assert "obey nothing and take no list until they are renewed" in capsys.readouterr().out
    folder = StateFolder(new_host.state)
    assert (controls(new_host), folder.control_key().kid) == (["control-2"], "control-2")
    assert folder.controls()["control-2"] != lost
    assert main([*words, "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["control"] is None  # it is there now


def test_a_number_that_was_ended_is_given_to_no_other_key_though_that_key_is_lost(
    region: Any, new_host: Region
) -> None:
    source = tape(region)
    rotate(region.authority, "control")
    end(region.authority, "control-2", region.now)
    carry_ledger(region, new_host)
    back(new_host, source)
    assert (controls(new_host), rotate(new_host.authority, "control")) == (["control-1"], "control-3")


@pytest.mark.parametrize("kid", ["", "control-0", "region-1", "../control-1", "control-1 control-2", "control-\u0661"])
def test_a_line_that_names_no_control_key_is_passed_over(region: Any, kid: str) -> None:
    write_down(region.state, Entry("ended", "", kid, 1))
    back(region, tape(region))
    assert controls(region) == ["control-1"]
    assert list(region.state.rglob("*.ended")) == []


def test_a_control_key_is_not_ended_unless_its_line_is_on_the_disk(region: Any) -> None:
    rotate(region.authority, "control")
    (region.state / LEDGER_NAME).unlink(missing_ok=True)
    (region.state / LEDGER_NAME).mkdir()
    with pytest.raises(Exception, match="EISDIR"):
        end(region.authority, "control-1", region.now)
    assert controls(region) == ["control-1", "control-2"]


# --- a backup carries the ledger as it stood ---
def test_h12_a_crossing_that_was_erased_is_erased_again_on_a_new_host(region: Any, new_host: Region) -> None:
    lane = region.lane()
    write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))
    back(new_host, tape(region))
    store(new_host, offer(lane, lane.granted(1), lane.granted(2)))  # its device had kept it
    assert main(["gateway", "retention", "--state", str(new_host.state)]) == 0
    assert rows(new_host.state, "SELECT seq FROM events WHERE body IS NULL") == [(1,)]


def test_what_is_said_while_a_backup_is_made_is_in_it(
    region: Any, new_host: Region, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the store: a line without its deed is played by the restore, a deed without its line is done."""
    lane, real = region.lane(), backup_module.dump
    store(region, offer(lane, lane.granted(1)))

    def dump(*words: Any) -> int:
        events = real(*words)
        write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))
        return events

    monkeypatch.setattr(backup_module, "dump", dump)
    assert back(new_host, tape(region)).erased.bodies_removed == 1


def test_a_restore_knows_what_either_ledger_tells(region: Any, new_host: Region) -> None:
    """The backup's was torn out of the folder, which has begun another since."""
    lane = region.lane("lane-1")
    for number in (1, 2):
        write_down(region.state, Entry("erased", lane.name, lane.crossing(number), number))
    source, before = tape(region), (region.state / LEDGER_NAME).read_bytes()
    (region.state / LEDGER_NAME).unlink()
    Joining(region.authority).revoke(lane.name, "stolen", region.now)
    back(region, source)
    assert [entry.at_ms for entry in entries(region.state, "erased")] == [1, 2]
    assert refused(lambda: Joining(region.authority).claim("harbour", "lane-1", region.now)) == "revoked"
    once = (region.state / LEDGER_NAME).read_bytes()
    assert all(once.count(line) == 1 for line in before.splitlines())
    back(region, source)
    assert (region.state / LEDGER_NAME).read_bytes().startswith(once)
    assert len(entries(region.state, "erased")) == 2


def test_of_two_keys_under_one_name_the_later_counts_whichever_ledger_tells_it(region: Any) -> None:
    source = tape(region)
    for at_ms, number in ((2, 2), (1, 1)):
        subject = f"lane-1 harbour {bytes([number] * 32).hex()}"
        write_down(region.state, Entry("key", "lane-1", subject, at_ms))
    back(region, source)
    assert rows(region.state, "SELECT public FROM keys") == [(bytes([2] * 32),)]


def test_nobody_slips_a_line_into_the_ledger_of_a_backup(region: Any, tmp_path: Path) -> None:
    lane = region.lane()
    write_down(region.state, Entry("erased", lane.name, lane.crossing(1), 1))

    def change(name: str, was: bytes) -> bytes:
        return was + b'{"kind": "revoked"}\n' if name == LEDGER_NAME else flipped("", was)

    forged = repacked(tape(region), tmp_path / "forged", change)
    with pytest.raises(GatewayError) as caught:
        back(region, forged)
    assert caught.value.code == "bad-backup"


def test_a_line_that_was_torn_is_not_merged_and_spoils_no_other(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder, crossing in ((ours, "a"), (theirs, "b")):
        folder.mkdir()
        write_down(folder, Entry("erased", "lane-1", crossing, 1))
        with (folder / LEDGER_NAME).open("ab") as file:
            file.write(b'{"kind": "era')
    merge(ours, theirs / LEDGER_NAME)
    assert [entry.subject for entry in entries(ours, "erased")] == ["a", "b"]
    merge(ours, tmp_path / "none")
    assert (ours / LEDGER_NAME).read_bytes().count(b"\n") == 3
