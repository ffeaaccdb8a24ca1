"""What has the board told of itself, and what does the lane hear of it? Events once and in order, states as they are.

No port and no clock: whoever hears the board hands in what it says, and when.
"""

from collections.abc import Callable
from dataclasses import replace

from firmware.barrier import words
from hardware.drivers.barrier_events import (
    BarrierEvent,
    BarrierStatus,
    DoorState,
    EntryShut,
    EvacuationBegan,
    EvacuationEnded,
    ExitShut,
    Fault,
    Lost,
    Mode,
    PeopleCounted,
    Ready,
    Rejected,
    event_of,
    status_of,
)
from hardware.drivers.barrier_wishes import Wishes
from hardware.wires.barrier import Event, Status, Welcome


class Told:
    """``on_event`` hears what the lane must know; ``wishes`` are those that the board answers."""

    def __init__(self, on_event: Callable[[BarrierEvent], None], wishes: Wishes) -> None:
        self._on_event, self._wishes = on_event, wishes
        self.status = BarrierStatus()
        self.acked = 0  # the newest event that was heard
        self.past_exits = 0
        self._past = 0
        self._boot: int | None = None
        self._offset_s = 0.0  # our clock minus the board's
        self._forged = 0
        self._lost: bool | None = None  # None: not yet told either way
        self._ready = False

    def begin(self, welcome: Welcome) -> None:
        if welcome.boot != self._boot:
            # Another life of the board: it knows nothing of our permissions, and what it did before we came is
            # told by its state and not by its old events.
            if self._boot is None:
                self._past = welcome.newest  # what an earlier life of this lane did not live to hear
            else:
                # It counts from 1 again: the past of its earlier life must not silence this one.
                self._past, self.acked = 0, welcome.newest
            self._boot = welcome.boot
            self._forged = 0
            self._wishes.drop(words.PERMIT)
        self._wishes.say_all_again()

    def board_ms(self, at_s: float) -> int | None:
        """A moment of ours in the board's time, once a STATUS of this life of it was heard."""
        return max(0, round((at_s - self._offset_s) * 1000)) if self.status.boot == self._boot else None

    def hear_event(self, event: Event) -> None:
        if event.number <= self.acked or event.number > max(self.acked + 1, event.oldest):
            return  # known, or one before it is still missing: it will be told again
        self.acked = event.number
        if event.number <= self._past:
            # It moves nothing any more; but whoever left through the exit has left.
            self.past_exits += event.code == words.EXIT_PASSED
            return
        match event_of(event.code, event.first, event.second):
            case None:
                return
            case Lost():
                self.say_lost()  # we were too slow, and the board has voided what it had been permitted
            case EvacuationBegan():
                self._say_evacuating(True)
            case EvacuationEnded():
                self._say_evacuating(False)
            case Fault(code):
                self._say_faults((*self.status.faults, code))
            case told:
                self._note(told)
                self._on_event(told)

    def _note(self, event: BarrierEvent) -> None:
        """The state that whoever hears this event may look at."""
        match event:
            case EntryShut(people, occupied):
                self.status = replace(self.status, entry=DoorState.CLOSED, people=people, occupied=occupied)
            case ExitShut(people, occupied):
                self.status = replace(self.status, exit=DoorState.CLOSED, people=people, occupied=occupied)
            case PeopleCounted(people):
                self.status = replace(self.status, people=people)
            case _:
                return

    def hear_status(self, told: Status, now_s: float) -> None:
        self._offset_s = now_s - told.uptime_ms / 1000
        before = self.status
        status = status_of(told)
        # Evacuation and faults are told by whichever speaks first, their event or this state.
        self.status = replace(status, evacuating=before.evacuating, faults=before.faults)
        self._say_evacuating(status.evacuating)
        self._say_faults(status.faults)
        self.status = status
        self._settle(told)
        if told.forged > self._forged:
            self._on_event(Rejected(told.forged))
        self._forged = told.forged
        if status.mode is not Mode.READY:
            self._ready = False
        elif self.acked < told.newest:
            return  # what happened before is heard first, or the lane would judge by half a story
        elif not self._ready and status.entry is DoorState.CLOSED and status.exit is DoorState.CLOSED:
            self._ready, self._lost = True, False
            self._on_event(Ready(status.people, status.occupied))

    def _settle(self, told: Status) -> None:
        """A wish that was answered is over; a permission that was refused is the lane's business."""
        wish = self._wishes.answered(told.answered)
        if wish and wish.word == words.PERMIT and told.answer not in (words.DONE, words.REPEATED):
            self._on_event(Fault("permission-refused"))

    def say_lost(self) -> None:
        self._wishes.drop(words.PERMIT)
        self.status = replace(self.status, mode=Mode.LOST, entry=DoorState.UNKNOWN, exit=DoorState.UNKNOWN)
        self._ready = False
        if self._lost is not True:
            self._lost = True
            self._on_event(Lost())

    def _say_evacuating(self, evacuating: bool) -> None:
        if evacuating != self.status.evacuating:
            self.status = replace(self.status, evacuating=evacuating)
            self._on_event(EvacuationBegan() if evacuating else EvacuationEnded())

    def _say_faults(self, faults: tuple[str, ...]) -> None:
        for code in faults:
            if code not in self.status.faults:
                self._on_event(Fault(code))
        self.status = replace(self.status, faults=faults)
