"""Where a traveller can be, and how long. Each state carries only what is true while it lasts."""

from dataclasses import dataclass
from typing import Final

from edge.gate.events import FaceCompared, Reason
from edge.inspection.document import Document

# Why a lane is closed: one of these, or the name of a lost device with "-lost" behind it.
STARTING: Final = "starting"
CONTROLLER_LOST: Final = "controller-lost"
CONTROLLER_FAULT: Final = "controller-fault"
OFFICER: Final = "officer"
EVACUATION: Final = "evacuation"

MAX_READINGS: Final = 3  # the first one, and two more after the document was lifted and put back
MAX_CAPTURES: Final = 3  # frames in which no face could be judged
MAX_COMPARISONS: Final = 2  # faces that were judged to be another's


@dataclass(frozen=True, slots=True)
class Later:
    """What happened meanwhile, and matters once this traveller has gone."""

    causes: frozenset[str] = frozenset()  # why the lane closes then
    document: bool = False  # the next traveller's document lies on the reader already


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Somebody is on the way through, or has just been."""

    later: Later = Later()


# --- nobody is on the way ---
@dataclass(frozen=True, slots=True)
class Closed:
    causes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ready:
    pass


@dataclass(frozen=True, slots=True)
class NextPlaced:
    """As Ready, and the next traveller's document has been on the reader since before."""


# --- outside, at the reader ---
@dataclass(frozen=True, slots=True)
class Reading(Passage):
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class PutBack(Passage):
    """The document was lifted too early. The session waits for it; nobody starts over."""

    attempt: int = 1  # the reading that was cut short


@dataclass(frozen=True, slots=True)
class Deciding(Passage):
    document: Document
    taken: bool = False  # lifted already: it has been read, so it may be


@dataclass(frozen=True, slots=True)
class TakingDocument(Passage):
    """Admitted. The entry is permitted once the document is taken, so that it cannot be left behind."""

    document: Document
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class ReferredOutside(Passage):
    reasons: tuple[Reason, ...]
    on_reader: bool
    reminded: bool = False


# --- at the entry and inside ---
@dataclass(frozen=True, slots=True)
class Entering(Passage):
    document: Document
    people: int = 0


@dataclass(frozen=True, slots=True)
class Comparing(Passage):
    document: Document
    captures: int = 0  # tries that gave no face to judge
    comparisons: int = 0  # tries that gave another's face
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Recording(Passage):
    document: Document
    face: FaceCompared


@dataclass(frozen=True, slots=True)
class Leaving(Passage):
    """Granted, on disk, and the exit is permitted."""

    document: Document
    reminded: bool = False


@dataclass(frozen=True, slots=True)
class Clearing(Passage):
    """The traveller has left. The exit must be shut and the mantrap empty before the next one."""

    reminded: bool = False


@dataclass(frozen=True, slots=True)
class SteppingBack(Passage):
    """The crossing is given up without penalty. The entry must be shut and the mantrap empty before the next one."""


@dataclass(frozen=True, slots=True)
class ReferredInside(Passage):
    """The exit stays shut, an officer is called, the way back out opens from inside.

    ``grant`` is the cause with which a grant that may stand on the disk will be closed, unless the exit was passed
    after all: a revocation and a traveller's last step can cross on the wire.
    """

    reasons: tuple[Reason, ...]
    grant: str = ""


# --- everybody out ---
@dataclass(frozen=True, slots=True)
class Evacuating(Passage):
    pass


Idle = Closed | Ready | NextPlaced
Outside = Reading | PutBack | Deciding | TakingDocument
Inside = Entering | Comparing | Recording | Leaving
State = Idle | Outside | ReferredOutside | Inside | Clearing | SteppingBack | ReferredInside | Evacuating
STATES: Final[tuple[type[State], ...]] = (
    Closed,
    Ready,
    NextPlaced,
    Reading,
    PutBack,
    Deciding,
    TakingDocument,
    ReferredOutside,
    Entering,
    Comparing,
    Recording,
    Leaving,
    Clearing,
    SteppingBack,
    ReferredInside,
    Evacuating,
)

# A limit on everything. It runs from entering the state, and again after a reminder.
LIMIT_S: Final[dict[type[State], float]] = {
    NextPlaced: 0.2,  # long enough for the display to say that it is the next one's turn
    Reading: 15.0,
    PutBack: 15.0,
    Deciding: 5.0,
    TakingDocument: 10.0,  # then a reminder and an alarm, then an officer
    ReferredOutside: 15.0,
    Entering: 20.0,
    Comparing: 30.0,  # all tries together
    Recording: 5.0,
    Leaving: 15.0,  # then a reminder and an officer, then the exit is revoked
    Clearing: 10.0,
    SteppingBack: 10.0,
    ReferredInside: 30.0,  # then the officer is called and the way out ordered again
}

# ... or a reason why not.
UNLIMITED: Final[dict[type[State], str]] = {
    Closed: "until every cause has gone",
    Ready: "until a traveller comes",
    Evacuating: "until the fire input is released: no clock shuts a door on people who flee",
}

# What a machine does takes as long in a simulation that runs people and doors faster, so these limits are not scaled.
MACHINE_PACED: Final = frozenset({Reading, Deciding, Comparing, Recording})


def begins_visit(before: State, after: State) -> bool:
    """Does a new visit begin with this step? Work begun in an earlier one can no longer report.

    >>> begins_visit(Ready(), Reading()), begins_visit(PutBack(), Reading(2)), begins_visit(Clearing(), Ready())
    (True, False, False)
    """
    return isinstance(before, Idle) and not isinstance(after, Idle)
