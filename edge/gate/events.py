"""What can happen at a lane. Events are past; whoever reports one says only what it saw."""

from dataclasses import dataclass
from enum import StrEnum

from edge.inspection.document import Document


class Reason(StrEnum):
    """Why a traveller is sent to an officer (docs/contract.md, 2)."""

    DOCUMENT_UNREADABLE = "document-unreadable"
    DOCUMENT_REMOVED = "document-removed"
    DOCUMENT_EXPIRED = "document-expired"
    DOCUMENT_NOT_YET_VALID = "document-not-yet-valid"
    DOCUMENT_LEFT = "document-left"
    CHIP_UNREADABLE = "chip-unreadable"
    CHIP_ACCESS_DENIED = "chip-access-denied"
    CHIP_ALTERED = "chip-altered"
    CHIP_CLONED = "chip-cloned"
    SIGNATURE_INVALID = "signature-invalid"
    ISSUER_UNKNOWN = "issuer-unknown"
    SIGNER_EXPIRED = "signer-expired"
    SIGNER_REVOKED = "signer-revoked"
    SIGNER_DEVIATES = "signer-deviates"
    MRZ_MISMATCH = "mrz-mismatch"
    DOCUMENT_TYPE_NOT_ACCEPTED = "document-type-not-accepted"
    DOCUMENT_LISTED = "document-listed"
    PERSON_LISTED = "person-listed"
    UNDER_AGE = "under-age"
    NATIONALITY_NOT_ACCEPTED = "nationality-not-accepted"
    LISTS_STALE = "lists-stale"
    RULES_INVALID = "rules-invalid"
    FACE_NO_MATCH = "face-no-match"
    FACE_NOT_CAPTURED = "face-not-captured"
    FACE_ABORTED = "face-aborted"
    NOT_ALONE = "not-alone"
    NOBODY_ENTERED = "nobody-entered"
    TOO_SLOW = "too-slow"
    LINGERED = "lingered"
    RECORD_FAILED = "record-failed"
    CONTROLLER_LOST = "controller-lost"
    CONTROLLER_FAULT = "controller-fault"
    DEVICE_FAULT = "device-fault"
    OFFICER_CALLED = "officer-called"


# --- from the page reader and the chip ---
@dataclass(frozen=True, slots=True)
class DocumentPlaced:
    """A document lies on the reader; its MRZ follows in ReadDocument's work."""


@dataclass(frozen=True, slots=True)
class DocumentRemoved:
    pass


@dataclass(frozen=True, slots=True)
class DocumentRead:
    """The inspection ended. Without a document the reasons say why; a lifted document reports DocumentRemoved first."""

    document: Document | None
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Decided:
    admit: bool
    reasons: tuple[Reason, ...] = ()


# --- from the barrier controller's sensors ---
@dataclass(frozen=True, slots=True)
class PeopleCounted:
    """The beams counted: so many people stand in the mantrap now."""

    people: int


@dataclass(frozen=True, slots=True)
class EntryShut:
    """The entry door is closed and locked, with so many people inside; ``occupied`` is the mat's own opinion."""

    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class ExitPassed:
    """One person left through the exit."""


@dataclass(frozen=True, slots=True)
class ExitShut:
    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class BarrierLost:
    """No valid word from the controller within its lease: it is making the lane safe alone."""


@dataclass(frozen=True, slots=True)
class BarrierReady:
    """The controller answers, both doors are shut; ``people`` and ``occupied`` say who is inside."""

    people: int
    occupied: bool


@dataclass(frozen=True, slots=True)
class BarrierFault:
    code: str


@dataclass(frozen=True, slots=True)
class EvacuationBegan:
    pass


@dataclass(frozen=True, slots=True)
class EvacuationEnded:
    pass


# --- from the face, the record, officers and time ---
class Face(StrEnum):
    MATCH = "match"
    NO_MATCH = "no-match"
    NOT_CAPTURED = "not-captured"  # nobody, too dark, blurred, several people: the traveller may try again
    ABORTED = "aborted"  # camera or matcher failed: evidence in neither direction


@dataclass(frozen=True, slots=True)
class FaceCompared:
    outcome: Face
    hint: str = ""  # kebab-case: nobody, several, too-dark, blurred, too-far, look-straight
    score: float | None = None
    threshold: float | None = None
    matcher: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The granted event is on the disk, synced."""


@dataclass(frozen=True, slots=True)
class RecordFailed:
    pass


@dataclass(frozen=True, slots=True)
class OfficerHeld:
    """An officer closes the lane: whoever is in passage finishes as a referral."""


@dataclass(frozen=True, slots=True)
class OfficerReopened:
    pass


@dataclass(frozen=True, slots=True)
class DeviceLost:
    """A device the lane cannot work without is gone: reader, chip-reader, camera, disk."""

    device: str


@dataclass(frozen=True, slots=True)
class DeviceBack:
    device: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The state outlived its limit."""


Event = (
    DocumentPlaced
    | DocumentRemoved
    | DocumentRead
    | Decided
    | PeopleCounted
    | EntryShut
    | ExitPassed
    | ExitShut
    | BarrierLost
    | BarrierReady
    | BarrierFault
    | EvacuationBegan
    | EvacuationEnded
    | FaceCompared
    | Recorded
    | RecordFailed
    | OfficerHeld
    | OfficerReopened
    | DeviceLost
    | DeviceBack
    | TimedOut
)
