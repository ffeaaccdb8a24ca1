"""The only place in the gate that waits: it feeds reports to ``step`` and hands on what is ordered."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge.gate.effects import Effect
from edge.gate.events import Event, TimedOut
from edge.gate.states import LIMIT_S, MACHINE_PACED, STARTING, Closed, State, begins_visit
from edge.gate.step import step

log = logging.getLogger(__name__)

INBOX_MAX_REPORTS: Final = 1000  # ``step`` takes microseconds: more than this is our own fault, and ends the lane


@dataclass(frozen=True, slots=True)
class Report:
    event: Event
    visit: int | None = None  # None: from the world (a sensor, an officer), not from work begun for somebody


def ignore_change(state: State, visit: int) -> None:
    pass


class Gate:
    """One lane's machine in motion.

    ``begin`` starts what was ordered and returns at once; work that takes time reports with the visit it was begun
    for. ``on_change`` hears of every new state after its effects were begun. With ``time_scale`` 10 people and doors
    move ten times as fast, and so run the limits of the states that wait for them.
    """

    def __init__(
        self,
        begin: Callable[[Effect, int], None],
        on_change: Callable[[State, int], None] = ignore_change,
        *,
        time_scale: float = 1.0,
        state: State = Closed(frozenset({STARTING})),  # noqa: B008  # frozen
        visit: int = 0,
    ) -> None:
        self.state: State = state
        self.visit = visit
        self.since = 0.0  # the loop's time
        self.late_reports = 0
        self._begin = begin
        self._on_change = on_change
        self._time_scale = time_scale
        self._inbox: asyncio.Queue[Report] = asyncio.Queue(INBOX_MAX_REPORTS)

    def report(self, event: Event, visit: int | None = None) -> None:
        """Say what happened. Call it in the loop's thread; elsewhere use ``loop.call_soon_threadsafe``."""
        self._inbox.put_nowait(Report(event, visit))

    async def run(self) -> None:
        """Feed reports to ``step`` for ever; a state that outlives its limit is timed out."""
        self.since = asyncio.get_running_loop().time()
        self._on_change(self.state, self.visit)
        while True:
            limit_s = self.limit_s()
            try:
                async with asyncio.timeout_at(None if limit_s is None else self.since + limit_s):
                    report = await self._inbox.get()
            except TimeoutError:
                self.since = asyncio.get_running_loop().time()  # the next reminder comes after another whole limit
                self._take(Report(TimedOut(), self.visit))
            else:
                self._take(report)
                self._inbox.task_done()

    async def settled(self) -> None:
        """Return when everything that was reported so far has been taken, and what it ordered begun."""
        await self._inbox.join()

    def limit_s(self) -> float | None:
        limit_s = LIMIT_S.get(type(self.state))
        if limit_s is None or type(self.state) in MACHINE_PACED:
            return limit_s
        return limit_s / self._time_scale

    def _take(self, report: Report) -> None:
        """A late report belongs to a traveller who has gone: it must not open a door for the next one."""
        if report.visit not in (None, self.visit):
            self.late_reports += 1
            log.warning("late report dropped: %s of visit %s in visit %s", name(report.event), report.visit, self.visit)
            return
        before = self.state
        self.state, effects = step(before, report.event)
        self.visit += begins_visit(before, self.state)
        if type(self.state) is not type(before):  # a note taken meanwhile does not prolong the limit
            self.since = asyncio.get_running_loop().time()
        log.debug("visit %s: %s, %s -> %s", self.visit, name(before), name(report.event), name(self.state))
        for effect in effects:
            self._begin(effect, self.visit)
        if self.state != before:
            self._on_change(self.state, self.visit)


def name(thing: State | Event) -> str:
    """Only the kind of thing: what it holds is personal."""
    return type(thing).__name__
