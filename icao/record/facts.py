"""What was done to a document, with what, and what came of it? All that an inspection record can be made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from icao.checks import Check
from icao.mrz.repairs import Repair
from icao.mrz.zone import Mrz
from icao.pki.certificates import Certificate


@dataclass(frozen=True, slots=True)
class System:
    """The inspection system. Nothing of this is about a traveller."""

    application: str
    version: str = ""
    post: str = ""
    lane: str = ""
    reader: str = ""


@dataclass(frozen=True, slots=True)
class TrustSource:
    """A list that was believed: a master list, a revocation list, a folder. ``issued`` is an ISO date, or empty."""

    name: str
    issued: str = ""
    entries: int | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Inspected:
    """One document, once inspected. ``began`` is aware; ``files`` are the chip's by name (SOD, DG1, ...)."""

    transaction: str
    began: datetime
    duration_ms: float
    system: System
    checks: Sequence[Check]
    printed: Mrz | None = None
    repairs: Sequence[Repair] = ()
    chip_zone: Mrz | None = None
    protocol: str = ""  # how the chip was opened
    commands: int | None = None
    wire_bytes: int | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    signer: Certificate | None = None
    trusted: Sequence[TrustSource] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def __repr__(self) -> str:  # No name, number or portrait in a log.
        return f"Inspected({self.transaction})"
