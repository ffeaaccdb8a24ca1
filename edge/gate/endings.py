"""How does a crossing end other than by the exit? Referred, abandoned, or left to the next traveller."""

from dataclasses import replace
from typing import Final

from edge.gate.effects import (
    CallOfficer,
    Effect,
    RaiseAlarm,
    RecordAbandoned,
    RecordReferred,
    ReleaseInward,
    RevokeEntry,
    RevokeExit,
    StopComparing,
    StopReading,
)
from edge.gate.events import Reason
from edge.gate.states import (
    Closed,
    Comparing,
    Deciding,
    Entering,
    Later,
    Leaving,
    NextPlaced,
    PutBack,
    Reading,
    Ready,
    Recording,
    ReferredInside,
    ReferredOutside,
    State,
    SteppingBack,
    TakingDocument,
)
from edge.inspection.document import Document

Step = tuple[State, tuple[Effect, ...]]

STEPPED_BACK: Final = "stepped-back"
TOOK_DOCUMENT: Final = "took-document"
LINGERED: Final = "lingered"
EVACUATED: Final = "evacuated"
LOST: Final = "controller-lost"
REFERRED: Final = "referred"  # granted, then sent to an officer before the exit was passed; the referral says why


def refer(state: State, *reasons: Reason, alarm: str = "", grant: str = REFERRED) -> Step:
    """Send the traveller to an officer: outside if they have not been let in, else inside. In doubt, inside."""
    if isinstance(state, Reading | PutBack | Deciding | TakingDocument):
        return refer_outside(state, *reasons, alarm=alarm)
    return refer_inside(state, *reasons, alarm=alarm, grant=grant)


def refer_outside(state: State, *reasons: Reason, alarm: str = "", document: Document | None = None) -> Step:
    """The entry stays shut; the traveller takes the document and turns to an officer."""
    following = ReferredOutside(reasons, on_reader=on_reader(state), later=later_of(state))
    shown = document_of(state) or document
    orders = (CallOfficer(reasons), RecordReferred("outside", reasons, shown))
    return following, (*taken_back(state), *orders, *alarms(alarm))


def refer_inside(state: State, *reasons: Reason, alarm: str = "", grant: str = REFERRED) -> Step:
    """Keep the exit shut and call an officer. The way back out opens from inside: nobody is held."""
    open_grant = grant if isinstance(state, Recording | Leaving) else ""
    later = later_of(state)
    later = replace(later, document=later.document or on_reader(state))
    following = ReferredInside(reasons, grant=open_grant, later=later)
    orders = (ReleaseInward(), CallOfficer(reasons), RecordReferred("inside", reasons, document_of(state)))
    return following, (*taken_back(state), *orders, *alarms(alarm))


def refer_unused(state: Leaving) -> Step:
    """The exit is shut again with the traveller inside: the grant is closed at once."""
    reasons = (Reason.LINGERED,)
    _, effects = refer_inside(state, *reasons, alarm="" if state.reminded else "lingering")
    return ReferredInside(reasons, later=state.later), (*effects, RecordAbandoned(LINGERED))


def gone_back(state: ReferredInside) -> Step:
    """Whoever was referred has gone back out; a grant that was never used is closed."""
    return finish(state.later), (RecordAbandoned(state.grant),) if state.grant else ()


def abandon(state: State, cause: str) -> Step:
    """Given up without penalty, nobody is inside, both doors are shut: the next one, please."""
    return finish(later_of(state)), (*taken_back(state), RecordAbandoned(cause))


def step_back(state: State, cause: str) -> Step:
    """Given up without penalty. The way back is open, and the controller says when the mantrap is shut and empty."""
    return SteppingBack(later=later_of(state)), (*taken_back(state), ReleaseInward(), RecordAbandoned(cause))


def finish(later: Later) -> State:
    """The lane is empty: it closes if there is a cause, else it is the next one's turn."""
    if later.causes:
        return Closed(later.causes)
    return NextPlaced() if later.document else Ready()


def add_cause(state: State, cause: str) -> State:
    """The same state, and the lane closes for this cause: now if nobody is on the way, else afterwards."""
    match state:
        case Closed(causes):
            return Closed(causes | {cause})
        case Ready() | NextPlaced():
            return Closed(frozenset({cause}))
        case _:
            return replace(state, later=replace(state.later, causes=state.later.causes | {cause}))


def remove_causes(state: State, *causes: str) -> State:
    """The same state without these causes; a closed lane opens when its last one has gone."""
    match state:
        case Closed(standing):
            rest = standing.difference(causes)
            return Closed(rest) if rest else Ready()
        case Ready() | NextPlaced():
            return state
        case _:
            return replace(state, later=replace(state.later, causes=state.later.causes.difference(causes)))


def later_of(state: State) -> Later:
    """What the next state must remember."""
    match state:
        case Closed(causes):
            return Later(causes)
        case Ready():
            return Later()
        case NextPlaced():
            return Later(document=True)
        case _:
            return state.later


def document_of(state: State) -> Document | None:
    match state:
        case Deciding(document) | TakingDocument(document) | Entering(document) | Comparing(document):
            return document
        case Recording(document) | Leaving(document):
            return document
        case _:
            return None


def on_reader(state: State) -> bool:
    match state:
        case Reading() | TakingDocument() | Deciding(taken=False):
            return True
        case _:
            return False


def taken_back(state: State) -> tuple[Effect, ...]:
    """What was ordered in this state and must not go on without it."""
    match state:
        case Reading():
            return (StopReading(),)
        case Entering():
            return (RevokeEntry(),)
        case Comparing():
            return (StopComparing(),)
        case Leaving():
            return (RevokeExit(),)
        case _:
            return ()


def alarms(code: str) -> tuple[Effect, ...]:
    return (RaiseAlarm(code),) if code else ()
