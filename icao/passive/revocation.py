"""Has the state taken the signer back? (Doc 9303-12, 7.1.4)

No list is no answer, and neither is a list that is stale or that nobody trusted signed: a border post is offline for
days, and whoever can withhold a list must not be able to make a revoked signer good (A14).
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Final

from icao.checks import Check, Mode, Result
from icao.passive.chain import Chain
from icao.pki.certificates import Certificate
from icao.pki.crl import REMOVED, Crl
from icao.pki.trust import Trust, may_be_issuer

# Doc 9303-12, 5.4.1: a state issues a list at least every 90 days. A list that does not say when the next one comes
# is believed that long.
MAX_AGE: Final = timedelta(days=90)
MAX_LISTS: Final = 16


def revocation(signer: Certificate | None, chain: Chain, trust: Trust, at: date) -> Check:
    id = "pa.crl"
    # The anchor somebody has chosen; what leads to it came along with the document.
    if any(_is_taken_back(link, above, trust) for link, above in pairwise(chain.path)):
        detail = "The state took a link back that leads to the signer's CSCA."
        return Check(id, Result.FAILED, detail=detail, code="link-revoked")
    lists = _lists(signer, chain, trust) if signer is not None else []
    if signer is None or not lists:
        detail = "No revocation list of the signer's state is known."
        return Check(id, Result.UNDETERMINED, Mode.EVALUATORY, detail=detail, code="no-crl")
    genuine = [crl for crl in lists if _is_genuine(crl, chain, trust)]
    for crl in genuine:
        reason = crl.revoked.get(signer.serial)
        # Stale or not: what was taken back stays taken back.
        if reason is not None and reason != REMOVED:
            detail = f"The state took the signer's certificate back ({reason or 'it does not say why'})."
            return Check(id, Result.FAILED, detail=detail, code="signer-revoked")
    if not genuine:
        detail = "The revocation list is not signed by a trusted CSCA of the state."
        return Check(id, Result.UNDETERMINED, detail=detail, code="crl-untrusted")
    whole = [crl for crl in genuine if not crl.partial]
    if not whole:
        detail = "The revocation list speaks of some certificates only, and the signer may be on another."
        return Check(id, Result.UNDETERMINED, detail=detail, code="crl-partial")
    newest = max(whole, key=lambda crl: crl.issued_on)
    if at - newest.issued_on > MAX_AGE if newest.next_update is None else at > newest.next_update:
        detail = f"The newest revocation list is of {newest.issued_on}, and there should be a newer one."
        return Check(id, Result.UNDETERMINED, detail=detail, code="crl-stale")
    return Check(id, Result.SUCCESSFUL, detail=f"Not on the revocation list of {newest.issued_on}.")


def _is_taken_back(link: Certificate, issuer: Certificate, trust: Trust) -> bool:
    """By the key that made it: another one of that name may count its certificates anew."""
    naming = (crl for crl in trust.crls_of(issuer) if crl.revoked.get(link.serial, REMOVED) != REMOVED)
    return any(crl.issuer == link.issuer and issuer.verdict_on(crl).result is Result.SUCCESSFUL for crl in naming)


def _lists(signer: Certificate, chain: Chain, trust: Trust) -> Sequence[Crl]:
    """Those that speak of certificates of the signer's issuer, the newest first."""
    issuer = chain.path[0] if chain.path else signer
    found = [crl for crl in trust.crls_of(issuer) if _speaks_of(crl, signer, chain, trust)]
    return sorted(found, key=lambda crl: crl.issued_on, reverse=True)[:MAX_LISTS]


def _speaks_of(crl: Crl, signer: Certificate, chain: Chain, trust: Trust) -> bool:
    """Serial numbers count only below one issuer: China's list says nothing of Hong Kong's signers.

    After a change of name the list comes under the new one, and a link certificate joins the two (Doc 9303-12, D.3).
    """
    if crl.issuer == signer.issuer or (chain.path and may_be_issuer(chain.path[0], crl)):
        return True
    return any(_links(each, chain) for each in trust.issuers_of(crl))


def _links(certificate: Certificate, chain: Chain) -> bool:
    if not chain.path or not may_be_issuer(chain.path[0], certificate):
        return False
    return chain.path[0].verdict_on(certificate).result is Result.SUCCESSFUL


def _is_genuine(crl: Crl, chain: Chain, trust: Trust) -> bool:
    """Signed by the signer's CSCA, or by another key of the same state that is trusted as well."""
    return any(each.verdict_on(crl).result is Result.SUCCESSFUL for each in _keys(crl, chain, trust))


def _keys(crl: Crl, chain: Chain, trust: Trust) -> Iterator[Certificate]:
    yield from (each for each in chain.path if may_be_issuer(each, crl))
    for each in trust.issuers_of(crl):
        if each.authority is not False and each.country == crl.country:
            yield each
