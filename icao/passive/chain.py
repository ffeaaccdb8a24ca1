"""Does a state that we trust vouch for the signer? (Doc 9303-12, 7.1.1 and 7.1.2)

Every CSCA certificate that may be meant is tried: key ids are reused, missing or wrong in the field, and only the
signature decides. Where a state has changed its key, a link certificate leads from the one key to the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from icao.checks import Check, Result
from icao.passive.signer import NO_SIGNER, NO_SIGNER_CODE, Signer
from icao.pki.certificates import Certificate
from icao.pki.signatures import Verdict
from icao.pki.trust import Trust, may_be_issuer

# Limits: what a chip brings along must not keep us busy.
MAX_LINKS: Final = 3
MAX_SIGNATURES: Final = 64

# A state's key for lists or seals must not sign documents (Doc 9303-12, 7.1.1, extended key usage).
LIST_PURPOSES: Final = frozenset({"2.23.136.1.1.3", "2.23.136.1.1.8"})
# Doc 9303-12, 7.1.1.3; ICAO TR VDS-NC; TR-03137-1, 6.5.2.
SEAL_PURPOSES: Final = frozenset({"2.23.136.1.1.11.1", "2.23.136.1.1.14.2", "0.4.0.127.0.7.3.5.1.1"})

Path = tuple[Certificate, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Chain:
    """``path`` leads from the signer's CSCA to the trusted certificate; it is empty where nobody vouches."""

    check: Check
    path: Path = ()


def find_chain(signer: Certificate | None, trust: Trust, at: date, between: Sequence[Certificate] = ()) -> Chain:
    """``between`` are certificates that nobody trusts, and that may link the signer to somebody trusted."""
    if signer is None:
        return Chain(_undetermined("pa.chain", NO_SIGNER, NO_SIGNER_CODE))
    if misuse := _misuse(signer):
        return Chain(_failed("pa.chain", misuse, "signer-misused"))
    if trust.empty:
        detail = "There is no trust store: any state is unknown."
        return Chain(_undetermined("pa.chain", detail, "no-trust-store"))
    search = _Search(trust, between)
    if path := search.best(signer, at):
        detail = f"Signed by the CSCA of {path[-1].country or '??'}{' through a link' * (len(path) > 1)}."
        return Chain(Check("pa.chain", Result.SUCCESSFUL, detail=detail), path)
    return Chain(_unproved(signer, search.refused))


def find_path(certificate: Certificate, trust: Trust, at: date, between: Sequence[Certificate] = ()) -> Path:
    """From a certificate's issuer to one that is trusted, whatever it is for; empty where nobody vouches for it."""
    return _Search(trust, between).best(certificate, at)


@dataclass(slots=True)
class _Search:
    trust: Trust
    between: Sequence[Certificate]
    refused: list[tuple[Certificate, Verdict]] = field(default_factory=list)
    signatures: int = 0

    def best(self, signed: Certificate, at: date) -> Path:
        """One key often has two certificates, a root and a link: the one that is valid speaks for it."""
        paths = list(self.paths(signed, MAX_LINKS))
        return min(paths, key=lambda path: sum(not each.covers(at) for each in path), default=())

    def paths(self, signed: Certificate, links: int) -> Iterator[Path]:
        """Trusted issuers first; only where there is none, links to one."""
        found = False
        for anchor in self._signers_of(signed, self.trust.issuers_of(signed)):
            found = True
            yield (anchor,)
        if found or not links:
            return
        # Nobody chose these, so each must say itself that it is an authority's: every signer below a CSCA could make
        # signers of its own otherwise (A12).
        links_to = [each for each in self.between if each.authority and may_be_issuer(each, signed)]
        for link in self._signers_of(signed, links_to):
            yield from ((link, *rest) for rest in self.paths(link, links - 1))

    def _signers_of(self, signed: Certificate, candidates: Sequence[Certificate]) -> Iterator[Certificate]:
        for candidate in candidates:
            if candidate.authority is False or candidate.der == signed.der or self.signatures == MAX_SIGNATURES:
                continue
            self.signatures += 1
            verdict = candidate.verdict_on(signed)
            if verdict.result is Result.SUCCESSFUL:
                yield candidate
            else:
                self.refused.append((candidate, verdict))


def _unproved(signer: Certificate, refused: Sequence[tuple[Certificate, Verdict]]) -> Check:
    for _, verdict in refused:
        if verdict.result is not Result.FAILED or verdict.code == "weak-algorithm":
            return Check("pa.chain", verdict.result, detail=verdict.detail, code=verdict.code)
    for candidate, _ in refused:
        # Whoever borrows the name and the key id of a real state has still not got its key (A04).
        if _is_named_issuer(candidate, signer):
            detail = f"The signer claims to be from {candidate.country}, and that state's key did not sign it."
            return _failed("pa.chain", detail, "issuer-forged")
    detail = f"No trusted certificate of {signer.country or 'its state'} holds the key that is said to have signed."
    return _undetermined("pa.chain", detail, "issuer-unknown")


def _misuse(signer: Certificate) -> str:
    """Why this certificate may not sign documents, or nothing. (Doc 9303-12, 7.1.1; A12)"""
    if signer.authority:
        return "The signer is a certification authority, and such a key signs no documents."
    if signer.usages is not None and "digital_signature" not in signer.usages:
        return "The signer's certificate does not allow signatures."
    if signer.purposes & (LIST_PURPOSES | SEAL_PURPOSES):
        return "The signer's certificate is for lists or seals, not for documents."
    return ""


def _is_named_issuer(anchor: Certificate, signer: Certificate) -> bool:
    """No doubt that this anchor is meant: by key id, or by name when there are no ids to tell keys apart."""
    if anchor.key_id is not None and signer.authority_key_id is not None:
        return anchor.key_id == signer.authority_key_id
    return anchor.subject == signer.issuer


def validity(signer: Signer, chain: Chain, at: date) -> tuple[Check, Check]:
    """Expired is not forged: the signer's certificate and its CSCA's each have their own verdict.

    A signer's certificate covers the life of what it signed, its private key only some weeks (Doc 9303-12, 4.2).
    """
    return _signer_validity(signer, at), _csca_validity(chain.path, at)


def _signer_validity(signer: Signer, at: date) -> Check:
    id, certificate, signed_on = "pa.ds_validity", signer.certificate, signer.signed_on
    if certificate is None:
        return _undetermined(id, NO_SIGNER, NO_SIGNER_CODE)
    if signed_on is not None and not certificate.could_sign(signed_on):
        early = signed_on < max(certificate.begins, certificate.signs_from or certificate.begins)
        when = "before its signer's key was to sign" if early else "when its signer's key was to rest"
        detail = f"The document was signed on {signed_on}, {when}."
        return _failed(id, detail, "signed-too-early" if early else "signed-too-late")
    return _validity(id, "document signer", "signer", certificate, at)


def _csca_validity(path: Path, at: date) -> Check:
    if not path:
        return _undetermined("pa.csca_validity", "The signer's CSCA is not known.", "issuer-unknown")
    worst = next((each for each in path if not each.covers(at)), path[0])
    return _validity("pa.csca_validity", "CSCA", "csca", worst, at)


def _validity(id: str, who: str, code: str, certificate: Certificate, at: date) -> Check:
    if at > certificate.ends:
        return _failed(id, f"The certificate of the {who} expired on {certificate.ends}.", f"{code}-expired")
    if at < certificate.begins:
        return _failed(id, f"The certificate of the {who} begins on {certificate.begins}.", f"{code}-not-yet-valid")
    return Check(id, Result.SUCCESSFUL, detail=f"Valid from {certificate.begins} to {certificate.ends}.")


def _failed(id: str, detail: str, code: str) -> Check:
    return Check(id, Result.FAILED, detail=detail, code=code)


def _undetermined(id: str, detail: str, code: str) -> Check:
    return Check(id, Result.UNDETERMINED, detail=detail, code=code)
