"""What happens without being asked: people pass, switches are pressed, wires break, the Pi falls silent."""

from firmware.barrier import words
from firmware.barrier.door import renew
from firmware.barrier.state import Seen, State
from firmware.barrier.words import ENTRY, EXIT, STALLED

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    Beam = tuple[int, bool]
    Events = list[tuple[int, int, int]]
    Settings = dict[str, int]


def count(state: "State", which: int, change: int, events: "Events") -> None:
    """Somebody passed a doorway. Both doorways are counted in both directions; doubt counts one more."""
    for _ in range(abs(change)):
        if change < 0 and which == EXIT and state.people == 0 and not state.fire:
            events.append((words.TAILGATING, 0, which))  # more go out than ever came in: one hid behind another
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


def latch(now_ms: int, state: "State", seen: Seen, settings: "Settings", events: "Events") -> None:
    if seen.stop and not state.stopped:
        state.stopped = True
        events.append((words.STOP_PRESSED, 0, 0))
    if seen.fire and not state.fire:
        state.fire = True
        events.append((words.EVACUATION_BEGAN, 0, 0))
    if seen.fire and not seen.stop:
        release_stop(state, events)  # let go, and it burns: the doors open
    if state.alive and not seen.alive:
        events.append((words.SILENCE, 0, 0))
    state.alive = seen.alive
    if state.starting and now_ms - state.began_ms >= settings["self_test_ms"]:
        state.starting = False
        events.append((words.STARTED, 0, 0))
    limits(now_ms, state, seen, events)
    if not seen.entry_clear or not seen.exit_clear or seen.mat:
        state.seen_ms = now_ms
    state.beams = (
        _beam(now_ms, state.beams[ENTRY], ENTRY, seen.entry_clear, settings, events),
        _beam(now_ms, state.beams[EXIT], EXIT, seen.exit_clear, settings, events),
    )
    if not state.starting:  # who holds it down from before the start is heard after the start
        pressed = seen.egress and not state.egress
        state.egress = seen.egress
        if pressed:
            _press(now_ms, state, seen, events)


def limits(now_ms: int, state: "State", seen: Seen, events: "Events") -> None:
    """A door that is open and closed at once has a broken switch or a cut wire: its drive stays off."""
    if seen.entry_closed and seen.entry_open:
        fault(state, words.LIMITS_ENTRY, events)
        state.entry = (STALLED, now_ms, 0)
    if seen.exit_closed and seen.exit_open:
        fault(state, words.LIMITS_EXIT, events)
        state.exit = (STALLED, now_ms, 0)


def fault(state: "State", number: int, events: "Events") -> None:
    if not state.faults >> number & 1:
        state.faults |= 1 << number
        events.append((words.FAULT, number, 0))


def _beam(now_ms: int, beam: "Beam", which: int, clear: bool, settings: "Settings", events: "Events") -> "Beam":
    clear_ms, told = beam
    if clear:
        return now_ms, False
    if not told and now_ms - clear_ms >= settings["beam_held_ms"]:
        events.append((words.OBSTRUCTED, which, 0))  # a foot, a bag, or a cut cable
        return clear_ms, True
    return beam


def _press(now_ms: int, state: "State", seen: Seen, events: "Events") -> None:
    """The button inside: whoever presses it gets out where he came in, with or without a Pi.

    It is also the renewed will of a person at the door, so what was given up is tried once more.
    """
    if state.exit_permit is not None:
        return  # the exit is open to him
    if not seen.stop:
        release_stop(state, events)
    renew_doors(now_ms, state)
    state.inward = True
    state.entry_permit = None


def release_stop(state: "State", events: "Events") -> None:
    if state.stopped:
        state.stopped = False
        events.append((words.STOP_RELEASED, 0, 0))


def renew_doors(now_ms: int, state: "State") -> None:
    state.entry = renew(now_ms, state.entry)
    state.exit = renew(now_ms, state.exit)
