"""How does the catalogue look on paper? docs/catalogue.md, written from the table."""

from collections.abc import Iterator
from typing import Final

from simulators.issuing.catalogue.entry import Entry
from simulators.issuing.catalogue.table import PARTS

# Attacks on chip and document that no single document shows, and what is tested instead.
ELSEWHERE: Final = {
    "A27": "a relay is told by its delay: the evaluatory check `chip.latency`, tests/edge/inspection",
    "A29": "a misread zone opens no chip; the camera's repairs: tests/icao/mrz/test_repairs.py",
    "A33": "the document is genuine and stands on a list: scenario `listed-document` of `borderpost sim lane`",
}

HEAD: Final = """# The catalogue

Written by `python -m simulators.issuing.catalogue`, from the table that the tests judge by. Each line is a document or
a seal that `borderpost sim issue --defect NAME --into DIR` writes, with the verdict that is right: the result of the
whole, and every mandatory check that must not be successful, with its code. Where nothing stands, every mandatory check
succeeds; what stands in brackets does not count for the whole. `borderpost sim issue --list` prints the names;
docs/contract.md, 12, says what lies in the folder.
"""


def markdown() -> str:
    return HEAD + _counts() + "".join(_section(title, entries) for title, entries in PARTS.items()) + _elsewhere()


def _counts() -> str:
    everybody = [entry for entries in PARTS.values() for entry in entries]
    genuine = sum(not (entry.right.decides or entry.right.refused) for entry in everybody)
    return (
        f"\n{len(everybody)} entries: {len(everybody) - genuine} defects and attacks, {genuine} that are successful.\n"
    )


def _section(title: str, entries: tuple[Entry, ...]) -> str:
    lines = [f"\n## {title}\n", "| name | attack | what it is | result | what decides |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *map(_row, entries)]) + "\n"


def _row(entry: Entry) -> str:
    result = f"error `{entry.right.refused}`" if entry.right.refused else str(entry.right.result).replace("_", " ")
    said = "; ".join(_answers(entry)).replace("|", "\\|")
    return f"| `{entry.name}` | {entry.attack} | {entry.says} | {result} | {said} |"


def _answers(entry: Entry) -> Iterator[str]:
    for id, (result, code) in entry.right.decides.items():
        yield f"{id}: {code}" if result is entry.right.result else f"{id}: {result.replace('_', ' ')}, {code}"
    for id, (result, code) in entry.right.notes.items():
        yield f"({id}: {result.replace('_', ' ')}{f', {code}' if code else ''})"


def _elsewhere() -> str:
    lines = ["\n## Attacks that no document shows\n", "| attack | where |", "|---|---|"]
    return "\n".join([*lines, *(f"| {id} | {where} |" for id, where in ELSEWHERE.items())]) + "\n"
