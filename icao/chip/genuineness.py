"""When does a chip's proof count? When the state has signed the key that it proved, and not before. (Doc 9303-11, 6)

A copied chip with a key pair of its own passes every proof: what it cannot do is have its public key signed. So a proof
counts only together with passive authentication of the file that holds the key (DG15, DG14, EF.CardSecurity). And what
the state has signed must be there: whoever strips DG14 or DG15 hopes that nobody asks.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from icao.checks import SEVERITY, Check, Result, overall
from icao.chip import chip_authentication, pace_choice
from icao.lds.files import EF_DG14, EF_DG15, EF_SOD, ElementaryFile
from icao.lds.security_infos import parse_dg14
from icao.lds.sod import parse_sod
from icao.tlv import Garbled

# Which file holds the key that each proves; chip mapping's stands in EF.CardSecurity, which has checks of its own.
ACTIVE: Final = "aa"
CHIP: Final = "ca"
MAPPING: Final = "cam"

# What must be right before a signed file vouches for anything: the signature, what it is over, and who made it.
SIGNED: Final = ("pa.sod_signature", "pa.message_digest", "pa.chain")


def judge(
    files: Mapping[str, bytes], proofs: Sequence[Check], passive: Sequence[Check], of_mapping: Sequence[Check] = ()
) -> tuple[Check, ...]:
    """The proofs as far as they count, and those that are missing although the state announced them. Raises nothing.

    ``files`` are what the chip gave, ``passive`` the checks of EF.SOD, ``of_mapping`` those of EF.CardSecurity.
    """
    signed = _signed_groups(files)
    judged = []
    if EF_DG15.short_id in signed or _named(ACTIVE, proofs):
        judged.append(_announced(ACTIVE, EF_DG15, files, proofs, passive))
    if _announces_chip_authentication(signed, files) or _named(CHIP, proofs):
        judged.append(_announced(CHIP, EF_DG14, files, proofs, passive))
    if (mapping := _named(MAPPING, proofs)) is not None:
        judged.append(bound(mapping, of_mapping, None))
    elif _announces_mapping(signed, files):
        judged.append(_not_done(MAPPING))  # the chip fell from PACE, or hid what it offers
    return (*judged, *(proof for proof in proofs if proof.id not in (ACTIVE, CHIP, MAPPING)))


def bound(proof: Check, passive: Iterable[Check], group: int | None) -> Check:
    """A success as far as it counts; what failed has failed anyhow.

    ``group`` holds the key that was proved. None: it stands in EF.CardSecurity, and ``passive`` are that file's checks.
    """
    if proof.result is not Result.SUCCESSFUL or binds(passive, group):
        return proof
    detail = "The chip holds a private key, but passive authentication does not vouch that its state gave it that key."
    return replace(proof, result=Result.UNDETERMINED, detail=detail, code=f"{proof.id}-not-bound")  # A01


def binds(passive: Iterable[Check], group: int | None) -> bool:
    """Whether passive authentication vouches for this group; None: for the signed file as a whole.

    The checks of EF.SOD stand in the verdict, and each counts there. Those of another file stand nowhere else, so here
    one that is not successful is enough: a signer that was revoked, or is another state's, gives no chip its key.
    """
    passive = tuple(passive)
    good = {check.id for check in passive if check.result is Result.SUCCESSFUL}
    if group is None:
        return good.issuperset(SIGNED) and overall(passive) is Result.SUCCESSFUL
    return good.issuperset((*SIGNED, f"pa.dg_hash.{group}"))


def _announced(
    id: str, holder: ElementaryFile, files: Mapping[str, bytes], proofs: Iterable[Check], passive: Iterable[Check]
) -> Check:
    """The proof, or why there is none."""
    proof = _named(id, proofs)
    if proof is not None:
        return bound(proof, passive, holder.short_id)
    if holder.name not in files:  # A02
        detail = f"The state has signed {holder.name}, and the chip does not give it: its proof was taken away."
        return Check(id, Result.FAILED, detail=detail, code=f"{id}-stripped")
    return _not_done(id)


def _not_done(id: str) -> Check:
    return Check(id, Result.UNDETERMINED, detail="The chip was not asked for its proof.", code=f"{id}-not-done")


def _signed_groups(files: Mapping[str, bytes]) -> Collection[int]:
    """Of an EF.SOD that cannot be read passive authentication says enough."""
    try:
        return parse_sod(files[EF_SOD.name]).hashes if EF_SOD.name in files else ()
    except Garbled:
        return ()


def _announces_chip_authentication(signed: Collection[int], files: Mapping[str, bytes]) -> bool:
    """DG14 may announce PACE alone. One that is missing or unreadable may have announced anything."""
    if EF_DG14.short_id not in signed:
        return False
    try:
        return EF_DG14.name not in files or chip_authentication.choose(parse_dg14(files[EF_DG14.name])) is not None
    except Garbled:
        return True


def _announces_mapping(signed: Collection[int], files: Mapping[str, bytes]) -> bool:
    """A DG14 that is missing or unreadable is missed as a proof of its own."""
    if EF_DG14.short_id not in signed or EF_DG14.name not in files:
        return False
    try:
        best = pace_choice.choose(parse_dg14(files[EF_DG14.name]))
    except Garbled:
        return False
    return best is not None and best.proves_chip


def _named(id: str, proofs: Iterable[Check]) -> Check | None:
    """Of a chip that was asked more than once, the worst answer."""
    found = [proof for proof in proofs if proof.id == id]
    return min(found, key=lambda proof: SEVERITY.index(proof.result), default=None)
