"""What was signed, and who says so? CMS SignedData, read once into plain values. (RFC 5652, 5; Doc 9303-10, 4.6.2.2)

EF.SOD, EF.CardSecurity, master lists and deviation lists are all of this form. Real ones are BER as well as DER, name
their signer in two ways, carry no certificate or several, and some carry more than one signer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from icao.checks import Result
from icao.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    OCTETS_IN_PIECES,
    SEQUENCE,
    SET,
    Fields,
    Part,
    definite,
    elements,
    integer,
    moment,
    octets,
    oid,
    only,
)
from icao.pki import signatures
from icao.pki.algorithms import digest_of
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.keys import NotSupported, Weak
from icao.pki.names import comparable
from icao.pki.signatures import Verdict
from icao.tlv import Garbled, write

MAX_CERTIFICATES: Final = 8
MAX_SIGNERS: Final = 8
MAX_ATTRIBUTES: Final = 32

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"


@dataclass(frozen=True, slots=True, repr=False)
class SignerId:
    """How a message names its signer: by key id, or by the certificate's issuer (comparable) and serial number."""

    key_id: bytes | None = None
    issuer: str = ""
    serial: int | None = None

    def names(self, certificate: Certificate) -> bool:
        if self.key_id is not None:
            return self.key_id == certificate.key_id
        return (self.issuer, self.serial) == (certificate.issuer, certificate.serial)


@dataclass(frozen=True, slots=True, repr=False)
class SignerInfo:
    """One signature: over ``signed_attributes`` (a SET, as it is hashed), or over the content where there are none."""

    id: SignerId
    digest_algorithm: str
    signature_algorithm: bytes
    signature: bytes
    signed_attributes: bytes | None
    stated_content_type: str | None
    stated_digest: bytes | None
    signed_at: datetime | None

    @property
    def signed_on(self) -> date | None:
        return None if self.signed_at is None else self.signed_at.date()


@dataclass(frozen=True, slots=True, repr=False)
class SignedData:
    """``certificates`` are as they came, in their order: one that nobody can read must not hide the others."""

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]

    def certificates_of(self, signer: SignerInfo) -> list[Certificate]:
        """Those that the signer names, else all: some issuers write their own name in two ways.

        Nothing is lost by that. The name is not signed, and only the key that made the signature counts.
        """
        readable = self.readable_certificates()
        return [each for each in readable if signer.id.names(each)] or readable

    def certificate_of(self, signer: SignerInfo) -> Certificate | None:
        """The first of them."""
        return next(iter(self.certificates_of(signer)), None)

    def readable_certificates(self) -> list[Certificate]:
        return [found for each in self.certificates if (found := _readable(each)) is not None]


def parse_signed_data(message: bytes, max_certificates: int = MAX_CERTIFICATES) -> SignedData:
    """A ContentInfo that holds SignedData. Raises Garbled."""
    info = Fields(only(definite(message), SEQUENCE).value)
    if oid(info.next(OBJECT_IDENTIFIER)) != SIGNED_DATA:
        raise Garbled("the message holds no signed data")
    fields = Fields(only(info.next(0xA0).value, SEQUENCE).value)
    integer(fields.next(INTEGER))
    fields.next(SET)  # digest algorithms: each signer names its own
    content_type, content = _content(fields.inside(SEQUENCE))
    certificates = fields.optional(0xA0)
    fields.optional(0xA1)  # revocation lists come from the trust store, not from the one who is judged
    signers = tuple(_signer(part) for part in elements(fields.next(SET).value, MAX_SIGNERS))
    if not signers:
        raise Garbled("nobody signed the message")
    return SignedData(content_type, content, _certificates(certificates, max_certificates), signers)


def _content(fields: Fields) -> tuple[str, bytes]:
    content_type = oid(fields.next(OBJECT_IDENTIFIER))
    return content_type, octets(only(fields.next(0xA0).value, OCTET_STRING, OCTETS_IN_PIECES))


def _certificates(part: Part | None, limit: int) -> tuple[bytes, ...]:
    if part is None:
        return ()
    return tuple(each.encoded for each in elements(part.value, limit) if each.tag == SEQUENCE)


def _readable(certificate: bytes) -> Certificate | None:
    try:
        return parse_certificate(certificate)
    except Garbled:
        return None


def _signer(part: Part) -> SignerInfo:
    fields = Fields(part.value)
    integer(fields.next(INTEGER))
    signer_id = _signer_id(fields.next(SEQUENCE, 0x80, 0xA0))
    digest_algorithm = oid(fields.inside(SEQUENCE).next())
    attributes = fields.optional(0xA0)
    found = {} if attributes is None else _attributes(attributes)
    stated_type, stated_digest, signed_at = (found.get(kind) for kind in (CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME))
    return SignerInfo(
        id=signer_id,
        digest_algorithm=digest_algorithm,
        signature_algorithm=fields.next(SEQUENCE).encoded,
        signature=octets(fields.next()),
        # Under the tag of a SET, not the one in the message (RFC 5652, 5.4).
        signed_attributes=None if attributes is None else write(SET, attributes.value),
        stated_content_type=None if stated_type is None else oid(stated_type),
        stated_digest=None if stated_digest is None else octets(stated_digest),
        signed_at=None if signed_at is None else moment(signed_at),
    )


def _signer_id(part: Part) -> SignerId:
    if part.tag == 0x80:
        return SignerId(key_id=part.value)
    if part.tag == 0xA0:  # tagged once more than the standard says
        return SignerId(key_id=octets(only(part.value)))
    fields = Fields(part.value)
    return SignerId(issuer=comparable(fields.next(SEQUENCE).encoded), serial=integer(fields.next(INTEGER)))


def _attributes(part: Part) -> Mapping[str, Part]:
    found: dict[str, Part] = {}
    for attribute in elements(part.value, MAX_ATTRIBUTES):
        fields = Fields(attribute.value)
        kind, values = oid(fields.next(OBJECT_IDENTIFIER)), fields.inside(SET)
        first = values.next()
        # Two digests, one right and one signed, must not be told apart by which is looked at.
        if kind in found or values.left:
            raise Garbled("a signed attribute is doubled")
        found[kind] = first
    return found


def digest_verdict(signed: SignedData, signer: SignerInfo) -> Verdict:
    """The signature covers attributes; one of them must be the digest of the content. (RFC 5652, 11.2)"""
    # Without attributes the same signature could be read as one over other content.
    if signer.stated_digest is None:
        return Verdict(Result.FAILED, "There are no signed attributes, which Doc 9303 demands.", "attributes-missing")
    if signer.stated_content_type not in (None, signed.content_type):
        return Verdict(Result.FAILED, "The signed content type is not that of the content.", "content-type-differs")
    try:
        if digest_of(signer.digest_algorithm, signed.content) != signer.stated_digest:
            return Verdict(Result.FAILED, "The content is not the one that was signed.", "digest-differs")
    except Weak as error:
        return Verdict(Result.FAILED, str(error), "weak-algorithm")
    except NotSupported as error:
        return Verdict(Result.NOT_SUPPORTED, str(error), error.code)
    return signatures.RIGHT


def signature_verdict(signed: SignedData, signer: SignerInfo, certificate: Certificate) -> Verdict:
    """Whether the key of this certificate made the signature."""
    covered = signed.content if signer.signed_attributes is None else signer.signed_attributes
    return signatures.verify(
        certificate.public_key, signer.signature_algorithm, signer.digest_algorithm, signer.signature, covered
    )


def verdict_on(signed: SignedData, signer: SignerInfo, certificate: Certificate) -> Verdict:
    """Both at once, for lists: the content is what the certificate's key signed, or why not."""
    digest = digest_verdict(signed, signer)
    return digest if digest.result is not Result.SUCCESSFUL else signature_verdict(signed, signer, certificate)
