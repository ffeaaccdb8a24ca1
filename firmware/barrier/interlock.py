"""What the doors do: ``step(now_ms, state, seen, moved, asked, settings) -> (state, outputs, events, answers)``.

Pure: no clock, no pin, no wire. The rules, by rank:
1. The emergency stop takes the power from both drives. The entry's bolt is off, so it can be pushed from inside.
2. Fire opens both doors, whatever anybody says, until it is reset.
3. A door opens only while the other one is proven shut: closed by its switch, and bolted.
4. A door never closes onto a broken beam.
5. Without the Pi no new passage begins. The exit shuts, and the button inside opens the entry: nobody is held.
6. The exit obeys a permission only with the entry proven shut, exactly one person counted, and the mat trodden on.
"""

from collections import namedtuple

from firmware.barrier import words
from firmware.barrier.door import move, renew
from firmware.barrier.words import (
    BLOCKED,
    CLOSING,
    DONE,
    ENTRY,
    EXIT,
    EXPIRED,
    LOCKING,
    LOOSE,
    OPEN,
    OPENING,
    READY,
    REFUSED,
    REPEATED,
    SHUT,
    STALLED,
    UNKNOWN,
)

# Everything as it is meant, not as it is wired: hal.py turns normally closed contacts round.
Seen = namedtuple(
    "Seen",
    ("entry_closed", "entry_open", "exit_closed", "exit_open", "entry_clear", "exit_clear", "mat", "egress", "fire",
     "stop", "alive"),
)  # fmt: skip
Outputs = namedtuple(
    "Outputs",
    ("entry_opens", "entry_closes", "entry_locked", "exit_opens", "exit_closes", "exit_locked", "green", "red"),
)
NO_IDS = ((-1, UNKNOWN), (-1, UNKNOWN))  # for entry and exit: the last id and what was answered; it moves a door once
OFF = Outputs(False, False, False, False, False, False, False, True)

FIELDS = ("mode", "began_ms", "entry", "exit", "people", "entry_permit", "exit_permit", "last_ids", "inward", "told",
          "held", "starting", "stopped", "fire", "faults", "egress", "alive", "seen_ms", "beams")  # fmt: skip


class State:
    """All the interlock remembers. ``step`` never changes one: it returns another."""

    def __init__(self, now_ms):
        self.mode = words.STARTING
        self.began_ms = now_ms
        self.entry = (LOOSE, now_ms, 0)
        self.exit = (LOOSE, now_ms, 0)
        self.people = 0
        self.entry_permit = None  # when it expires
        self.exit_permit = None
        self.last_ids = NO_IDS
        self.inward = False
        self.told = False  # an inward release that found nobody has yet to say that the entry is shut
        self.held = False
        self.starting = True
        self.stopped = False
        self.fire = False
        self.faults = 0
        self.egress = False
        self.alive = False
        self.seen_ms = now_ms  # when somebody was last seen inside or in a doorway
        self.beams = ((now_ms, False), (now_ms, False))  # per door: clear until, and whether held beams were told


def copy(state):
    other = State(0)
    for name in FIELDS:
        setattr(other, name, getattr(state, name))
    return other


def step(now_ms, state, seen, moved, asked, settings):
    """One pass. ``moved`` are the counters' changes as (door, change), ``asked`` the Pi's words as (word, values)."""
    state = copy(state)
    events = []
    for which, change in moved:
        _count(state, which, change, events)
    _latch(now_ms, state, seen, settings, events)
    answers = [_ask(now_ms, state, seen, word, values, settings, events) for word, values in asked]
    state.mode = _mode(state)
    _lapse(now_ms, state, seen, events)
    _drive(now_ms, state, seen, settings, events)
    _settle(now_ms, state, seen, settings, events)
    state.mode = _mode(state)
    return state, _outputs(state, seen), events, answers


def flags(state, seen):
    """The flags of STATUS."""
    return (
        (words.OCCUPIED if seen.mat else 0)
        | (words.INWARD if state.inward else 0)
        | (words.FIRE if state.fire else 0)
        | (words.ESTOP if state.stopped else 0)
        | (words.ENTRY_PERMITTED if state.entry_permit is not None else 0)
        | (words.EXIT_PERMITTED if state.exit_permit is not None else 0)
    )


def _mode(state):
    for true, mode in (
        (state.starting, words.STARTING),
        (state.stopped, words.STOPPED),
        (state.fire, words.EVACUATING),
        (state.faults, words.FAULTED),
        (not state.alive, words.SAFE),
        (state.held, words.HELD),
    ):
        if true:
            return mode
    return READY


# --- people ---
def _count(state, which, change, events):
    """Somebody passed a doorway. Both doorways are counted in both directions; doubt counts one more."""
    for _ in range(abs(change)):
        state.people = max(0, state.people + (1 if change > 0 else -1))
        events.append((words.PEOPLE_COUNTED, state.people, 0))
        if change > 0 and (state.people > 1 or which == EXIT):
            # A second one behind the first, or one who comes in by the way out.
            events.append((words.TAILGATING, state.people, which))
        if change < 0 and which == EXIT:
            events.append((words.EXIT_PASSED, state.people, 0))
    if change > 0 and which == ENTRY:
        state.entry_permit = None  # one permission, one person
    if which == EXIT:
        state.exit_permit = None
    elif state.exit_permit is not None:
        # Not the same company any more that the permission was for.
        state.exit_permit = None
        events.append((words.PERMISSION_EXPIRED, EXIT, 0))


# --- what cannot be asked for ---
def _latch(now_ms, state, seen, settings, events):
    if seen.stop and not state.stopped:
        state.stopped = True
        events.append((words.STOP_PRESSED, 0, 0))
    if seen.fire and not state.fire:
        state.fire = True
        events.append((words.EVACUATION_BEGAN, 0, 0))
    if state.alive and not seen.alive:
        events.append((words.SILENCE, 0, 0))
    state.alive = seen.alive
    if state.starting and now_ms - state.began_ms >= settings["self_test_ms"]:
        state.starting = False
        events.append((words.STARTED, 0, 0))
    _limits(now_ms, state, seen, events)
    if not seen.entry_clear or not seen.exit_clear or seen.mat:
        state.seen_ms = now_ms
    state.beams = (
        _beam(now_ms, state.beams[ENTRY], ENTRY, seen.entry_clear, settings, events),
        _beam(now_ms, state.beams[EXIT], EXIT, seen.exit_clear, settings, events),
    )
    pressed = seen.egress and not state.egress
    state.egress = seen.egress
    if pressed and not state.starting:
        _press(now_ms, state, seen, events)


def _limits(now_ms, state, seen, events):
    """A door that is open and closed at once has a broken switch or a cut wire: its drive stays off."""
    if seen.entry_closed and seen.entry_open:
        _fault(state, words.LIMITS_ENTRY, events)
        state.entry = (STALLED, now_ms, 0)
    if seen.exit_closed and seen.exit_open:
        _fault(state, words.LIMITS_EXIT, events)
        state.exit = (STALLED, now_ms, 0)


def _fault(state, number, events):
    if not state.faults >> number & 1:
        state.faults |= 1 << number
        events.append((words.FAULT, number, 0))


def _beam(now_ms, beam, which, clear, settings, events):
    clear_ms, told = beam
    if clear:
        return now_ms, False
    if not told and now_ms - clear_ms >= settings["beam_held_ms"]:
        events.append((words.OBSTRUCTED, which, 0))  # a foot, a bag, or a cut cable
        return clear_ms, True
    return beam


def _press(now_ms, state, seen, events):
    """The button inside: whoever presses it gets out where he came in, with or without a Pi.

    It is also the renewed will of a person at the door, so what was given up is tried once more.
    """
    if state.exit_permit is not None:
        return  # the exit is open to him
    if not seen.stop:
        _release_stop(state, events)
    _renew(now_ms, state)
    state.inward = True
    state.entry_permit = None


def _release_stop(state, events):
    if state.stopped:
        state.stopped = False
        events.append((words.STOP_RELEASED, 0, 0))


def _renew(now_ms, state):
    state.entry = renew(now_ms, state.entry)
    state.exit = renew(now_ms, state.exit)


# --- what the Pi asks ---
def _ask(now_ms, state, seen, word, values, settings, events):
    """One answer for one word. In an evacuation everything but its reset is refused."""
    if values is None or word not in ASKED:
        return UNKNOWN
    state.mode = _mode(state)
    if state.mode in (words.STARTING, words.EVACUATING) and word in MOVING:
        return REFUSED
    return ASKED[word](now_ms, state, seen, values, settings, events)


def _hear(now_ms, state, seen, values, settings, events):
    return DONE


def _new_host(now_ms, state, seen, values, settings, events):
    """Another program at the other end: what it knows of permissions starts anew."""
    state.last_ids = NO_IDS
    state.entry_permit = state.exit_permit = None
    return DONE


def _permit(now_ms, state, seen, values, settings, events):
    which, number, expires_ms = values
    if which not in (ENTRY, EXIT):
        return UNKNOWN
    last, answer = state.last_ids[which]
    if number <= last:
        return answer if number == last else REPEATED  # two grants for one decision are one passage
    answer = _grant(now_ms, state, which, expires_ms, settings)
    known = (number, answer)
    state.last_ids = (known, state.last_ids[EXIT]) if which == ENTRY else (state.last_ids[ENTRY], known)
    return answer


def _grant(now_ms, state, which, expires_ms, settings):
    if not now_ms < expires_ms <= now_ms + settings["permission_limit_ms"]:
        return EXPIRED  # held back on the wire until it was stale
    if state.mode != READY or state.inward:
        return REFUSED
    if which == ENTRY:
        state.entry_permit = expires_ms
        return DONE
    if state.entry[0] != SHUT or state.exit[0] != SHUT or state.people != 1:
        return REFUSED
    state.exit_permit = expires_ms
    return DONE


def _revoke(now_ms, state, seen, values, settings, events):
    if values[0] == ENTRY:
        state.entry_permit = None
    elif values[0] == EXIT:
        state.exit_permit = None
    else:
        return UNKNOWN
    return DONE


def _release(now_ms, state, seen, values, settings, events):
    if not state.inward:
        state.told = True
    state.inward = True
    state.entry_permit = state.exit_permit = None
    _renew(now_ms, state)
    return DONE


def _hold(now_ms, state, seen, values, settings, events):
    state.held = True
    state.entry_permit = state.exit_permit = None
    return DONE


def _resume(now_ms, state, seen, values, settings, events):
    """Go on: what was given up is tried once more, and a fault whose cause has gone is forgotten."""
    if seen.stop:
        return REFUSED
    _release_stop(state, events)
    state.held = False
    state.faults &= 1 << words.CONFIG_INVALID
    _renew(now_ms, state)
    _limits(now_ms, state, seen, events)
    return DONE


def _reset(now_ms, state, seen, values, settings, events):
    if seen.fire or seen.stop:
        return REFUSED
    if state.fire:
        state.fire = False
        events.append((words.EVACUATION_ENDED, 0, 0))
    return DONE


ASKED = {
    words.HELLO: _new_host,
    words.BEAT: _hear,
    words.TIME: _hear,
    words.PERMIT: _permit,
    words.REVOKE: _revoke,
    words.RELEASE: _release,
    words.HOLD: _hold,
    words.RESUME: _resume,
    words.RESET: _reset,
}
MOVING = (words.PERMIT, words.REVOKE, words.RELEASE, words.HOLD, words.RESUME)


def _lapse(now_ms, state, seen, events):
    """Permissions end: by time, by another mode, by the company that they were not given for."""
    if state.mode != READY or state.inward:
        state.entry_permit = state.exit_permit = None
    if state.entry_permit is not None and now_ms >= state.entry_permit:
        state.entry_permit = None
        events.append((words.PERMISSION_EXPIRED, ENTRY, 0))
    if state.exit_permit is not None and now_ms >= state.exit_permit:
        state.exit_permit = None
        events.append((words.PERMISSION_EXPIRED, EXIT, 0))


# --- doors ---
def _drive(now_ms, state, seen, settings, events):
    if state.mode in (words.STARTING, words.STOPPED):
        # Nothing moves, nor goes on by itself afterwards; what people do with an unpowered door is not an attack.
        state.entry = _unpowered(now_ms, state.entry, seen.entry_closed)
        state.exit = _unpowered(now_ms, state.exit, seen.exit_closed)
        return
    if state.fire:
        state.entry = _evacuate(now_ms, state.entry, seen.entry_open)
        state.exit = _evacuate(now_ms, state.exit, seen.exit_open)
        return
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


def _tell(state, told, events):
    for event in told:
        if event[0] == words.FAULT:
            _fault(state, event[1], events)
        else:
            events.append(event)


def _unpowered(now_ms, door, closed):
    return door if closed and door[0] == SHUT else (LOOSE, now_ms, 0)


def _evacuate(now_ms, door, opened):
    if opened:
        return (OPEN, now_ms, 0)
    return door if door[0] == OPENING else (OPENING, now_ms, 0)


def _wants_entry(now_ms, state, seen, settings):
    if not (state.exit[0] == SHUT and seen.exit_closed):
        return False  # the other door is not proven shut
    if state.inward:
        return _somebody(now_ms, state, settings)
    return state.entry_permit is not None and state.people == 0 and not seen.mat  # the mantrap is empty


def _wants_exit(state, seen):
    if not (state.entry[0] == SHUT and seen.entry_closed):
        return False
    return state.exit_permit is not None and (state.exit[0] != SHUT or (state.people == 1 and bool(seen.mat)))


def _somebody(now_ms, state, settings):
    """Somebody is inside or in a doorway, or was a moment ago. Beams and mat leave no gap to stand in."""
    return now_ms - state.seen_ms < settings["calm_ms"]


def _settle(now_ms, state, seen, settings, events):
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
def _outputs(state, seen):
    """From phases to pins, with the last word: no drive opens a door while the other one is not closed."""
    if state.mode == words.STARTING:
        return OFF
    exit_locked = state.exit[0] in (SHUT, LOCKING, STALLED) and seen.exit_closed and not state.fire
    if state.mode == words.STOPPED:
        return _stopped(exit_locked)
    entry, exit_ = state.entry[0], state.exit[0]
    return Outputs(
        entry in (OPENING, BLOCKED) and not seen.entry_open and (state.fire or seen.exit_closed),
        entry == CLOSING and seen.entry_clear,
        entry in (SHUT, LOCKING) and state.mode != words.FAULTED and not state.fire,
        exit_ in (OPENING, BLOCKED) and not seen.exit_open and (state.fire or seen.entry_closed),
        exit_ == CLOSING and seen.exit_clear,
        exit_locked,
        state.mode == READY and state.entry_permit is not None,
        state.mode != READY,
    )


def _stopped(exit_locked):
    return Outputs(False, False, False, False, False, exit_locked, False, True)
