"""What does the traveller see in each state? Pictures and words for these names are the pages' business."""

from typing import assert_never

from edge.gate.states import (
    Clearing,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
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


def screen(state: State) -> tuple[str, str]:
    """The screen (docs/contract.md, 5) and a hint, or "". Every referral looks the same, whatever its reasons.

    >>> screen(Closed(frozenset({"reader-lost"}))), screen(Ready())
    (('closed', ''), ('ready', ''))
    """
    match state:
        case Closed():
            return "closed", ""
        case Ready() | NextPlaced():
            return "ready", ""
        case Reading():
            return "reading", ""
        case PutBack():
            return "put-back", ""
        case Deciding():
            return "checking", ""
        case TakingDocument(reminded=reminded):
            return "take-document", "document-left" if reminded else ""
        case Entering():
            return "enter", ""
        case Comparing(hint=hint):
            return "look", hint
        case Recording():
            return "checking", ""
        case Leaving(reminded=reminded):
            return "go", "walk-on" if reminded else ""
        case Clearing():
            return "go", ""
        case SteppingBack():
            return "step-back", ""
        case ReferredOutside(on_reader=on_reader):
            return "officer", "take-document" if on_reader else ""
        case ReferredInside():
            return "officer", ""
        case Evacuating():
            return "evacuate", ""
        case _:
            assert_never(state)
