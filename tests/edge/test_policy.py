"""Which files does a lane obey? Those that the region signed; by hand only where the configuration says so."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest

from edge.decision.rules import DEFAULT
from edge.gate.events import Reason
from edge.inspection.document import Document
from edge.policy import Policy
from icao.mrz.zone import parse

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LINES = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
DOCUMENT = Document(parse(LINES, NOW.date()), b"", ())
STALE, INVALID = Reason.LISTS_STALE, Reason.RULES_INVALID


def listed(kind: str, version: str = "1") -> bytes:
    table = {"format": "borderpost-list-1", "kind": kind, "name": kind, "version": version,
             "issued_at": "2026-11-24T11:00:00Z", "entries": []}  # fmt: skip
    return json.dumps(table).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lists").mkdir()
    for kind in ("documents", "persons"):
        (tmp_path / "lists" / f"{kind}.json").write_bytes(listed(kind))
    shutil.copyfile(DEFAULT, tmp_path / "rules.toml")
    return tmp_path


def policy(folder: Path, proof: Callable[[str], bytes | None] | None, stale: tuple[str, ...] = ()) -> Policy:
    return Policy(
        folder / "rules.toml", folder / "lists", bytes(32), lambda: NOW, proof=proof, stale=lambda name: name in stale
    )


def signed(folder: Path) -> dict[str, bytes]:
    """Digests of what is there now, as manifests would say them."""
    paths = {"rules": folder / "rules.toml", **{path.stem: path for path in (folder / "lists").glob("*.json")}}
    return {name: sha256(path.read_bytes()).digest() for name, path in paths.items()}


def reasons(asked: Policy) -> set[Reason]:
    return {finding.reason for finding in asked(DOCUMENT).findings}


def test_what_the_region_signed_is_obeyed(folder: Path) -> None:
    assert not reasons(policy(folder, signed(folder).get)) & {STALE, INVALID}
    assert not reasons(policy(folder, None)) & {STALE, INVALID}  # lists = "local"


def test_g11_a_list_that_somebody_put_there_is_not_asked(folder: Path) -> None:
    asked = policy(folder, signed(folder).get)
    assert STALE not in reasons(asked)
    (folder / "lists" / "documents.json").write_bytes(listed("documents", "2 "))
    assert STALE in reasons(asked)


def test_g01_rules_that_somebody_put_there_refer_everybody(folder: Path) -> None:
    asked = policy(folder, signed(folder).get)
    rules = (folder / "rules.toml").read_text()
    (folder / "rules.toml").write_text(rules + "\n")
    assert reasons(asked) == {INVALID}


def test_without_anything_from_the_region_everybody_is_referred(folder: Path) -> None:
    assert reasons(policy(folder, lambda name: None)) == {INVALID}


def test_g04_g12_a_list_whose_manifest_is_too_old_is_asked_and_refers_everybody(folder: Path) -> None:
    verdict = policy(folder, signed(folder).get, stale=("persons",))(DOCUMENT)
    assert [finding.reason for finding in verdict.findings].count(STALE) == 1
    assert [asked.name for asked in verdict.lists] == ["documents", "persons"]
