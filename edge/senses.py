"""What the devices felt, in the gate's words. Nothing here decides, and nothing is kept but what lies on the reader."""

import asyncio
import logging
from collections.abc import Callable
from typing import assert_never

from edge.gate import events as gate
from edge.lane import Page
from hardware.drivers import barrier_events as barrier
from hardware.drivers.page_reader import ReaderBack, ReaderEvent, ReaderLost
from hardware.wires.page_reader import Laid, Lifted, Lines

log = logging.getLogger(__name__)

Tell = Callable[[gate.Event], None]


class PageSense:
    """The page reader. A profile without presence says "laid" with its lines; its chip's absence says "lifted"."""

    def __init__(self, page: Page, tell: Tell) -> None:
        self._page, self._tell = page, tell

    def __call__(self, event: ReaderEvent) -> None:
        match event:
            case Laid():
                self._laid()
            case Lines(lines):
                if not self._page.present:
                    self._laid()
                if self._page.lines is not None and not self._page.lines.done():
                    self._page.lines.set_result(lines)
            case Lifted():
                self.lifted()
            case ReaderLost():
                self._page.present = False
                self._tell(gate.DeviceLost("reader"))
            case ReaderBack():
                self._tell(gate.DeviceBack("reader"))
            case _:
                log.debug("page reader: %s", type(event).__name__)

    def lifted(self) -> None:
        if self._page.present:
            self._page.present = False
            if self._page.lines is not None:
                self._page.lines.cancel()  # no lines will come of it any more
            self._tell(gate.DocumentRemoved())

    def _laid(self) -> None:
        loop = asyncio.get_running_loop()
        self._page.laid_s, self._page.lines, self._page.present = loop.time(), loop.create_future(), True
        self._tell(gate.DocumentPlaced())


def from_barrier(event: barrier.BarrierEvent) -> gate.Event | None:
    """The controller's word as the gate knows it; None for what the gate learns in another way."""
    match event:
        case barrier.PeopleCounted(people):
            return gate.PeopleCounted(people)
        case barrier.EntryShut(people, occupied):
            return gate.EntryShut(people, occupied)
        case barrier.ExitPassed():
            return gate.ExitPassed()
        case barrier.ExitShut(people, occupied):
            return gate.ExitShut(people, occupied)
        case barrier.Lost():
            return gate.BarrierLost()
        case barrier.Ready(people, occupied):
            return gate.BarrierReady(people, occupied)
        case barrier.Fault(code):
            return gate.BarrierFault(code)
        case barrier.Forced():
            return gate.BarrierFault("door-forced")
        case barrier.Obstructed():
            return gate.BarrierFault("obstructed")
        case barrier.Rejected():
            return gate.BarrierFault("link-forged")
        case barrier.Tailgating() | barrier.PermissionExpired():
            return None  # the count of people says the one, the gate's own limit the other
        case barrier.EvacuationBegan():
            return gate.EvacuationBegan()
        case barrier.EvacuationEnded():
            return gate.EvacuationEnded()
        case _:
            assert_never(event)
