"""Is the document on the reader genuine, and what does it say? Open, read, prove, compare, in a straight line.

For a thread: it blocks. A bad document is an answer, never an exception. Whatever goes wrong ends as a reason for an
officer: there is no way through here from an error to a document without one.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

from edge.gate.events import Reason
from edge.inspection.judging import Inspection, judge
from edge.inspection.live import Lifted, Live, Wish, read_live
from edge.inspection.patience import InspectionLimits, Patience
from edge.inspection.reasons import reasons_for
from edge.inspection.unfinished import Unfinished
from hardware.drivers.chip import ChipReader, ReaderLost
from icao.checks import Check, Result
from icao.chip.passwords import of_zone
from icao.mrz.zone import Mrz
from icao.pki.trust import Trust

__all__ = ["Inspection", "InspectionLimits", "inspect", "judge"]

log = logging.getLogger(__name__)

USUAL = InspectionLimits()


def inspect(
    printed: Mrz | None,
    chip: ChipReader,
    trust: Trust,
    today: date,
    progress: Callable[[float], None],
    stop: threading.Event,
    limits: InspectionLimits = USUAL,
    unfinished: Unfinished | None = None,
) -> Inspection:
    """Read and judge what lies on the reader. Raises nothing; ends soon after ``stop``.

    ``unfinished`` keeps what was read of a document that was lifted, until it is put back.
    """
    clock = _Clock()
    if printed is None or not printed.ok:
        # Without a sound zone there is no key, and chips slow down after each wrong one.
        return _without(
            clock,
            Check("mrz.printed", Result.FAILED, detail="The printed zone cannot be read.", code="zone-unreadable"),
        )
    patience = Patience(stop, limits)
    try:
        if not patience.wait_present(chip, limits.present_s):
            return _lifted(clock) if stop.is_set() else _without(clock, _no_chip())
        clock.chip_begins()
        wish = Wish((of_zone(printed),))
        match read_live(wish, chip, trust, today, progress, patience, unfinished or Unfinished()):
            case Lifted():
                return _lifted(clock)
            case Check() as check:
                return _without(clock, check)
            case Live() as live:
                found = judge(
                    printed, live.contents.files, trust, today, contents=live.contents, passive_checks=live.passive
                )
                return replace(found, timings_ms=clock.timings_ms(), checks=(*found.checks, live.latency))
    except ReaderLost as error:
        log.warning("%s", error)
        return replace(_without(clock), reasons=(Reason.DEVICE_FAULT,))
    except Exception as error:  # bytes of strangers went through here: whatever they broke, an officer looks at it
        log.error("the inspection failed where it should not: %s", type(error).__name__)
        detail = "The inspection failed where it should not."
        return _without(clock, Check("chip.read", Result.ABORTED, detail=detail, code="inspection-failed"))


def _no_chip() -> Check:
    return Check("chip.read", Result.ABORTED, detail="No chip answers.", code="no-chip")


def _lifted(clock: "_Clock") -> Inspection:
    return replace(_without(clock), reasons=(Reason.DOCUMENT_REMOVED,), lifted=True)


def _without(clock: "_Clock", *checks: Check) -> Inspection:
    return Inspection(None, reasons_for(checks), clock.timings_ms(), checks=checks)


class _Clock:
    """How long the machine took: until a chip was there, and from then on."""

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self._chip_s: float | None = None

    def chip_begins(self) -> None:
        self._chip_s = time.monotonic()

    def timings_ms(self) -> dict[str, float]:
        now_s = time.monotonic()
        chip_s = now_s if self._chip_s is None else self._chip_s
        return {"document": (chip_s - self._began_s) * 1000, "chip": (now_s - chip_s) * 1000}
