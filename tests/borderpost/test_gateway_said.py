"""What a regional operator reads on the terminal: numbers as people write them, and nothing that a stranger made up."""

from pathlib import Path

import pytest

from borderpost.__main__ import main
from borderpost.device_command import _sentence
from borderpost.gateway import _gap
from borderpost.gateway_quarantine import line
from gateway.care.passphrase import LEAST_CHARS

NOBODY = "11111111-1111-4111-8111-111111111111"


def test_a_gap_is_said_in_numbers() -> None:
    gap = {"device": "lane-1", "boot": "ab" * 16, "missing": ((1, 2), (7, 7))}
    assert _gap(gap) == f"lane-1 boot {'ab' * 16}: missing 1 to 2, 7"


def test_what_is_set_aside_tells_when_why_and_from_whom_and_commands_no_terminal() -> None:
    row = {
        "row": 7, "received_ms": 0, "reason": "not-a-frame", "detail": "not CBOR", "sender": "",
        "topic": "bp/1/\x1b[2J/evt", "boot": "", "first": 0, "last": 0, "size_bytes": 3,
    }  # fmt: skip
    why = "not-a-frame (not CBOR): an unproven sender on bp/1/?[2J/evt"
    assert line(row) == f"row 7  1970-01-01T00:00:00+00:00  {why}, 3 bytes"


def test_a_restore_and_an_erasure_say_what_is_left_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, file = str(tmp_path / "region"), str(tmp_path / "backup")
    assert main(["gateway", "init", "--state", state, "--region", "north"]) == 0
    assert main(["gateway", "retention", "--state", state, "--erase", "lane-1", NOBODY]) == 0
    assert "Nothing sealed of this crossing is stored" in capsys.readouterr().out
    assert main(["gateway", "backup", file, "--state", state]) == 0
    assert "keep a copy of the folder secrets/ elsewhere" in capsys.readouterr().out
    assert main(["gateway", "restore", file, "--state", state, "--force"]) == 0
    assert "before-restore.sqlite: delete it" in capsys.readouterr().out


def test_a_restore_of_a_file_that_is_not_there_says_so_and_makes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state, file = tmp_path / "region", tmp_path / "tape"
    assert main(["gateway", "restore", str(file), "--state", str(state)]) == 2
    assert capsys.readouterr().err.startswith(f"There is no file {file}. ")
    assert not state.exists()


def test_how_long_a_passphrase_is_stands_in_the_help_as_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in ("backup", "restore"):
        with pytest.raises(SystemExit):
            main(["gateway", verb, "--help"])
        assert f"{LEAST_CHARS} characters or more" in " ".join(capsys.readouterr().out.split())


def test_a_lane_that_stays_closed_after_a_hold_was_undone_is_said_to_be_closed() -> None:
    told = {"device": "lane-1", "command": "open", "result": "done", "cause": "still-closed", "body": "reader-lost"}
    assert _sentence(told) == "lane-1: the hold is undone, and the lane is still closed: reader-lost."
    assert _sentence({**told, "cause": "", "body": ""}) == "lane-1: open done"
