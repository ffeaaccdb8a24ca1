"""What does a certificate say? (Doc 9303-12, 7.1) Read for what passive authentication asks, original bytes kept.

Real states write certificates that strict parsers refuse, so nothing is re-encoded: the signature is checked
over the bytes as they came.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Fields,
    Part,
    bits,
    definite,
    elements,
    integer,
    moment,
    octets,
    oid,
    only,
)
from icao.pki import signatures
from icao.pki.names import comparable, country
from icao.tlv import Garbled

MAX_CERTIFICATE_BYTES: Final = 16 * 1024
MAX_EXTENSIONS: Final = 64
MAX_LISTED: Final = 64  # purposes or document types of one certificate

# The extensions that are looked at; others may hold anything at all, and are not read.
KEY_ID: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
SIGNING_PERIOD: Final = "2.5.29.16"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
AUTHORITY_KEY_ID: Final = "2.5.29.35"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
DOCUMENT_TYPES: Final = "2.23.136.1.1.6.2"

# RFC 5280, 4.2.1.3: bit 0 first.
USAGES: Final = (
    "digital_signature", "non_repudiation", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip

NOTHING: Final[Mapping[str, bytes]] = {}


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """``issuer`` and ``subject`` are comparable (``icao.pki.names``); ``public_key`` is a SubjectPublicKeyInfo."""

    der: bytes
    signed_part: bytes
    signature_algorithm: bytes
    signature: bytes
    public_key: bytes
    issuer: str
    subject: str
    serial: int
    country: str  # two letters in upper case; empty when it names none
    begins: date
    ends: date
    key_id: bytes | None
    authority_key_id: bytes | None
    authority: bool | None  # None: it does not say
    usages: frozenset[str] | None
    purposes: frozenset[str]
    document_types: frozenset[str] = frozenset()  # document codes of the MRZ; empty: it does not say
    signs_from: date | None = None  # private key usage period
    signs_until: date | None = None

    def __repr__(self) -> str:
        return f"Certificate({self.country or '??'}, {self.serial:x})"

    def covers(self, day: date) -> bool:
        return self.begins <= day <= self.ends

    def could_sign(self, day: date) -> bool:
        """Its key often rests after some weeks, long before it expires. (Doc 9303-12, 4.2)"""
        return self.covers(day) and (self.signs_from or day) <= day <= (self.signs_until or day)

    def verdict_on(self, other: signatures.Signed) -> signatures.Verdict:
        """Whether this one's key signed the other: a certificate or a revocation list."""
        return signatures.verify(self.public_key, other.signature_algorithm, None, other.signature, other.signed_part)


Anchor = Certificate  # a CSCA certificate that somebody decided to trust


def parse_certificate(encoded: bytes) -> Certificate:
    """DER, or BER as some write it. Raises Garbled."""
    if len(encoded) > MAX_CERTIFICATE_BYTES:
        raise Garbled(f"a certificate has more than {MAX_CERTIFICATE_BYTES} bytes")
    whole = Fields(only(definite(encoded), SEQUENCE).value)
    signed = whole.next(SEQUENCE)
    algorithm, signature = whole.next(SEQUENCE).encoded, bits(whole.next(BIT_STRING))
    fields = Fields(signed.value)
    fields.optional(0xA0)  # the version says nothing that the fields do not say themselves
    serial = integer(fields.next(INTEGER))
    fields.next(SEQUENCE)  # the algorithm once more; six real certificates have it malformed
    issuer = fields.next(SEQUENCE).encoded
    validity = fields.inside(SEQUENCE)
    begins, ends = moment(validity.next()).date(), moment(validity.next()).date()
    subject = fields.next(SEQUENCE).encoded
    public_key = fields.next(SEQUENCE).encoded
    extensions = _extensions(fields)
    signs_from, signs_until = _period(extensions)
    return Certificate(
        der=encoded,
        signed_part=signed.encoded,
        signature_algorithm=algorithm,
        signature=signature,
        public_key=public_key,
        issuer=comparable(issuer),
        subject=comparable(subject),
        serial=serial,
        country=country(subject) or country(issuer),
        begins=begins,
        ends=ends,
        key_id=_key_id(extensions),
        authority_key_id=authority_key_id(extensions),
        authority=_authority(extensions),
        usages=_usages(extensions),
        purposes=_purposes(extensions),
        document_types=_document_types(extensions),
        signs_from=signs_from,
        signs_until=signs_until,
    )


def _extensions(fields: Fields) -> Mapping[str, bytes]:
    while fields.left:
        part = fields.next()
        if part.tag == 0xA3:
            return read_extensions(only(part.value, SEQUENCE))
    return NOTHING


def read_extensions(part: Part) -> dict[str, bytes]:
    """Extension by extension, what each holds, unread; of a doubled one the first. Raises Garbled."""
    found: dict[str, bytes] = {}
    for extension in elements(part.value, MAX_EXTENSIONS):
        fields = Fields(extension.value)
        kind = oid(fields.next(OBJECT_IDENTIFIER))
        fields.optional(0x01)  # critical or not: what is looked at is judged, the rest is not known to us
        if kind in found:
            raise Garbled("an extension stands there twice")
        found[kind] = octets(fields.next())
    return found


def authority_key_id(extensions: Mapping[str, bytes]) -> bytes | None:
    """Raises Garbled."""
    if AUTHORITY_KEY_ID not in extensions:
        return None
    found = Fields(only(extensions[AUTHORITY_KEY_ID], SEQUENCE).value).optional(0x80)
    return None if found is None else found.value


def _key_id(extensions: Mapping[str, bytes]) -> bytes | None:
    """Some real certificates leave the inner octet string out; as an id the bare octets do as well."""
    value = extensions.get(KEY_ID)
    if value is None:
        return None
    try:
        return only(value, OCTET_STRING).value
    except Garbled:
        return value


def _authority(extensions: Mapping[str, bytes]) -> bool | None:
    if BASIC_CONSTRAINTS not in extensions:
        return None
    found = Fields(only(extensions[BASIC_CONSTRAINTS], SEQUENCE).value).optional(0x01)
    return found is not None and any(found.value)


def _usages(extensions: Mapping[str, bytes]) -> frozenset[str] | None:
    if KEY_USAGE not in extensions:
        return None
    flags = only(extensions[KEY_USAGE], BIT_STRING).value[1:3]
    return frozenset(
        name for place, name in enumerate(USAGES) if place // 8 < len(flags) and flags[place // 8] & 0x80 >> place % 8
    )


def _purposes(extensions: Mapping[str, bytes]) -> frozenset[str]:
    if EXTENDED_KEY_USAGE not in extensions:
        return frozenset()
    return frozenset(oid(each) for each in elements(only(extensions[EXTENDED_KEY_USAGE], SEQUENCE).value, MAX_LISTED))


def _document_types(extensions: Mapping[str, bytes]) -> frozenset[str]:
    """Doc 9303-12, 7.1.1.5: a version, and the document codes that this key signs. Five states encode it wrongly."""
    if DOCUMENT_TYPES not in extensions:
        return frozenset()
    try:
        fields = Fields(only(extensions[DOCUMENT_TYPES], SEQUENCE).value)
        fields.next(INTEGER)
        codes = list(elements(fields.next(SET).value, MAX_LISTED))
    except Garbled:
        return frozenset()
    return frozenset(each.value.decode("latin-1").strip("< ").upper() for each in codes)


def _period(extensions: Mapping[str, bytes]) -> tuple[date | None, date | None]:
    if SIGNING_PERIOD not in extensions:
        return None, None
    fields = Fields(only(extensions[SIGNING_PERIOD], SEQUENCE).value)
    begins, ends = fields.optional(0x80), fields.optional(0x81)
    return _day(begins), _day(ends)


def _day(part: Part | None) -> date | None:
    return None if part is None else moment(Part(0x18, part.value, part.encoded)).date()
