"""What the Pi may ask, and what becomes of it. A permission is a wish: the interlock decides when a door moves."""

from firmware.barrier import words
from firmware.barrier.senses import limits, release_stop, renew_doors
from firmware.barrier.state import NO_IDS, Seen, State, mode_of
from firmware.barrier.words import DONE, ENTRY, EXIT, EXPIRED, READY, REFUSED, REPEATED, SHUT, UNKNOWN

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from typing import Any

    Events = list[tuple[int, int, int]]
    Settings = dict[str, int]
    Values = tuple[Any, ...]  # Any: what struct.unpack gives


def answer(
    now_ms: int, state: "State", seen: Seen, word: int, values: "Values | None", settings: "Settings", events: "Events"
) -> int:
    """One answer for one word. In an evacuation everything but its reset is refused."""
    if values is None or word not in ASKED:
        return UNKNOWN
    state.mode = mode_of(state)
    if state.mode in (words.STARTING, words.EVACUATING) and word in MOVING:
        return REFUSED
    return ASKED[word](now_ms, state, seen, values, settings, events)


def _hear(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    return DONE


def _new_host(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    """Another program at the other end: what it knows of permissions starts anew."""
    state.last_ids = NO_IDS
    state.entry_permit = None
    state.exit_permit = None
    return DONE


def _permit(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
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


def _grant(now_ms: int, state: "State", which: int, expires_ms: int, settings: "Settings") -> int:
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


def _revoke(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    if values[0] == ENTRY:
        state.entry_permit = None
    elif values[0] == EXIT:
        state.exit_permit = None
    else:
        return UNKNOWN
    return DONE


def _release(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    if not state.inward:
        state.told = True
    state.inward = True
    state.entry_permit = None
    state.exit_permit = None
    renew_doors(now_ms, state)
    return DONE


def _hold(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    state.held = True
    state.entry_permit = None
    state.exit_permit = None
    return DONE


def _resume(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
    """Go on: what was given up is tried once more, and a fault whose cause has gone is forgotten."""
    if seen.stop:
        return REFUSED
    release_stop(state, events)
    state.held = False
    state.faults &= 1 << words.CONFIG_INVALID
    renew_doors(now_ms, state)
    limits(now_ms, state, seen, events)
    return DONE


def _reset(now_ms: int, state: "State", seen: Seen, values: "Values", settings: "Settings", events: "Events") -> int:
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
