"""Is what the chip holds what its state signed? Passive authentication. (Doc 9303-11, 5.1; Doc 9303-12)

Each question has its own answer, and an expired signer, an unknown state and a bad signature are three different ones.
No clock: ``at`` is the day to judge by. No store: ``anchors`` are the CSCA certificates that somebody decided to trust.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from cryptography.hazmat.primitives import hashes

from icao.checks import Check, Result
from icao.lds.data_groups import mrz_lines
from icao.lds.sod import Sod, parse_sod
from icao.mrz.codes import certificate_countries
from icao.mrz.layout import ISSUING_STATE, cut
from icao.pki import signatures
from icao.pki.certificates import Anchor, Certificate
from icao.tlv import Garbled

# A state's key for lists or seals must not sign passports (Doc 9303-12, 7.1.2, extended key usage).
OTHER_PURPOSES: Final = frozenset({"2.23.136.1.1.3", "2.23.136.1.1.8", "2.23.136.1.1.11.1"})

NO_SIGNER: Final = "The signer's certificate is not in EF.SOD."


def verify(sod: bytes, data_groups: Mapping[int, bytes], anchors: Sequence[Anchor], at: date) -> tuple[Check, ...]:
    """Every check that can be made, all mandatory. Raises nothing: a bad document is an answer."""
    try:
        parsed = parse_sod(sod)
    except Garbled as error:
        return (Check("pa.parse", Result.FAILED, detail=f"EF.SOD cannot be read: {error}."),)
    signer = parsed.signer
    chain, anchor = _chain(signer, anchors)
    return (
        Check("pa.parse", Result.SUCCESSFUL),
        _message_digest(parsed),
        _sod_signature(parsed),
        *(_dg_hash(parsed, number, content) for number, content in sorted(data_groups.items())),
        chain,
        _ds_validity(parsed, at),
        _csca_validity(anchor, at),
        *_country(signer, anchor, data_groups),
    )


def _message_digest(sod: Sod) -> Check:
    """The signature covers attributes; one of them must be the digest of the content. (RFC 5652, 11.2)"""
    id = "pa.message_digest"
    # Without attributes the same signature could be read as one over other content.
    if sod.stated_digest is None:
        return Check(id, Result.FAILED, detail="EF.SOD has no signed attributes, which Doc 9303-10, 4.6.2.2, demands.")
    if sod.stated_content_type not in (None, sod.content_type):
        return Check(id, Result.FAILED, detail="The signed content type is not that of the content.")
    try:
        agrees = _digest(sod.digest_algorithm, sod.content) == sod.stated_digest
    except signatures.NotSupported as error:
        return Check(id, Result.NOT_SUPPORTED, detail=str(error))
    if not agrees:
        return Check(id, Result.FAILED, detail="The list of hashes is not the one that was signed.")
    return Check(id, Result.SUCCESSFUL)


def _sod_signature(sod: Sod) -> Check:
    id = "pa.sod_signature"
    if sod.signer is None:
        return Check(id, Result.UNDETERMINED, detail=NO_SIGNER)
    signed = sod.content if sod.signed_attributes is None else sod.signed_attributes
    result, detail = signatures.verify(
        sod.signer.public_key, sod.signature_algorithm, sod.digest_algorithm, sod.signature, signed
    )
    return Check(id, result, detail=detail)


def _dg_hash(sod: Sod, number: int, content: bytes) -> Check:
    id = f"pa.dg_hash.{number}"
    signed = sod.hashes.get(number)
    if signed is None:
        # A data group the SOD does not know was put there by somebody.
        return Check(id, Result.FAILED, detail=f"DG{number} is on the chip, but nobody signed it.")
    try:
        agrees = _digest(sod.hash_algorithm, content) == signed
    except signatures.NotSupported as error:
        return Check(id, Result.NOT_SUPPORTED, detail=str(error))
    if not agrees:
        return Check(id, Result.FAILED, detail=f"DG{number} was altered after it was signed.")
    return Check(id, Result.SUCCESSFUL)


def _chain(signer: Certificate | None, anchors: Sequence[Anchor]) -> tuple[Check, Anchor | None]:
    """Try every anchor that may be meant: key ids are reused, missing or wrong in the field."""
    id = "pa.chain"
    if signer is None:
        return Check(id, Result.UNDETERMINED, detail=NO_SIGNER), None
    if misuse := _misuse(signer):
        return Check(id, Result.FAILED, detail=misuse), None
    if not anchors:
        return Check(id, Result.UNDETERMINED, detail="There is no trust store: any state is unknown."), None
    candidates = [anchor for anchor in anchors if anchor.authority is not False and _may_be_issuer(anchor, signer)]
    verdicts = [(anchor, anchor.verdict_on(signer)) for anchor in candidates]
    for anchor, (result, _) in verdicts:
        if result is Result.SUCCESSFUL:
            return Check(id, Result.SUCCESSFUL, detail=f"Signed by the CSCA of {anchor.country}."), anchor
    for anchor, (result, detail) in verdicts:
        if result is not Result.FAILED:
            return Check(id, result, detail=detail), None
        # Whoever borrows the name and the key id of a real state has still not got its key.
        if _is_named_issuer(anchor, signer):
            detail = f"The signer claims to be from {anchor.country}, and that state's key did not sign it."
            return Check(id, Result.FAILED, detail=detail), None
    unknown = f"No trusted certificate of {signer.country or 'its state'} holds the key that is said to have signed."
    return Check(id, Result.UNDETERMINED, detail=unknown), None


def _misuse(signer: Certificate) -> str:
    """Why this certificate may not sign documents, or nothing. (Doc 9303-12, 7.1.1)"""
    if signer.authority:
        return "The signer is a certification authority, and such a key signs no documents."
    if signer.usages is not None and "digital_signature" not in signer.usages:
        return "The signer's certificate does not allow signatures."
    if signer.purposes & OTHER_PURPOSES:
        return "The signer's certificate is for lists or seals, not for documents."
    return ""


def _may_be_issuer(anchor: Anchor, signer: Certificate) -> bool:
    same_key = anchor.key_id is not None and anchor.key_id == signer.authority_key_id
    return same_key or anchor.subject == signer.issuer


def _is_named_issuer(anchor: Anchor, signer: Certificate) -> bool:
    """No doubt that this anchor is meant: by key id, or by name when there are no ids to tell keys apart."""
    if anchor.key_id is not None and signer.authority_key_id is not None:
        return anchor.key_id == signer.authority_key_id
    return anchor.subject == signer.issuer


def _ds_validity(sod: Sod, at: date) -> Check:
    """Expired is not forged: its own verdict."""
    id = "pa.ds_validity"
    if sod.signer is None:
        return Check(id, Result.UNDETERMINED, detail=NO_SIGNER)
    if sod.signed_on is not None and not sod.signer.covers(sod.signed_on):
        return Check(
            id, Result.FAILED, detail=f"The document was signed on {sod.signed_on}, when its signer was not valid."
        )
    return _validity(id, "document signer", sod.signer, at)


def _csca_validity(anchor: Anchor | None, at: date) -> Check:
    if anchor is None:
        return Check("pa.csca_validity", Result.UNDETERMINED, detail="The signer's CSCA is not known.")
    return _validity("pa.csca_validity", "CSCA", anchor, at)


def _validity(id: str, who: str, certificate: Certificate, at: date) -> Check:
    if at > certificate.ends:
        return Check(id, Result.FAILED, detail=f"The certificate of the {who} expired on {certificate.ends}.")
    if at < certificate.begins:
        return Check(id, Result.FAILED, detail=f"The certificate of the {who} begins on {certificate.begins}.")
    return Check(id, Result.SUCCESSFUL)


def _country(signer: Certificate | None, anchor: Anchor | None, data_groups: Mapping[int, bytes]) -> tuple[Check, ...]:
    """A state signs its own documents and nobody else's. (Doc 9303-12, 7.1.1.3) Without DG1 there is nothing to ask."""
    id = "pa.country"
    if 1 not in data_groups:
        return ()
    if signer is None:
        return (Check(id, Result.UNDETERMINED, detail=NO_SIGNER),)
    try:
        issuer = _issuing_state(data_groups[1])
    except Garbled as error:
        return (Check(id, Result.UNDETERMINED, detail=f"DG1 cannot be read: {error}."),)
    expected = certificate_countries(issuer)
    if not expected:
        return (Check(id, Result.UNDETERMINED, detail=f"The issuing state {issuer} is not in Doc 9303-3."),)
    bearers = {signer.country} | ({anchor.country} if anchor else set())
    if not bearers <= expected:
        detail = (
            f"The document names {issuer} as its issuer, and {', '.join(sorted(bearers - expected)) or '??'} signed it."
        )
        return (Check(id, Result.FAILED, detail=detail),)
    return (Check(id, Result.SUCCESSFUL),)


def _issuing_state(dg1: bytes) -> str:
    return cut(mrz_lines(dg1), ISSUING_STATE).rstrip("<")


def _digest(oid: str, content: bytes) -> bytes:
    """Raises NotSupported."""
    digest = hashes.Hash(signatures.known_digest(oid))
    digest.update(content)
    return digest.finalize()
