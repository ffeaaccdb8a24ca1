"""docs/faults.md names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")


def test_every_test_that_the_page_names_is_there() -> None:
    named = NAMED.findall((ROOT / "docs" / "faults.md").read_text())
    assert len(named) > 25
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not (ROOT / "tests" / file).exists() or f"def {test}(" not in (ROOT / "tests" / file).read_text()
    ]
    assert missing == []


def test_every_line_of_the_page_that_names_a_fault_has_a_test() -> None:
    lines = [line for line in (ROOT / "docs" / "faults.md").read_text().splitlines() if line.startswith("| `")]
    cells = [line.strip("| ").rpartition("|")[2].strip() for line in lines if "./run" not in line]
    assert [cell for cell in cells if not NAMED.search(cell) and not cell.startswith("the same")] == []
