"""What the displays and the officer's desk are shown: the lane's own blackboard, with a counter that says "changed"."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge.gate.events import Reason
from edge.pages.protocols import DeskView, Screen, Sign

ALARMS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Buttons:
    """What the officer's buttons do; the composition root ties them to the gate."""

    hold: Callable[[], None]
    reopen: Callable[[], None]


class Board:
    """Holds the one truth that all pages draw. Everything happens in the lane's event loop."""

    def __init__(self, lane: str, buttons: Buttons, clock: Callable[[], float]) -> None:
        self._lane, self._buttons, self._clock = lane, buttons, clock
        self._count = 0
        self._changed = asyncio.Condition()
        self._screen, self._hint, self._visit, self._since_s = Sign.CLOSED, "", 0, clock()
        self._state, self._reasons, self._called, self._called_at_s = "Closed", tuple[Reason, ...](), False, clock()
        self._link, self._waiting, self._alarms = "offline", 0, tuple[str, ...]()
        self._drawn_s: float | None = None
        self.display = BoardDisplay(self)
        self.desk = BoardDesk(self)

    # --- what the lane writes ---
    def show(self, state: str, screen: Sign, hint: str, visit: int) -> None:
        if (screen, visit) != (self._screen, self._visit):
            self._since_s = self._clock()
        if screen is not Sign.OFFICER and self._screen is Sign.OFFICER:
            self._called, self._reasons = False, ()
        self._state, self._screen, self._hint, self._visit = state, screen, hint, visit
        self._change()

    def hint(self, hint: str) -> None:
        if hint != self._hint:
            self._hint = hint
            self._change()

    def call(self, reasons: tuple[Reason, ...]) -> None:
        if not self._called:
            self._called_at_s = self._clock()
        self._called, self._reasons = True, reasons
        self._change()

    def alarm(self, code: str) -> None:
        self._alarms = (code, *(one for one in self._alarms if one != code))[:ALARMS_SHOWN]
        self._change()

    def link(self, link: str, waiting: int) -> None:
        if (link, waiting) != (self._link, self._waiting):
            self._link, self._waiting = link, waiting
            self._change()

    # --- what the pages read ---
    def screen(self) -> Screen:
        since_ms = int((self._clock() - self._since_s) * 1000)
        return Screen(self._screen, self._hint, self._visit, since_ms, self._lane)

    def view(self) -> DeskView:
        since_s = self._clock() - (self._called_at_s if self._called else self._since_s)
        return DeskView(
            self._state,
            self._visit,
            self._reasons,
            self._called,
            round(since_s, 1),
            self._link,
            self._waiting,
            self._alarms,
        )

    async def wait(self, last: int) -> int:
        async with self._changed:
            await self._changed.wait_for(lambda: self._count != last)
            return self._count

    def seen(self) -> None:
        """The call stops sounding; nothing else changes."""
        if self._called:
            self._called = False
            self._change()

    def hold(self) -> None:
        self._buttons.hold()

    def reopen(self) -> None:
        self._buttons.reopen()

    def drawn(self) -> None:
        self._drawn_s = self._clock()

    def summary(self) -> Mapping[str, object]:
        """``drawn_age_s``: a display that paints says so every two seconds; null while none ever has."""
        return {
            "state": self._state,
            "screen": self._screen.value,
            "visit": self._visit,
            "alarms": list(self._alarms),
            "drawn_age_s": None if self._drawn_s is None else round(self._clock() - self._drawn_s, 1),
        }

    def _change(self) -> None:
        self._count += 1
        self._tell = asyncio.ensure_future(self._notify())  # kept, so that it is not collected before it ran

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class BoardDisplay:
    """The board as the traveller's display asks for it (edge.pages.protocols.Display)."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def current(self) -> Screen:
        return self._board.screen()

    async def wait(self, last: int) -> int:
        return await self._board.wait(last)

    def drawn(self, seq: int) -> None:
        self._board.drawn()


class BoardDesk:
    """The board as the officer's desk asks for it (edge.pages.protocols.OfficerDesk)."""

    def __init__(self, board: Board) -> None:
        self._board = board

    def current(self) -> DeskView:
        return self._board.view()

    async def wait(self, last: int) -> int:
        return await self._board.wait(last)

    def hold(self) -> None:
        self._board.hold()

    def reopen(self) -> None:
        self._board.reopen()

    def seen(self) -> None:
        self._board.seen()
