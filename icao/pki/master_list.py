"""Which CSCA certificates does a state vouch for? Its signed list of them, worth what its signer is. (Doc 9303-12, 9)

The list proves nothing by itself, since whoever signs it sends his own certificate along. It counts when its signer is
one for lists and leads, by signatures, to a CSCA certificate that somebody pinned by hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from icao.checks import Result
from icao.der import INTEGER, SEQUENCE, SET, Fields, elements, integer, only
from icao.pki import cms
from icao.pki.certificates import Certificate
from icao.pki.signatures import Verdict
from icao.pki.trust import may_be_issuer
from icao.tlv import Garbled

MASTER_LIST: Final = "2.23.136.1.1.2"
LIST_SIGNING: Final = "2.23.136.1.1.3"  # extended key usage, Doc 9303-12, 7.1.2
MAX_LIST_BYTES: Final = 4 * 1024 * 1024
MAX_LISTED: Final = 4096  # certificates; the largest list has some 600
MAX_EMBEDDED: Final = 16
MAX_STEPS: Final = 4  # signer, CSCA, and links between CSCA keys


@dataclass(frozen=True, slots=True, repr=False)
class MasterList:
    """``certificates`` as they came, in their order: one that nobody can read must not hide the others."""

    certificates: tuple[bytes, ...]
    signed: cms.SignedData


def parse_master_list(file: bytes) -> MasterList:
    """Raises Garbled."""
    if len(file) > MAX_LIST_BYTES:
        raise Garbled(f"a master list has {len(file)} bytes, and {MAX_LIST_BYTES} is the most that is read")
    signed = cms.parse_signed_data(file, MAX_EMBEDDED)
    if signed.content_type != MASTER_LIST:
        raise Garbled(f"the signed content is of the type {signed.content_type}, which is not that of a master list")
    fields = Fields(only(signed.content, SEQUENCE).value)
    integer(fields.next(INTEGER))
    listed = [each.encoded for each in elements(fields.next(SET).value, MAX_LISTED)]
    return MasterList(tuple(dict.fromkeys(listed)), signed)


def signer_of(listed: MasterList) -> tuple[cms.SignerInfo, Certificate, Verdict]:
    """Who signed, and whether the signature is right: the first signer whose is, else the first one. Raises Garbled."""
    found = [
        (signer, certificate, cms.verdict_on(listed.signed, signer, certificate))
        for signer in listed.signed.signers
        if (certificate := listed.signed.certificate_of(signer)) is not None
    ]
    if not found:
        raise Garbled("the certificate of the list's signer does not come along")
    return next((each for each in found if each[2].result is Result.SUCCESSFUL), found[0])


def leads_to(
    certificate: Certificate, pinned: Sequence[Certificate], between: Iterable[Certificate]
) -> Certificate | None:
    """The pinned certificate whose key vouches for this one, directly or through authorities ``between``."""
    links = [each for each in between if each.authority]
    reached, tried = [certificate], {certificate.der}
    for _ in range(MAX_STEPS):
        for each in reached:
            if (anchor := next(_signers(each, pinned), None)) is not None:
                return anchor
        reached = [above for each in reached for above in _signers(each, links) if above.der not in tried]
        tried |= {each.der for each in reached}
    return None


def _signers(of: Certificate, among: Iterable[Certificate]) -> Iterator[Certificate]:
    for each in among:
        same = each.der == of.der
        if same or (may_be_issuer(each, of) and each.verdict_on(of).result is Result.SUCCESSFUL):
            yield each
