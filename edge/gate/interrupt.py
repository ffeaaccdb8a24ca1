"""What may interrupt a journey anywhere? Fire, the controller, somebody where nobody should be, devices, officers."""

from dataclasses import replace
from typing import Final

from edge.gate.effects import CallOfficer, Effect, RaiseAlarm, RecordAbandoned, RecordLeft, ReleaseInward, ResetBarrier
from edge.gate.endings import (
    EVACUATED,
    LOST,
    STEPPED_BACK,
    Step,
    abandon,
    add_cause,
    alarms,
    finish,
    gone_back,
    later_of,
    refer,
    refer_inside,
    refer_outside,
    remove_causes,
    taken_back,
)
from edge.gate.events import (
    BarrierFault,
    BarrierLost,
    BarrierReady,
    DeviceBack,
    DeviceLost,
    DocumentPlaced,
    DocumentRemoved,
    EntryShut,
    EvacuationBegan,
    EvacuationEnded,
    Event,
    ExitPassed,
    ExitShut,
    OfficerHeld,
    OfficerReopened,
    PeopleCounted,
    Reason,
)
from edge.gate.states import (
    CONTROLLER_FAULT,
    CONTROLLER_LOST,
    EVACUATION,
    OFFICER,
    STARTING,
    Clearing,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
    Idle,
    Inside,
    Leaving,
    Outside,
    PutBack,
    Reading,
    Recording,
    ReferredInside,
    ReferredOutside,
    State,
    SteppingBack,
    TakingDocument,
)

# The board deals with these alone; they are told and move nothing here.
MILD_FAULTS: Final = frozenset({"obstructed", "link-forged"})
# Faults that have an alarm of their own (docs/contract.md, ALARM); every other one is a controller-fault.
NAMED_FAULTS: Final = frozenset({"door-forced"})
# The alarm for a lost device, where it is not its name with "-lost" behind it.
DEVICE_ALARMS: Final = {"disk": "disk-full", "outbox": "outbox-full", "store": "outbox-broken"}

# Devices whose work for this traveller is done: losing them closes the lane afterwards. A device that is not named
# here is still needed, or unknown; in doubt, refer.
SPARED: Final[dict[type[State], frozenset[str]]] = {
    Reading: frozenset(),
    PutBack: frozenset(),
    Deciding: frozenset({"chip-reader"}),
    TakingDocument: frozenset({"chip-reader"}),
    Entering: frozenset({"chip-reader", "reader"}),
    Comparing: frozenset({"chip-reader", "reader"}),
    Recording: frozenset({"chip-reader", "reader", "camera", "face"}),
}


def interrupt(state: State, event: Event) -> Step | None:
    match event:
        case EvacuationBegan():
            return evacuate(state)
        case EvacuationEnded() if isinstance(state, Evacuating):
            return Closed(state.later.causes | {EVACUATION}), ()
        case BarrierLost():
            return barrier_lost(state)
        case BarrierReady(people, occupied):
            return barrier_ready(state, empty=people == 0 and not occupied)
        case BarrierFault("tailgating"):  # the board's own word for what PeopleCounted says
            return tailgating(state)
        case BarrierFault("permission-refused"):  # the interlock has the last word; the lane itself is sound
            return refer(state, Reason.CONTROLLER_FAULT) if isinstance(state, Outside | Inside) else None
        case BarrierFault(code) if code in MILD_FAULTS:
            return state, (RaiseAlarm(code),)
        case BarrierFault(code):
            return fault(state, code if code in NAMED_FAULTS else CONTROLLER_FAULT)
        case ExitPassed() if not passing(state):
            return fault(state, "door-forced")
        case PeopleCounted(people) if people:
            return found_inside(state)
        case EntryShut(people, occupied) | ExitShut(people, occupied) if people or occupied:
            return found_inside(state)
        case DeviceLost(device):
            return device_lost(state, device)
        case DeviceBack(device):
            return changed(state, remove_causes(state, f"{device}-lost"))
        case OfficerHeld():
            return officer_held(state)
        case OfficerReopened():
            return officer_reopened(state)
        case DocumentPlaced():
            return next_document(state, lies=True)
        case DocumentRemoved():
            return next_document(state, lies=False)
    return None


def evacuate(state: State) -> Step | None:
    """Life first (B15): the board has opened already. What was under way is given up, and the lane stays out of use."""
    if isinstance(state, Evacuating):
        return None
    given_up = isinstance(state, Outside | Inside) or (isinstance(state, ReferredInside) and state.grant != "")
    records: tuple[Effect, ...] = (RecordAbandoned(EVACUATED),) if given_up else ()
    return Evacuating(later=later_of(state)), (*taken_back(state), *records, RaiseAlarm("evacuation"))


def barrier_lost(state: State) -> Step | None:
    """The controller makes the lane safe alone (C12). Nobody passes until it has said who is inside."""
    if CONTROLLER_LOST in later_of(state).causes:
        return None
    marked = add_cause(state, CONTROLLER_LOST)
    match marked:
        case Clearing(later=later) | SteppingBack(later=later):
            return finish(later), alarms(CONTROLLER_LOST)
        case Reading() | PutBack() | Deciding() | TakingDocument() | Entering() | Comparing() | Recording() | Leaving():
            return refer(marked, Reason.CONTROLLER_LOST, alarm=CONTROLLER_LOST, grant=LOST)
        case _:
            return marked, alarms(CONTROLLER_LOST)


def barrier_ready(state: State, *, empty: bool) -> Step | None:
    """The controller has started: it knows of no permission any more, and says whether somebody is inside."""
    fresh = remove_causes(state, STARTING, CONTROLLER_LOST)
    match fresh:
        case Evacuating(later=later):  # both doors are shut, so it is over, though nobody heard it end
            ended = Closed(later.causes | {EVACUATION})
            return (ended, ()) if empty else found_inside(ended)
        case ReferredInside():
            return gone_back(fresh) if empty else (fresh, (ReleaseInward(),))
        case Entering():
            if empty:
                return refer_outside(fresh, Reason.CONTROLLER_LOST)
            return refer_inside(fresh, Reason.CONTROLLER_LOST)
        case Comparing() | Recording():
            return abandon(fresh, STEPPED_BACK) if empty else refer(fresh, Reason.CONTROLLER_LOST, grant=LOST)
        case Leaving(later=later):
            return (finish(later), (RecordLeft(),)) if empty else refer(fresh, Reason.CONTROLLER_LOST, grant=LOST)
        case Clearing(later=later) | SteppingBack(later=later):
            return (finish(later), ()) if empty else refer(fresh, Reason.NOT_ALONE, alarm="not-empty")
        case _ if empty:
            return changed(state, fresh)
        case _:
            return found_inside(fresh)


def found_inside(state: State) -> Step | None:
    """Somebody stands in the mantrap whom nobody let in, or who was there when the lane started."""
    if isinstance(state, Idle | Outside | ReferredOutside):
        return refer_inside(state, Reason.OFFICER_CALLED, alarm="not-empty")
    return None


def passing(state: State) -> bool:
    """May somebody pass the exit now, or have passed it just before it was revoked?"""
    return isinstance(state, Leaving | Clearing | Evacuating) or (
        isinstance(state, ReferredInside) and state.grant != ""
    )


def fault(state: State, alarm: str) -> Step:
    """A sensor, a drive or a forced door (B11, B14): nobody is granted over it, and the lane closes."""
    marked = add_cause(state, CONTROLLER_FAULT)
    if isinstance(marked, Outside | Inside):
        return refer(marked, Reason.CONTROLLER_FAULT, alarm=alarm)
    return marked, (CallOfficer((Reason.CONTROLLER_FAULT,)), RaiseAlarm(alarm))


def tailgating(state: State) -> Step | None:
    if isinstance(state, Inside):
        return refer(state, Reason.NOT_ALONE, alarm="tailgating")
    if isinstance(state, Clearing):  # behind the one who left
        return state, (RaiseAlarm("tailgating"), CallOfficer((Reason.NOT_ALONE,)))
    return None


def device_lost(state: State, device: str) -> Step | None:
    cause = f"{device}-lost"
    if cause in later_of(state).causes:
        return None
    alarm = DEVICE_ALARMS.get(device, cause)
    marked = add_cause(state, cause)
    if isinstance(marked, Outside | Inside) and device not in SPARED.get(type(marked), frozenset({device})):
        return refer(marked, Reason.DEVICE_FAULT, alarm=alarm)
    return marked, alarms(alarm)


def officer_held(state: State) -> Step | None:
    marked = add_cause(state, OFFICER)
    if isinstance(marked, Outside | Inside):
        return refer(marked, Reason.OFFICER_CALLED)
    return changed(state, marked)


def officer_reopened(state: State) -> Step | None:
    """An officer has looked. What only a device can prove (it answers, it is empty) stays to be proven."""
    if isinstance(state, Evacuating):  # the first word shuts the doors, a second one opens the lane
        return state, (ResetBarrier(),)
    cleared = remove_causes(state, OFFICER, EVACUATION, CONTROLLER_FAULT)
    reset = (ResetBarrier(),) if later_of(state).causes & {EVACUATION, CONTROLLER_FAULT} else ()
    if isinstance(cleared, ReferredOutside):
        return finish(cleared.later), reset
    return None if cleared == state else (cleared, reset)


def next_document(state: State, *, lies: bool) -> Step | None:
    """The next traveller lays a document down while this one is still on the way."""
    match state:
        case Entering() | Comparing() | Recording() | Leaving() | Clearing() | SteppingBack() | ReferredInside():
            return changed(state, replace(state, later=replace(state.later, document=lies)))
        case _:
            return None


def changed(state: State, following: State) -> Step | None:
    return None if following == state else (following, ())
