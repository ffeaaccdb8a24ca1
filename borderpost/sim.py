"""``borderpost sim lane|issue|chip|fleet``: a border post that isn't there."""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any  # the account is JSON

from borderpost import sim_chip, sim_fleet
from borderpost.errors import Fault
from borderpost.sim_folder import expect_own

TRAVELLERS_LIMIT = 10_000
SPEEDS = (0.1, 20.0)


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verbs = subparsers.add_parser("sim", help="simulate").add_subparsers(dest="what", required=True, metavar="WHAT")
    lane = verbs.add_parser("lane", help="travellers cross one lane on real wires")
    lane.add_argument("--travellers", type=int, required=True, metavar="N")
    lane.add_argument("--seed", type=int, default=1, metavar="S")
    lane.add_argument(
        "--speed", type=float, default=1.0, metavar="X", help="people, doors and gate timers run X times faster"
    )
    lane.add_argument("--scenario", metavar="NAME", help="only travellers of this kind; the default is a mix of all")
    lane.add_argument(
        "--state", type=Path, metavar="DIR", help="keep everything in this folder (default: a temporary one)"
    )
    lane.add_argument("--direct-chip", action="store_true", help="read the chip over a socket even where PC/SC is")
    lane.add_argument("--json", action="store_true")
    lane.set_defaults(run=_lane)
    issue = verbs.add_parser("issue", help="issue passports of states that do not exist")
    issue.set_defaults(run=_issue)
    _add_issue_arguments(issue)
    sim_chip.add_parser(verbs)
    sim_fleet.add_parser(verbs)


def _add_issue_arguments(parser: argparse.ArgumentParser) -> None:
    """As simulators.issuing declares them; declared again here, because importing it takes half a second."""
    parser.add_argument("--into", type=Path, metavar="DIR", help="folder for passports, trust and states")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many passports")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed gives the same numbers and dates"
    )
    parser.add_argument("--scenario", default="honest", metavar="NAME", help="as in the lane; honest if none is named")
    parser.add_argument("--defect", metavar="NAME", help="one document or seal of the catalogue, with what is right")
    parser.add_argument("--list", action="store_true", help="which entries the catalogue has (docs/catalogue.md)")
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def expect_speed(speed: float) -> None:
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise Fault(
            "bad-speed",
            f"--speed must lie between {SPEEDS[0]:g} and {SPEEDS[1]:g}: machines are no faster than they are.",
        )


def _issue(arguments: argparse.Namespace) -> int:
    from simulators.issuing.__main__ import run_issue

    code = run_issue(arguments)
    if code == 0 and arguments.defect and not arguments.list:
        _import_trust(arguments.into / arguments.defect)
    return code


def _import_trust(folder: Path) -> None:
    """What the inspecting post has been given, made into a trust store."""
    from datetime import UTC, datetime

    from edge.inspection.trust.importing import import_files

    sources = sorted((folder / "sources").iterdir())
    import_files(folder / "trust", sources, [], datetime.now(UTC), lambda name, done, of: None)


def _lane(arguments: argparse.Namespace) -> int:
    from simulators.lane.report import sentence
    from simulators.lane.scenarios import SCENARIOS

    if arguments.scenario is not None and arguments.scenario not in SCENARIOS:
        raise Fault(
            "no-such-scenario",
            f"There is no scenario '{arguments.scenario}'.",
            f"Choose one of {', '.join(SCENARIOS)}.",
        )
    if not 1 <= arguments.travellers <= TRAVELLERS_LIMIT:
        raise Fault("bad-number", f"--travellers must lie between 1 and {TRAVELLERS_LIMIT}.")
    expect_speed(arguments.speed)
    account = _run(arguments)
    print(json.dumps(account) if arguments.json else sentence(account))
    wrong = account["wrong_outcomes"] or account["invariants_broken"]
    lost = account["events"]["lost"] or account["events"]["duplicated"]
    return 1 if wrong or lost else 0


def _run(arguments: argparse.Namespace) -> "dict[str, Any]":
    import asyncio

    from simulators.lane.post import BrokerFailed, CannotStart, Settings
    from simulators.lane.report import Passage
    from simulators.lane.run import run_lane

    def progress(number: int, of: int, passage: Passage) -> None:
        got = passage.got.value if passage.got else "held"
        print(f"{number}/{of} {passage.scenario.name}: {got}", file=sys.stderr, flush=True)

    def note(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    if arguments.state is not None:
        expect_own(arguments.state)
    state = arguments.state or Path(tempfile.mkdtemp(prefix="borderpost-"))
    settings = Settings(state, arguments.speed, direct_chip=arguments.direct_chip)
    try:
        return asyncio.run(run_lane(settings, arguments.travellers, arguments.seed, arguments.scenario, progress, note))
    except (CannotStart, BrokerFailed) as error:
        raise Fault("cannot-start", str(error), "`borderpost doctor` says what is missing.", exit_code=4) from error
    finally:
        if arguments.state is None:
            shutil.rmtree(state, ignore_errors=True)
