"""What does the lane do when the region says so? One act for each command; none opens a door.

``hold`` and ``open`` are what an officer's buttons do. But what an officer must have seen with her own eyes (that the
evacuated lane is empty, that a fault is mended, that a referred traveller was looked after) no word from afar replaces.
"""

from collections.abc import Callable, Mapping
from typing import Final

from edge.downlink.commands import DONE, Act, Outcome
from edge.gate.events import DeviceBack, DeviceLost, Event, OfficerHeld, OfficerReopened
from edge.gate.states import CONTROLLER_FAULT, EVACUATION, Closed, Idle, State
from edge.gate.step import step
from edge.log import Ring
from messages.command import Command, Order, Result
from messages.limits import ANSWER_BODY_MAX_BYTES

SERVICE: Final = "service"  # what the region took from the lane; a device of that name would be called so, too
STILL_CLOSED: Final = "still-closed"
REOPENING: Final[tuple[Event, ...]] = (DeviceBack(SERVICE), OfficerReopened())
LINES: Final = 200


class Acts:
    """``tell`` reports to the gate whose ``state`` this is."""

    def __init__(
        self,
        state: Callable[[], State],
        tell: Callable[[Event], None],
        ring: Ring,
        *,
        renew: Callable[[], None],
        ask_for_lists: Callable[[], None],
    ) -> None:
        self._state, self._tell, self._ring = state, tell, ring
        self._renew, self._ask_for_lists = renew, ask_for_lists

    def table(self) -> Mapping[Order, Act]:
        return {
            Order.OPEN: self.open,
            Order.HOLD: self.hold,
            Order.OUT_OF_SERVICE: self.out_of_service,
            Order.SEND_LOG: self.send_log,
            Order.NEW_LIST: self.new_list,
            Order.RENEW: self.renew,
        }

    async def open(self, _: Command) -> Outcome:
        state = self._state()
        if not isinstance(state, Idle):
            return Outcome(Result.REFUSED, "somebody-is-there")
        if isinstance(state, Closed) and state.causes & {EVACUATION, CONTROLLER_FAULT}:
            return Outcome(Result.REFUSED, "officer-must-look")
        for event in REOPENING:
            self._tell(event)
            state = step(state, event)[0]
        # Else the region believes that travellers pass: a lane that lost its controller, say, opens for no word.
        return Outcome(cause=STILL_CLOSED, body=_causes(state)) if isinstance(state, Closed) else DONE

    async def hold(self, _: Command) -> Outcome:
        self._tell(OfficerHeld())
        return DONE

    async def out_of_service(self, _: Command) -> Outcome:
        """As if the lane had lost a part of itself: no officer's button brings it back, the region's ``open`` does."""
        self._tell(DeviceLost(SERVICE))
        return DONE

    async def send_log(self, command: Command) -> Outcome:
        lines = command.arguments.get("lines", LINES)
        return Outcome(body=self._ring.last(lines if isinstance(lines, int) else LINES, ANSWER_BODY_MAX_BYTES))

    async def new_list(self, _: Command) -> Outcome:
        self._ask_for_lists()
        return DONE

    async def renew(self, _: Command) -> Outcome:
        self._renew()
        return DONE


def _causes(closed: Closed) -> bytes:
    return ", ".join(sorted(closed.causes)).encode()
