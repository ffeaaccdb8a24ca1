"""What does a check that did not succeed mean for the traveller? A reason to call an officer, always."""

from collections.abc import Iterable
from typing import Final

from edge.gate.events import Reason
from icao.checks import Check, Mode, Result, overall
from icao.chip import downgrade

# Without each of these nothing is proved: the chip was opened, its state signed it, and the page says the same.
REQUIRED: Final = frozenset(
    {
        "access",
        "pa.message_digest",
        "pa.sod_signature",
        "pa.dg_hash.1",
        "pa.dg_hash.2",
        "pa.chain",
        "pa.ds_validity",
        "pa.csca_validity",
        "pa.country",
        "lds.dg_list",
        "mrz.match",
    }
)


def never_made(checks: Iterable[Check]) -> frozenset[str]:
    """The required checks that are not among these: one that was left out has not been successful.

    >>> sorted(never_made(Check(id, Result.FAILED) for id in REQUIRED - {"pa.chain"}))
    ['pa.chain']
    """
    return REQUIRED - {check.id for check in checks if check.mode is Mode.MANDATORY}


def reasons_for(checks: Iterable[Check]) -> tuple[Reason, ...]:
    """Each mandatory check that is not successful gives its reason, in the order of the checks, once.

    >>> reasons_for([Check("pa.chain", Result.UNDETERMINED), Check("pa.dg_hash.2", Result.FAILED)])
    (<Reason.ISSUER_UNKNOWN: 'issuer-unknown'>, <Reason.CHIP_ALTERED: 'chip-altered'>)
    """
    checks = tuple(checks)
    bad = [check for check in checks if check.mode is Mode.MANDATORY and check.result is not Result.SUCCESSFUL]
    found = dict.fromkeys(reason_for(check) for check in bad)
    if not found and overall(checks) is not Result.SUCCESSFUL:
        return (Reason.CHIP_UNREADABLE,)  # no mandatory check at all: nothing was proved
    return tuple(found)


def reason_for(check: Check) -> Reason:
    """The one reason of a check that did not succeed. An unknown check is not a pass, either."""
    if check.result is Result.ABORTED:
        return Reason.CHIP_UNREADABLE  # evidence in neither direction
    failed = check.result is Result.FAILED
    match check.id.split("."):
        case ["access", *_]:
            # Whoever hides PACE from us (A03) has written to the chip; a chip that does not open has another page.
            return Reason.CHIP_ALTERED if check.code == downgrade.STRIPPED else Reason.CHIP_ACCESS_DENIED
        case ["aa" | "ca" | "cam", *_]:
            return _of_proof(check)
        case ["mrz", "printed"]:
            return Reason.DOCUMENT_UNREADABLE
        case ["mrz", *_]:
            return Reason.MRZ_MISMATCH
        case ["lds", "dg_list"]:
            return Reason.CHIP_ALTERED if failed else Reason.CHIP_UNREADABLE
        case ["pa", *which]:
            return _of_passive(which[0] if which else "", failed=failed)
        case _:
            return Reason.CHIP_UNREADABLE


def _of_proof(check: Check) -> Reason:
    """A copy (A01), a chip whose proof somebody took away (A02), or a key that nobody known has signed."""
    if check.result is Result.FAILED:
        return Reason.CHIP_ALTERED if check.code.endswith("-stripped") else Reason.CHIP_CLONED
    return Reason.ISSUER_UNKNOWN if check.code.endswith("-not-bound") else Reason.CHIP_UNREADABLE


def _of_passive(which: str, *, failed: bool) -> Reason:
    match which:
        case "dg_hash":
            return Reason.CHIP_ALTERED
        case "chain" | "country":
            # Whoever borrows a known state's name without its key has forged; whom nobody knows is unknown.
            return Reason.SIGNATURE_INVALID if failed else Reason.ISSUER_UNKNOWN
        case "ds_validity" | "csca_validity":
            return Reason.SIGNER_EXPIRED if failed else Reason.ISSUER_UNKNOWN
        case "crl":
            return Reason.SIGNER_REVOKED if failed else Reason.LISTS_STALE
        case "deviation":
            return Reason.SIGNER_DEVIATES if failed else Reason.LISTS_STALE
        case _:
            return Reason.SIGNATURE_INVALID
