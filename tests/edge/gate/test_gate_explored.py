"""Everything that can happen, explored: from a cold start, any events in any order, until no new situation appears.

A situation is the gate's state and what the world remembers of this crossing (``Ghost``). About a thousand
situations with all events in each stand for every sequence of events there is, however long.
"""

from dataclasses import dataclass, replace
from functools import cache

from edge.gate.effects import (
    PermitEntry,
    PermitExit,
    RecordAbandoned,
    RecordGranted,
    RecordLeft,
    RecordReferred,
    ReleaseInward,
    ResetBarrier,
)
from edge.gate.events import (
    BarrierReady,
    Decided,
    DeviceBack,
    DeviceLost,
    DocumentPlaced,
    DocumentRead,
    DocumentRemoved,
    EntryShut,
    EvacuationEnded,
    Event,
    ExitPassed,
    ExitShut,
    Face,
    FaceCompared,
    OfficerReopened,
    Reason,
    Recorded,
    RecordFailed,
    TimedOut,
)
from edge.gate.states import (
    STATES,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
    Idle,
    Leaving,
    NextPlaced,
    Passage,
    Ready,
    Recording,
    ReferredInside,
    ReferredOutside,
    State,
    SteppingBack,
    begins_visit,
)
from edge.gate.step import Step, step
from edge.gate.table import EVENT_INSTANCES, SPECIMEN

# Devices behave alike but for their names, and so do hits: one or two of each keep the exploration short.
LEFT_OUT = (
    "DeviceLost reader", "DeviceBack reader", "DeviceLost chip-reader", "DeviceLost disk", "BarrierFault travel-exit",
    "OfficerHeld",
)  # fmt: skip
EVENTS: tuple[Event, ...] = (
    *(event for name, event in EVENT_INSTANCES.items() if name not in LEFT_OUT),
    DeviceLost("camera"),
    DeviceBack("camera"),
)
MAX_SITUATIONS = 5000
START = Closed(frozenset({"starting"}))


@dataclass(frozen=True, slots=True)
class Ghost:
    """What is true of the crossing that is under way, told by the orders alone."""

    read: bool = False
    admitted: bool = False
    taken: bool = False
    counted: bool = False
    matched: bool = False
    committed: bool = False
    granted: bool = False  # ordered to be recorded, and not known to have failed
    entries: int = 0
    exits: int = 0
    ends: int = 0
    referred: bool = False


def remember(ghost: Ghost, before: State, event: Event, taken: Step) -> Ghost:
    following, effects = taken
    if begins_visit(before, following):
        ghost = Ghost()
    match before, event:
        case _, DocumentRead(document, ()) if document is not None and isinstance(following, Deciding):
            ghost = replace(ghost, read=True)
        case Deciding(), Decided(admit=True, reasons=()):
            ghost = replace(ghost, admitted=True)
        case Passage(), DocumentRemoved():
            ghost = replace(ghost, taken=True)
        case Passage(), DocumentPlaced() if not isinstance(before, Entering | Comparing | Recording | Leaving):
            ghost = replace(ghost, taken=False)
        case Entering(), EntryShut(people=1, occupied=True):
            ghost = replace(ghost, counted=True)
        case Comparing(), FaceCompared(Face.MATCH):
            ghost = replace(ghost, matched=True)
        case Recording(), Recorded():
            ghost = replace(ghost, committed=True)
        case Recording(), RecordFailed():
            ghost = replace(ghost, granted=False)
    for effect in effects:
        match effect:
            case RecordGranted():
                ghost = replace(ghost, granted=True)
            case PermitEntry():
                ghost = replace(ghost, entries=ghost.entries + 1)
            case PermitExit():
                ghost = replace(ghost, exits=ghost.exits + 1)
            case RecordLeft() | RecordAbandoned():
                ghost = replace(ghost, ends=ghost.ends + 1)
            case RecordReferred():
                ghost = replace(ghost, referred=True)
    return ghost


Situation = tuple[State, Ghost]
Moves = dict[Situation, list[tuple[Event, Step, Ghost]]]


@cache
def explored() -> Moves:
    moves: Moves = {}
    waiting: list[Situation] = [(START, Ghost())]
    while waiting:
        situation = waiting.pop()
        if situation in moves:
            continue
        state, ghost = situation
        moves[situation] = []
        assert len(moves) < MAX_SITUATIONS, "something grows without end"
        for event in EVENTS:
            taken = step(state, event)
            then = remember(ghost, state, event, taken)
            moves[situation].append((event, taken, then))
            waiting.append((taken[0], essence(taken[0], then)))
    return moves


def essence(state: State, ghost: Ghost) -> Ghost:
    """What can still matter: nothing once the crossing is over, and only the records once an officer has it."""
    match state:
        case Closed() | Ready() | NextPlaced() | Evacuating():
            return Ghost()
        case ReferredInside() | ReferredOutside():
            return Ghost(granted=ghost.granted, exits=ghost.exits, ends=ghost.ends, referred=True)
        case _:
            return ghost


def test_the_exploration_meets_every_state() -> None:
    assert len(explored()) > 500
    assert {type(state) for state, _ in explored()} == set(STATES)


def test_the_exit_is_permitted_once_and_only_when_every_condition_is_met() -> None:
    for moves in explored().values():
        for _, (_, effects), ghost in moves:
            if PermitExit() in effects:
                assert ghost.read
                assert ghost.admitted
                assert ghost.counted
                assert ghost.matched
                assert ghost.committed
                assert ghost.exits == 1
                assert not ghost.referred
                assert ghost.ends == 0


def test_the_entry_is_permitted_once_to_the_admitted_who_hold_their_document() -> None:
    for moves in explored().values():
        for _, (_, effects), ghost in moves:
            if PermitEntry() in effects:
                assert ghost.admitted
                assert ghost.taken
                assert ghost.entries == 1
                assert not ghost.referred


def test_a_granted_crossing_ends_in_exactly_one_left_or_abandoned() -> None:
    for moves in explored().values():
        for _, (following, effects), ghost in moves:
            assert ghost.ends <= 1
            if RecordLeft() in effects:
                assert ghost.granted
            if isinstance(following, Idle | Evacuating) and ghost.granted:
                assert ghost.ends == 1


def test_a_crossing_that_began_never_ends_without_a_record() -> None:
    for (state, _), moves in explored().items():
        for _, (following, _), ghost in moves:
            if isinstance(following, Idle | Evacuating) and not isinstance(state, Idle | Evacuating):
                assert ghost.ends == 1 or ghost.referred


def test_after_the_exit_is_permitted_nobody_is_let_in_before_the_lane_is_shut_and_empty() -> None:
    for moves in explored().values():
        for _, _, ghost in moves:
            assert not (ghost.exits and ghost.entries > 1)


def test_nobody_is_held_though_nothing_happens_any_more() -> None:
    """Time alone opens a way out for whoever is inside, unless it is open already."""
    for state, _ in explored():
        if isinstance(state, Entering | Comparing | Recording | Leaving | ReferredInside):
            orders = []
            for _ in range(3):
                state, effects = step(state, TimedOut())
                orders += effects
            assert ReleaseInward() in orders


def test_whoever_is_sent_back_finds_the_way_open() -> None:
    for (before, _), moves in explored().items():
        for _, (following, effects), _ in moves:
            if isinstance(following, SteppingBack | ReferredInside) and type(following) is not type(before):
                assert ReleaseInward() in effects


def test_the_lane_comes_back_from_everywhere() -> None:
    """No situation is a dead end: some events lead to Ready, and no officer is needed but after fire and faults."""
    back: dict[State, set[State]] = {}
    for (state, _), moves in explored().items():
        for _, (following, _), _ in moves:
            back.setdefault(following, set()).add(state)
    reached, waiting = {Ready()}, [Ready()]
    while waiting:
        for state in back.get(waiting.pop(), set()):
            if state not in reached:
                reached.add(state)
                waiting.append(state)
    assert reached == {state for state, _ in explored()}


def test_the_lane_opens_by_itself_when_devices_come_back() -> None:
    healing: tuple[Event, ...] = (
        EVENT_INSTANCES["BarrierReady 0, free"],
        DeviceBack("camera"),
        TimedOut(),
        DocumentRemoved(),
    )
    for state, _ in explored():
        if isinstance(state, Closed) and not state.causes & {"evacuation", "controller-fault", "officer"}:
            for event in healing:
                state, _ = step(state, event)
            assert state == Ready()


def test_a_lane_with_a_standing_cause_closes_when_the_traveller_has_gone() -> None:
    for (before, _), moves in explored().items():
        if isinstance(before, Passage) and before.later.causes:
            for event, (following, _), _ in moves:
                if not isinstance(event, DeviceBack | OfficerReopened | BarrierReady):
                    assert not isinstance(following, Ready | NextPlaced)


def test_a_passage_that_was_revoked_too_late_is_still_a_departure() -> None:
    state: State = Leaving(SPECIMEN, reminded=True)
    state, effects = step(state, TimedOut())
    assert state == ReferredInside((Reason.LINGERED,), grant="lingered")
    assert not any(isinstance(effect, RecordAbandoned) for effect in effects)
    state, effects = step(state, ExitPassed())
    assert effects == (RecordLeft(),)
    state, effects = step(state, ExitShut(0, occupied=False))
    assert (state, effects) == (Ready(), ())


def test_whoever_lingers_is_abandoned_once_the_exit_is_proven_shut() -> None:
    state, _ = step(Leaving(SPECIMEN, reminded=True), TimedOut())
    state, effects = step(state, ExitShut(1, occupied=True))
    assert effects == (RecordAbandoned("lingered"),)
    state, effects = step(state, EntryShut(0, occupied=False))
    assert (state, effects) == (Ready(), ())


def test_a_controller_that_was_lost_while_leaving_says_later_how_it_ended() -> None:
    lost = EVENT_INSTANCES["BarrierLost"]
    gone: State
    gone, _ = step(Leaving(SPECIMEN), lost)
    assert gone == ReferredInside((Reason.CONTROLLER_LOST,), grant="controller-lost", later=gone.later)
    gone, effects = step(gone, EVENT_INSTANCES["BarrierReady 0, free"])
    assert (gone, effects) == (Ready(), (RecordAbandoned("controller-lost"),))


def test_an_officer_ends_an_evacuation_first_and_opens_the_lane_then() -> None:
    state: State = Evacuating()
    state, effects = step(state, EVENT_INSTANCES["OfficerReopened"])
    assert (state, effects) == (Evacuating(), (ResetBarrier(),))
    state, _ = step(state, EvacuationEnded())
    state, effects = step(state, EVENT_INSTANCES["OfficerReopened"])
    assert (state, effects) == (Ready(), (ResetBarrier(),))
