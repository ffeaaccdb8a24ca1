"""What does every verb take? Its sentence of help, ``--json``, and the region's folder where it speaks to a region."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Run: TypeAlias = Callable[[argparse.Namespace], int]


def verb(verbs: Verbs, name: str, text: str, run: Run) -> argparse.ArgumentParser:
    """One more verb, with ``--json``."""
    parser = verbs.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="answer as JSON")
    parser.set_defaults(run=run)
    return parser


def region_verb(verbs: Verbs, name: str, text: str, run: Run, *, required: bool = True) -> argparse.ArgumentParser:
    """One more verb, with ``--json`` and ``--state``."""
    parser = verb(verbs, name, text, run)
    parser.add_argument("--state", type=Path, required=required, metavar="DIR", help="the gateway's folder")
    return parser
