"""A store that goes while a command is at work, a path that is none: each is a sentence with a cure."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from borderpost.__main__ import main
from borderpost.errors import Fault
from borderpost.gateway import gateway_errors
from gateway.state import StateFolder
from gateway.store.connection import StoreFault


def test_a_store_that_goes_under_a_command_is_a_sentence_with_a_cure() -> None:
    with pytest.raises(Fault) as told, gateway_errors():
        raise StoreFault("57P01")
    assert (told.value.code, told.value.exit_code) == ("store-refused", 4)
    assert "57P01" in told.value.message
    assert told.value.cure


def test_a_store_that_is_older_than_the_program_is_told_how_to_come_up_to_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "region"
    assert main(["gateway", "init", "--state", str(state), "--region", "north"]) == 0
    with closing(StateFolder(state).open_store()) as connection:
        connection.execute("DROP TABLE announced")
        connection.execute("PRAGMA user_version=6")
    capsys.readouterr()
    assert main(["gateway", "gaps", "--state", str(state), "--json"]) == 4
    assert "gateway init" in json.loads(capsys.readouterr().out)["error"]["cure"]
    assert main(["gateway", "init", "--state", str(state)]) == 0
    assert main(["gateway", "gaps", "--state", str(state)]) == 0


@pytest.mark.parametrize("place", ["file", "file/region"])
def test_a_folder_that_is_a_file_is_a_sentence_that_names_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], place: str
) -> None:
    (tmp_path / "file").touch()
    assert main(["gateway", "init", "--state", str(tmp_path / place), "--region", "north", "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == "unusable-path"
    assert str(tmp_path / "file") in error["message"]
    assert "there is a file" in error["message"]
    assert error["cure"]


def test_a_worker_that_nobody_added_is_told_how_to_be_added(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "region")
    assert main(["gateway", "init", "--state", state, "--region", "north"]) == 0
    assert main(["gateway", "run", "--state", state, "--worker", "gateway-7", "--pages", "127.0.0.1:0"]) == 2
    assert f"gateway worker add gateway-7 --state {state}" in capsys.readouterr().err


def test_a_claim_beside_a_certificate_hides_it_from_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "region")
    assert main(["gateway", "init", "--state", state, "--region", "north"]) == 0
    assert main(["device", "show", "--state", state]) == 0
    assert "No device is enrolled" in capsys.readouterr().out
    names = ["--post", "harbour", "--device", "lane-1"]
    assert main(["device", "enrol", "--gateway", state, "--edge", str(tmp_path / "edge"), *names]) == 0
    assert main(["device", "claim", "--state", state, *names, "--json"]) == 0
    claim = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert main(["device", "show", "--state", state, "--json"]) == 0
    [device] = json.loads(capsys.readouterr().out)["devices"]
    assert main(["device", "show", "--state", state]) == 0
    row = capsys.readouterr().out.splitlines()[1].split()
    assert row == ["lane-1", "harbour", "active", "lane-1", "active", device["certificate_ends"], "-", claim["ends"]]


def test_half_an_option_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "region")
    assert main(["gateway", "init", "--state", state, "--region", "north", "--js"]) == 2
    assert "Unrecognized arguments: --js." in capsys.readouterr().err
    assert main(["gateway", "init", "--stat", state, "--region", "north"]) == 2
    assert "--state" in capsys.readouterr().err
    assert not (tmp_path / "region").exists()


def test_a_region_is_named_once_and_known_from_then_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state = str(tmp_path / "region")
    assert main(["gateway", "init", "--state", state]) == 2
    assert "--region" in capsys.readouterr().err
    assert not (tmp_path / "region").exists()
    assert main(["gateway", "init", "--state", state, "--region", "north"]) == 0
    capsys.readouterr()
    assert main(["gateway", "init", "--state", state]) == 0
    assert capsys.readouterr().out == f"Region north in {state}: all was there.\n"
