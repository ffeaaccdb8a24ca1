"""How does the register look on paper? docs/attacks.md, written from the list of attacks and the tests' source."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.register.attacks import BROKER, DELIVERY
from tests.register.scan import named_attacks

HEAD = """# Attacks, and the tests that stop them

Written by `python -m tests.register`, from the list in `tests/register/attacks.py` and the source of the tests. A line
without a test fails the tests. Outcomes: *refused* (not taken, nothing happens), *quarantine* (kept aside with a
reason; acknowledged where a signature proves the sender), *ignored* (dropped and counted), *alarm* (told to people),
*stored* (taken as what it is). A test stands here because it names the attack.
"""
ELSEWHERE = """## Attacks on other parts

Documents and chips (A), faces and lanes (B), the controller's link (C), pages (F), lists and updates (G), storage (H),
people inside (I) and packages (J): the ids that tests name today. Documents have a catalogue of their own
(docs/catalogue.md).

| id | tests |
|---|---|
"""


def markdown(root: Path) -> str:
    tests = named_attacks(root / "tests")
    parts = [HEAD, _table("The way from lane to region (D)", DELIVERY, tests), _table("The broker (E)", BROKER, tests)]
    others = [f"| {attack} | {_cell(nodes)} |" for attack, nodes in tests.items() if attack[0] not in "DE"]
    return "\n".join(parts) + "\n" + ELSEWHERE + "\n".join(others) + "\n"


def _table(title: str, attacks: Mapping[str, tuple[str, str]], tests: Mapping[str, Sequence[str]]) -> str:
    lines = [f"## {title}", "", "| id | attack | outcome | tests |", "|---|---|---|---|"]
    for attack, (what, outcome) in attacks.items():
        lines.append(f"| {attack} | {what} | {outcome} | {_cell(tests.get(attack, []))} |")
    return "\n".join(lines) + "\n"


def _cell(nodes: Sequence[str]) -> str:
    """
    >>> _cell(["tests/x/test_y.py::test_z"])
    '`x/test_y.py` z'
    """
    named = (node.removeprefix("tests/").split("::") for node in nodes)
    return "<br>".join(f"`{path}` {test.removeprefix('test_').replace('_', ' ')}" for path, test in named)
