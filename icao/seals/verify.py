"""Is the seal genuine, and does it belong to the paper it is printed on? (Doc 9303-13, 4; TR-03137-1, 2.3)

A seal cannot be copied by half, but as a whole (A30): only what is printed beside it tells whose seal it is. Nothing is
looked up and no clock is asked: ``trust`` and ``at`` are arguments.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from icao.checks import Check, Mode, Result
from icao.mrz.zone import Mrz
from icao.passive.chain import SEAL_PURPOSES, Chain, find_chain
from icao.passive.revocation import revocation
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.trust import Trust
from icao.seals import signature
from icao.seals.paper import compare
from icao.seals.seal import Seal, SignerReference
from icao.seals.vds import issuers
from icao.tlv import Garbled


class SealTrust(Trust, Protocol):
    """Trust that also keeps signers: a VDS only names its own."""

    def seal_signers(self, reference: SignerReference) -> Sequence[Certificate]:
        """All kept certificates that fit the reference, trusted or not: the signature and the chain decide."""


def verify(seal: Seal, trust: SealTrust, at: date, printed: Mrz | None = None) -> tuple[Check, ...]:
    """Every check that can be made. ``printed`` is the zone on the paper, if somebody read it. Raises nothing."""
    signed, signer = _signature(seal, trust)
    chain = _chain(signer, trust, at)
    return (
        Check("seal.parse", Result.SUCCESSFUL),
        signed,
        chain.check,
        _validity(seal, signer, chain, at),
        replace(revocation(signer, chain, trust, at), id="seal.crl"),
        _purpose(seal, signer),
        _country(seal, signer, chain),
        *((compare(seal, printed),) if printed else ()),
    )


def _signature(seal: Seal, trust: SealTrust) -> tuple[Check, Certificate | None]:
    """Who signed it, among those that may be meant. A31: a signer that nobody knows is no forgery, and no proof."""
    id = "seal.signature"
    if not seal.signature:
        return _undetermined(id, "not-signed", "Nobody signed this barcode: it proves nothing."), None
    try:
        candidates = _candidates(seal, trust)
    except Garbled as error:
        return Check(
            id,
            Result.FAILED,
            detail=f"The certificate in the seal cannot be read: {error}.",
            code="certificate-garbled",
        ), None
    if not candidates:
        code = "no-trust-store" if trust.empty else "signer-unknown"
        return _undetermined(id, code, f"The certificate of the signer {seal.reference} is not known here."), None
    verdicts = [(signer, signature.verify(seal, signer.public_key)) for signer in candidates]
    for signer, verdict in verdicts:
        if verdict.result is Result.SUCCESSFUL:
            return Check(id, verdict.result, detail=f"Signed by {signer.country} {signer.serial:X}."), signer
    signer, verdict = min(verdicts, key=lambda judged: judged[1].result is Result.FAILED)
    return Check(id, verdict.result, detail=verdict.detail, code=verdict.code), signer if len(candidates) == 1 else None


def _candidates(seal: Seal, trust: SealTrust) -> Sequence[Certificate]:
    if seal.certificate is not None:
        return [parse_certificate(seal.certificate)]
    return trust.seal_signers(seal.reference)


def _chain(signer: Certificate | None, trust: SealTrust, at: date) -> Chain:
    """Did a state that somebody trusts make this signer? As for documents; what it is for, ``_purpose`` asks."""
    if signer is None:
        code = "no-trust-store" if trust.empty else "signer-unknown"
        return Chain(_undetermined("seal.chain", code, "Without its signer no chain leads from the seal to a state."))
    found = find_chain(replace(signer, purposes=frozenset()), trust, at)
    return replace(found, check=replace(found.check, id="seal.chain"))


def _validity(seal: Seal, signer: Certificate | None, chain: Chain, at: date) -> Check:
    """Signed while the signer was valid, and not tomorrow. A31: a signer that has expired since is undetermined."""
    id = "seal.validity"
    dates = [day for day in (seal.issued_on, seal.signed_on) if day is not None]
    if any(day > at for day in dates):
        return Check(
            id, Result.FAILED, detail=f"The seal is dated {max(dates)}, which is yet to come.", code="dated-ahead"
        )
    if signer is None:
        return _undetermined(id, "signer-unknown", "The signer's certificate is not known.")
    if seal.signed_on is not None and not signer.could_sign(seal.signed_on):
        detail = f"The seal was signed on {seal.signed_on}, when its signer was not valid."
        return Check(id, Result.FAILED, detail=detail, code="signed-outside-validity")
    for who, certificate in (("signer", signer), *(("CSCA", each) for each in chain.path)):
        if not certificate.covers(at):
            detail = f"The certificate of the {who} is valid from {certificate.begins} to {certificate.ends}."
            return _undetermined(id, f"{who.lower()}-expired", detail)
    return Check(id, Result.SUCCESSFUL)


def _purpose(seal: Seal, signer: Certificate | None) -> Check:
    """A31: a key for passports, lists or other papers makes no seal of this type, even where its signature is right."""
    id = "seal.purpose"
    if signer is None:
        return _undetermined(id, "signer-unknown", "The signer's certificate is not known.")
    if signer.purposes and not signer.purposes & SEAL_PURPOSES:
        return _undetermined(id, "signer-purpose", "The signer's certificate is for something else than seals.")
    if signer.document_types and seal.document_codes and not signer.document_types & seal.document_codes:
        named = ", ".join(sorted(signer.document_types))
        return _undetermined(id, "signer-purpose", f"The signer's certificate is for documents of type {named} only.")
    if not signer.purposes and not (signer.document_types and seal.document_codes):
        return _undetermined(id, "signer-purpose", "The signer's certificate does not say that it is for such seals.")
    return Check(id, Result.SUCCESSFUL)


def _country(seal: Seal, signer: Certificate | None, chain: Chain) -> Check:
    """A13: a state seals its own papers and nobody else's."""
    id = "seal.country"
    if signer is None:
        return _undetermined(id, "signer-unknown", "The signer's certificate is not known.")
    expected = issuers(seal.country)
    if not expected:
        return _undetermined(id, "country-unknown", "The seal's country is not in Doc 9303-3.")
    bearers = {each.country for each in (signer, *chain.path)}
    if not bearers <= expected:
        who = ", ".join(sorted(bearers - expected)) or "??"
        return Check(
            id, Result.FAILED, detail=f"The seal names {seal.country}, and {who} signed it.", code="country-differs"
        )
    return Check(id, Result.SUCCESSFUL)


def _undetermined(id: str, code: str, detail: str) -> Check:
    return Check(id, Result.UNDETERMINED, Mode.MANDATORY, detail, code=code)
