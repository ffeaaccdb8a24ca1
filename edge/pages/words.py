"""What does a reason mean, and what helps? For officers only: a traveller is never shown any of this."""

import re
from dataclasses import dataclass

from edge.gate.events import Reason


@dataclass(frozen=True, slots=True)
class Words:
    what: str
    cure: str


REASONS: dict[Reason, Words] = {
    Reason.DOCUMENT_UNREADABLE: Words("Document not readable", "Check the photo page by hand; wipe the glass."),
    Reason.DOCUMENT_REMOVED: Words("Document lifted too early", "Help the traveller to lay it down again."),
    Reason.DOCUMENT_EXPIRED: Words("Document expired", "Check the date; decide at the desk."),
    Reason.DOCUMENT_NOT_YET_VALID: Words("Document not valid yet", "Check the date of issue and the lane's clock."),
    Reason.DOCUMENT_LEFT: Words("Document left on the reader", "Take it from the reader and call its holder back."),
    Reason.CHIP_UNREADABLE: Words("Chip not readable", "Try once more without its cover; else check by hand."),
    Reason.CHIP_ACCESS_DENIED: Words("Chip refused access", "Compare the printed lines with the photo page."),
    Reason.CHIP_ALTERED: Words("Chip content altered", "Treat as a suspected forgery; examine the document."),
    Reason.CHIP_CLONED: Words("Chip is a copy", "Treat as a suspected forgery; keep the document."),
    Reason.SIGNATURE_INVALID: Words("Signature of the chip invalid", "Treat as a suspected forgery; examine it."),
    Reason.ISSUER_UNKNOWN: Words("Issuing state unknown", "Check by hand; ask for this state's certificate."),
    Reason.SIGNER_EXPIRED: Words("Signer's certificate expired", "Check by hand; report the document's issuer."),
    Reason.SIGNER_REVOKED: Words("Signer's certificate revoked", "Treat as a suspected forgery; examine it."),
    Reason.SIGNER_DEVIATES: Words("Known defect of this state's documents", "Check by hand; see the deviation list."),
    Reason.MRZ_MISMATCH: Words("Printed lines and chip differ", "Compare the photo page with the chip's data."),
    Reason.DOCUMENT_TYPE_NOT_ACCEPTED: Words("Kind of document not accepted here", "Send to the staffed desk."),
    Reason.DOCUMENT_LISTED: Words("Document stands on a list", "May be its true owner: verify before acting."),
    Reason.PERSON_LISTED: Words("Name and birth date stand on a list", "May be somebody else: verify identity first."),
    Reason.UNDER_AGE: Words("Under the gate's age limit", "Send to the staffed desk with the companion."),
    Reason.NATIONALITY_NOT_ACCEPTED: Words("Nationality not served by this gate", "Send to the staffed desk."),
    Reason.LISTS_STALE: Words("Lists too old", "Ask the lists at the desk; restore the link."),
    Reason.RULES_INVALID: Words("Rules of entry missing or broken", "Hold the lane; call a technician."),
    Reason.FACE_NO_MATCH: Words("Face does not match the document", "Compare the person with the photo yourself."),
    Reason.FACE_NOT_CAPTURED: Words("No usable picture of the face", "Ask to uncover the face; compare yourself."),
    Reason.FACE_ABORTED: Words("Face comparison failed technically", "No evidence either way: compare yourself."),
    Reason.NOT_ALONE: Words("More than one person inside", "Let both step back; a family goes to the desk."),
    Reason.NOBODY_ENTERED: Words("Nobody came in", "Ask whether the traveller needs help."),
    Reason.TOO_SLOW: Words("Took too long", "Ask whether the traveller needs help."),
    Reason.LINGERED: Words("Stayed inside", "Speak to the traveller; open from inside."),
    Reason.RECORD_FAILED: Words("Crossing could not be recorded", "Record by hand; hold the lane, check its disk."),
    Reason.CONTROLLER_LOST: Words("Barrier does not answer", "Lead the traveller out; call a technician."),
    Reason.CONTROLLER_FAULT: Words("Barrier reports a fault", "Look at the doors; call a technician."),
    Reason.DEVICE_FAULT: Words("A device of the lane failed", "Process by hand; call a technician."),
    Reason.OFFICER_CALLED: Words("Officer closed the lane or was called", "Go to the traveller."),
}

ALARMS: dict[str, str] = {
    "tailgating": "Two people behind one document",
    "document-left": "A document was left on the reader",
    "lingering": "Somebody stays inside",
    "door-forced": "A door was forced",
    "obstructed": "A door is obstructed",
    "evacuation": "Evacuation: both doors are open",
    "controller-lost": "The barrier does not answer",
    "controller-fault": "The barrier reports a fault",
    "reader-lost": "The page reader is gone",
    "chip-reader-lost": "The chip reader is gone",
    "camera-lost": "The camera is gone",
    "face-lost": "The face matcher is gone",
    "disk-full": "The disk is full",
    "outbox-full": "The outbox is full: restore the link",
    "outbox-broken": "The outbox cannot be read: call a technician",
    "ack-forged": "Somebody forged an acknowledgement of the region",
    "ack-unknown": "The region acknowledged what was never sent",
    "region-silent": "The region confirms nothing: events wait here",
    "link-forged": "Somebody forged words to the barrier",
    "lane-restarted": "The lane was restarted",
    "not-empty": "The lane is not empty",
    "service-lost": "The region took the lane out of service",
    "command-refused": "Somebody forged or repeated a command of the region",
    "list-refused": "A list came that is not the region's, or not whole",
    "list-stale": "The lists are too old: restore the link",
    "clock-unknown": "The clock is not to be believed: restore the link",
    "certificate-ending": "The lane's certificate ends soon: restore the link",
}

STATES: dict[str, str] = {
    "closed": "Closed",
    "held": "Held by an officer",
    "ready": "Ready for a traveller",
    "next-placed": "Ready; a document lies there",
    "reading": "Reading a document",
    "put-back": "Waits for the document again",
    "deciding": "Asking lists and rules",
    "taking-document": "Traveller takes the document",
    "referred-outside": "Traveller waits before the gate",
    "entering": "Traveller comes in",
    "comparing": "Comparing the face",
    "recording": "Recording the crossing",
    "leaving": "Traveller goes through",
    "clearing": "Making sure that nobody is inside",
    "stepping-back": "Traveller steps back",
    "referred-inside": "Traveller waits inside the gate",
    "evacuating": "Evacuation: both doors are open",
}
SHUT = frozenset({"closed", "held"})


def kebab(code: str) -> str:
    """
    >>> kebab("ReferredInside"), kebab("closed")
    ('referred-inside', 'closed')
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", code).lower()


def words_of(code: str, table: dict[str, str]) -> str:
    """The words for a code; a code that is newer than the table is still shown, in its own letters.

    >>> words_of("held", STATES), words_of("self-test", STATES)
    ('Held by an officer', 'Self test')
    """
    return table.get(kebab(code), kebab(code).replace("-", " ").capitalize())
