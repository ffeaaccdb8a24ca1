"""Is the catalogue complete, and does what is written of it hold?"""

import json
import re
from pathlib import Path

import pytest

from borderpost.__main__ import main
from edge.inspection import live
from icao.checks import Result
from simulators.issuing.catalogue.entry import Kind, Right
from simulators.issuing.catalogue.page import ELSEWHERE, markdown
from simulators.issuing.catalogue.table import ENTRIES, PARTS
from simulators.issuing.catalogue.world import World
from tests.catalogue.judging import is_right, read, said

ATTACKS = {f"A{number:02}" for number in range(1, 34)}


def test_each_entry_has_a_name_of_its_own() -> None:
    assert len(ENTRIES) == sum(map(len, PARTS.values()))
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in ENTRIES)
    assert all(entry.says.endswith(".") and "\n" not in entry.says for entry in ENTRIES.values())


def test_the_catalogue_is_large() -> None:
    wrong = [entry for entry in ENTRIES.values() if entry.right.result is not Result.SUCCESSFUL]
    assert len(wrong) > 150
    assert sum(entry.kind is Kind.SEAL for entry in wrong) > 15
    assert len(ENTRIES) - len(wrong) > 130


def test_every_attack_on_chip_and_document_is_in_it_or_told_why_not() -> None:
    found = {entry.attack for entry in ENTRIES.values()} - {""}
    assert found <= ATTACKS
    assert found | set(ELSEWHERE) == ATTACKS
    assert not found & set(ELSEWHERE)


def test_an_attack_is_never_successful_without_a_word() -> None:
    """Those that are: what nobody can know, or what does no harm since it is shown or judged as it is."""
    harmless = [name for name, entry in ENTRIES.items() if entry.attack and entry.right == Right()]
    assert harmless == ["bidi-names", "markup-names", "stumbles", "hiding-com"]


def test_the_page_is_what_the_table_says() -> None:
    assert Path("docs/catalogue.md").read_text() == markdown(), "python -m simulators.issuing.catalogue"


def test_a_wrong_verdict_is_noticed(world: World) -> None:
    forged, genuine = ENTRIES["altered-dg2"], ENTRIES["genuine-bac"]
    for entry, other in ((forged, genuine), (genuine, forged)):
        case = other.make(world)
        with pytest.raises(AssertionError):
            is_right(entry, read(case))  # type: ignore[arg-type]  # both are documents


def test_a27_a_relay_is_told_by_its_delay_and_decides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "SLOW_ANSWER_S", 0.0)  # every chip is far away now
    checks = read(world.case(world.issue()))
    assert said(checks)["chip.latency"] == (Result.FAILED, "slow-answers")
    is_right(ENTRIES["genuine-utopia"], checks)


@pytest.mark.parametrize("name", ["altered-dg2", "genuine-card-by-can", "revoked-signer", "two-seals", "copied-seal"])
def test_sim_issue_writes_a_case_with_what_is_right(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert main(["sim", "issue", "--defect", name, "--into", str(tmp_path), "--json"]) == 0
    told, entry = json.loads(capsys.readouterr().out), ENTRIES[name]
    assert Path(told["folder"]) == tmp_path / name
    written = json.loads((tmp_path / name / "expected.json").read_text())
    assert {**written, "folder": told["folder"]} == told
    assert written["result"] == entry.right.result
    assert (written["error"] or "") == entry.right.refused
    assert {one["id"]: (one["result"], one["code"]) for one in written["checks"]} == entry.right.decides
    assert (tmp_path / name / "trust" / "trust.sqlite").is_file()
    assert all(command.startswith("borderpost ") for command in written["commands"])


def test_sim_issue_lists_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "issue", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(ENTRIES)
    assert main(["sim", "issue", "--list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["entries"]
    assert {row["name"]: row["result"] for row in rows} == {name: e.right.result for name, e in ENTRIES.items()}
