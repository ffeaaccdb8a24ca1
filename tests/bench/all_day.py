"""How much memory has a process that reads documents all day? ``python -m tests.bench.all_day FOLDER`` reads and says.

The folder holds ``states`` and ``trust``. The chips are simulated in the same process, so the figure is too large by
what they need.
"""

import json
import os
import sys
import threading
from pathlib import Path

from edge.inspection.inspect import inspect
from edge.inspection.trust import TrustStore
from edge.inspection.unfinished import Unfinished
from icao.mrz.zone import parse
from simulators.issuing.equipping import USUAL
from simulators.issuing.state import open_states
from tests.bench.chips import OnReader, Watched, of_16_kb
from tests.bench.people import TODAY

DOCUMENTS = 300
WARM = 50
STATM = Path("/proc/self/statm")


def rss_mb() -> float:
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(folder: Path) -> dict[str, float]:
    states, trust, unfinished = open_states(folder / "states", TODAY), TrustStore.open(folder / "trust"), Unfinished()
    passports = [of_16_kb(state, USUAL) for state in states.values() if state.spec.trusted]
    told: dict[str, float] = {"documents": DOCUMENTS}
    for number in range(1, DOCUMENTS + 1):
        passport = passports[number % len(passports)]
        printed = parse(passport.mrz_lines, TODAY)
        chip = OnReader(Watched(passport))
        found = inspect(printed, chip, trust, TODAY, lambda share: None, threading.Event(), unfinished=unfinished)
        if found.reasons:
            raise RuntimeError("An honest passport was not believed: the bench measures nothing.")
        if number == WARM:
            told["rss_mb_after_50"] = round(rss_mb(), 1)
    told["rss_mb"] = round(rss_mb(), 1)
    return told


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
