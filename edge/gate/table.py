"""What does the gate do in every state on every event? The whole product, as the machine itself answers it."""

from dataclasses import dataclass
from typing import Final

from edge.gate.effects import Effect, Ignored
from edge.gate.events import (
    BarrierFault,
    BarrierLost,
    BarrierReady,
    Decided,
    DeviceBack,
    DeviceLost,
    DocumentPlaced,
    DocumentRead,
    DocumentRemoved,
    EntryShut,
    EvacuationBegan,
    EvacuationEnded,
    Event,
    ExitPassed,
    ExitShut,
    Face,
    FaceCompared,
    OfficerHeld,
    OfficerReopened,
    PeopleCounted,
    Reason,
    Recorded,
    RecordFailed,
    TimedOut,
)
from edge.gate.screens import screen
from edge.gate.states import (
    LIMIT_S,
    MACHINE_PACED,
    MAX_READINGS,
    STATES,
    UNLIMITED,
    Clearing,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
    Later,
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
from edge.gate.step import step
from edge.inspection.document import Document
from icao.mrz.zone import Mrz

SPECIMEN: Final = Document(
    Mrz("TD3", "P", "UTO", "L898902C3", "ERIKSSON", "ANNA MARIA", False, "UTO", "1974-08-12", "F", "2036-04-15", "", "",
        {}, (), ()),
    b"", (),
)  # fmt: skip
MATCH: Final = FaceCompared(Face.MATCH)
NO_MATCH: Final = (Reason.FACE_NO_MATCH,)

# One of every kind that the machine tells apart, in the order of a journey.
STATE_INSTANCES: Final[dict[str, State]] = {
    "Closed (starting)": Closed(frozenset({"starting"})),
    "Closed (controller lost)": Closed(frozenset({"controller-lost"})),
    "Closed (reader lost)": Closed(frozenset({"reader-lost"})),
    "Closed (officer)": Closed(frozenset({"officer"})),
    "Closed (evacuation)": Closed(frozenset({"evacuation"})),
    "Ready": Ready(),
    "NextPlaced": NextPlaced(),
    "Reading": Reading(),
    "Reading (last attempt)": Reading(MAX_READINGS),
    "PutBack": PutBack(),
    "Deciding": Deciding(SPECIMEN),
    "Deciding (document taken)": Deciding(SPECIMEN, taken=True),
    "TakingDocument": TakingDocument(SPECIMEN),
    "TakingDocument (reminded)": TakingDocument(SPECIMEN, reminded=True),
    "ReferredOutside": ReferredOutside(NO_MATCH, on_reader=False),
    "ReferredOutside (document on reader)": ReferredOutside(NO_MATCH, on_reader=True),
    "ReferredOutside (reminded)": ReferredOutside(NO_MATCH, on_reader=True, reminded=True),
    "Entering": Entering(SPECIMEN),
    "Entering (one counted)": Entering(SPECIMEN, people=1),
    "Comparing": Comparing(SPECIMEN),
    "Comparing (last try)": Comparing(SPECIMEN, captures=2, comparisons=1),
    "Recording": Recording(SPECIMEN, MATCH),
    "Leaving": Leaving(SPECIMEN),
    "Leaving (reminded)": Leaving(SPECIMEN, reminded=True),
    "Clearing": Clearing(),
    "Clearing (reminded)": Clearing(reminded=True),
    "SteppingBack": SteppingBack(),
    "SteppingBack (lane closes then)": SteppingBack(later=Later(frozenset({"officer"}))),
    "SteppingBack (next document placed)": SteppingBack(later=Later(document=True)),
    "ReferredInside": ReferredInside(NO_MATCH),
    "ReferredInside (grant open)": ReferredInside((Reason.LINGERED,), grant="lingered"),
    "Evacuating": Evacuating(),
}
EVENT_INSTANCES: Final[dict[str, Event]] = {
    "DocumentPlaced": DocumentPlaced(),
    "DocumentRemoved": DocumentRemoved(),
    "DocumentRead (genuine)": DocumentRead(SPECIMEN),
    "DocumentRead (nothing)": DocumentRead(None),
    "DocumentRead (chip altered)": DocumentRead(SPECIMEN, (Reason.CHIP_ALTERED,)),
    "DocumentRead (lifted)": DocumentRead(None, (Reason.DOCUMENT_REMOVED,)),
    "Decided (admit)": Decided(admit=True),
    "Decided (admit, with a reason)": Decided(admit=True, reasons=(Reason.PERSON_LISTED,)),
    "Decided (refer)": Decided(admit=False, reasons=(Reason.UNDER_AGE,)),
    "Decided (refer, no reason)": Decided(admit=False),
    "PeopleCounted 0": PeopleCounted(0),
    "PeopleCounted 1": PeopleCounted(1),
    "PeopleCounted 2": PeopleCounted(2),
    "EntryShut 0, free": EntryShut(0, occupied=False),
    "EntryShut 0, occupied": EntryShut(0, occupied=True),
    "EntryShut 1, free": EntryShut(1, occupied=False),
    "EntryShut 1, occupied": EntryShut(1, occupied=True),
    "EntryShut 2, occupied": EntryShut(2, occupied=True),
    "FaceCompared (match)": MATCH,
    "FaceCompared (no match)": FaceCompared(Face.NO_MATCH),
    "FaceCompared (not captured)": FaceCompared(Face.NOT_CAPTURED, hint="nobody"),
    "FaceCompared (aborted)": FaceCompared(Face.ABORTED),
    "Recorded": Recorded(),
    "RecordFailed": RecordFailed(),
    "ExitPassed": ExitPassed(),
    "ExitShut 0, free": ExitShut(0, occupied=False),
    "ExitShut 0, occupied": ExitShut(0, occupied=True),
    "ExitShut 1, occupied": ExitShut(1, occupied=True),
    "BarrierLost": BarrierLost(),
    "BarrierReady 0, free": BarrierReady(0, occupied=False),
    "BarrierReady 0, occupied": BarrierReady(0, occupied=True),
    "BarrierReady 1, occupied": BarrierReady(1, occupied=True),
    "BarrierFault obstructed": BarrierFault("obstructed"),
    "BarrierFault tailgating": BarrierFault("tailgating"),
    "BarrierFault permission-refused": BarrierFault("permission-refused"),
    "BarrierFault door-forced": BarrierFault("door-forced"),
    "BarrierFault travel-exit": BarrierFault("travel-exit"),
    "EvacuationBegan": EvacuationBegan(),
    "EvacuationEnded": EvacuationEnded(),
    "OfficerHeld": OfficerHeld(),
    "OfficerReopened": OfficerReopened(),
    "DeviceLost reader": DeviceLost("reader"),
    "DeviceLost chip-reader": DeviceLost("chip-reader"),
    "DeviceLost camera": DeviceLost("camera"),
    "DeviceLost disk": DeviceLost("disk"),
    "DeviceBack reader": DeviceBack("reader"),
    "TimedOut": TimedOut(),
}


@dataclass(frozen=True, slots=True)
class Row:
    state: str
    event: str
    following: str
    orders: tuple[str, ...]

    @property
    def ignored(self) -> bool:
        return self.orders == (Ignored.__name__,)


def rows() -> list[Row]:
    """Every state with every event."""
    return [row(state, event) for state in STATE_INSTANCES for event in EVENT_INSTANCES]


def row(state: str, event: str) -> Row:
    following, effects = step(STATE_INSTANCES[state], EVENT_INSTANCES[event])
    return Row(state, event, condition(following), tuple(order(effect) for effect in effects))


def condition(state: State) -> str:
    """The state's name, and what it carries that is not personal."""
    match state:
        case Closed(causes):
            return f"Closed ({', '.join(sorted(causes))})"
        case ReferredInside(reasons) | ReferredOutside(reasons):
            return f"{type(state).__name__} ({', '.join(reasons)})"
        case _:
            return type(state).__name__


def order(effect: Effect) -> str:
    match effect:
        case _ if hasattr(effect, "code"):
            return f"{type(effect).__name__} {effect.code}"
        case _ if hasattr(effect, "cause"):
            return f"{type(effect).__name__} {effect.cause}"
        case _:
            return type(effect).__name__


def markdown() -> str:
    """docs/gate.md."""
    return HEAD + limits() + "".join(section(name) for name in STATE_INSTANCES)


HEAD: Final = """# The gate, as it is

Written by `borderpost gate table`, from the machine itself: what `edge/gate/step.py` answers in every state to every
event. Events that are not in a state's table change nothing there; they are logged as ignored. The exit is permitted
in one place only, Recording on Recorded; the entry only when the document has been taken.

"""


def limits() -> str:
    lines = ["## States and their limits", "", "| state | screen | limit |", "|---|---|---|"]
    screens = {type(state): screen(state)[0] for state in STATE_INSTANCES.values()}
    lines += [f"| {kind.__name__} | {screens[kind]} | {limit(kind)} |" for kind in STATES]
    return "\n".join(lines) + "\n"


def limit(kind: type[State]) -> str:
    if kind in UNLIMITED:
        return f"none: {UNLIMITED[kind]}"
    return f"{LIMIT_S[kind]:g} s{', not scaled in a simulation' if kind in MACHINE_PACED else ''}"


def section(name: str) -> str:
    """Events with the same answer share a line."""
    answers: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for event in EVENT_INSTANCES:
        each = row(name, event)
        if not each.ignored:
            answers.setdefault((each.following, each.orders), []).append(event)
    lines = [f"\n## {name}", "", "| event | then | orders |", "|---|---|---|"]
    for (following, orders), events in answers.items():
        lines.append(f"| {'; '.join(events)} | {following} | {', '.join(orders) or '-'} |")
    return "\n".join(lines) + "\n"
