"""Which files does the contract consist of, and what must stand in each? ``pages`` says it; nobody writes them by hand.

In docs/contract.md the text is written by people, and the tables between two marks are not.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from messages.contract.asyncapi import document
from messages.contract.cddl import grammar
from messages.contract.schemas import event_schemas
from messages.contract.tables import tables

CONTRACT: Final = Path("contract.md")
SCHEMAS: Final = Path("schemas")
MARK: Final = re.compile(
    r"(?<=<!-- written by `python -m messages.contract`: )(\w+)( -->\n)(.*?)(?=<!-- end -->)", re.DOTALL
)


class Unmarked(Exception):
    """The page has no place for a table: a sentence."""


def pages(docs: Path) -> Mapping[Path, str]:
    """Each file below ``docs`` with what it must hold."""
    schemas = {SCHEMAS / f"{name}.json": _json(told) for name, told in event_schemas().items()}
    return {
        CONTRACT: filled((docs / CONTRACT).read_text(), tables()),
        Path("asyncapi.json"): _json(document()),
        SCHEMAS / "borderpost.cddl": grammar(),
        **schemas,
    }


def stale(docs: Path) -> list[Path]:
    """The files that say something else than the types; and schemas of events that are no more."""
    wanted = pages(docs)
    differ = [name for name, text in wanted.items() if not _says(docs / name, text)]
    return differ + [
        path.relative_to(docs) for path in (docs / SCHEMAS).glob("*.json") if path.relative_to(docs) not in wanted
    ]


def filled(text: str, told: Mapping[str, str]) -> str:
    """``text`` with each table in its place; Unmarked when one has none, or two."""
    found = [mark[1] for mark in MARK.finditer(text)]
    if sorted(found) != sorted(told):
        raise Unmarked(f"The page has places for {sorted(found)}, and the tables are {sorted(told)}.")
    return MARK.sub(lambda mark: f"{mark[1]}{mark[2]}\n{told[mark[1]]}\n\n", text)


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text() == text


def _json(told: object) -> str:
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"
