"""``borderpost sim issue``: states and documents into a folder, for whoever wants to look at them or read them."""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from simulators.issuing.folder import write_passport
from simulators.issuing.handout import write_handout
from simulators.issuing.office import KINDS, Office
from simulators.issuing.passports import Holder, Passport
from simulators.issuing.state import State, open_states, write_trust
from simulators.issuing.states import STATES

COUNT_LIMIT = 10_000
HOLDER, STRANGER = "u01", "u02"  # in the catalogue
CHILDREN_FROM = 2010  # citizens born later are children, and carry passports of the kind under-age only


def add_issue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--into", type=Path, metavar="DIR", help="folder for passports, trust and states")
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many passports")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed gives the same numbers and dates"
    )
    parser.add_argument("--scenario", default="honest", metavar="NAME", help=", ".join(KINDS))
    parser.add_argument("--defect", metavar="NAME", help="one document or seal of the catalogue, with what is right")
    parser.add_argument("--list", action="store_true", help="which entries the catalogue has (docs/catalogue.md)")
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def run_issue(args: argparse.Namespace) -> int:
    """Makes them and prints where. 0 done, 2 a wrong option or a folder that cannot be written."""
    if args.list:
        return _list(args)
    if args.into is None:
        return _complain(args, "usage", "It is not said where to write.", "Add --into DIR.")
    try:
        return _issue_case(args) if args.defect else _issue_passports(args)
    except OSError as error:
        return _complain(args, "folder", f"{args.into} cannot be written ({error.strerror}).", "Choose another folder.")


def _issue_passports(args: argparse.Namespace) -> int:
    if args.scenario not in KINDS:
        return _complain(
            args, "unknown-scenario", f"There is no scenario {args.scenario!r}.", f"Choose: {', '.join(KINDS)}."
        )
    if not 1 <= args.count <= COUNT_LIMIT:
        return _complain(args, "count", f"{args.count} passports are out of range.", f"Choose 1 to {COUNT_LIMIT}.")
    states = open_states(args.into / "states", date.today())  # noqa: DTZ011  (a passport knows days, no zones)
    write_trust(states, args.into / "trust")
    handed = write_handout(states, args.into, date.today())  # noqa: DTZ011
    made = [_written(args.into / "passports", *one) for one in _issued(args, states)]
    _say(args, made, handed)
    return 0


def _issue_case(args: argparse.Namespace) -> int:
    from simulators.issuing.catalogue.folder import expected, write_case
    from simulators.issuing.catalogue.table import ENTRIES
    from simulators.issuing.catalogue.world import World

    if args.defect not in ENTRIES:
        cure = "`borderpost sim issue --list` names them all."
        return _complain(args, "unknown-defect", f"There is no defect {args.defect!r}.", cure)
    today = date.today()  # noqa: DTZ011  (as above)
    states = open_states(args.into / "states", today)
    world = World(states, today, random.Random(args.seed), holder_of(HOLDER), holder_of(STRANGER))
    entry, folder = ENTRIES[args.defect], args.into / args.defect
    case = entry.make(world)
    write_case(entry, case, folder)
    if args.json:
        print(json.dumps({"folder": str(folder), **expected(entry, case, folder)}))
        return 0
    print(f"{folder}: {entry.says}")
    print(f"Right is: {entry.right.result or entry.right.refused}. How to judge it: {folder / 'expected.json'}.")
    return 0


def _list(args: argparse.Namespace) -> int:
    from simulators.issuing.catalogue.table import ENTRIES

    if args.json:
        rows = [
            {"name": one.name, "attack": one.attack, "kind": one.kind, "says": one.says, "result": one.right.result}
            for one in ENTRIES.values()
        ]
        print(json.dumps({"entries": rows}))
        return 0
    for one in ENTRIES.values():
        print(f"{one.name:32} {one.attack:4} {one.right.result or one.right.refused:13} {one.says}")
    return 0


def holder_of(citizen_id: str) -> Holder:
    """A citizen of the simulators as the holder of a passport."""
    from simulators.people.citizens import citizen, portrait

    one = citizen(citizen_id)
    return Holder(one.surname, one.given_names, one.birth_date, one.sex, portrait(one))


def _issued(args: argparse.Namespace, states: dict[str, State]) -> Iterator[tuple[str, Passport]]:
    from simulators.people.citizens import citizens

    office = Office(states, date.today(), random.Random(args.seed))  # noqa: DTZ011
    codes = [code for code, spec in STATES.items() if spec.trusted]
    child = args.scenario == "under-age"
    ids = [one.id for one in citizens() if (one.birth_date.year >= CHILDREN_FROM) == child]
    everybody = [one.id for one in citizens()]
    for turn in range(args.count):
        holder, code = ids[turn % len(ids)], codes[turn % len(codes)]
        stranger = everybody[(everybody.index(holder) + 1) % len(everybody)]
        if sys.stderr.isatty():
            print(f"\rpassport {turn + 1} of {args.count}", end="", file=sys.stderr, flush=True)
        yield code, office.issue(args.scenario, holder_of(holder), holder_of(stranger), code)


def _written(folder: Path, code: str, passport: Passport) -> dict[str, str | None]:
    place = folder / passport.number
    write_passport(place, passport)
    state = code if passport.number[0] == code[0] else "unknown"
    return {"folder": str(place), "state": state, "number": passport.number, "chip_fault": passport.chip_fault}


def _say(args: argparse.Namespace, made: list[dict[str, str | None]], handed: dict[str, str]) -> None:
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    if args.json:
        trust = str(args.into / "trust")
        print(json.dumps({"scenario": args.scenario, "seed": args.seed, "trust": trust, **handed, "passports": made}))
        return
    for one in made:
        print(one["folder"])
    print(f"{len(made)} passports ({args.scenario}); the trust store is {args.into / 'trust'}.")
    print(f"What states publish: {', '.join(sorted(handed.values()))}.")


def _complain(args: argparse.Namespace, code: str, message: str, cure: str) -> int:
    if args.json:
        print(json.dumps({"error": {"code": code, "message": message, "cure": cure}}))
    else:
        print(f"{message} {cure}", file=sys.stderr)
    return 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="simulators.issuing", description="Issuing states in a box.")
    add_issue_arguments(parser)
    return run_issue(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
