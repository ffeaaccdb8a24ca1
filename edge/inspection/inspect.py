"""Is the document on the reader genuine, and what does it say? Open, read, prove, compare, in a straight line.

For a thread: it blocks. A bad document is an answer, never an exception. Whatever goes wrong ends as a reason for an
officer: there is no way through here from an error to a document without one.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from edge.gate.events import Reason
from edge.inspection.document import Document
from edge.inspection.reasons import reasons_for
from hardware.drivers.chip import ChipReader, ReaderLost
from icao.checks import Check, Result
from icao.chip.apdu import Silent, Transceive
from icao.chip.reading import AccessDenied, read_chip
from icao.lds.data_groups import mrz_lines, portrait
from icao.mrz.zone import Mrz, MrzError, parse
from icao.passive import verify
from icao.pki.trust import Trust
from icao.tlv import Garbled

log = logging.getLogger(__name__)

WANTED: Final = (1, 2)
SLICE_S: Final = 0.25  # how long a wait may go on after somebody said stop


@dataclass(frozen=True, slots=True)
class InspectionLimits:
    """How long an inspection may take. All of it fits into the gate's limit for reading."""

    present_s: float = 3.0  # from the printed zone to a chip in the field
    read_s: float = 8.0  # a chip that answers each command just in time must not hold the lane for an hour
    return_s: float = 2.0  # a reader may show a chip that has just gone: is there another one?


@dataclass(frozen=True, slots=True, repr=False)
class Inspection:
    """``document`` only when reading worked. ``reasons`` is empty only for a document that passed every check."""

    document: Document | None
    reasons: tuple[Reason, ...]
    timings_ms: Mapping[str, float] = field(hash=False)
    lifted: bool = False  # the chip went while it was read
    checks: tuple[Check, ...] = ()

    def __repr__(self) -> str:  # No name, number or portrait in a log.
        return f"Inspection({self.document!r}, {', '.join(self.reasons) or 'no reasons'}, lifted={self.lifted})"


def inspect(
    printed: Mrz | None,
    chip: ChipReader,
    trust: Trust,
    today: date,
    progress: Callable[[float], None],
    stop: threading.Event,
    limits: InspectionLimits = InspectionLimits(),
) -> Inspection:
    """Read and judge what lies on the reader. Raises nothing; ends soon after ``stop``."""
    clock = _Clock()
    if printed is None or not printed.ok:
        # Without a sound zone there is no key, and chips slow down after each wrong one.
        return _without(clock, Check("mrz.printed", Result.FAILED, detail="The printed zone cannot be read."))
    try:
        found = _read(printed, chip, progress, _Patience(stop, limits), clock)
        match found:
            case None:
                return replace(_without(clock), reasons=(Reason.DOCUMENT_REMOVED,), lifted=True)
            case Check():
                return _without(clock, found)
            case _:
                return replace(judge(printed, found, trust, today), timings_ms=clock.timings_ms())
    except ReaderLost as error:
        log.warning("%s", error)
        return replace(_without(clock), reasons=(Reason.DEVICE_FAULT,))
    except Exception as error:  # bytes of strangers went through here: whatever they broke, an officer looks at it
        log.error("the inspection failed where it should not: %s", type(error).__name__)
        return _without(clock, _unreadable("The inspection failed where it should not.", Result.ABORTED))


def judge(printed: Mrz, files: Mapping[str, bytes], trust: Trust, today: date) -> Inspection:
    """What the files prove, and what they say. Pure."""
    groups = {number: files[f"DG{number}"] for number in WANTED if f"DG{number}" in files}
    passive = verify(files["SOD"], groups, trust, today) if "SOD" in files else ()
    access = Check("access", Result.SUCCESSFUL, detail="The printed zone opened the chip.")
    checks = (Check("mrz.printed", Result.SUCCESSFUL), access, *passive)
    try:
        zone = parse(mrz_lines(files["DG1"]), today)
        face = portrait(files["DG2"])
    except (KeyError, Garbled, MrzError) as error:
        what = f"EF.{error.args[0]} is not on the chip." if isinstance(error, KeyError) else "A data group is garbled."
        checks = (*checks, Check("chip.content", Result.FAILED, detail=what))
        return Inspection(None, reasons_for(checks), {}, checks=checks)
    if "SOD" not in files:
        checks = (
            *checks,
            Check("chip.content", Result.FAILED, detail="EF.SOD is not on the chip: nobody vouches for it."),
        )
    checks = (*checks, _zones_agree(printed, zone))
    return Inspection(Document(zone, face, checks), reasons_for(checks), {}, checks=checks)


def _zones_agree(printed: Mrz, zone: Mrz) -> Check:
    """The page and the chip must say the same, letter by letter; the page's check digits agreed before."""
    id = "mrz.match"
    if printed.lines != zone.lines:
        differing = [name for name in COMPARED if getattr(printed, name) != getattr(zone, name)] or ["optional data"]
        detail = f"The printed page and the chip differ: {', '.join(differing).replace('_', ' ')}."
        return Check(id, Result.FAILED, detail=detail)
    return Check(id, Result.SUCCESSFUL)


COMPARED: Final = (
    "document_code", "issuing_state", "document_number", "surname", "given_names", "nationality", "birth_date", "sex",
    "expiry_date",
)  # fmt: skip


def _read(
    printed: Mrz, chip: ChipReader, progress: Callable[[float], None], patience: "_Patience", clock: "_Clock"
) -> Mapping[str, bytes] | Check | None:
    """One of three things happened: 1. the files; 2. a check that failed; 3. None, the document was lifted."""
    if not patience.wait_present(chip, patience.limits.present_s):
        return None if patience.stop.is_set() else _unreadable("No chip answers.", Result.ABORTED)
    clock.chip_begins()
    for attempt in (1, 2):
        talk = patience.talk()
        try:
            with chip.connect() as transceive:
                return read_chip(talk.through(transceive), printed, WANTED, progress).files
        except AccessDenied as error:
            return Check("access", Result.FAILED, detail=f"The chip does not open: {error}.")
        except Garbled as error:
            return _unreadable(f"The chip cannot be read: {error}.", Result.FAILED)
        except Silent as error:
            # A reader may take half a second to notice that a chip has gone and another one lies there.
            if attempt == 1 and not talk.answered and patience.comes_back(chip):
                continue
            if patience.stop.is_set() or not chip.present():
                return None
            return _unreadable(f"The chip fell silent: {error}", Result.ABORTED)
    return _unreadable("The chip fell silent twice.", Result.ABORTED)


def _unreadable(detail: str, result: Result) -> Check:
    return Check("chip.read", result, detail=detail)


def _without(clock: "_Clock", *checks: Check) -> Inspection:
    return Inspection(None, reasons_for(checks), clock.timings_ms(), checks=checks)


class _Patience:
    """How long this inspection goes on: until its limits, or until somebody says stop."""

    def __init__(self, stop: threading.Event, limits: InspectionLimits) -> None:
        self.stop, self.limits = stop, limits
        self._deadline_s: float | None = None

    def wait_present(self, chip: ChipReader, limit_s: float) -> bool:
        return any(chip.wait_present(slice_s) for slice_s in self._slices(limit_s))

    def comes_back(self, chip: ChipReader) -> bool:
        """The chip that was shown has gone, and one is there (again)."""
        for slice_s in self._slices(self.limits.return_s):
            if not chip.present():
                return self.wait_present(chip, self.limits.return_s)
            self.stop.wait(min(slice_s, 0.05))
        return False

    def talk(self) -> "_Talk":
        if self._deadline_s is None:
            self._deadline_s = time.monotonic() + self.limits.read_s
        return _Talk(self.stop, self._deadline_s)

    def _slices(self, limit_s: float) -> Iterator[float]:
        end_s = time.monotonic() + limit_s
        while not self.stop.is_set() and (left_s := end_s - time.monotonic()) > 0:
            yield min(SLICE_S, left_s)


class _Talk:
    """Carries APDUs as long as there is time and nobody said stop."""

    def __init__(self, stop: threading.Event, deadline_s: float) -> None:
        self._stop, self._deadline_s = stop, deadline_s
        self.answered = False

    def through(self, transceive: Transceive) -> Transceive:
        def limited(command: bytes) -> bytes:
            if self._stop.is_set():
                raise Silent("The reading was stopped.")
            if time.monotonic() > self._deadline_s:
                raise Garbled("the chip takes longer than any chip may")
            answer = transceive(command)
            self.answered = True
            return answer

        return limited


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
