"""Carries out what the gate orders, and reports back with the visit. Nothing here decides.

The gate is pure; the devices are drivers. This file is the joint: one method for each effect, and each piece of work
begun for a traveller reports under her visit, so that it cannot open a door for the next one.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, assert_never  # Any: what a coroutine yields is nobody's business here

from edge.board import Board
from edge.decision.verdict import Verdict
from edge.face.client import FaceProcess
from edge.gate import effects as order
from edge.gate.events import (
    Decided,
    DocumentRead,
    Event,
    FaceCompared,
    Reason,
    Recorded,
    RecordFailed,
)
from edge.gate.screens import screen
from edge.gate.states import Closed, State
from edge.inspection.document import Document
from edge.inspection.inspect import Inspection
from edge.pages.protocols import Sign
from edge.records import Crossing, Records
from hardware.drivers.barrier import BarrierClient
from hardware.drivers.barrier_events import DoorState
from icao.checks import Result
from icao.mrz.repairs import read_ocr
from icao.mrz.zone import Mrz, MrzError
from messages.facts import LanePosition

log = logging.getLogger(__name__)

DOOR_LOOK_S = 0.02
FROM_A_WIRE = frozenset({"link-forged"})  # alarms that somebody outside can raise as often as he likes
ALARM_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the lane waits for its devices, in seconds at the border; people's share shrinks with time_scale."""

    page_s: float = 5.0  # from the document on the glass to its MRZ (TR-03135-1, 4.1.3)
    face_try_s: float = 8.0  # one capture with all its frames (TR-03121: 10 s with retries)
    face_try_least_s: float = 3.0  # real seconds, however fast a simulation runs: the matcher is no faster for it
    lifted_grace_s: float = 0.6  # the chip fell silent: does the reader feel the document go?
    passage_valid_s: float = 20.0  # a permission that was not used by then opens nothing


@dataclass(slots=True, repr=False)  # The repr of a future shows its lines, and they are a person.
class Page:
    """What the page reader says of the document that lies on it now."""

    laid_s: float = 0.0
    lines: "asyncio.Future[tuple[str, ...]] | None" = None
    present: bool = False


Inspect = Callable[[Mrz | None, threading.Event], Inspection]
Decide = Callable[[Document], Verdict]


class Lane:
    """``begin`` is the gate's hand. ``report`` is set by the composition root to the gate's own ear."""

    def __init__(
        self,
        *,
        inspect: Inspect,
        decide: Decide,
        face: FaceProcess,
        barrier: BarrierClient,
        records: Records,
        board: Board,
        now: Callable[[], datetime],
        time_scale: float = 1.0,
        limits: Limits = Limits(),  # frozen
    ) -> None:
        self.report: Callable[[Event, int | None], None] = lambda event, visit: None
        self.page = Page()
        self.crossing = Crossing(0)
        self._inspect, self._decide, self._face, self._barrier = inspect, decide, face, barrier
        self._records, self._board, self._now = records, board, now
        self._scale, self._limits = time_scale, limits
        self._stop_reading = threading.Event()
        self._comparing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._passage = 0
        self._alarmed_s: dict[str, float] = {}
        self._was_closed: frozenset[str] | None = None

    # --- the gate's side ---
    def begin(self, effect: order.Effect, visit: int) -> None:
        """Start what was ordered and return at once."""
        if visit != self.crossing.visit:
            self.crossing = Crossing(visit, began_s=self.page.laid_s or self._clock())
        match effect:
            case order.ReadDocument():
                self._stop_reading = threading.Event()
                self._work(self._read(self.crossing, self._stop_reading))
            case order.StopReading():
                self._stop_reading.set()
            case order.Decide(document):
                self._work(self._judge(document, self.crossing))
            case order.PermitEntry():
                self._permit(self._barrier.permit_entry)
                self._work(self._time_door(self.crossing, lambda: self._barrier.status.entry))
            case order.PermitExit():
                self._permit(self._barrier.permit_exit)
                self._work(self._time_door(self.crossing, lambda: self._barrier.status.exit))
            case order.RevokeEntry():
                self._barrier.revoke_entry()
            case order.RevokeExit():
                self._barrier.revoke_exit()
            case order.ReleaseInward():
                self._barrier.release_inward()
            case order.CompareFace(document):
                self._stop_comparing()
                self._comparing = self._work(self._compare(document, self.crossing))
            case order.StopComparing():
                self._stop_comparing()
            case order.RecordGranted(document, face):
                self._work(self._record(document, face, self.crossing))
            case order.RecordReferred(where, reasons, document):
                self._records.referred(self.crossing, where, reasons, document)
            case order.RecordLeft():
                self._records.left(self.crossing, self._clock())
            case order.RecordAbandoned(cause):
                self._records.abandoned(self.crossing.id, visit, cause)
            case order.RaiseAlarm(code):
                self._board.alarm(code)
                if not self._is_flood(code):
                    log.warning("alarm in visit %d: %s", visit, code)
                    self._records.alarm(code, visit)
            case order.CallOfficer(reasons):
                log.info("officer called in visit %d: %s", visit, ", ".join(reasons))
                self._board.call(reasons)
            case order.ResetBarrier():
                self._barrier.reset_evacuation()
                self._barrier.resume()
            case order.Ignored(state, event):
                log.debug("out of place: %s in %s", event, state)
            case _:
                assert_never(effect)

    def show(self, state: State, visit: int) -> None:
        """The gate has moved: draw it, and write down when the lane opens or closes."""
        name, hint = screen(state)
        self._board.show(type(state).__name__, Sign(name), hint, visit)
        causes = state.causes if isinstance(state, Closed) else None
        if causes != self._was_closed:
            if causes is not None:
                self._records.lane(LanePosition.CLOSED, ",".join(sorted(causes))[:64])
            elif self._was_closed is not None:
                self._records.lane(LanePosition.OPEN, "ready")
            self._was_closed = causes

    async def drain(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._records.drain()

    # --- the work: each piece is given its crossing, so that a late one cannot write into the next traveller's ---
    async def _read(self, crossing: Crossing, stop: threading.Event) -> None:
        """The page first, since its MRZ opens the chip; then the chip, in a thread."""
        visit = crossing.visit
        printed = await self._printed(crossing)
        if stop.is_set():
            return
        if printed is None:
            self.report(DocumentRead(None, (Reason.DOCUMENT_UNREADABLE,)), visit)
            return
        began_s = self._clock()
        found = await asyncio.to_thread(self._inspect, printed, stop)
        crossing.parts_ms["chip"] = (self._clock() - began_s) * 1000
        if stop.is_set():
            return
        if found.lifted:
            await asyncio.sleep(self._limits.lifted_grace_s)
            if not stop.is_set():  # the reader still feels the document, so it is the chip that went
                self.report(DocumentRead(None, (Reason.CHIP_UNREADABLE,)), visit)
            return
        for check in found.checks:
            if check.result is not Result.SUCCESSFUL:  # a detail is for an officer and holds no person
                log.info("visit %d: %s %s. %s", visit, check.id, check.result.value, check.detail)
        self.report(DocumentRead(found.document, found.reasons), visit)

    async def _printed(self, crossing: Crossing) -> Mrz | None:
        lines = self.page.lines
        if lines is None:
            return None
        try:
            async with asyncio.timeout(self._limits.page_s):
                read = await asyncio.shield(lines)
            mrz, repairs = read_ocr(read, self._now().date())
        except asyncio.CancelledError:
            if not lines.cancelled():
                raise
            return None  # the document was lifted before its lines came
        except (TimeoutError, MrzError) as error:
            log.info("no machine readable zone: %s", type(error).__name__)
            return None
        if repairs:  # A29: a guess, until the chip opens to it and says the same
            log.info("the zone was misread in %d places", len(repairs))
        crossing.parts_ms["document"] = (self._clock() - self.page.laid_s) * 1000
        return mrz

    async def _judge(self, document: Document, crossing: Crossing) -> None:
        began_s = self._clock()
        verdict = await asyncio.to_thread(self._decide, document)
        crossing.verdict = verdict
        crossing.parts_ms["decision"] = (self._clock() - began_s) * 1000
        self.report(Decided(verdict.admit, verdict.reasons), crossing.visit)

    async def _compare(self, document: Document, crossing: Crossing) -> None:
        limit_s = max(self._limits.face_try_s / self._scale, self._limits.face_try_least_s)
        seen_s = self._clock()

        def hinted(hint: str) -> None:
            # While there is nobody, or nobody to be seen well, the machine waits for the person and not she for it.
            nonlocal seen_s
            seen_s = self._clock()
            self._board.hint(hint)

        compared = await self._face.compare(document.portrait, limit_s, hinted)
        crossing.parts_ms["face"] += (self._clock() - seen_s) * 1000
        self.report(compared, crossing.visit)

    async def _record(self, document: Document, face: FaceCompared, crossing: Crossing) -> None:
        began_s = self._clock()
        written = await self._records.granted(crossing, document, face)
        crossing.parts_ms["record"] = (self._clock() - began_s) * 1000
        self.report(Recorded() if written else RecordFailed(), crossing.visit)

    def _is_flood(self, code: str) -> bool:
        """Attack C09 for hours: ten forged words a second must not fill the outbox, which would close the lane."""
        if code not in FROM_A_WIRE:
            return False
        before_s, now_s = self._alarmed_s.get(code, float("-inf")), self._clock()
        if now_s - before_s < ALARM_EVERY_S:
            return True
        self._alarmed_s[code] = now_s
        return False

    def _permit(self, permit: Callable[[int, float], None]) -> None:
        """Each permission has a number of its own: repeated or late, it moves nothing."""
        self._passage += 1
        permit(self._passage, self._limits.passage_valid_s / self._scale)

    async def _time_door(self, crossing: Crossing, door: Callable[[], DoorState]) -> None:
        """How long the traveller stood before a door that was permitted to open."""
        began_s = self._clock()
        limit_s = self._limits.passage_valid_s / self._scale
        while door() is not DoorState.OPEN and self._clock() - began_s < limit_s:  # noqa: ASYNC110  # as its status is
            await asyncio.sleep(DOOR_LOOK_S)
        crossing.parts_ms["door"] += (self._clock() - began_s) * 1000

    def _stop_comparing(self) -> None:
        if self._comparing is not None:
            self._comparing.cancel()
            self._comparing = None

    def _work(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: "asyncio.Task[None]") -> None:
        """A programmer's error in one piece of work is said loudly; the gate's limit then refers the traveller."""
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work failed: %s", type(error).__name__, exc_info=error)

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()


def today(now: Callable[[], datetime]) -> Callable[[], date]:
    """The day at the post: documents are valid by its calendar."""
    return lambda: now().astimezone().date()
