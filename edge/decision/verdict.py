"""What can a decision be? Granted, or referred with reasons; there is no way to say that somebody is refused."""

from dataclasses import dataclass
from enum import StrEnum

from edge.gate.events import Reason


class Outcome(StrEnum):
    """Two, and not three: a refusal is an act of officers."""

    GRANT = "grant"
    REFER = "refer"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that speaks against going on without an officer, and the reason it gives."""

    rule: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class ListAsked:
    name: str
    version: str
    age_s: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """No finding is a grant; one is enough for a referral. So the outcome cannot contradict its reasons."""

    findings: tuple[Finding, ...]
    rules_version: str
    lists: tuple[ListAsked, ...]

    @property
    def outcome(self) -> Outcome:
        return Outcome.REFER if self.findings else Outcome.GRANT

    @property
    def admit(self) -> bool:
        return self.outcome is Outcome.GRANT

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Each reason once, in the order of the rules."""
        return tuple(dict.fromkeys(finding.reason for finding in self.findings))

    @property
    def fired(self) -> tuple[str, ...]:
        """The ids of the rules that spoke; ``Rules.sentences`` has a sentence to an officer for each."""
        return tuple(dict.fromkeys(finding.rule for finding in self.findings))
