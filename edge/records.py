"""What is written down about each crossing, and in which order. The outbox keeps it; only the region can read it.

One thread writes, so events stand in the order in which they happened. The lane never waits for the disk, except for
the granted event, whose commit the gate waits for before it permits the exit. What is measured is written in groups.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, timedelta
from secrets import token_bytes
from typing import Any  # Any: what a coroutine yields is nobody's business here

from edge.decision.verdict import Verdict
from edge.gate.events import FaceCompared, Reason
from edge.inspection.document import Document
from edge.outbox.clock import Changed, Stamp
from edge.outbox.errors import OutboxError, Unfit
from edge.outbox.limits import GROUP_EVENTS_MAX, GROUP_WAIT_S
from edge.outbox.outbox import Outbox
from icao.checks import Check
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingAbandoned,
    CrossingGranted,
    CrossingLeft,
    CrossingReferred,
    DeviceClock,
    DeviceStarted,
    DeviceTelemetry,
    Direction,
    FaceMatch,
    Fact,
    LaneAlarm,
    LanePosition,
    LaneState,
    ListAsked,
    Person,
    Reading,
    Sex,
    Timings,
    TravelDocument,
    Wear,
    Where,
    data_of,
)
from messages.ids import CHANCE_BYTES, new_id

log = logging.getLogger(__name__)

RETRY_S = 1.0  # a full disk: what happened is kept in memory until it can be written, and the lane is closed meanwhile
PARTS = ("document", "chip", "decision", "face", "record", "door")


def _fresh_id() -> str:
    """The time in it orders ids in an index, and claims nothing: a wrong clock does no harm."""
    return new_id(time.time_ns() // 1_000_000, token_bytes(CHANCE_BYTES))


@dataclass(slots=True)
class Crossing:
    """One visit: its id, what was decided, and how long each part of the machine took."""

    visit: int
    id: str = field(default_factory=_fresh_id)
    verdict: Verdict | None = None
    began_s: float = 0.0
    parts_ms: dict[str, float] = field(default_factory=lambda: dict.fromkeys(PARTS, 0.0))


class Records:
    """Turns orders into facts and commits them. ``today`` is asked for each fact that carries a date."""

    def __init__(
        self,
        outbox: Outbox,
        direction: str,
        retention_days: int,
        now: Callable[[], Stamp],
        today: Callable[[], date],
    ) -> None:
        self._outbox, self._now, self._today = outbox, now, today
        self._direction, self._retention = Direction(direction), timedelta(days=retention_days)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        self._pending: set[asyncio.Future[None]] = set()
        self._turn = asyncio.Lock()  # first come, first written
        self._group_is_due = False

    async def granted(self, crossing: Crossing, document: Document, face: FaceCompared) -> bool:
        """True when the event is on the disk, synced. Nothing else may open the exit."""
        if crossing.verdict is None or face.score is None or face.threshold is None:
            return False
        fact = CrossingGranted(
            crossing=crossing.id,
            visit=crossing.visit,
            direction=self._direction,
            document=_travel_document(document),
            person=_person(document),
            checks=_checks(document.checks),
            face=FaceMatch(face.matcher, face.score, face.threshold),
            rules=crossing.verdict.rules_version,
            lists=tuple(ListAsked(asked.name, asked.version, asked.age_s) for asked in crossing.verdict.lists),
            retain_until=self._today() + self._retention,
        )
        try:
            return await self._commit(fact)
        except Unfit as error:
            log.critical("%s was not recorded: %s", fact.TYPE, error)
            return False

    def referred(self, crossing: Crossing, where: str, reasons: tuple[Reason, ...], document: Document | None) -> None:
        self._later(
            CrossingReferred(
                crossing=crossing.id,
                visit=crossing.visit,
                where=Where(where),
                reasons=tuple(reason.value for reason in reasons),
                document=_travel_document(document) if document else None,
                person=_person(document) if document else None,
                checks=_checks(document.checks) if document else (),
                retain_until=self._today() + self._retention,
            )
        )

    def close_open(self, left: int) -> None:
        """End what an earlier life of this lane granted and did not see through: ``left`` of them passed the exit."""
        for crossing, visit in self._outbox.open_crossings():
            if left:
                self._later(CrossingLeft(crossing, visit, Timings(), 0))
                left -= 1
            else:
                self.abandoned(crossing, visit, "restarted")

    def left(self, crossing: Crossing, now_s: float) -> None:
        timings = Timings(**{part: round(ms, 1) for part, ms in crossing.parts_ms.items()})
        total_ms = round((now_s - crossing.began_s) * 1000, 1)
        self._later(CrossingLeft(crossing.id, crossing.visit, timings, total_ms))

    def abandoned(self, crossing_id: str, visit: int, cause: str) -> None:
        self._later(CrossingAbandoned(crossing_id, visit, cause))

    def alarm(self, code: str, visit: int | None) -> None:
        self._later(LaneAlarm(code, visit))

    def lane(self, position: LanePosition, cause: str) -> None:
        self._later(LaneState(position, cause))

    def started(self, software: str) -> None:
        """The first event of a boot: which one it is, and what the boot before it wrote to the card."""
        before = self._outbox.wear_before()
        self._later(DeviceStarted(self._outbox.number, software, None if before is None else Wear(*before)))

    def clock(self, change: Changed) -> None:
        self._later(DeviceClock(change.cause, change.offset_ms))

    def measured(self, readings: Mapping[str, float]) -> None:
        """Telemetry: written with what else is measured within 200 ms, and the first to go when there is no room."""
        fact = DeviceTelemetry(tuple(Reading(name, value) for name, value in readings.items()))
        self._work(self._gather(fact))

    async def told(self, fact: Fact) -> bool:
        """True when it is on the disk, synced; nobody acts on it before."""
        try:
            return await self._commit(fact)
        except Unfit as error:
            log.critical("%s was not recorded: %s", fact.TYPE, error)
            return False

    @property
    def behind(self) -> int:
        """Events that happened and are not on the disk yet."""
        return len(self._pending)

    async def drain(self) -> None:
        """Wait until everything ordered so far is written."""
        while self._pending:
            await asyncio.wait(self._pending)

    def close(self) -> None:
        self._writer.shutdown(wait=True)

    async def _commit(self, fact: Fact) -> bool:
        """Whether it is on the disk. Raises Unfit for what never will be, however often it is tried."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writer, self._outbox.commit, fact.TYPE, data_of(fact), self._now())
        except Unfit:
            raise
        except OutboxError as error:
            log.error("%s was not recorded: %s", fact.TYPE, error)
            return False
        return True

    def _later(self, fact: Fact) -> None:
        self._work(self._write(fact))

    def _work(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._pending.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Future[None]") -> None:
        self._pending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("an event was not recorded", exc_info=error)

    async def _gather(self, fact: DeviceTelemetry) -> None:
        """The first of a group waits for the others, unless they are many; then one transaction writes them all."""
        loop = asyncio.get_running_loop()
        count = await loop.run_in_executor(self._writer, self._outbox.gather, fact.TYPE, data_of(fact), self._now())
        if count < GROUP_EVENTS_MAX:
            if self._group_is_due:
                return
            self._group_is_due = True
            await asyncio.sleep(GROUP_WAIT_S)
            self._group_is_due = False
        try:
            await loop.run_in_executor(self._writer, self._outbox.flush)
        except OutboxError as error:  # It stays gathered, and goes with the next.
            log.error("%s was not recorded: %s", fact.TYPE, error)

    async def _write(self, fact: Fact) -> None:
        async with self._turn:
            try:
                while not await self._commit(fact):  # noqa: ASYNC110  # nothing says when a disk has room again
                    await asyncio.sleep(RETRY_S)
            except Unfit as error:  # Tried for ever, it would keep everything behind it from being written.
                log.critical("%s is given up: %s", fact.TYPE, error)


def _travel_document(document: Document) -> TravelDocument:
    mrz = document.mrz
    return TravelDocument(mrz.document_code, _country(mrz.issuing_state), mrz.document_number, mrz.expiry_date)


def _person(document: Document) -> Person:
    mrz = document.mrz
    return Person(mrz.surname, mrz.given_names, mrz.birth_date, Sex(mrz.sex), _country(mrz.nationality))


def _country(code: str) -> str:
    """Attack: a forged chip names the state ``U<O``. The contract knows no blank, and a referral must be written.

    >>> _country("U O")
    'UO'
    """
    return code.replace(" ", "")


def _checks(checks: tuple[Check, ...]) -> tuple[CheckMade, ...]:
    return tuple(
        CheckMade(check.id, CheckResult(check.result.value), CheckMode(check.mode.value), check.duration_ms)
        for check in checks
    )
