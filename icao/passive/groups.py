"""Is each data group the one that was signed, and are all there? (Doc 9303-10, 4.6.2.3; Doc 9303-11, 5.1)"""

import hmac
from collections.abc import Collection
from typing import Final

from icao.checks import Check, Result
from icao.lds.sod import Sod
from icao.pki.algorithms import digest_of
from icao.pki.keys import NotSupported, Weak

# Fingers and eyes stay shut before terminal authentication: nobody can say whether they are there.
SHUT: Final = frozenset({3, 4})


def group_hash(sod: Sod, number: int, content: bytes) -> Check:
    id = f"pa.dg_hash.{number}"
    signed = sod.hashes.get(number)
    if signed is None:
        # A data group the SOD does not know was put there by somebody (A07).
        return _failed(id, f"DG{number} is on the chip, but nobody signed it.", "group-unsigned")
    try:
        agrees = hmac.compare_digest(digest_of(sod.hash_algorithm, content), signed)
    except Weak as error:
        return _failed(id, str(error), "weak-algorithm")
    except NotSupported as error:
        return Check(id, Result.NOT_SUPPORTED, detail=str(error), code=error.code)
    if not agrees:
        return _failed(id, f"DG{number} was altered after it was signed.", "group-altered")
    return Check(id, Result.SUCCESSFUL, detail=f"DG{number} is as it was signed.")


def group_list(sod: Sod, present: Collection[int], absent: Collection[int], *, told: bool) -> tuple[Check, ...]:
    """EF.SOD says what belongs on the chip; EF.COM is signed by nobody and only says what else may be there."""
    id = "lds.dg_list"
    if not told:
        return ()
    # Whoever takes DG14 or DG15 away takes the proof away that the chip is no copy (A02).
    if missing := sorted(set(sod.hashes) & set(absent) - SHUT):
        return (_failed(id, f"{_named(missing)} was signed, but is not there.", "group-missing"),)
    if unsigned := sorted(set(present) - set(sod.hashes)):
        return (_failed(id, f"{_named(unsigned)} is on the chip, but nobody signed it.", "group-unsigned"),)
    unsought = sorted(set(sod.hashes) - set(present) - set(absent) - SHUT)
    return (Check(id, Result.SUCCESSFUL, detail=f"{_named(unsought)} was signed and not looked for." * bool(unsought)),)


def _named(numbers: Collection[int]) -> str:
    return ", ".join(f"DG{number}" for number in numbers)


def _failed(id: str, detail: str, code: str) -> Check:
    return Check(id, Result.FAILED, detail=detail, code=code)
