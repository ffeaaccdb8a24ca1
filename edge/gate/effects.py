"""What the gate orders. Effects are orders; ``edge.lane`` carries them out and reports back with the visit."""

from dataclasses import dataclass

from edge.gate.events import FaceCompared, Reason
from edge.inspection.document import Document


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """Read MRZ and chip of what lies on the reader; ends in DocumentRead."""


@dataclass(frozen=True, slots=True)
class StopReading:
    pass


@dataclass(frozen=True, slots=True)
class Decide:
    document: Document


@dataclass(frozen=True, slots=True)
class PermitEntry:
    """One person may come in. The controller opens when its interlock agrees."""


@dataclass(frozen=True, slots=True)
class RevokeEntry:
    pass


@dataclass(frozen=True, slots=True)
class CompareFace:
    document: Document


@dataclass(frozen=True, slots=True)
class StopComparing:
    pass


@dataclass(frozen=True, slots=True)
class RecordGranted:
    """Commit the granted event with FULL sync; ends in Recorded or RecordFailed."""

    document: Document
    face: FaceCompared


@dataclass(frozen=True, slots=True)
class PermitExit:
    """One person may leave. Only ``step`` on Recorded may order this."""


@dataclass(frozen=True, slots=True)
class RevokeExit:
    pass


@dataclass(frozen=True, slots=True)
class ReleaseInward:
    """Exit shut, and the entry opens from inside: nobody is held."""


@dataclass(frozen=True, slots=True)
class ResetBarrier:
    """An officer has looked: the controller forgets faults whose cause has gone, and ends an evacuation if no input
    holds it."""


@dataclass(frozen=True, slots=True)
class CallOfficer:
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class RecordReferred:
    where: str  # outside | inside
    reasons: tuple[Reason, ...]
    document: Document | None


@dataclass(frozen=True, slots=True)
class RecordLeft:
    pass


@dataclass(frozen=True, slots=True)
class RecordAbandoned:
    cause: str  # docs/contract.md, crossing.abandoned.v1


@dataclass(frozen=True, slots=True)
class RaiseAlarm:
    code: str  # docs/contract.md, ALARM


@dataclass(frozen=True, slots=True)
class Ignored:
    """Out of place, so nothing moved; but it is said, never swallowed."""

    state: str
    event: str


Effect = (
    ReadDocument
    | StopReading
    | Decide
    | PermitEntry
    | RevokeEntry
    | CompareFace
    | StopComparing
    | RecordGranted
    | PermitExit
    | RevokeExit
    | ReleaseInward
    | ResetBarrier
    | CallOfficer
    | RecordReferred
    | RecordLeft
    | RecordAbandoned
    | RaiseAlarm
    | Ignored
)
