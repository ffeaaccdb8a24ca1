"""What does a certificate say? (Doc 9303-12, 7.1) Read for what passive authentication asks, original bytes kept.

Real states write certificates that strict parsers refuse, so nothing is re-encoded: the signature is checked
over the bytes as they came.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from asn1crypto import x509

from icao.asn1 import reading
from icao.pki import signatures
from icao.tlv import survey

# The extensions that are looked at; others may hold anything at all, and are not parsed.
BASIC_CONSTRAINTS: Final = "2.5.29.19"
KEY_USAGE: Final = "2.5.29.15"
EXTENDED_KEY_USAGE: Final = "2.5.29.37"
KEY_ID: Final = "2.5.29.14"
AUTHORITY_KEY_ID: Final = "2.5.29.35"


@dataclass(frozen=True, slots=True, repr=False)
class Certificate:
    """``issuer`` and ``subject`` are comparable: case, blanks and string types of a name make no difference."""

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

    def __repr__(self) -> str:
        return f"Certificate({self.country or '??'}, {self.serial:x})"

    def covers(self, day: date) -> bool:
        return self.begins <= day <= self.ends

    def verdict_on(self, other: "Certificate") -> signatures.Verdict:
        """Whether this one's key signed the other."""
        return signatures.verify(self.public_key, other.signature_algorithm, None, other.signature, other.signed_part)


Anchor = Certificate  # a CSCA certificate that somebody decided to trust


def parse_certificate(der: bytes) -> Certificate:
    """Raises Garbled."""
    survey(der)
    with reading("a certificate"):
        parsed = x509.Certificate.load(der, strict=True)
        return _read(parsed, der)


def _read(parsed: Any, der: bytes) -> Certificate:  # Any: asn1crypto has no types
    tbs = parsed["tbs_certificate"]
    extensions = {each["extn_id"].dotted: each["extn_value"] for each in tbs["extensions"]}
    basic, usage, purposes, own_id, authority_id = (
        extensions[oid].parsed if oid in extensions else None
        for oid in (BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, KEY_ID, AUTHORITY_KEY_ID)
    )
    return Certificate(
        der=der,
        signed_part=tbs.dump(),
        signature_algorithm=parsed["signature_algorithm"].dump(),
        signature=parsed["signature_value"].native,
        public_key=tbs["subject_public_key_info"].dump(),
        issuer=tbs["issuer"].hashable,
        subject=tbs["subject"].hashable,
        serial=int(tbs["serial_number"].native),
        country=_country(tbs["subject"]) or _country(tbs["issuer"]),
        begins=tbs["validity"]["not_before"].native.date(),
        ends=tbs["validity"]["not_after"].native.date(),
        key_id=None if own_id is None else bytes(own_id),
        authority_key_id=None if authority_id is None else authority_id["key_identifier"].native,
        authority=None if basic is None else bool(basic["ca"].native),
        usages=None if usage is None else frozenset(usage.native),
        purposes=frozenset(() if purposes is None else (each.dotted for each in purposes)),
    )


def _country(name: Any) -> str:  # Any: asn1crypto has no types
    for relative in name.chosen:
        for part in relative:
            if part["type"].dotted == "2.5.4.6":
                return str(part["value"].native).upper()
    return ""
