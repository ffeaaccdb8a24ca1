"""What a check may answer, and what a set of checks answers together (BSI TR-03135-1)."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
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


def timed(checks: Iterable[Check], clock_s: Callable[[], float] | None) -> Iterator[Check]:
    """Each check with the time that passed until it was made; without a clock as they are.

    >>> [check.duration_ms for check in timed([Check("pa.parse", Result.SUCCESSFUL)], iter((1.0, 1.5)).__next__)]
    [500.0]
    """
    if clock_s is None:
        yield from checks
        return
    began_s = clock_s()
    for check in checks:
        now_s = clock_s()
        yield replace(check, duration_ms=(now_s - began_s) * 1000)
        began_s = now_s


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
