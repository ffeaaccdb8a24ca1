"""Does the state itself say that something is wrong with this document? (Doc 9303-12, 10)

A listed document may well be genuine. It is the state's own word that it is not as it should be, which is no bad
signature, and an officer must see it.
"""

from datetime import date
from typing import Final

from icao.checks import Check, Mode, Result
from icao.mrz.zone import Mrz
from icao.passive.chain import find_path
from icao.passive.issuer import zone_of
from icao.passive.signer import Signer
from icao.pki.certificates import Certificate
from icao.pki.cms import signature_verdict
from icao.pki.deviation_list import Deviation, DeviationList
from icao.pki.trust import Trust
from icao.tlv import Garbled

LIST_SIGNER: Final = "2.23.136.1.1.8"  # extended key usage, Doc 9303-12, 7.1.1


def deviation(signer: Signer, trust: Trust, dg1: bytes | None, at: date) -> Check:
    id = "pa.deviation"
    certificate = signer.certificate
    lists = [] if certificate is None else [each for each in trust.deviation_lists() if _is_of(certificate, each)]
    if certificate is None or not lists:
        detail = "No deviation list of the signer's state is known."
        return Check(id, Result.UNDETERMINED, Mode.EVALUATORY, detail=detail, code="no-deviation-list")
    if not all(_is_genuine(each, certificate, trust, at) for each in lists):
        detail = "The deviation list is not signed by a trusted list signer of the state."
        return Check(id, Result.UNDETERMINED, detail=detail, code="deviation-list-untrusted")
    zone = _zone(dg1, at)
    named = [(each, _fits(each, zone, signer.signed_on)) for listed in lists for each in listed.naming(certificate)]
    for each, fits in named:
        if fits:
            what, code = ("signer", "signer-listed") if each.names_a_signer else ("document", "document-listed")
            detail = f"The state lists this {what} as deviating: {each.says}."
            return Check(id, Result.FAILED, detail=detail, code=code)
    if any(fits is None for _, fits in named):
        detail = "The state lists some documents of this signer, and without DG1 nobody knows whether this is one."
        return Check(id, Result.UNDETERMINED, Mode.EVALUATORY, detail=detail, code="document-unknown")
    return Check(id, Result.SUCCESSFUL, detail="The state lists no deviation of this document.")


def _is_of(signer: Certificate, listed: DeviationList) -> bool:
    """A state speaks of its own documents only."""
    return any(each.country == signer.country for each in listed.signed.readable_certificates())


def _is_genuine(listed: DeviationList, signer: Certificate, trust: Trust, at: date) -> bool:
    """By a list signer of the same state. It may have expired since: what the state said of a document stays said."""
    if listed.digest.result is not Result.SUCCESSFUL:
        return False
    signed = listed.signed
    return any(
        LIST_SIGNER in each.purposes
        and each.country == signer.country
        and signature_verdict(signed, info, each).result is Result.SUCCESSFUL
        and find_path(each, trust, at, between=signed.readable_certificates())
        for info in signed.signers
        for each in signed.certificates_of(info)
    )


def _fits(deviation: Deviation, zone: Mrz | None, signed_on: date | None) -> bool | None:
    """Whether nothing that the deviation says rules this document out; None: nobody knows, without DG1."""
    if deviation.issued is not None and signed_on is not None:
        first, last = deviation.issued
        if not first <= signed_on <= last:
            return False
    if deviation.document_type is None and deviation.numbers is None:
        return True
    if zone is None:
        return None
    if deviation.document_type not in (None, zone.document_code):
        return False
    return deviation.numbers is None or deviation.holds_number(zone.document_number)


def _zone(dg1: bytes | None, at: date) -> Mrz | None:
    try:
        return None if dg1 is None else zone_of(dg1, at)
    except Garbled:
        return None
