"""What the doors do: ``step(now_ms, state, seen, moved, asked, settings) -> (state, outputs, events, answers)``.

Pure: no clock, no pin, no wire. The rules, by rank:
1. The emergency stop takes the power from both drives. The entry's bolt is off, so it can be pushed from inside.
2. Fire opens both doors, whatever anybody says, until it is reset.
3. A door opens only while the other one is proven shut: closed by its switch, and bolted.
4. A door never closes onto a broken beam.
5. Without the Pi no new passage begins. The exit shuts, and the button inside opens the entry: nobody is held.
6. The exit obeys a permission only with the entry proven shut, exactly one person counted, and the mat trodden on.
"""

from firmware.barrier import words
from firmware.barrier.asked import ASKED, answer
from firmware.barrier.door import move
from firmware.barrier.senses import count, fault, latch
from firmware.barrier.state import OFF, Outputs, Seen, State, copy, flags, mode_of
from firmware.barrier.words import BLOCKED, CLOSING, ENTRY, EXIT, LOCKING, LOOSE, OPEN, OPENING, READY, SHUT, STALLED

__all__ = ["ASKED", "OFF", "Outputs", "Seen", "State", "flags", "step"]

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from typing import Any

    Door = tuple[int, int, int]
    Told = tuple[tuple[int, int, int], ...]
    Events = list[tuple[int, int, int]]
    Settings = dict[str, int]
    Values = tuple[Any, ...]  # Any: what struct.unpack gives


def step(
    now_ms: int,
    state: "State",
    seen: Seen,
    moved: "list[tuple[int, int]]",
    asked: "list[tuple[int, Values | None]]",
    settings: "Settings",
) -> "tuple[State, Outputs, Events, list[int]]":
    """One pass. ``moved`` are the counters' changes as (door, change), ``asked`` the Pi's words as (word, values)."""
    state = copy(state)
    events: "Events" = []
    for which, change in moved:
        count(state, which, change, events)
    latch(now_ms, state, seen, settings, events)
    answers = [answer(now_ms, state, seen, word, values, settings, events) for word, values in asked]
    state.mode = mode_of(state)
    _lapse(now_ms, state, seen, events)
    _drive(now_ms, state, seen, settings, events)
    _settle(now_ms, state, seen, settings, events)
    state.mode = mode_of(state)
    return state, _outputs(state, seen), events, answers


def _lapse(now_ms: int, state: "State", seen: Seen, events: "Events") -> None:
    """Permissions end: by time, by another mode, by the company that they were not given for."""
    if state.mode != READY or state.inward:
        state.entry_permit = None
        state.exit_permit = None
    if state.entry_permit is not None and now_ms >= state.entry_permit:
        state.entry_permit = None
        events.append((words.PERMISSION_EXPIRED, ENTRY, 0))
    if state.exit_permit is not None and now_ms >= state.exit_permit:
        state.exit_permit = None
        events.append((words.PERMISSION_EXPIRED, EXIT, 0))


# --- doors ---
def _drive(now_ms: int, state: "State", seen: Seen, settings: "Settings", events: "Events") -> None:
    if state.mode in (words.STARTING, words.STOPPED):
        # Nothing moves, nor goes on by itself afterwards; what people do with an unpowered door is not an attack.
        state.entry = _unpowered(now_ms, state.entry, seen.entry_closed)
        state.exit = _unpowered(now_ms, state.exit, seen.exit_closed)
        return
    if state.fire:
        state.entry = _evacuate(now_ms, state.entry, seen.entry_open)
        state.exit = _evacuate(now_ms, state.exit, seen.exit_open)
        return
    if state.mode == words.FAULTED and state.entry[0] in (SHUT, LOCKING):
        state.entry = (LOCKING, now_ms, 0)  # unbolted for whoever is inside, so not proven shut any more
    before = state.entry[0], state.exit[0]
    state.entry, told = move(
        now_ms, state.entry, ENTRY, _wants_entry(now_ms, state, seen, settings),
        (seen.entry_closed, seen.entry_open, seen.entry_clear), settings,
    )  # fmt: skip
    _tell(state, told, events)
    state.exit, told = move(
        now_ms, state.exit, EXIT, _wants_exit(state, seen),
        (seen.exit_closed, seen.exit_open, seen.exit_clear), settings,
    )  # fmt: skip
    _tell(state, told, events)
    if before[ENTRY] == LOCKING and state.entry[0] == SHUT:
        state.told = False
        events.append((words.ENTRY_SHUT, state.people, int(seen.mat)))
    if before[EXIT] == LOCKING and state.exit[0] == SHUT:
        events.append((words.EXIT_SHUT, state.people, int(seen.mat)))


def _tell(state: "State", told: "Told", events: "Events") -> None:
    for event in told:
        if event[0] == words.FAULT:
            fault(state, event[1], events)
        else:
            events.append(event)


def _unpowered(now_ms: int, door: "Door", closed: bool) -> "Door":
    return door if closed and door[0] == SHUT else (LOOSE, now_ms, 0)


def _evacuate(now_ms: int, door: "Door", opened: bool) -> "Door":
    if opened:
        return (OPEN, now_ms, 0)
    return door if door[0] == OPENING else (OPENING, now_ms, 0)


def _wants_entry(now_ms: int, state: "State", seen: Seen, settings: "Settings") -> bool:
    if not (state.exit[0] == SHUT and seen.exit_closed):
        return False  # the other door is not proven shut
    if state.inward:
        return _somebody(now_ms, state, settings)
    return state.entry_permit is not None and state.people == 0 and not seen.mat  # the mantrap is empty


def _wants_exit(state: "State", seen: Seen) -> bool:
    if not (state.entry[0] == SHUT and seen.entry_closed):
        return False
    return state.exit_permit is not None and (state.exit[0] != SHUT or (state.people == 1 and bool(seen.mat)))


def _somebody(now_ms: int, state: "State", settings: "Settings") -> bool:
    """Somebody is inside or in a doorway, or was a moment ago. Beams and mat leave no gap to stand in."""
    return now_ms - state.seen_ms < settings["calm_ms"]


def _settle(now_ms: int, state: "State", seen: Seen, settings: "Settings", events: "Events") -> None:
    """Both doors proven shut and nobody seen for a while: the mantrap is empty, whatever was counted."""
    if state.entry[0] != SHUT or state.exit[0] != SHUT or _somebody(now_ms, state, settings):
        return
    if state.people:
        state.people = 0
        events.append((words.PEOPLE_COUNTED, 0, 0))
    if state.inward:
        state.inward = False
        if state.told:
            events.append((words.ENTRY_SHUT, 0, 0))
    state.told = False


# --- pins ---
def _outputs(state: "State", seen: Seen) -> Outputs:
    """From phases to pins, with the last word: no drive opens a door while the other one is not proven shut.

    A door that would reverse and may not stands still: that hurts nobody either.
    """
    if state.mode == words.STARTING:
        return OFF
    exit_locked = state.exit[0] in (SHUT, LOCKING, STALLED) and seen.exit_closed and not state.fire
    if state.mode == words.STOPPED:
        return _stopped(exit_locked)
    entry, exit_ = state.entry[0], state.exit[0]
    return Outputs(
        entry in (OPENING, BLOCKED) and not seen.entry_open and (state.fire or (exit_ == SHUT and seen.exit_closed)),
        entry == CLOSING and seen.entry_clear,
        entry in (SHUT, LOCKING) and state.mode != words.FAULTED and not state.fire,
        exit_ in (OPENING, BLOCKED) and not seen.exit_open and (state.fire or (entry == SHUT and seen.entry_closed)),
        exit_ == CLOSING and seen.exit_clear,
        exit_locked,
        state.mode == READY and state.entry_permit is not None,
        state.mode != READY,
    )


def _stopped(exit_locked: bool) -> Outputs:
    return Outputs(False, False, False, False, False, exit_locked, False, True)
