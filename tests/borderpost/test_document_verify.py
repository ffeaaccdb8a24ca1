"""``borderpost document verify``, as a document expert types it."""

import json
import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from edge.inspection.trust.importing import import_files
from simulators.issuing import groups as lds
from simulators.issuing.certificates import Issuer
from simulators.issuing.cms import Form, signed_data
from simulators.issuing.lists import AA_KEY_COMPROMISED, Deviation, deviation_list
from simulators.issuing.revocation import crl
from tests.icao.passive.world import GROUPS, TODAY, Who, csca, key, make, name, signer, who
from tests.open_files import holds

UTOPIA = Issuer(name("UT", "CSCA"), key("p256-csca"))
FRESH = (TODAY - timedelta(days=3), TODAY + timedelta(days=27))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a genuine document, its state's certificate, and lists."""
    by = who()
    files = {
        "sod": make(by),
        "dg1": GROUPS[1],
        "dg2": GROUPS[2],
        "com": lds.com((1, 2)),
        "altered": GROUPS[2] + b"!",
        "garbled": make(by)[:-9],
        "good.crl": crl(UTOPIA, FRESH, ()),
        "revoked.crl": crl(UTOPIA, FRESH, (7,)),
        "stale.crl": crl(UTOPIA, (TODAY - timedelta(days=99), TODAY - timedelta(days=9)), ()),
        "deviations": deviation_list(
            [Deviation(AA_KEY_COMPROMISED, signer=by.der)],
            Who(signer("p256-list", purposes=("2.23.136.1.1.8",), serial=50), key("p256-list")),  # type: ignore[arg-type]  # all it takes of a signer
            None,
        ),
        "security": signed_data("0.4.0.127.0.7.3.2.1", b"\x31\x00", by, None, form=Form()),
        "text": b"This is no passport.\n",
        "empty": b"",
        "large": b"\x77" + bytes(300_000),
    }
    for name_, content in files.items():
        (tmp_path / name_).write_bytes(content)
    for folder, anchors in (("trust", [csca()]), ("nobody", []), ("others", [csca("NV", "p256-nv")])):
        (tmp_path / folder).mkdir()
        for number, each in enumerate(anchors):
            (tmp_path / folder / f"{number}.cer").write_bytes(each)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], words: str, at: date = TODAY) -> tuple[int, dict[str, Any]]:
    code = main(["document", "verify", *words.split(), "--at", at.isoformat(), "--json"])
    return code, json.loads(capsys.readouterr().out)


def told(capsys: pytest.CaptureFixture[str], words: str, at: date = TODAY) -> tuple[int, dict[str, str]]:
    """The exit code, and the codes of the mandatory checks that did not succeed."""
    code, answer = run(capsys, words, at)
    bad = [each for each in answer["checks"] if each["result"] != "successful" and each["mode"] == "mandatory"]
    return code, {each["id"]: each["code"] for each in bad}


ALL = "--sod sod --dg 1=dg1 --dg DG2=dg2"


def test_a_genuine_document_is_successful(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = run(capsys, f"{ALL} --com com --trust trust --crl good.crl")
    assert (code, answer["result"]) == (0, "successful")
    assert [each["id"] for each in answer["checks"]] == [
        "pa.parse", "pa.message_digest", "pa.sod_signature", "pa.dg_hash.1", "pa.dg_hash.2", "pa.chain",
        "pa.ds_validity", "pa.csca_validity", "pa.crl", "pa.deviation", "pa.country", "lds.dg_list",
    ]  # fmt: skip
    assert set(answer["checks"][0]) == {"id", "result", "mode", "detail", "code", "duration_ms"}
    assert (answer["signer"]["country"], answer["signer"]["serial"]) == ("UT", "7")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--sod sod --trust trust", (0, {})),
        ("--sod sod --dg 1=dg1 --dg 2=altered --trust trust", (1, {"pa.dg_hash.2": "group-altered"})),
        (f"{ALL} --dg 11=dg1 --trust trust", (1, {"pa.dg_hash.11": "group-unsigned", "lds.dg_list": "group-unsigned"})),
        (ALL, (3, {"pa.chain": "no-trust-store", "pa.csca_validity": "issuer-unknown"})),
        (f"{ALL} --trust nobody", (3, {"pa.chain": "no-trust-store", "pa.csca_validity": "issuer-unknown"})),
        (f"{ALL} --trust others", (3, {"pa.chain": "issuer-unknown", "pa.csca_validity": "issuer-unknown"})),
        (f"{ALL} --trust trust --crl revoked.crl", (1, {"pa.crl": "signer-revoked"})),
        (f"{ALL} --trust trust --crl good.crl --crl revoked.crl", (1, {"pa.crl": "signer-revoked"})),
        (f"{ALL} --trust trust --crl stale.crl", (3, {"pa.crl": "crl-stale"})),
        (f"{ALL} --trust trust --deviation deviations", (1, {"pa.deviation": "signer-listed"})),
        ("--sod garbled --trust trust", (1, {"pa.parse": "garbled"})),
        ("--card-security security --trust trust", (0, {})),
        ("--card-security sod --trust trust", (2, {})),
        ("--card-security security", (3, {"pa.chain": "no-trust-store", "pa.csca_validity": "issuer-unknown"})),
    ],
)
def test_each_verdict_has_its_code_and_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str], words: str, expected: tuple[int, dict[str, str]]
) -> None:
    if expected[0] == 2:
        assert run(capsys, words)[0] == 2
    else:
        assert told(capsys, words) == expected


def test_expired_is_told_by_the_day_that_is_asked_for(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    late = {"pa.ds_validity": "signer-expired", "pa.csca_validity": "csca-expired"}
    assert told(capsys, f"{ALL} --trust trust", date(2036, 1, 1)) == (1, late)


def test_a_group_that_the_unsigned_list_hides_is_missing(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "com").write_bytes(lds.com((1,)))
    words = "--sod sod --dg 1=dg1 --com com --trust trust"
    assert told(capsys, words) == (1, {"lds.dg_list": "group-missing"})


def test_a_garbled_first_group_and_a_garbled_card_security_are_verdicts(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "dg1").write_bytes(b"\x61\x00")
    assert told(capsys, f"{ALL} --trust trust")[1].keys() == {"pa.dg_hash.1", "pa.country"}
    (here / "security").write_bytes((here / "security").read_bytes()[:-5])
    assert told(capsys, "--card-security security --trust trust") == (1, {"pa.parse": "garbled"})


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("--sod nothing", "unreadable"),
        ("--sod .", "unreadable"),
        ("--sod empty", "not-a-sod"),
        ("--sod large", "not-a-sod"),
        ("--sod text", "not-a-sod"),
        ("--sod dg2", "not-a-sod"),
        ("--sod trust/0.cer", "not-a-sod"),
        ("--card-security dg2", "not-a-card-security"),
        ("--card-security sod", "not-a-card-security"),
        ("--card-security security --dg 1=dg1", "usage"),
        ("--sod sod --dg 1", "usage"),
        ("--sod sod --dg 17=dg1", "usage"),
        ("--sod sod --dg 0=dg1", "usage"),
        ("--sod sod --dg 0019=dg1", "usage"),
        (f"--sod sod --dg 001{'0' * 5000}=dg1", "usage"),
        ("--sod sod --dg 1=dg1 --dg DG1=dg1", "usage"),
        ("--sod sod --dg 1=nothing", "unreadable"),
        ("--sod sod --dg 1=empty", "not-a-data-group"),
        ("--sod sod --com dg1", "not-a-com"),
        ("--sod sod --trust nothing", "trust-store"),
        ("--sod sod --crl text", "not-a-revocation-list"),
        ("--sod sod --crl trust/0.cer", "not-a-revocation-list"),
        ("--sod sod --crl deviations", "not-a-revocation-list"),
        ("--sod sod --deviation good.crl", "not-a-deviation-list"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_one_sentence_and_two(
    here: Path, capsys: pytest.CaptureFixture[str], words: str, code: str
) -> None:
    exit_code, answer = run(capsys, words)
    assert (exit_code, answer["error"]["code"]) == (2, code)
    assert answer["error"]["cure"] or code == "trust-store"
    assert main(["document", "verify", *words.split()]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_list_that_breaks_off_behind_a_sound_beginning_is_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = (here / "good.crl").read_bytes().replace(b"\x06\x03\x55\x1d\x14", b"\x05\x03\x55\x1d\x14")
    (here / "good.crl").write_bytes(broken)
    code, answer = run(capsys, "--sod sod --crl good.crl")
    assert (code, answer["error"]["code"]) == (2, "not-a-revocation-list")


def test_the_store_is_closed_when_the_verdict_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import_files(here / "store", [here / "trust" / "0.cer"], [], datetime.now(UTC), lambda name, done, of: None)
    assert run(capsys, "--sod sod --trust store")[0] == 0
    assert not holds(here / "store" / "trust.sqlite")


def test_a_store_that_shows_its_damage_only_when_it_is_asked_is_one_sentence(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_files(here / "store", [here / "trust" / "0.cer"], [], datetime.now(UTC), lambda name, done, of: None)
    connection = sqlite3.connect(here / "store" / "trust.sqlite")
    connection.execute("DROP TABLE certificates")
    connection.close()
    code, answer = run(capsys, "--sod sod --trust store")
    assert (code, answer["error"]["code"]) == (2, "trust-store")


def test_a_day_that_is_none_is_one_sentence(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", "verify", "--sod", "sod", "--at", "yesterday", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "not-a-day"


def test_a_person_reads_one_line_a_check(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--sod", "sod", "--dg", "1=dg1", "--dg", "2=altered", "--trust", "trust"]
    assert main(["document", "verify", *words, "--at", TODAY.isoformat()]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert "pa.dg_hash.2       FAILED         DG2 was altered after it was signed." in lines
    assert lines[-1] == "result             FAILED"
    assert main(["document", "verify", "--sod", "sod", "--trust", "trust"]) in (0, 1, 3)  # today is another day


def test_a_record_is_written_beside_or_instead(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = f"{ALL} --trust trust --at {TODAY.isoformat()} --record basic".split()
    assert main(["document", "verify", *words]) == 0
    assert "L898902C3" not in capsys.readouterr().out
    assert main(["document", "verify", *words, "--record-to", "record.json"]) == 0
    assert "SUCCESSFUL" in capsys.readouterr().out
    assert (here / "record.json").stat().st_size > 100
