"""A two-step e-gate as a pure function: ``step(state, event) -> (state, effects)``.

Step one, outside: the document is read and decided on, the traveller takes it, and the entry is permitted.
Step two, inside the mantrap: exactly one person is counted, the face is compared, the grant is committed to disk,
and only then the exit is permitted. The controller's own interlock has the last word on both doors.

Nothing here waits, reads a clock or touches a device, so any journey can be replayed. What may interrupt a journey
anywhere (fire, the controller, devices, officers) is in ``interrupt.py``; how it ends early, in ``endings.py``.

>>> from edge.gate.events import DocumentPlaced
>>> step(Ready(), DocumentPlaced())
(Reading(later=Later(causes=frozenset(), document=False), attempt=1), (ReadDocument(),))
"""

from dataclasses import replace
from typing import assert_never

from edge.gate.effects import (
    CallOfficer,
    CompareFace,
    Decide,
    Ignored,
    PermitEntry,
    PermitExit,
    RaiseAlarm,
    ReadDocument,
    RecordAbandoned,
    RecordGranted,
    RecordLeft,
    ReleaseInward,
    StopReading,
)
from edge.gate.endings import (
    LINGERED,
    STEPPED_BACK,
    TOOK_DOCUMENT,
    Step,
    abandon,
    finish,
    gone_back,
    refer,
    refer_outside,
    refer_unused,
    step_back,
)
from edge.gate.events import (
    Decided,
    DocumentPlaced,
    DocumentRead,
    DocumentRemoved,
    EntryShut,
    Event,
    ExitPassed,
    ExitShut,
    Face,
    FaceCompared,
    PeopleCounted,
    Reason,
    Recorded,
    RecordFailed,
    TimedOut,
)
from edge.gate.interrupt import interrupt
from edge.gate.states import (
    MAX_CAPTURES,
    MAX_COMPARISONS,
    MAX_READINGS,
    Clearing,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
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


def step(state: State, event: Event) -> Step:
    """What follows, and what is to be ordered. Out of place, nothing moves; but it is said, never swallowed."""
    moved = interrupt(state, event) or journey(state, event)
    return moved or (state, (Ignored(type(state).__name__, type(event).__name__),))


def journey(state: State, event: Event) -> Step | None:
    """The way of one traveller, in its order."""
    match state:
        case Ready() | NextPlaced():
            return idle(state, event)
        case Reading():
            return reading(state, event)
        case PutBack():
            return put_back(state, event)
        case Deciding():
            return deciding(state, event)
        case TakingDocument():
            return taking_document(state, event)
        case Entering():
            return entering(state, event)
        case Comparing():
            return comparing(state, event)
        case Recording():
            return recording(state, event)
        case Leaving():
            return leaving(state, event)
        case Clearing():
            return clearing(state, event)
        case SteppingBack():
            return stepping_back(state, event)
        case ReferredOutside():
            return referred_outside(state, event)
        case ReferredInside():
            return referred_inside(state, event)
        case Closed() | Evacuating():
            return None
        case _:
            assert_never(state)


def idle(state: Ready | NextPlaced, event: Event) -> Step | None:
    match state, event:
        case _, DocumentPlaced():
            return Reading(), (ReadDocument(),)
        case NextPlaced(), TimedOut():
            return Reading(), (ReadDocument(),)
        case NextPlaced(), DocumentRemoved():
            return Ready(), ()
    return None


def reading(state: Reading, event: Event) -> Step | None:
    match event:
        case DocumentRead(Document() as document, ()):
            return Deciding(document, later=state.later), (Decide(document),)
        case DocumentRead(None, (Reason.DOCUMENT_REMOVED,)):  # a reader that does not feel the document
            return lifted(state)
        case DocumentRead(document, reasons):
            return refer_outside(state, *(reasons or (Reason.DOCUMENT_UNREADABLE,)), document=document)
        case DocumentRemoved():
            return lifted(state)
        case TimedOut():
            return refer(state, Reason.TOO_SLOW)
    return None


def lifted(state: Reading) -> Step:
    """Put it back, please; but not for ever. Whoever walks away with the document may."""
    if state.attempt < MAX_READINGS:
        return PutBack(state.attempt, later=state.later), (StopReading(),)
    return abandon(state, TOOK_DOCUMENT)


def put_back(state: PutBack, event: Event) -> Step | None:
    match event:
        case DocumentPlaced():  # perhaps another document (A25): the inspection goes on only with the same one
            return Reading(state.attempt + 1, later=state.later), (ReadDocument(),)
        case TimedOut():
            return abandon(state, TOOK_DOCUMENT)
    return None


def deciding(state: Deciding, event: Event) -> Step | None:
    match event:
        case Decided(admit=True, reasons=()) if state.taken:
            return Entering(state.document, later=state.later), (PermitEntry(),)
        case Decided(admit=True, reasons=()):
            return TakingDocument(state.document, later=state.later), ()
        case Decided(reasons=reasons):
            return refer(state, *(reasons or (Reason.OFFICER_CALLED,)))
        case DocumentRemoved():
            return replace(state, taken=True), ()
        case DocumentPlaced():
            return replace(state, taken=False), ()
        case TimedOut():
            return refer(state, Reason.TOO_SLOW)
    return None


def taking_document(state: TakingDocument, event: Event) -> Step | None:
    match event:
        case DocumentRemoved():
            return Entering(state.document, later=state.later), (PermitEntry(),)
        case TimedOut() if not state.reminded:
            return replace(state, reminded=True), (RaiseAlarm("document-left"),)
        case TimedOut():
            return refer(state, Reason.DOCUMENT_LEFT)
    return None


def entering(state: Entering, event: Event) -> Step | None:
    match event:
        case EntryShut(people=1, occupied=True):
            return Comparing(state.document, later=state.later), (CompareFace(state.document),)
        case EntryShut(people=0, occupied=False):
            return abandon(state, STEPPED_BACK if state.people else TOOK_DOCUMENT)
        case EntryShut(people=1):  # the beams saw what the mat does not feel: a thing was carried or thrown in
            return refer(state, Reason.NOBODY_ENTERED)
        case EntryShut():
            return refer(state, Reason.NOT_ALONE, alarm="tailgating")
        case PeopleCounted(people) if people > 1:  # B10: somebody follows behind
            return refer(state, Reason.NOT_ALONE, alarm="tailgating")
        case PeopleCounted(people):
            return replace(state, people=people), ()
        case TimedOut() if state.people:
            return refer(state, Reason.TOO_SLOW)
        case TimedOut():
            return step_back(state, TOOK_DOCUMENT)
    return None


def comparing(state: Comparing, event: Event) -> Step | None:
    match event:
        case FaceCompared(Face.MATCH):
            return Recording(state.document, event, later=state.later), (RecordGranted(state.document, event),)
        case FaceCompared(Face.NO_MATCH) if state.comparisons + 1 < MAX_COMPARISONS:
            following = replace(state, comparisons=state.comparisons + 1, hint=event.hint)
            return following, (CompareFace(state.document),)
        case FaceCompared(Face.NO_MATCH):
            return refer(state, Reason.FACE_NO_MATCH)
        case FaceCompared(Face.NOT_CAPTURED) if state.captures + 1 < MAX_CAPTURES:
            following = replace(state, captures=state.captures + 1, hint=event.hint)
            return following, (CompareFace(state.document),)
        case FaceCompared(Face.NOT_CAPTURED):
            return refer(state, Reason.FACE_NOT_CAPTURED)
        case FaceCompared():
            return refer(state, Reason.FACE_ABORTED)
        case TimedOut():
            return refer(state, Reason.TOO_SLOW)
    return alone(state, event)


def recording(state: Recording, event: Event) -> Step | None:
    match event:
        case Recorded():  # on disk first, then the door
            return Leaving(state.document, later=state.later), (PermitExit(),)
        case RecordFailed():
            return refer(state, Reason.RECORD_FAILED, grant="")
        case TimedOut():  # it may yet reach the disk, so the grant is closed when the traveller has gone
            return refer(state, Reason.RECORD_FAILED)
    return alone(state, event)


def alone(state: Comparing | Recording, event: Event) -> Step | None:
    """The one who was counted is still the one inside, or has gone back without penalty."""
    match event:
        case PeopleCounted(people=0):
            return step_back(state, STEPPED_BACK)
        case EntryShut(people=0, occupied=False):
            return abandon(state, STEPPED_BACK)
        case EntryShut():  # B12: the entry was open again, so this may be another person than the one who was let in
            return refer(state, Reason.NOT_ALONE)
        case PeopleCounted(people) if people > 1:
            return refer(state, Reason.NOT_ALONE, alarm="tailgating")
    return None


def leaving(state: Leaving, event: Event) -> Step | None:
    match event:
        case ExitPassed():
            return Clearing(later=state.later), (RecordLeft(),)
        case ExitShut(people=0, occupied=False):
            return finish(state.later), (RecordLeft(),)
        case ExitShut():  # shut, and somebody is still inside: the grant was not used
            return refer_unused(state)
        case EntryShut(people=0, occupied=False):
            return abandon(state, STEPPED_BACK)
        case EntryShut():
            return refer(state, Reason.NOT_ALONE, alarm="tailgating")
        case PeopleCounted(people) if people > 1:
            return refer(state, Reason.NOT_ALONE, alarm="tailgating")
        case TimedOut() if not state.reminded:
            return replace(state, reminded=True), (RaiseAlarm("lingering"), CallOfficer((Reason.LINGERED,)))
        case TimedOut():
            return refer(state, Reason.LINGERED, grant=LINGERED)
    return None


def clearing(state: Clearing, event: Event) -> Step | None:
    match event:
        case ExitShut(people=0, occupied=False):
            return finish(state.later), ()
        case ExitShut():
            return refer(state, Reason.NOT_ALONE, alarm="not-empty")
        case ExitPassed():  # B10: a second one went out behind the first
            return state, (RaiseAlarm("tailgating"), CallOfficer((Reason.NOT_ALONE,)))
        case TimedOut() if not state.reminded:
            return replace(state, reminded=True), (RaiseAlarm("obstructed"), CallOfficer((Reason.OFFICER_CALLED,)))
        case TimedOut():
            return state, (CallOfficer((Reason.OFFICER_CALLED,)),)
    return None


def stepping_back(state: SteppingBack, event: Event) -> Step | None:
    match event:
        case EntryShut(people=0, occupied=False):
            return finish(state.later), ()
        case EntryShut():
            return refer(state, Reason.NOT_ALONE, alarm="not-empty")
        case TimedOut():
            return refer(state, Reason.OFFICER_CALLED)
    return None


def referred_outside(state: ReferredOutside, event: Event) -> Step | None:
    match event:
        case DocumentRemoved():
            return finish(state.later), ()
        case DocumentPlaced() if not state.on_reader:
            return finish(replace(state.later, document=True)), ()
        case TimedOut() if not state.on_reader or "reader-lost" in state.later.causes:
            return finish(state.later), ()  # nothing lies there, or nobody can tell
        case TimedOut() if not state.reminded:
            return replace(state, reminded=True), (RaiseAlarm("document-left"), CallOfficer(state.reasons))
        case TimedOut():
            return state, (CallOfficer(state.reasons),)
    return None


def referred_inside(state: ReferredInside, event: Event) -> Step | None:
    match event:
        case ExitPassed() if state.grant:  # the revocation came too late: they have left, and with a grant
            return replace(state, grant=""), (RecordLeft(),)
        case ExitShut(people=0, occupied=False):
            return finish(state.later), (RecordLeft(),) if state.grant else ()
        case ExitShut() if state.grant:  # shut with the traveller inside: now it is certain
            return replace(state, grant=""), (RecordAbandoned(state.grant),)
        case EntryShut(people=0, occupied=False):
            return gone_back(state)
        case TimedOut():
            return state, (ReleaseInward(), CallOfficer(state.reasons))
    return None
