"""All questions of passive authentication, in the order of their sense. (Doc 9303-11, 5.1)"""

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from typing import Final

from icao.checks import Check, Result, timed
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
    clock_s: Callable[[], float] | None = None,
) -> tuple[Check, ...]:
    """Every check that can be made of EF.SOD and the data groups that were read.

    ``present`` are the numbers of the groups that are known to be on the chip, read or not, ``absent`` of those that
    were looked for and are not there; where neither is told, ``lds.dg_list`` is left out. ``clock_s`` gives each check
    its duration.
    """
    return tuple(timed(_questions(sod, data_groups, trust, at, present, absent), clock_s))


def _questions(
    sod: bytes,
    data_groups: Mapping[int, bytes],
    trust: Trust,
    at: date,
    present: Collection[int],
    absent: Collection[int],
) -> Iterator[Check]:
    """Each check as soon as it is made, so that it can be timed."""
    try:
        parsed = parse_sod(sod)
    except Garbled as error:
        yield _garbled("EF.SOD", error)
        return
    yield PARSED
    signer = find_signer(parsed.signed, parsed.signed.signers, trust)
    yield signer.digest  # made together with the signature: the time of both stands here
    yield signer.signature
    for number, content in sorted(data_groups.items()):
        yield group_hash(parsed, number, content)
    yield from _vouched_for(signer, trust, at, data_groups.get(1))
    yield from group_list(parsed, {*present, *data_groups}, absent, told=bool(present or absent))


def verify_card_security(
    file: bytes, trust: Trust, at: date, dg1: bytes | None = None
) -> tuple[tuple[Check, ...], bytes]:
    """The same checks of EF.CardSecurity, and the SecurityInfos in it; they count only if all of it is successful.

    ``dg1`` is that of the same chip: nothing else ties the file to the state that issued the document.
    (Doc 9303-10, 3.11.5: signed like EF.SOD, by a document signer.)
    """
    try:
        signed = parse_card_security(file)
    except Garbled as error:
        return (_garbled("EF.CardSecurity", error),), b""
    signer = find_signer(signed, signed.signers, trust)
    return (PARSED, signer.digest, signer.signature, *_vouched_for(signer, trust, at, dg1)), signed.content


def _vouched_for(signer: Signer, trust: Trust, at: date, dg1: bytes | None) -> Iterator[Check]:
    """Who stands behind the signature, and whether they still do."""
    chain = find_chain(signer.certificate, trust, at, between=signer.others)
    yield chain.check
    yield from validity(signer, chain, at)
    yield revocation(signer.certificate, chain, trust, at)
    yield deviation(signer, trust, dg1, at)
    yield from country(signer.certificate, chain, dg1, at)
    yield from document_type(signer.certificate, dg1, at)


def _garbled(what: str, error: Garbled) -> Check:
    return Check("pa.parse", Result.FAILED, detail=f"{what} cannot be read: {error}.", code="garbled")
