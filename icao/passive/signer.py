"""Who signed it, and is the signature theirs? (Doc 9303-10, 4.6.2.2; RFC 5652, 5.6)"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.checks import Check, Result
from icao.pki.certificates import Certificate
from icao.pki.cms import SignedData, SignerInfo, digest_verdict, signature_verdict
from icao.pki.signatures import Verdict
from icao.pki.trust import Trust

NO_SIGNER: Final = "The signer's certificate is neither in the file nor in the trust store."
NO_SIGNER_CODE: Final = "signer-missing"


@dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """``certificate`` None: nobody knows it. ``others`` came along: links perhaps, and trusted by nobody."""

    digest: Check
    signature: Check
    certificate: Certificate | None
    others: Sequence[Certificate]
    signed_on: date | None


def find_signer(signed: SignedData, infos: Sequence[SignerInfo], trust: Trust) -> Signer:
    """The first signature that somebody's key made; where there is none, what is wrong with the first of all."""
    tried = [_judge(signed, info, trust) for info in infos]
    return next((each for each in tried if each.signature.result is Result.SUCCESSFUL), tried[0])


def _judge(signed: SignedData, info: SignerInfo, trust: Trust) -> Signer:
    digest = as_check("pa.message_digest", digest_verdict(signed, info), "What was signed is what is here.")
    candidates = signed.certificates_of(info)
    # What came along may be a link alone, and its signer in the directory.
    if not any(info.id.names(each) for each in candidates):
        candidates = [*trust.signers_of(info.id), *candidates]
    certificate, verdict = _the_one(signed, info, candidates)
    others = [each for each in signed.readable_certificates() if certificate is None or each.der != certificate.der]
    signature = as_check("pa.sod_signature", verdict, "Signed with the key of the signer's certificate.")
    return Signer(digest, signature, certificate, others, info.signed_on)


def _the_one(
    signed: SignedData, info: SignerInfo, candidates: Sequence[Certificate]
) -> tuple[Certificate | None, Verdict]:
    """Whose key it was, out of several that bear the name."""
    if not candidates:
        return None, Verdict(Result.UNDETERMINED, NO_SIGNER, NO_SIGNER_CODE)
    first = signature_verdict(signed, info, candidates[0])
    if first.result is not Result.SUCCESSFUL:
        for other in candidates[1:]:
            verdict = signature_verdict(signed, info, other)
            if verdict.result is Result.SUCCESSFUL:
                return other, verdict
    return candidates[0], first


def as_check(id: str, verdict: Verdict, if_right: str) -> Check:
    return Check(id, verdict.result, detail=verdict.detail or if_right, code=verdict.code)
