"""What the interlock sees, remembers and does, as plain values; and which mode follows from what it remembers."""

from collections import namedtuple

from firmware.barrier import words
from firmware.barrier.words import LOOSE, READY, UNKNOWN

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

    def __init__(self, now_ms: int) -> None:
        self.mode = words.STARTING
        self.began_ms = now_ms
        self.entry = (LOOSE, now_ms, 0)
        self.exit = (LOOSE, now_ms, 0)
        self.people = 0
        self.entry_permit: int | None = None  # when it expires
        self.exit_permit: int | None = None
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


def copy(state: "State") -> "State":
    other = State(0)
    for name in FIELDS:
        setattr(other, name, getattr(state, name))
    return other


def flags(state: "State", seen: Seen) -> int:
    """The flags of STATUS."""
    return (
        (words.OCCUPIED if seen.mat else 0)
        | (words.INWARD if state.inward else 0)
        | (words.FIRE if state.fire else 0)
        | (words.ESTOP if state.stopped else 0)
        | (words.ENTRY_PERMITTED if state.entry_permit is not None else 0)
        | (words.EXIT_PERMITTED if state.exit_permit is not None else 0)
    )


def mode_of(state: "State") -> int:
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
