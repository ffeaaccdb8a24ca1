"""One door as a table: where it is, what is wanted of it, what its sensors say -> where it goes and what is told.

A door is ``(phase, since_ms, tries)``. It closes only while its beams are clear, and gives up after a few tries.
"""

from firmware.barrier.words import (
    BLOCKED,
    CLOSING,
    FAULT,
    FORCED,
    LOCKING,
    LOOSE,
    OBSTRUCTED,
    OPEN,
    OPENING,
    SHUT,
    STALLED,
    TRAVEL_ENTRY,
)

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    Door = tuple[int, int, int]
    Sensed = tuple[bool, bool, bool]
    Settings = dict[str, int]
    Moved = tuple[Door, tuple[tuple[int, int, int], ...]]


def move(now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings") -> "Moved":
    """``(door, events)`` one pass later; ``sensed`` is ``(closed, opened, clear)``."""
    phase, since_ms, tries = door
    return PHASES[phase](now_ms, door, which, wanted, sensed, settings, now_ms - since_ms)


def renew(now_ms: int, door: "Door") -> "Door":
    """A person asked again, on purpose: forget the tries, and drive once more."""
    phase = door[0]
    if phase == STALLED:
        return (LOOSE, now_ms, 0)
    if phase == BLOCKED:
        return (OPEN, now_ms, 0)
    return door


def _shut(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    closed = sensed[0]
    if not closed:
        return (LOOSE, now_ms, 0), ((FORCED, which, 0),)  # it moved and nobody ordered it
    if wanted:
        return (OPENING, now_ms, 0), ()
    return door, ()


def _locking(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    closed = sensed[0]
    if not closed:
        return (LOOSE, now_ms, 0), ()  # sprang back before the bolt held
    if wanted:
        return (OPENING, now_ms, 0), ()
    if for_ms >= settings["lock_ms"]:
        return (SHUT, now_ms, 0), ()
    return door, ()


def _opening(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    _, opened, clear = sensed
    tries = door[2]
    if opened:
        return (OPEN, now_ms, tries), ()
    if for_ms > settings["travel_limit_ms"]:
        return _stalled(now_ms, which)
    if not wanted and clear and tries == 0:
        return (CLOSING, now_ms, 0), ()  # revoked; a reversal (tries > 0) opens fully first
    return door, ()


def _open(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    _, opened, clear = sensed
    tries = 0 if wanted else door[2]
    if not opened:
        return (OPENING, now_ms, max(tries, 1)), ()  # pushed: hold it open
    if not wanted and clear and (tries == 0 or for_ms >= settings["retry_ms"]):
        return (CLOSING, now_ms, tries), ()
    return (OPEN, door[1], tries), ()


def _closing(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    closed, _, clear = sensed
    tries = door[2]
    if not clear:
        # Never onto a person: reverse at once, and after enough tries stay open and call somebody.
        if tries >= settings["tries"]:
            return (BLOCKED, now_ms, 0), ((OBSTRUCTED, which, 0),)
        return (OPENING, now_ms, tries + 1), ()
    if closed:
        return (LOCKING, now_ms, 0), ()
    if wanted:
        return (OPENING, now_ms, 0), ()
    if for_ms > settings["travel_limit_ms"]:
        return _stalled(now_ms, which)
    return door, ()


def _blocked(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    return door, ()


def _loose(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    closed, _, clear = sensed
    if closed:
        return (LOCKING, now_ms, 0), ()
    if wanted:
        return (OPENING, now_ms, 0), ()
    if clear and for_ms >= settings["forced_wait_ms"]:
        return (CLOSING, now_ms, 0), ()
    return door, ()


def _stalled_(
    now_ms: int, door: "Door", which: int, wanted: bool, sensed: "Sensed", settings: "Settings", for_ms: int
) -> "Moved":
    return door, ()


def _stalled(now_ms: int, which: int) -> "Moved":
    return (STALLED, now_ms, 0), ((FAULT, TRAVEL_ENTRY + which, 0),)


PHASES = {
    SHUT: _shut,
    LOCKING: _locking,
    OPENING: _opening,
    OPEN: _open,
    CLOSING: _closing,
    BLOCKED: _blocked,
    LOOSE: _loose,
    STALLED: _stalled_,
}
