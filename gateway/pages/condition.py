"""How is a lane, in one word? Unknown, stale, offline and fault are four different things."""

from enum import StrEnum

from gateway.views import LaneView

STALE_AFTER_S = 10.0  # five status messages
OFFLINE_AFTER_S = 60.0
CONTROLLER_SILENT_S = 5.0  # its lease is far shorter: by then the barrier has made the lane safe alone


class Condition(StrEnum):
    UNKNOWN = "unknown"  # enrolled, never heard since the gateway started
    OFFLINE = "offline"  # silent for a minute: what it does now nobody here knows; it works on alone
    STALE = "stale"  # silent for ten seconds: what is shown may be old
    FAULT = "fault"  # it speaks, and says that something is broken
    EVACUATION = "evacuation"
    CALLING = "calling"  # a traveller waits for an officer
    CLOSED = "closed"
    WORKING = "working"  # a traveller is in passage
    READY = "ready"


ICONS: dict[Condition, str] = {
    Condition.UNKNOWN: "?",
    Condition.OFFLINE: "\u2013",
    Condition.STALE: "\u2026",
    Condition.FAULT: "\u2717",
    Condition.EVACUATION: "\u21d7",
    Condition.CALLING: "!",
    Condition.CLOSED: "\u2715",
    Condition.WORKING: "\u203a",
    Condition.READY: "\u2713",
}
SCREENS: dict[str, str] = {
    "closed": "Closed",
    "ready": "Ready",
    "reading": "Reading a document",
    "put-back": "Document lifted too early",
    "checking": "Checking a document",
    "take-document": "Traveller takes the document",
    "enter": "Traveller comes in",
    "look": "Comparing the face",
    "go": "Traveller goes through",
    "officer": "Officer needed",
    "evacuate": "Evacuation",
    "step-back": "Traveller steps back",
}
SILENT: dict[Condition, str] = {
    Condition.UNKNOWN: "Never heard",
    Condition.OFFLINE: "Offline",
    Condition.STALE: "Silent",
    Condition.FAULT: "Fault",
}


def condition(lane: LaneView) -> Condition:
    """The most urgent thing that is known to be true. An old word is never shown as a present one."""
    if lane.last_seen_s is None:
        return Condition.UNKNOWN
    if lane.last_seen_s > OFFLINE_AFTER_S:
        return Condition.OFFLINE
    if lane.last_seen_s > STALE_AFTER_S:
        return Condition.STALE
    if lane.screen == "evacuate":
        return Condition.EVACUATION
    if lane.state == "fault" or (lane.link_age_s is not None and lane.link_age_s > CONTROLLER_SILENT_S):
        return Condition.FAULT
    match lane.screen:
        case "officer":
            return Condition.CALLING
        case "closed":
            return Condition.CLOSED
        case "ready":
            return Condition.READY
        case _:
            return Condition.WORKING


def word(lane: LaneView, now: Condition) -> str:
    """What stands large on the card. A screen that this gateway does not know yet is shown in its own letters."""
    return SILENT.get(now) or SCREENS.get(lane.screen) or (lane.screen or lane.state).replace("-", " ").capitalize()
