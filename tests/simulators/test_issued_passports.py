"""What the issuing states make: repeatable people and numbers, keys that are kept, and files for others to look at."""

import argparse
import json
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from icao.checks import Result, overall
from icao.lds.data_groups import mrz_lines, portrait
from icao.mrz.zone import parse
from icao.passive import verify
from icao.pki.certificates import parse_certificate
from icao.pki.trust import TrustedSet
from simulators.chip.control import Laid
from simulators.issuing.__main__ import add_issue_arguments, holder_of, run_issue
from simulators.issuing.folder import NoDocument, read_passport, write_passport
from simulators.issuing.office import KINDS, Office
from simulators.issuing.state import State, open_states, write_trust
from simulators.issuing.states import STATES

TODAY = date(2026, 11, 24)
# RSA keys take a while, so these tests make states without them; all three are read over the wires elsewhere.
QUICK = ("UTO", "QZZ")


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    folder = tmp_path_factory.mktemp("states")
    return {code: State.make(STATES[code], folder / code, TODAY) for code in QUICK}


def run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_issue_arguments(parser)
    return run_issue(parser.parse_args(words))


def numbers(states: dict[str, State], seed: int) -> Sequence[tuple[str, str]]:
    office = Office(states, TODAY, random.Random(seed))
    made = [office.issue("honest", holder_of("u01"), holder_of("u02")) for _ in range(5)]
    return [passport.mrz_lines for passport in made]


def test_the_same_seed_gives_the_same_numbers_and_dates(states: dict[str, State]) -> None:
    assert numbers(states, 1) == numbers(states, 1)
    assert numbers(states, 1) != numbers(states, 2)
    assert len(set(numbers(states, 1))) == 5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "foreign-signer"])
def test_every_kind_has_a_sound_page_and_the_files_of_its_state(states: dict[str, State], kind: str) -> None:
    made = Office(states, TODAY, random.Random(3)).issue(kind, holder_of("u01"), holder_of("u02"))
    printed = parse(made.mrz_lines, TODAY)
    assert printed.ok
    assert set(made.files) >= {"COM", "DG1", "DG2", "SOD"}
    assert (set(made.files) - {"COM", "DG1", "DG2", "SOD"} == {"CardAccess", "DG14"}) is (kind != "unknown-issuer")
    assert (printed.expiry_date < TODAY.isoformat()) is (kind == "expired-document")
    assert (printed.birth_date > "2011") is (kind == "under-age")
    assert (mrz_lines(made.files["DG1"]) == made.mrz_lines) is (kind not in ("altered-mrz", "other-page"))
    assert (portrait(made.files["DG2"]) == holder_of("u01").portrait) is (kind != "altered-face")


def test_a_childs_own_birth_date_stays_in_a_childs_passport(states: dict[str, State]) -> None:
    made = Office(states, TODAY, random.Random(3)).issue("under-age", holder_of("u09"), holder_of("u02"))
    assert parse(made.mrz_lines, TODAY).birth_date == "2016-06-21"


def test_an_expired_passport_was_signed_within_its_signers_life(states: dict[str, State]) -> None:
    trust = TrustedSet([parse_certificate(states["UTO"].csca_der)])
    for seed in range(20):
        made = Office(states, TODAY, random.Random(seed)).issue("expired-document", holder_of("u01"), holder_of("u02"))
        groups = {1: made.files["DG1"], 2: made.files["DG2"]}
        assert overall(verify(made.files["SOD"], groups, trust, TODAY)) is Result.SUCCESSFUL


def test_keys_are_kept_between_runs_and_renewed_when_they_grow_old(tmp_path: Path) -> None:
    first = open_states(tmp_path, TODAY)
    second = open_states(tmp_path, TODAY)
    assert {code: state.csca_der for code, state in first.items()} == {
        code: state.csca_der for code, state in second.items()
    }
    (tmp_path / "uto" / "made.json").unlink()  # as if the making had been cut off
    assert open_states(tmp_path, TODAY)["UTO"].csca_der != first["UTO"].csca_der
    key = tmp_path / "uto" / "signer.key"
    assert key.stat().st_mode & 0o077 == 0


def test_the_unknown_state_is_in_no_trust_store(states: dict[str, State], tmp_path: Path) -> None:
    write_trust(states, tmp_path)
    assert [path.name for path in tmp_path.glob("*.der")] == ["uto-csca.der"]
    assert set(json.loads((tmp_path / "sources.json").read_text())["certificates"]) == {"uto-csca.der"}


def test_sim_issue_writes_passports_and_trust_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--into", str(tmp_path), "--count", "3", "--scenario", "altered-mrz", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert len(said["passports"]) == 3
    assert len(list(Path(said["trust"]).glob("*.der"))) == 3
    for one in said["passports"]:
        folder = Path(one["folder"])
        written = {path.name for path in folder.iterdir()}
        assert written >= {"COM.bin", "DG1.bin", "DG2.bin", "SOD.bin", "mrz.txt"}  # and what its state's chips hold
        assert parse(tuple((folder / "mrz.txt").read_text().split()), TODAY).ok


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--scenario", "flying"), "unknown-scenario"),
        (("--count", "0"), "count"),
        (("--count", "99999"), "count"),
        (("--defect", "none-of-them"), "unknown-defect"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], code: str
) -> None:
    assert run("--into", str(tmp_path), *words, "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["code"] == code
    assert error["message"]
    assert error["cure"]
    assert run("--into", str(tmp_path), *words) == 2


def test_without_a_folder_nothing_is_issued(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--json") == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


def test_a_document_is_read_from_its_folder_as_it_was_written(states: dict[str, State], tmp_path: Path) -> None:
    made = Office(states, TODAY, random.Random(3)).issue("chip-unreadable", holder_of("u01"), holder_of("u02"))
    made = replace(made, secrets=replace(made.secrets, can="836254"))
    write_passport(tmp_path, made)
    assert read_passport(tmp_path) == Laid(dict(made.files), made.mrz_lines, made.chip_fault, made.secrets)
    assert (tmp_path / "can.txt").read_text() == "836254\n"
    assert "Simulated keys" in (tmp_path / "secrets.json").read_text()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("mrz.txt", None),
        ("mrz.txt", b"\xff"),
        ("secrets.json", b"["),
        ("secrets.json", b"[]"),
        ("secrets.json", b'{"secrets": {"active_authentication": "xyz"}}'),
        ("DG2.bin", bytes(5 * 1024 * 1024)),
    ],
)
def test_a_folder_that_holds_no_document_is_one_sentence(
    states: dict[str, State], tmp_path: Path, name: str, content: bytes | None
) -> None:
    write_passport(
        tmp_path, Office(states, TODAY, random.Random(3)).issue("honest", holder_of("u01"), holder_of("u02"))
    )
    if content is None:
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(NoDocument):
        read_passport(tmp_path)


def test_an_empty_folder_holds_no_document(tmp_path: Path) -> None:
    (tmp_path / "mrz.txt").write_text("P<UTO\n")
    with pytest.raises(NoDocument, match="no files of a chip"):
        read_passport(tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("not a folder")
    assert run("--into", str(tmp_path / "file")) == 2
    assert "Choose another folder" in capsys.readouterr().err
