"""Is the signer one of the state that the document names, and may it sign such documents? (Doc 9303-12, 7.1.1)"""

from datetime import date

from icao.checks import Check, Mode, Result
from icao.lds.data_groups import mrz_lines
from icao.mrz.codes import certificate_countries
from icao.mrz.zone import Mrz, MrzError, parse
from icao.passive.chain import Chain
from icao.passive.signer import NO_SIGNER, NO_SIGNER_CODE
from icao.pki.certificates import Certificate
from icao.tlv import Garbled


def country(signer: Certificate | None, chain: Chain, dg1: bytes | None, at: date) -> tuple[Check, ...]:
    """A state signs its own documents and nobody else's (A13). Without DG1 there is nothing to ask."""
    id = "pa.country"
    if dg1 is None:
        return ()
    if signer is None:
        return (Check(id, Result.UNDETERMINED, detail=NO_SIGNER, code=NO_SIGNER_CODE),)
    try:
        issuer = zone_of(dg1, at).issuing_state
    except Garbled as error:
        return (Check(id, Result.UNDETERMINED, detail=f"DG1 cannot be read: {error}.", code="group-garbled"),)
    expected = certificate_countries(issuer)
    if not expected:
        detail = "The document's issuing state is not in Doc 9303-3."
        return (Check(id, Result.UNDETERMINED, detail=detail, code="country-unknown"),)
    # Some certificates bear the three letters of the document instead of two.
    strangers = {each.country for each in (signer, *chain.path)} - expected - {issuer}
    if strangers:
        detail = f"The document names {issuer} as its issuer, and {', '.join(sorted(strangers)) or '??'} signed it."
        return (Check(id, Result.FAILED, detail=detail, code="country-differs"),)
    return (Check(id, Result.SUCCESSFUL, detail=f"{issuer} issued it, and {signer.country} signed it."),)


def document_type(signer: Certificate | None, dg1: bytes | None, at: date) -> tuple[Check, ...]:
    """A signer may say for which kinds of document it is (Doc 9303-12, 7.1.1.5). A finding: some states mix them up."""
    if signer is None or dg1 is None or not signer.document_types:
        return ()
    id = "pa.document_type"
    try:
        code = zone_of(dg1, at).document_code
    except Garbled:
        return ()  # ``country`` says so
    if any(code == each or (len(each) == 1 and code.startswith(each)) for each in signer.document_types):
        return (Check(id, Result.SUCCESSFUL, Mode.EVALUATORY),)
    detail = f"The signer is for documents of the type {', '.join(sorted(signer.document_types))}, and this is {code}."
    return (Check(id, Result.FAILED, Mode.EVALUATORY, detail=detail, code="document-type-differs"),)


def zone_of(dg1: bytes, at: date) -> Mrz:
    """Raises Garbled."""
    try:
        return parse(mrz_lines(dg1), at)
    except MrzError:
        raise Garbled("DG1 holds no machine readable zone") from None
