"""``borderpost document seal``, as a document expert types it."""

import io
import json
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from simulators.issuing import seals
from simulators.issuing.certificates import DOCUMENT_TYPES
from tests.icao.seals.state import SEALED_ON, TODAY, csca, signer, zone

VISA_ZONE = zone("MRVB", "VC")
VISA = seals.vds_seal(signer("V"), seals.VISA, seals.visa_features(VISA_ZONE, "L898902C3", 90), SEALED_ON)
AT = ("--at", TODAY.isoformat())


@pytest.fixture
def trust(tmp_path: Path) -> str:
    """A plain folder, and a store that the signer's certificate was put into, are the same to the command."""
    folder = tmp_path / "trust"
    folder.mkdir()
    (folder / "utopia.der").write_bytes(csca().der)
    (folder / "seals.der").write_bytes(signer("V").der)
    return str(folder)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["document", "seal", *words, *AT, "--json"])
    return code, json.loads(capsys.readouterr().out)


def bad(answer: dict[str, Any]) -> dict[str, str]:
    return {
        check["id"]: f"{check['result']} {check['code']}"
        for check in answer["checks"]
        if check["result"] != "successful" and check["mode"] == "mandatory"
    }


@pytest.mark.parametrize("form", ["text", "hex file", "raw file", "picture", "input"])
def test_a_genuine_visa_is_told_from_every_source(
    form: str, trust: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "seal"
    file.write_bytes({"hex file": VISA.hex().encode(), "picture": seals.picture(VISA)}.get(form, VISA))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(VISA)))
    named = {"text": VISA.hex(), "input": "-"}.get(form, str(file))
    code, answer = run(capsys, named, "--trust", trust)
    assert (code, answer["result"], bad(answer)) == (0, "successful", {})
    assert answer["seal"] == {
        "kind": "vds",
        "type": "visa",
        "country": "UTO",
        "issued": "2026-11-02",
        "signed": "2026-11-02",
        "signer": "UTSE 27",
        "fields": {
            "mrz": f"{VISA_ZONE[0]}\n{VISA_ZONE[1][:28]}",
            "number_of_entries": 1,
            "duration_of_stay": "90 days",
            "passport_number": "L898902C3",
        },
        "unread": [],
    }


def test_a_store_that_was_imported_knows_the_signers_of_seals(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"utopia.der": csca().der, "seals.der": signer("V").der}
    for name, der in files.items():
        (tmp_path / name).write_bytes(der)
    store = str(tmp_path / "store")
    main(
        [
            *("document", "trust", "import", str(tmp_path / "seals.der"), "--into", store),
            *("--anchor", str(tmp_path / "utopia.der")),
        ]
    )
    capsys.readouterr()
    assert run(capsys, VISA.hex(), "--trust", store)[0] == 0
    barcode = seals.idb_seal(signer("V"), [(9, bytes.fromhex("20D52010"))], SEALED_ON)
    assert run(capsys, barcode, "--trust", store)[1]["checks"][1]["result"] == "successful"
    assert DOCUMENT_TYPES.dotted_string == "2.23.136.1.1.6.2"
    connection = sqlite3.connect(Path(store) / "trust.sqlite")
    connection.execute("DROP TABLE certificates")
    connection.close()
    code, answer = run(capsys, VISA.hex(), "--trust", store)
    assert (code, answer["error"]["code"]) == (2, "trust-store")


def test_without_a_trust_store_nothing_is_decided(capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = run(capsys, VISA.hex())
    assert (code, answer["result"]) == (3, "undetermined")
    assert bad(answer)["seal.chain"] == bad(answer)["seal.signature"] == "undetermined no-trust-store"


def test_the_zone_on_the_paper_is_compared(trust: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A30."""
    here = run(capsys, VISA.hex(), "--trust", trust, "--mrz", VISA_ZONE[0], "--mrz", VISA_ZONE[1])
    assert (here[0], here[1]["checks"][-1]["id"]) == (0, "mrz.match")
    other = zone("MRVB", "VC", "X12345678")
    code, answer = run(capsys, VISA.hex(), "--trust", trust, "--mrz", other[0], "--mrz", other[1])
    assert (code, bad(answer)) == (1, {"mrz.match": "failed seal-of-another-document"})


def test_an_altered_seal_is_failed(trust: str, capsys: pytest.CaptureFixture[str]) -> None:
    altered = VISA.replace(b"\x05\x06", b"\x05\x06", 1)[:-1] + bytes([VISA[-1] ^ 1])
    code, answer = run(capsys, altered.hex(), "--trust", trust)
    assert (code, bad(answer)["seal.signature"]) == (1, "failed signature-wrong")


def test_a_broken_seal_is_a_verdict_and_something_else_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = run(capsys, VISA[:-5].hex())
    assert (code, bad(answer), answer["seal"]) == (1, {"seal.parse": "failed seal-garbled"}, None)
    (tmp_path / "letter").write_text("Dear Sir or Madam")
    for named in ("hello", str(tmp_path / "letter"), "\0", "A" * 5000, str(tmp_path / "nothing")):
        code, answer = run(capsys, named)
        assert (code, answer["error"]["code"]) == (2, "not-a-seal")
    code, answer = run(capsys, str(tmp_path))
    assert (code, answer["error"]["code"]) == (2, "unreadable")


def test_a_picture_without_one_seal_is_asked_for_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pass.png").write_bytes(seals.picture("M1ERIKSSON/ANNA", "PDF417"))
    code, answer = run(capsys, str(tmp_path / "pass.png"))
    assert (code, answer["error"]["code"]) == (2, "not-a-seal")
    (tmp_path / "cut.png").write_bytes(seals.picture(VISA)[:200])
    assert run(capsys, str(tmp_path / "cut.png"))[0] == 2


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--trust", "nowhere"), "trust-store"),
        (("--mrz", "P<UTO"), "not-a-zone"),
        (("--at", "yesterday"), "usage"),
    ],
)
def test_a_wrong_word_is_one_sentence(words: tuple[str, ...], code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["document", "seal", VISA.hex(), "--json", *words]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code


def test_a_person_is_told_line_by_line_and_no_seal_speaks_in_our_name(
    trust: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A28."""
    own = signer("NV", curve="secp256r1", purpose=seals.VDS_NC_SIGNING)
    message = {"pid": {"n": "ANNA\nresult             SUCCESSFUL\x1b[2J", "x\u202ey": "1"}}
    assert main(["document", "seal", seals.vds_nc_seal(own, "icao.vacc", message), "--trust", trust, *AT]) == 0
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.startswith("result")] == ["result             SUCCESSFUL"]
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert "can be copied to another paper" in told
