"""``borderpost face match``: two pictures, one sentence, one exit code."""

import argparse
import json
from pathlib import Path

import pytest

from borderpost import face
from borderpost.errors import Fault
from simulators.people.citizens import FACES


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    face.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["face", "match", *words])
    return int(arguments.run(arguments))


def picture(name: str) -> str:
    return str(FACES / f"{name}.jpg")


def test_the_holder_is_the_same_face(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(picture("u01_portrait"), picture("u01_live1"), "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["outcome"], answer["hint"], answer["threshold"]) == ("match", "", 0.58)
    assert answer["score"] > 0.6


def test_somebody_else_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(picture("u01_portrait"), picture("u04_live1")) == 1
    assert capsys.readouterr().out.startswith("Not the same face: 0.4")


def test_a_picture_without_a_good_face_is_undetermined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from simulators.camera.scenes import Kind, Scene, frames_of

    (tmp_path / "nobody.jpg").write_bytes(frames_of(Scene(Kind.NOBODY))[0])
    assert run(picture("u01_portrait"), str(tmp_path / "nobody.jpg")) == 3
    assert capsys.readouterr().out == "Not compared: nobody.\n"
    assert run(str(tmp_path / "nobody.jpg"), picture("u01_live1")) == 3


def test_what_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    for wrong, code in ((tmp_path / "text.jpg", "not-a-picture"), (tmp_path / "none.jpg", "unreadable")):
        with pytest.raises(Fault) as fault:
            run(str(wrong), picture("u01_live1"))
        assert (fault.value.code, fault.value.exit_code) == (code, 2)


def test_a_matcher_that_is_not_installed_is_a_sentence() -> None:
    with pytest.raises(Fault) as fault:
        run(picture("u01_portrait"), picture("u01_live1"), "--matcher", "none")
    assert (fault.value.code, fault.value.exit_code) == ("no-matcher", 4)
