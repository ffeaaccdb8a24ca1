"""How is a verdict told to a person, and to whoever started us? One line a check, and an exit code. (contract, 11.1)"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from icao.checks import Check, Result

GENUINE, FORGED, UNUSABLE, UNDECIDED = 0, 1, 2, 3  # exit codes
EXIT_CODES: Final = (
    "Exit codes: 0 successful, 1 failed, 2 usage or unreadable input, 3 undetermined, aborted or not supported."
)


def exit_code(result: "Result") -> int:
    return {"successful": GENUINE, "failed": FORGED}.get(result.value, UNDECIDED)


def as_lines(checks: Iterable["Check"]) -> Iterator[str]:
    """Each check with its result and its sentence; what does not count for the whole says so."""
    from icao.checks import Mode, overall
    from icao.lds.texts import shown

    checks = tuple(checks)
    for check in checks:
        result = check.result.value.replace("_", " ")
        result = result if check.result.value == "successful" else result.upper()
        aside = "" if check.mode is Mode.MANDATORY else f" ({check.mode.value})"
        yield f"{check.id:18} {result:14} {shown(check.detail)}{aside}".rstrip()
    yield f"{'result':18} {overall(checks).value.replace('_', ' ').upper()}"
