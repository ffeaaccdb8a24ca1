"""``--record``, as every verb that inspects a document has it."""

import argparse
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from borderpost.document.recording import add_options, begin, write
from borderpost.errors import Fault
from icao.checks import Check, Result


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return parser.parse_args(words)


INSPECTED = replace(begin("Virtual PCD 00 00"), checks=(Check("pa.chain", Result.SUCCESSFUL),))


def test_nobody_who_did_not_ask_gets_a_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert not write(asked(), INSPECTED)
    assert capsys.readouterr().out == ""


def test_a_record_stands_in_the_verdicts_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert write(asked("--record", "basic"), INSPECTED)
    made = json.loads(capsys.readouterr().out)
    assert made["log_class"] == "basic"
    assert made["result"] == "successful"
    assert made["system"]["application"] == "borderpost"
    assert made["system"]["reader"] == "Virtual PCD 00 00"
    assert made["transaction"]["duration_ms"] >= 0
    assert begin().transaction != begin().transaction


def test_a_record_in_a_file_is_its_owners_alone_and_leaves_the_verdict_alone(tmp_path: Path) -> None:
    file = tmp_path / "record.xml"
    assert not write(asked("--record", "full", "--record-as", "xml", "--record-to", str(file)), INSPECTED)
    assert ElementTree.fromstring(file.read_bytes()).tag.endswith("InspectionRecord")  # noqa: S314  # ours
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    for path in (link, tmp_path / "none" / "record.json", tmp_path):
        with pytest.raises(Fault) as caught:
            write(asked("--record", "basic", "--record-to", str(path)), INSPECTED)
        assert caught.value.code == "record-not-written"
    assert not (tmp_path / "elsewhere").exists()
