"""Which certificates has a state taken back? Certificate revocation lists. (Doc 9303-12, 7.1.4; RFC 5280, 5)

Read, not judged: who signed it is asked by passive authentication, which knows whom to believe.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.der import (
    BIT_STRING,
    GENERALIZED_TIME,
    INTEGER,
    SEQUENCE,
    UTC_TIME,
    Fields,
    Part,
    bits,
    definite,
    elements,
    integer,
    moment,
    only,
)
from icao.pki.certificates import authority_key_id, read_extensions
from icao.pki.names import comparable, country
from icao.tlv import Garbled

MAX_CRL_BYTES: Final = 1024 * 1024
MAX_REVOKED: Final = 20_000  # in one list; real ones have some tens
MAX_OBJECTS: Final = 10 * MAX_REVOKED

CRL_NUMBER: Final = "2.5.29.20"
REASON: Final = "2.5.29.21"
# A list of changes, and one of some certificates only: Doc 9303-12, 7.1.4, has neither.
PARTIAL: Final = frozenset({"2.5.29.27", "2.5.29.28"})
# RFC 5280, 5.3.1
REASONS: Final = {
    0: "unspecified", 1: "key compromise", 2: "CA compromise", 3: "affiliation changed", 4: "superseded",
    5: "cessation of operation", 6: "certificate hold", 8: "removed from the list", 9: "privilege withdrawn",
    10: "AA compromise",
}  # fmt: skip
REMOVED: Final = REASONS[8]


@dataclass(frozen=True, slots=True, repr=False)
class Crl:
    """``revoked`` says why, by serial number; "" where the list gives no reason. ``issuer`` is comparable."""

    der: bytes
    signed_part: bytes
    signature_algorithm: bytes
    signature: bytes
    issuer: str
    country: str
    issued_on: date
    next_update: date | None
    revoked: Mapping[int, str]
    authority_key_id: bytes | None
    number: int | None
    partial: bool = False
    """It does not speak of all: whom it does not list may be on another."""

    def __repr__(self) -> str:
        return f"Crl({self.country or '??'}, {self.issued_on}, {len(self.revoked)} revoked)"


def parse_crl(encoded: bytes) -> Crl:
    """Raises Garbled."""
    if len(encoded) > MAX_CRL_BYTES:
        raise Garbled(f"a revocation list has more than {MAX_CRL_BYTES} bytes")
    whole = Fields(only(definite(encoded, MAX_OBJECTS), SEQUENCE).value)
    signed = whole.next(SEQUENCE)
    algorithm, signature = whole.next(SEQUENCE).encoded, bits(whole.next(BIT_STRING))
    fields = Fields(signed.value)
    fields.optional(INTEGER)  # version
    fields.next(SEQUENCE)  # the algorithm once more
    issuer = fields.next(SEQUENCE).encoded
    issued = moment(fields.next(UTC_TIME, GENERALIZED_TIME))
    following = fields.optional(UTC_TIME, GENERALIZED_TIME)
    revoked = fields.optional(SEQUENCE)
    extensions = fields.optional(0xA0)
    found = {} if extensions is None else read_extensions(only(extensions.value, SEQUENCE))
    return Crl(
        der=encoded,
        signed_part=signed.encoded,
        signature_algorithm=algorithm,
        signature=signature,
        issuer=comparable(issuer),
        country=country(issuer),
        issued_on=issued.date(),
        next_update=None if following is None else moment(following).date(),
        revoked={} if revoked is None else dict(_revoked(revoked)),
        authority_key_id=authority_key_id(found),
        number=integer(only(found[CRL_NUMBER])) if CRL_NUMBER in found else None,
        partial=not PARTIAL.isdisjoint(found),
    )


def _revoked(part: Part) -> Iterator[tuple[int, str]]:
    for entry in elements(part.value, MAX_REVOKED):
        fields = Fields(entry.value)
        serial = integer(fields.next(INTEGER))
        fields.next(UTC_TIME, GENERALIZED_TIME)
        extensions = fields.optional(SEQUENCE)
        yield serial, "" if extensions is None else _reason(extensions)


def _reason(extensions: Part) -> str:
    found = read_extensions(extensions)
    if REASON not in found:
        return ""
    return REASONS.get(int.from_bytes(only(found[REASON]).value, "big"), "unknown reason")
