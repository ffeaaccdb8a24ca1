"""What a check may answer, and what a set of checks answers together (BSI TR-03135-1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


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
    """One check and its answer. ``detail`` is a sentence for an officer and never holds personal data.

    ``code`` says in a kebab-case word why it did not succeed (docs/contract.md, 11); it is empty when it did.
    """

    id: str
    result: Result
    mode: Mode = Mode.MANDATORY
    detail: str = ""
    duration_ms: float | None = None
    code: str = ""


def overall(checks: Iterable[Check]) -> Result:
    """The worst result among the mandatory checks; no mandatory check at all proves nothing.

    >>> overall([Check("pa.chain", Result.SUCCESSFUL), Check("pa.crl", Result.UNDETERMINED, Mode.EVALUATORY)])
    <Result.SUCCESSFUL: 'successful'>
    >>> overall([])
    <Result.UNDETERMINED: 'undetermined'>
    """
    results = {check.result for check in checks if check.mode is Mode.MANDATORY}
    return next((result for result in SEVERITY if result in results), Result.UNDETERMINED)


def verdict_form(checks: Iterable[Check]) -> dict[str, Any]:  # Any: JSON
    """The verdict as every ``borderpost document`` verb gives it: ``result`` and ``checks`` (docs/contract.md, 11).

    >>> verdict_form([Check("pa.chain", Result.UNDETERMINED, code="issuer-unknown")])["checks"][0]["code"]
    'issuer-unknown'
    """
    checks = tuple(checks)
    return {
        "result": overall(checks).value,
        "checks": [
            {
                "id": check.id,
                "result": check.result.value,
                "mode": check.mode.value,
                "detail": check.detail,
                "code": check.code,
                "duration_ms": None if check.duration_ms is None else round(check.duration_ms, 3),
            }
            for check in checks
        ],
    }
