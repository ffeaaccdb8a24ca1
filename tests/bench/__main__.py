"""``./run bench [NAME ...]``: measure, and tell each figure beside its goal."""

import importlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from borderpost.__main__ import Parser
from borderpost.errors import Fault, say
from tests.bench.machine import load, machine
from tests.bench.page import FIGURES, page, table

NAMES = ("documents", "face", "outbox", "pages", "processes", "lane", "messages", "delivery", "scale")


def main(words: Sequence[str]) -> int:
    try:
        return run(words)
    except Fault as fault:
        return say(fault, as_json="--json" in words)


def run(words: Sequence[str]) -> int:
    parser = Parser(prog="./run bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure (default: all): {', '.join(NAMES)}")
    parser.add_argument(
        "--travellers", type=int, default=10, metavar="N", help="how many cross in the bench of the lane"
    )
    parser.add_argument("--long", action="store_true", help="a million events of backlog in the bench of delivery")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="into docs/figures.md, where the others stay")
    options = parser.parse_args(words)
    if unknown := set(options.names) - set(NAMES):
        message = f"There is no bench {', '.join(sorted(unknown))}."
        raise Fault("no-bench", message, f"Choose from: {', '.join(NAMES)}.")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")  # its warnings are no figures
    here = machine()
    measured: dict[str, object] = {"machine": here}
    for name in options.names or NAMES:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measure = importlib.import_module(f"tests.bench.{name}").measure
        more = {"lane": {"travellers": options.travellers}, "delivery": {"long": options.long}}
        measured[name] = measure(**more.get(name, {}))
    here["load_after"] = load()
    if options.write:
        before = FIGURES.read_text() if FIGURES.exists() else ""
        FIGURES.write_text(page(measured, datetime.now(UTC).date(), before))
    print(json.dumps(told(measured)) if options.json else table(measured))
    return 0


def told(measured: Mapping[str, object]) -> dict[str, object]:
    """As JSON: a key for each bench; whoever asked for one alone finds its figures at the top, too."""
    figures = [value for name, value in measured.items() if name != "machine"]
    alone = figures[0] if len(figures) == 1 else {}
    return {**(alone if isinstance(alone, dict) else {}), **measured}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
