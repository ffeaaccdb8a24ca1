"""``./run faults``: kill edge, gateway, broker and controller in mid-passage, and count what arrives."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from simulators.lane.post import BrokerFailed, CannotStart
from tests.faults import campaign


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=20, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="the same seed: the same travellers and the same moments")
    parser.add_argument("--speed", type=float, default=10.0, help="how much faster than life people and doors are")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep state and logs here instead of deleting them")
    parser.add_argument("--json", action="store_true", help="one object, and nothing else on standard output")
    options = parser.parse_args()
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="borderpost-faults-") as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        try:
            told = asyncio.run(
                campaign.run(options.kills, options.seed, folder, options.speed, lambda line: _progress(line))
            )
        except (CannotStart, BrokerFailed) as error:
            print(error, file=sys.stderr)
            return 4
    told |= {"seed": options.seed, "seconds": round(time.monotonic() - began_s, 1)}
    print(json.dumps(told) if options.json else sentence(told))
    return int(bool(told["violations"] or told["lost"] or told["duplicated"]))


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def sentence(told: dict) -> str:
    kills = ", ".join(f"{victim} {count}" for victim, count in sorted(told["kills"].items()))
    lines = [
        f"Killed: {kills}. {told['travellers']} travellers: {told['granted']} granted, {told['referred']} referred, "
        f"{told['abandoned']} turned back themselves.",
        f"{told['produced']} events were written, {told['stored_unique']} stand in the store, {told['lost']} lost, "
        f"{told['duplicated']} doubled. {told['granted_without_record']} were granted without a record; "
        f"the exit opened {told['exit_openings']} times.",
        *(f"VIOLATION: {violation}." for violation in told["violations"]),
    ]
    if not told["violations"]:
        lines.append("No door, no record and no promise was broken.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
