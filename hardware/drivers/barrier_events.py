"""What the barrier controller tells the lane: events, and a state to look at."""

from dataclasses import dataclass
from enum import StrEnum

from firmware.barrier import words
from hardware.wires.barrier import Status


class Door(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class DoorState(StrEnum):
    CLOSED = "closed"  # by its switch and bolted: proven
    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    UNKNOWN = "unknown"


class Mode(StrEnum):
    LOST = "lost"  # nothing is heard; the board is making the lane safe alone
    STARTING = "starting"
    STOPPED = "stopped"  # emergency stop
    EVACUATING = "evacuating"
    FAULTED = "faulted"
    SAFE = "safe"
    HELD = "held"
    READY = "ready"


@dataclass(frozen=True, slots=True)
class BarrierStatus:
    mode: Mode = Mode.LOST
    entry: DoorState = DoorState.UNKNOWN
    exit: DoorState = DoorState.UNKNOWN
    people: int = 0
    occupied: bool = False
    faults: tuple[str, ...] = ()
    boot: int = 0
    uptime_ms: int = 0
    evacuating: bool = False


@dataclass(frozen=True, slots=True)
class PeopleCounted:
    people: int


@dataclass(frozen=True, slots=True)
class EntryShut:
    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class ExitPassed:
    pass


@dataclass(frozen=True, slots=True)
class ExitShut:
    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """No valid word within the lease, on either side: every permission is void."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The controller answers, nothing hinders it, and both doors are shut."""

    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class Fault:
    code: str  # limits-entry, limits-exit, travel-entry, travel-exit, config-invalid, stopped, permission-refused


@dataclass(frozen=True, slots=True)
class Forced:
    door: Door


@dataclass(frozen=True, slots=True)
class Obstructed:
    door: Door


@dataclass(frozen=True, slots=True)
class Tailgating:
    pass


@dataclass(frozen=True, slots=True)
class PermissionExpired:
    """Nobody used it in time, or the company it was given for changed."""

    door: Door


@dataclass(frozen=True, slots=True)
class EvacuationBegan:
    pass


@dataclass(frozen=True, slots=True)
class EvacuationEnded:
    pass


@dataclass(frozen=True, slots=True)
class Rejected:
    """The board has seen so many forged or replayed frames since it started."""

    count: int


BarrierEvent = (
    PeopleCounted
    | EntryShut
    | ExitPassed
    | ExitShut
    | Lost
    | Ready
    | Fault
    | Forced
    | Obstructed
    | Tailgating
    | PermissionExpired
    | EvacuationBegan
    | EvacuationEnded
    | Rejected
)

DOORS = {words.ENTRY: Door.ENTRY, words.EXIT: Door.EXIT}
DOOR_STATES = {
    words.SHUT: DoorState.CLOSED,
    words.LOCKING: DoorState.CLOSING,
    words.OPENING: DoorState.OPENING,
    words.OPEN: DoorState.OPEN,
    words.CLOSING: DoorState.CLOSING,
    words.BLOCKED: DoorState.OPEN,
    words.LOOSE: DoorState.UNKNOWN,
    words.STALLED: DoorState.UNKNOWN,
}
MODES = {
    words.STARTING: Mode.STARTING,
    words.STOPPED: Mode.STOPPED,
    words.EVACUATING: Mode.EVACUATING,
    words.FAULTED: Mode.FAULTED,
    words.SAFE: Mode.SAFE,
    words.HELD: Mode.HELD,
    words.READY: Mode.READY,
}


def event_of(code: int, first: int, second: int) -> BarrierEvent | None:
    """The board's event as the lane knows it; None for what only the board's own log needs."""
    match code:
        case words.PEOPLE_COUNTED:
            return PeopleCounted(first)
        case words.ENTRY_SHUT:
            return EntryShut(first, bool(second))
        case words.EXIT_PASSED:
            return ExitPassed()
        case words.EXIT_SHUT:
            return ExitShut(first, bool(second))
        case words.FORCED:
            return Forced(_door(first))
        case words.OBSTRUCTED:
            return Obstructed(_door(first))
        case words.EVACUATION_BEGAN:
            return EvacuationBegan()
        case words.EVACUATION_ENDED:
            return EvacuationEnded()
        case words.STOP_PRESSED:
            return Fault("stopped")
        case words.FAULT:
            return Fault(_fault(first))
        case words.TAILGATING:
            return Tailgating()
        case words.PERMISSION_EXPIRED:
            return PermissionExpired(_door(first))
        case words.SILENCE:
            return Lost()
        case _:
            return None


def status_of(told: Status) -> BarrierStatus:
    faults = tuple(name for number, name in enumerate(words.FAULT_NAMES) if told.faults >> number & 1)
    if told.flags & words.ESTOP:
        faults = (*faults, "stopped")
    return BarrierStatus(
        mode=MODES.get(told.mode, Mode.FAULTED),
        entry=DOOR_STATES.get(told.entry, DoorState.UNKNOWN),
        exit=DOOR_STATES.get(told.exit, DoorState.UNKNOWN),
        people=told.people,
        occupied=bool(told.flags & words.OCCUPIED),
        faults=faults,
        boot=told.boot,
        uptime_ms=told.uptime_ms,
        evacuating=bool(told.flags & words.FIRE),
    )


def _door(number: int) -> Door:
    return DOORS.get(number, Door.EXIT)


def _fault(number: int) -> str:
    return words.FAULT_NAMES[number] if number < len(words.FAULT_NAMES) else "unknown"
