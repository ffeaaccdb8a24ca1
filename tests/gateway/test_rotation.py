"""A region that changes its keys and grows: what was sealed before stays readable, and nobody is believed early."""

import argparse
import json
import os
import stat
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from borderpost import gateway as gateway_command
from borderpost.__main__ import main
from gateway.care.backup import backup
from gateway.care.restore import restore
from gateway.care.upkeep import say_what_ends
from gateway.config import load
from gateway.errors import GatewayError
from gateway.identity.authority import set_up
from gateway.identity.register import Register
from gateway.identity.rotation import add_worker, copy_for, end, rotate
from gateway.intake.judge import judge
from gateway.state import TOLD_TO_ALL_S, StateFolder
from gateway.store.migrations import migrations, statements
from gateway.store.sqlite import connect
from messages.frame import seal_frame
from messages.keys import RegionPublic


def opened(region: Any, keys: Any, lane: Any, frame: bytes) -> list[str]:
    """Why each event is not taken."""
    connection = region.authority.open_store()
    try:
        verdict = judge(str(lane.topic), frame, Register(connection).snapshot(), keys)
    finally:
        connection.close()
    return [kept.reason for kept in verdict.kept]


def test_frames_sealed_to_the_old_key_and_to_the_new_one_are_opened(region: Any) -> None:
    before = region.lane("lane-1")
    old = before.frame([before.alarm()])
    assert rotate(region.authority, "region") == "region-2"
    after = region.lane("lane-2")
    assert after.enrolled.region_kid == "region-2"
    keys = StateFolder(region.state).region_keys()
    assert opened(region, keys, before, old) == []
    assert opened(region, keys, after, after.frame([after.alarm()])) == []
    assert rotate(region.authority, "region") == "region-3"


def test_a_worker_that_runs_finds_a_key_that_was_added_behind_its_back(region: Any) -> None:
    """Else it would refuse the frame, acknowledge that it did, and the device would strike off what nobody read."""
    running = region.authority.region_keys()
    rotate(region.authority, "region")
    lane = region.lane()
    assert opened(region, running, lane, lane.frame([lane.alarm()])) == []


def test_a_frame_sealed_to_a_key_of_no_kid_here_is_of_another_region(region: Any) -> None:
    lane = region.lane()
    stranger = RegionPublic("region-9", lane.enrolled.region_public)
    frame = seal_frame([lane.alarm()], lane.topic, lane.key, stranger)
    assert opened(region, region.authority.region_keys(), lane, frame) == ["wrong-region"]


def test_a_new_control_key_signs_when_every_device_in_touch_knows_it(region: Any) -> None:
    assert rotate(region.authority, "control") == "control-2"
    assert region.authority.control_key().kid == "control-1"
    assert list(region.lane().enrolled.controls) == ["control-1", "control-2"]
    path = region.authority.secret("control-2.key")
    then = time.time() - TOLD_TO_ALL_S - 60
    os.utime(path, (then, then))
    assert region.authority.control_key().kid == "control-2"


def test_a_control_key_that_was_seen_and_ended_signs_nothing_and_no_device_is_told_of_it_again(region: Any) -> None:
    rotate(region.authority, "control")
    seen = region.authority.controls()["control-1"]
    assert end(region.authority, "control-1", region.now) == "control-2"
    assert region.authority.control_key().kid == "control-2"  # at once, though it is no 30 days old
    told = region.lane().enrolled.controls
    assert list(told) == ["control-2"]
    assert seen not in told.values()
    set_up(region.state, "north", region.now)
    assert list(StateFolder(region.state).controls()) == ["control-2"]


def test_of_several_young_control_keys_the_one_that_most_devices_know_signs(region: Any) -> None:
    rotate(region.authority, "control")
    rotate(region.authority, "control")
    assert end(region.authority, "control-1", region.now) == "control-2"
    assert end(region.authority, "control-2", region.now) == "control-3"


def test_the_number_of_a_control_key_that_was_ended_is_never_given_again(region: Any) -> None:
    rotate(region.authority, "control")
    assert end(region.authority, "control-2", region.now) == "control-1"
    assert rotate(region.authority, "control") == "control-3"
    assert list(region.authority.controls()) == ["control-1", "control-3"]


def test_the_only_control_key_and_one_that_is_not_there_are_not_ended(region: Any) -> None:
    for kid, code in (
        ("control-1", "last-key"), ("control-2", "unknown-key"), ("region-1", "unknown-key"), ("../x", "unknown-key"),
    ):  # fmt: skip
        with pytest.raises(GatewayError) as caught:
            end(region.authority, kid, region.now)
        assert caught.value.code == code
    assert list(region.authority.controls()) == ["control-1"]
    rotate(region.authority, "control")
    end(region.authority, "control-1", region.now)
    with pytest.raises(GatewayError) as caught:
        end(region.authority, "control-1", region.now)
    assert caught.value.code == "unknown-key"


def test_another_host_gets_no_control_key_that_was_ended_and_makes_none_in_its_place(
    region: Any, tmp_path: Path
) -> None:
    add_worker(region.authority, "gateway-2", region.now)
    path = region.state / "gateway.toml"
    path.write_text('store = "postgresql://there/north"\n' + path.read_text())
    folder, into = StateFolder(region.state), tmp_path / "there"
    rotate(folder, "control")
    end(folder, "control-1", region.now)
    copy_for(folder, "gateway-2", into)
    assert not (into / "secrets" / "control-1.key").exists()
    assert StateFolder(into).controls() == folder.controls()
    assert StateFolder(into).control_key().kid == "control-2"


def test_what_was_ended_stays_so_in_a_region_that_comes_back_from_its_backup(region: Any, tmp_path: Path) -> None:
    before, after, secret = tmp_path / "before", tmp_path / "after", b"a passphrase of many words"
    rotate(region.authority, "control")
    backup(region.authority, before, region.now, secret)
    end(region.authority, "control-1", region.now)
    backup(region.authority, after, region.now, secret)
    restore(region.state, before, region.now, secret=secret, force=True)
    assert list(StateFolder(region.state).controls()) == ["control-2"]
    restore(tmp_path / "new-host", after, region.now, secret=secret, force=False)
    assert list(StateFolder(tmp_path / "new-host").controls()) == ["control-2"]


def test_another_worker_has_keys_of_its_own_and_its_acknowledgements_are_known(region: Any) -> None:
    assert add_worker(region.authority, "gateway-2", region.now)
    assert not add_worker(region.authority, "gateway-2", region.now)
    keys = {name: region.authority.ack_key(name) for name in ("gateway-1", "gateway-2")}
    assert keys["gateway-1"].seed != keys["gateway-2"].seed
    assert region.lane().enrolled.gateways == {name: key.public for name, key in keys.items()}


@pytest.mark.parametrize("name", ["gateway", "gateway-", "gateway-0", "gateway-02", "lane-1", "../gateway-2", ""])
def test_a_worker_has_a_workers_name(region: Any, name: str) -> None:
    with pytest.raises(GatewayError) as caught:
        add_worker(region.authority, name, region.now)
    assert caught.value.code == "bad-name"


def test_a_folder_for_another_host_holds_no_ca_key_and_no_other_workers_key(region: Any, tmp_path: Path) -> None:
    add_worker(region.authority, "gateway-2", region.now)
    path = region.state / "gateway.toml"
    path.write_text('store = "postgresql://there/north"\n' + path.read_text())
    folder, into = StateFolder(region.state), tmp_path / "there"
    rotate(folder, "region")
    copy_for(folder, "gateway-2", into)
    secrets = {path.name for path in (into / "secrets").iterdir()}
    assert secrets == {
        "region.key",
        "region-2.key",
        "control-1.key",
        "store.key",
        "gateway-2.key",
        "gateway-2.ack.key",
    }
    assert {stat.S_IMODE(path.stat().st_mode) for path in (into / "secrets").iterdir()} == {0o600}
    config = load(into / "gateway.toml")
    assert (config.worker, config.store, config.enrolment) == ("gateway-2", "postgresql://there/north", "")
    copied = StateFolder(into)
    assert copied.region_keys() == folder.region_keys()
    assert copied.ack_key().kid == "gateway-2"
    with pytest.raises(GatewayError) as caught:
        copy_for(folder, "gateway-2", into)
    assert caught.value.code == "not-empty"


def test_a_store_that_is_a_file_is_not_shared(region: Any, tmp_path: Path) -> None:
    add_worker(region.authority, "gateway-2", region.now)
    with pytest.raises(GatewayError) as caught:
        copy_for(region.authority, "gateway-2", tmp_path / "there")
    assert caught.value.code == "own-store"


def test_a_worker_that_cannot_go_to_another_host_leaves_no_key_for_devices_to_believe(
    region: Any, tmp_path: Path
) -> None:
    known = region.authority.gateways()
    with pytest.raises(GatewayError, match="no worker on another host"):
        add_worker(region.authority, "gateway-2", region.now, tmp_path / "there")
    path = region.state / "gateway.toml"
    path.write_text('store = "postgresql://there/north"\n' + path.read_text())
    (tmp_path / "file").touch()
    for into in (region.state, tmp_path / "file"):
        with pytest.raises((GatewayError, FileExistsError)):
            add_worker(StateFolder(region.state), "gateway-2", region.now, into)
    assert region.authority.gateways() == known
    assert not list(region.state.rglob("gateway-2*"))
    assert not (tmp_path / "there").exists()


def test_key_rotate_and_worker_add_from_the_command_line(region: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def command(*words: str) -> Any:
        parser = argparse.ArgumentParser()
        gateway_command.add_parser(parser.add_subparsers())
        args = parser.parse_args(["gateway", *words, "--state", str(region.state), "--json"])
        assert args.run(args) == 0
        return json.loads(capsys.readouterr().out)

    assert command("key", "rotate", "region") == {"purpose": "region", "kid": "region-2"}
    assert command("key", "rotate", "control") == {"purpose": "control", "kid": "control-2"}
    assert command("key", "end", "control-1") == {"kid": "control-1", "signs": "control-2"}
    assert command("worker", "add", "gateway-2") == {"worker": "gateway-2", "new": True, "into": None}
    assert command("worker", "add", "gateway-2")["new"] is False


def test_whoever_rotates_or_ends_a_key_reads_what_is_left_to_do(
    region: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    state = ("--state", str(region.state))
    assert main(["gateway", "key", "rotate", "control", *state]) == 0
    told = capsys.readouterr().out
    assert "that one stays believed. If it was seen," in told
    assert f"copy {region.state / 'secrets' / 'control-2.key'} into their secrets/" in told
    assert main(["gateway", "key", "end", "control-1", *state]) == 0
    told = capsys.readouterr().out
    assert "A device believes control-1 until it is renewed: publish lists" in told
    assert "On every other host" not in told  # a file is nobody else's store


def test_a_folder_from_before_there_were_control_keys_and_several_workers_goes_on(region: Any) -> None:
    region.authority.secret("control-1.key").unlink()
    (region.state / "gateway-1.pub").unlink()
    add_worker(region.authority, "gateway-2", region.now)
    enrolled = region.lane().enrolled
    assert list(enrolled.gateways) == ["gateway-1", "gateway-2"]
    assert enrolled.gateways["gateway-1"] == region.authority.ack_key("gateway-1").public
    assert enrolled.controls == {"control-1": region.authority.control_key().public}


def test_a_retired_workers_public_key_is_enough_to_believe_it(region: Any) -> None:
    add_worker(region.authority, "gateway-2", region.now + timedelta(days=1))
    region.authority.secret("gateway-2.ack.key").unlink()
    assert list(StateFolder(region.state).gateways()) == ["gateway-1", "gateway-2"]


def test_the_gateway_says_which_of_its_own_certificates_end(region: Any, caplog: pytest.LogCaptureFixture) -> None:
    say_what_ends(region.authority, region.now + timedelta(days=200))
    assert caplog.text == ""
    say_what_ends(region.authority, region.now + timedelta(days=300))
    for name in ("gateway-1.crt", "enrolment.crt", "broker.crt"):
        assert f"{name} ends on" in caplog.text


def test_devices_of_an_older_store_keep_their_keys(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "store.sqlite")) as store:
        with store.transaction():
            for number, script in migrations("sqlite"):
                for statement in statements(script) if number < 3 else ():
                    store.execute(statement)
            store.execute("PRAGMA user_version=2")
            for name, revoked in (("lane-1", 0), ("lane-2", 1)):
                key = name.encode().ljust(32, b"\0")
                store.execute("INSERT INTO devices VALUES (?, 'north', 'harbour', ?, ?, 5)", (name, key, revoked))
        store.migrate()
        known = Register(store).snapshot()
        assert {kid: record.revoked for kid, record in known.items()} == {"lane-1": False, "lane-2": True}
        assert known["lane-1"].public.startswith(b"lane-1\0")
        assert (known["lane-1"].region, known["lane-1"].post) == ("north", "harbour")
