"""``borderpost sim issue``: states and passports into a folder, for whoever wants to look at them or read them."""

import argparse
import json
import random
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from simulators.issuing.handout import write_handout
from simulators.issuing.office import KINDS, Office
from simulators.issuing.passports import Holder, Passport
from simulators.issuing.state import State, open_states, write_trust
from simulators.issuing.states import STATES

COUNT_LIMIT = 10_000
CHILDREN_FROM = 2010  # citizens born later are children, and carry passports of the kind under-age only


def add_issue_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--into", required=True, type=Path, metavar="DIR", help="folder for passports, trust and states"
    )
    parser.add_argument("--count", type=int, default=1, metavar="N", help="how many passports")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="the same seed gives the same numbers and dates"
    )
    parser.add_argument("--scenario", default="honest", metavar="NAME", help=", ".join(KINDS))
    parser.add_argument("--json", action="store_true", help="print what was made as JSON")


def run_issue(args: argparse.Namespace) -> int:
    """Makes them and prints where. 0 done, 2 a wrong option or a folder that cannot be written."""
    if args.scenario not in KINDS:
        return _complain(
            args, "unknown-scenario", f"There is no scenario {args.scenario!r}.", f"Choose: {', '.join(KINDS)}."
        )
    if not 1 <= args.count <= COUNT_LIMIT:
        return _complain(args, "count", f"{args.count} passports are out of range.", f"Choose 1 to {COUNT_LIMIT}.")
    try:
        states = open_states(args.into / "states", date.today())  # noqa: DTZ011  (a passport knows days, no zones)
        write_trust(states, args.into / "trust")
        handed = write_handout(states, args.into, date.today())  # noqa: DTZ011
        made = [_written(args.into / "passports", *one) for one in _issued(args, states)]
    except OSError as error:
        return _complain(args, "folder", f"{args.into} cannot be written ({error.strerror}).", "Choose another folder.")
    _say(args, made, handed)
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
    place.mkdir(parents=True, exist_ok=True)
    for name, content in passport.files.items():
        (place / f"{name}.bin").write_bytes(content)
    (place / "mrz.txt").write_text("\n".join(passport.mrz_lines) + "\n")
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
