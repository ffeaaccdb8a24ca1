"""What does the chip on a reader hold, and is it genuine? For an expert at a desk, who wants to know all of it.

The same reading as a lane's (``live``), without a lane: nobody is referred, and a page need not be there to compare.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from edge.inspection.judging import chip_checks, zones_agree
from edge.inspection.live import Lifted, Live, Wish, read_live
from edge.inspection.patience import InspectionLimits, Patience
from edge.inspection.unfinished import Unfinished
from hardware.drivers.chip import ChipReader
from icao.checks import Check, Result
from icao.lds.data_groups import mrz_lines
from icao.mrz.zone import Mrz, MrzError, parse
from icao.pki.trust import Trust
from icao.tlv import Garbled

# Nobody stands behind an expert, and a chip without extended length takes 20 s for a large portrait.
LIMITS: Final = InspectionLimits(present_s=15.0, read_s=120.0, return_s=15.0)


@dataclass(frozen=True, slots=True, repr=False)
class Examined:
    """``live`` None: the chip was not read to its end, and the check says why."""

    checks: tuple[Check, ...]
    live: Live | None = None
    zone: Mrz | None = None  # of DG1


def examine(
    wish: Wish,
    printed: Mrz | None,
    chip: ChipReader,
    trust: Trust,
    today: date,
    progress: Callable[[float], None],
    limits: InspectionLimits = LIMITS,
) -> Examined | None:
    """None when no chip came within the limit. Raises ReaderLost."""
    patience = Patience(threading.Event(), limits)
    if not patience.wait_present(chip, limits.present_s):
        return None
    match read_live(wish, chip, trust, today, progress, patience, Unfinished()):
        case Lifted():
            detail = "The document was taken away and did not come back."
            return Examined((Check("chip.read", Result.ABORTED, detail=detail, code="lifted"),))
        case Check() as check:
            return Examined((check,))
        case Live() as live:
            zone = _zone(live, today)
            checks = chip_checks(live.contents, live.passive, trust, today)
            if printed is not None:
                checks = (*checks, _compared(printed, zone))
            return Examined((*checks, live.latency), live, zone)


def _zone(live: Live, today: date) -> Mrz | None:
    try:
        return parse(mrz_lines(live.contents.files["DG1"]), today)
    except (KeyError, Garbled, MrzError):
        return None


def _compared(printed: Mrz, zone: Mrz | None) -> Check:
    if zone is None:
        detail = "DG1 is missing or cannot be read, so that there is nothing to compare."
        return Check("mrz.match", Result.UNDETERMINED, detail=detail, code="no-zone")
    return zones_agree(printed, zone)


def within(limit_s: float) -> InspectionLimits:
    """The usual limits, with another wait for a document."""
    return replace(LIMITS, present_s=limit_s)
