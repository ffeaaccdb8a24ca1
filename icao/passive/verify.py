"""All questions of passive authentication, in the order of their sense. (Doc 9303-11, 5.1)"""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from icao.checks import Check, Result
from icao.lds.card_security import parse_card_security
from icao.lds.sod import parse_sod
from icao.passive.chain import find_chain, validity
from icao.passive.deviation import deviation
from icao.passive.groups import group_hash, group_list
from icao.passive.issuer import country, document_type
from icao.passive.revocation import revocation
from icao.passive.signer import Signer, find_signer
from icao.pki.trust import Trust
from icao.tlv import Garbled

PARSED: Final = Check("pa.parse", Result.SUCCESSFUL)


def verify(
    sod: bytes,
    data_groups: Mapping[int, bytes],
    trust: Trust,
    at: date,
    *,
    present: Collection[int] = (),
    absent: Collection[int] = (),
) -> tuple[Check, ...]:
    """Every check that can be made of EF.SOD and the data groups that were read.

    ``present`` are the numbers of the groups that are known to be on the chip, read or not, ``absent`` of those that
    were looked for and are not there; where neither is told, ``lds.dg_list`` is left out.
    """
    try:
        parsed = parse_sod(sod)
    except Garbled as error:
        return (_garbled("EF.SOD", error),)
    signer = find_signer(parsed.signed, parsed.signed.signers, trust)
    return (
        PARSED,
        signer.digest,
        signer.signature,
        *(group_hash(parsed, number, content) for number, content in sorted(data_groups.items())),
        *_vouched_for(signer, trust, at, data_groups.get(1)),
        *group_list(parsed, {*present, *data_groups}, absent, told=bool(present or absent)),
    )


def verify_card_security(file: bytes, trust: Trust, at: date) -> tuple[tuple[Check, ...], bytes]:
    """The same checks of EF.CardSecurity, and the SecurityInfos in it; they count only if all of it is successful.

    (Doc 9303-10, 3.11.5: signed like EF.SOD, by a document signer.)
    """
    try:
        signed = parse_card_security(file)
    except Garbled as error:
        return (_garbled("EF.CardSecurity", error),), b""
    signer = find_signer(signed, signed.signers, trust)
    return (PARSED, signer.digest, signer.signature, *_vouched_for(signer, trust, at, None)), signed.content


def _vouched_for(signer: Signer, trust: Trust, at: date, dg1: bytes | None) -> tuple[Check, ...]:
    """Who stands behind the signature, and whether they still do."""
    chain = find_chain(signer.certificate, trust, at, between=signer.others)
    return (
        chain.check,
        *validity(signer, chain, at),
        revocation(signer.certificate, chain, trust, at),
        deviation(signer, trust, dg1, at),
        *country(signer.certificate, chain, dg1, at),
        *document_type(signer.certificate, dg1, at),
    )


def _garbled(what: str, error: Garbled) -> Check:
    return Check("pa.parse", Result.FAILED, detail=f"{what} cannot be read: {error}.", code="garbled")
