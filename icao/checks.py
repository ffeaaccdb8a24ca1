"""What a check may answer, and what a set of checks answers together (BSI TR-03135-1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Result(StrEnum):
    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_SUPPORTED = "not_supported"
    ABORTED = "aborted"


class Mode(StrEnum):
    MANDATORY = "mandatory"
    OPTIONAL = "optional"
    EVALUATORY = "evaluatory"


# The worst answer of a mandatory check is the answer of the whole.
SEVERITY = (Result.FAILED, Result.ABORTED, Result.UNDETERMINED, Result.NOT_SUPPORTED, Result.SUCCESSFUL)


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its answer. ``detail`` is a sentence for an officer and never holds personal data."""

    id: str
    result: Result
    mode: Mode = Mode.MANDATORY
    detail: str = ""
    duration_ms: float | None = None


def overall(checks: Iterable[Check]) -> Result:
    """The worst result among the mandatory checks; no mandatory check at all proves nothing.

    >>> overall([Check("pa.chain", Result.SUCCESSFUL), Check("pa.crl", Result.UNDETERMINED, Mode.EVALUATORY)])
    <Result.SUCCESSFUL: 'successful'>
    >>> overall([])
    <Result.UNDETERMINED: 'undetermined'>
    """
    results = {check.result for check in checks if check.mode is Mode.MANDATORY}
    return next((result for result in SEVERITY if result in results), Result.UNDETERMINED)
