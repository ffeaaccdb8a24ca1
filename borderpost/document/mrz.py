"""What does the printed zone say? ``borderpost document mrz LINE...`` reads it, digit by digit."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from borderpost.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from icao.mrz.repairs import Repair
    from icao.mrz.zone import Mrz

FIELDS = (
    "document_code", "issuing_state", "document_number", "surname", "given_names", "nationality", "birth_date",
    "sex", "expiry_date", "optional_1", "optional_2", "names_truncated",
)  # fmt: skip
CODES = ("issuing_state", "nationality")

DIGIT_SAYS = {True: "check digit agrees", False: "CHECK DIGIT IS WRONG"}
READ, NOT_OK, UNREADABLE = 0, 1, 2  # exit codes


def add_parser(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = verbs.add_parser(
        "mrz",
        help="read a machine readable zone and check its digits",
        description=(
            "A zone that does not agree may have been misread: up to three characters are repaired where that makes "
            "every check digit agree, and each is told. "
            "Exit codes: 0 every check digit agrees, 1 something does not, 2 these lines are no zone."
        ),
    )
    parser.add_argument("lines", nargs="+", metavar="LINE", help="a line as it is printed; quote it, '<' is special")
    parser.add_argument("--json", action="store_true", help="answer with one JSON object")
    parser.set_defaults(run=mrz)


def mrz(arguments: argparse.Namespace) -> int:
    """Print what the zone says; the exit code says whether it agrees with itself."""
    from datetime import UTC, datetime

    from icao.mrz.repairs import read_ocr
    from icao.mrz.zone import MrzError, tidied

    try:
        zone, repairs = read_ocr(tidied("\n".join(arguments.lines)), datetime.now(UTC).date())
    except MrzError as error:
        cure = "Type each line as it is printed, in quotes, with '<' for every filler."
        raise Fault("not-a-zone", str(error), cure, UNREADABLE) from error
    if arguments.json:
        print(json.dumps(as_json(zone, repairs), ensure_ascii=False))
    else:
        print(as_table(zone, repairs))
    return READ if zone.ok else NOT_OK


def as_json(zone: "Mrz", repairs: "Sequence[Repair]" = ()) -> dict[str, Any]:  # Any: JSON
    """The form of docs/contract.md, 11.2."""
    from dataclasses import asdict

    from icao.mrz.codes import meaning

    return {
        "format": zone.format,
        "fields": {name: getattr(zone, name) for name in FIELDS},
        "meanings": {name: meaning(getattr(zone, name)) or None for name in CODES},
        "check_digits": dict(zone.check_digits),
        "faults": list(zone.faults),
        "ok": zone.ok,
        "repairs": [asdict(repair) for repair in repairs],
    }


def as_table(zone: "Mrz", repairs: "Sequence[Repair]" = ()) -> str:
    """One line a field; what it means and what does not agree stands behind it."""
    from icao.mrz.codes import meaning

    rows = [f"{'format':16} {zone.format}"]
    for name in FIELDS:
        value = getattr(zone, name)
        shown = ("yes" if value else "no") if isinstance(value, bool) else value
        remarks = [meaning(value) or "unknown code"] if name in CODES else []
        remarks += [DIGIT_SAYS[zone.check_digits[name]]] if name in zone.check_digits else []
        remarks += ["NOT POSSIBLE"] if name in zone.faults else []
        rows.append(f"{name:16} {shown:24} {', '.join(remarks)}".rstrip())
    if "composite" in zone.check_digits:
        rows.append(f"{'composite':16} {'agrees' if zone.check_digits['composite'] else 'WRONG'}")
    for repair in repairs:
        where = f"line {repair.line}, place {repair.place}"
        rows.append(f"{'REPAIRED':16} {where:24} {repair.read} was read, {repair.repaired} agrees")
    return "\n".join(rows)
