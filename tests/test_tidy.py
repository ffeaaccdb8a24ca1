"""The tree keeps the promises that no other test would notice."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def tracked(*patterns: str) -> list[Path]:
    """The files of the tree; in a wheel's or tarball's tree without git, whatever stands there."""
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="ignore")


SOURCES = tracked("*.py")


def test_every_package_is_in_the_wheel() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "typings"}
    assert packages == set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_no_file_names_a_path_of_a_machine_or_a_registry() -> None:
    absolute = re.compile(r"/(?:work|farm|root|home/\w+)/|https?://[\w.-]*(?:pypi|pythonhosted|npmjs|debian)\.\w+")
    named = [
        p for p in tracked() if p != Path(__file__) and p.suffix not in {".jpg", ".png"} and absolute.search(text_of(p))
    ]
    assert named == []


def test_no_test_is_skipped() -> None:
    skips = re.compile(r"pytest\.mark\.(?:skip|xfail)|pytest\.skip\(|importorskip")
    assert [p for p in tracked("tests/*.py", "tests/**/*.py") if p != Path(__file__) and skips.search(text_of(p))] == []


def test_no_error_is_swallowed() -> None:
    swallow = re.compile(r"except(?: Exception| BaseException)?:\s*(?:#.*)?\n\s*(?:pass|\.\.\.)\s*\n")
    assert [path for path in SOURCES if swallow.search(text_of(path))] == []


def test_every_todo_has_an_owner() -> None:
    orphan = re.compile(r"#\s*(?:TODO|FIXME|XXX)(?!\(\w+\))")
    assert [path for path in SOURCES if path != Path(__file__) and orphan.search(text_of(path))] == []


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.parts[len(ROOT.parts)] != "tests"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_a_file_says_first_which_question_it_answers(path: Path) -> None:
    text = text_of(path)
    assert not text.strip() or text.startswith(('"""', "#!", "# "))


def test_the_room_of_a_file_is_not_outgrown() -> None:
    large = {
        str(p.relative_to(ROOT)): text_of(p).count("\n")
        for p in SOURCES
        if "tests" not in p.parts and "tools" not in p.parts
    }
    assert {name: lines for name, lines in large.items() if lines > 400} == {}
