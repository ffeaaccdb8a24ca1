"""Was the chip opened by the best that its state gave it? (Attack A03; Doc 9303-11, 9.2.11)

EF.CardAccess is signed by nobody: whoever empties it, or shortens its list, makes a reader open the chip by something
weaker. DG14 repeats what PACE offers, under its state's signature, so the two are compared once DG14 is believed.
"""

from collections.abc import Collection, Iterable
from dataclasses import replace

from icao.checks import Check, Result
from icao.chip import pace_choice
from icao.chip.access import BAC, offered
from icao.lds.security_infos import PaceInfo, SecurityInfo, parse_dg14
from icao.tlv import Garbled

STRIPPED = "pace-stripped"


def judge(access: Check, protocol: str, card_access: bytes | None, dg14: bytes | None) -> Check:
    """The check ``access``, failed where DG14 tells of more than EF.CardAccess did. Raises nothing.

    Without a DG14 that is bound (``dg14`` None) nothing is known.
    """
    try:
        signed = parse_dg14(dg14) if dg14 else ()
    except Garbled:
        return access
    hidden = set(_offers(signed)) - set(_offers(offered(card_access)))
    if not hidden or _as_good(protocol, signed, hidden):
        return access
    detail = f"{access.detail} Its state says in DG14 that it offers {_best(signed)}, and that was hidden from us."
    return replace(access, result=Result.FAILED, detail=detail.strip(), code=STRIPPED)


def _as_good(protocol: str, signed: Iterable[SecurityInfo], hidden: Collection[PaceInfo]) -> bool:
    """What is missing would not have been chosen; or nobody here could have."""
    best = pace_choice.choose(tuple(signed))
    return best is None or (best.info not in hidden and protocol != BAC)


def _best(signed: Iterable[SecurityInfo]) -> str:
    best = pace_choice.choose(tuple(signed))
    return "" if best is None else best.name.upper()


def _offers(infos: Iterable[SecurityInfo]) -> list[PaceInfo]:
    return [info for info in infos if isinstance(info, PaceInfo)]
