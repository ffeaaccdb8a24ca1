"""Every attack on delivery and broker has a test, and the page says which."""

from pathlib import Path

import pytest

from tests.register.attacks import MUST_HAVE_A_TEST
from tests.register.page import markdown
from tests.register.scan import named_attacks

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    return named_attacks(ROOT / "tests")


@pytest.mark.parametrize("attack", MUST_HAVE_A_TEST)
def test_each_attack_has_a_test(found: dict[str, list[str]], attack: str) -> None:
    assert found.get(attack), f"No test names {attack}: {MUST_HAVE_A_TEST[attack][0]}."


def test_the_page_is_written_anew() -> None:
    assert (ROOT / "docs" / "attacks.md").read_text() == markdown(ROOT), "python -m tests.register"


def test_a_test_is_found_by_name_docstring_parameter_and_mark(tmp_path: Path) -> None:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "test_some.py").write_text(
        "def test_x01_is_no_id(): ...\n"
        "def test_d01_by_name(): ...\n"
        'def test_by_docstring():\n    "E02: by docstring."\n'
        '@pytest.mark.parametrize("it", [pytest.param(1, id="E04-more")])\ndef test_by_parameter(it): ...\n'
        '@pytest.mark.attack("D02", "D03")\ndef test_by_mark(): ...\n'
    )
    named = {attack: nodes[0].split("::")[1] for attack, nodes in named_attacks(folder).items()}
    assert named == {
        "D01": "test_d01_by_name",
        "D02": "test_by_mark",
        "D03": "test_by_mark",
        "E02": "test_by_docstring",
        "E04": "test_by_parameter",
    }
