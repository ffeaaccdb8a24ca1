"""``borderpost document trust``: what it prints, and how it ends."""

import json
from pathlib import Path
from typing import Any

import pytest

from borderpost.__main__ import main
from simulators.issuing.authority import Authority
from simulators.issuing.handout import write_handout
from simulators.issuing.state import State, write_trust
from tests.edge.inspection.desk import TODAY
from tests.edge.inspection.trust.conftest import LAST_WEEK, Counter, utopian_list


@pytest.fixture(scope="module")
def handout(states: dict[str, State], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("handout")
    write_handout(states, folder, TODAY)
    write_trust(states, folder / "trust")
    return folder


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, Any, str]:
    code = main(["document", "trust", *map(str, words)])
    said = capsys.readouterr()
    return code, json.loads(said.out) if "--json" in words else said.out, said.err


def test_everything_that_states_publish_goes_in(
    handout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = (handout / "masterlist.ml", handout / "pkd.ldif", handout / "deviations.dvl", handout / "crl")
    anchor = handout / "trust" / "uto-csca.der"
    code, told, _ = run(capsys, "import", *sources, "--anchor", anchor, "--into", tmp_path, "--json")
    assert code == 0
    assert (told["imported"], told["crls"], told["deviation_lists"], told["trusted"]) == (27, 3, 1, 15)
    assert told["countries"] == {"added": ["NV", "UT", "ZD"], "removed": []}
    code, shown, _ = run(capsys, "show", tmp_path, "--json")
    assert (code, shown["certificates"], sorted(shown["countries"])) == (0, 27, ["NV", "UT", "ZD"])
    assert all(row["crl"]["checked"] for row in shown["countries"].values())
    assert {row["kind"] for row in shown["sources"]} == {
        "certificate", "master-list", "ldif", "crl", "deviation-list"
    }  # fmt: skip


def test_an_untrusted_list_is_kept_and_the_command_says_so(
    handout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told, _ = run(capsys, "import", handout / "masterlist.ml", "--into", tmp_path, "--json")
    assert (code, told["imported"], told["trusted"]) == (3, 15, 0)
    assert told["untrusted"] == [{"file": str(handout / "masterlist.ml"), "why": "the list's signer is not pinned"}]
    code, said, _ = run(capsys, "import", handout / "masterlist.ml", "--into", tmp_path)
    assert (code, "counts for nothing yet" in said) == (3, True)
    assert run(capsys, "import", "--anchor", handout / "trust" / "uto-csca.der", "--into", tmp_path)[0] == 0
    assert run(capsys, "show", tmp_path, "--json")[1]["trusted"] == 15


def test_what_is_no_source_is_one_sentence_and_the_others_go_in(
    handout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0 no certificate")
    words = ("import", tmp_path / "photo.jpg", tmp_path / "nowhere", handout / "trust" / "uto-csca.der", "--into")
    code, _, complaint = run(capsys, *words, tmp_path / "store")
    assert code == 2
    assert [line.partition(" was not taken: ")[0] for line in complaint.splitlines()] == [
        str(each) for each in words[1:3]
    ]
    assert run(capsys, "show", tmp_path / "store", "--json")[1]["trusted"] == 1
    code, told, _ = run(capsys, *words, tmp_path / "store", "--json")
    assert (code, told["known"], len(told["refused"]), told["error"]["code"]) == (2, 1, 2, "not-a-source")


def test_an_older_list_ends_with_one(counter: Counter, utopia: Authority, capsys: pytest.CaptureFixture[str]) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates))
    older = counter.file("older.ml", utopian_list(utopia, utopia.certificates, LAST_WEEK))
    code, _, complaint = run(capsys, "import", older, "--into", counter.store)
    assert (code, "a newer list of UT is here already" in complaint) == (1, True)


def test_one_added_authority_stands_by_itself(
    counter: Counter, utopia: Authority, quarzia: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates, LAST_WEEK))
    newer = counter.file("newer.ml", utopian_list(utopia, [*utopia.certificates, quarzia.state.csca_der]))
    code, said, _ = run(capsys, "import", newer, "--into", counter.store)
    assert code == 0
    assert [line for line in said.splitlines() if line.startswith("  + QZ  ") and line.endswith("(a new country)")]


def test_the_table_names_what_an_officer_for_the_store_must_know(
    counter: Counter, utopia: Authority, zudland: Authority, capsys: pytest.CaptureFixture[str]
) -> None:
    counter.take(
        a_cer=utopia.state.csca_der, b_crl=utopia.crl(TODAY, stale=True), c_crl=zudland.crl(TODAY), d_cer=b"", e_cer=b""
    )
    code, said, _ = run(capsys, "show", counter.store)
    assert code == 0
    assert "STALE since" in said
    assert "NOT CHECKED: no trusted CSCA signed it" in said


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "nowhere"), "trust-store"),
        (("import", "--into", "store"), "no-source"),
        (("import", "file"), "usage"),
        ((), "usage"),
    ],
)
def test_a_wrong_word_is_one_object(
    words: tuple[str, ...],
    code: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    ended, told, _ = run(capsys, *words, "--json")
    assert (ended, told["error"]["code"]) == (2, code)


def test_a_file_name_moves_no_cursor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = tmp_path / "a\x1b[2Jb.cer"
    hostile.write_bytes(b"nothing")
    _, _, complaint = run(capsys, "import", hostile, "--into", tmp_path / "store")
    assert "\x1b" not in complaint
