"""Which documents does a state itself say are not as they should be? Deviation lists. (Doc 9303-12, 10)

Each deviation names documents by their signer, their kind, their time of issue, their numbers, or several of these
at once, and says what is wrong. Read, not judged: passive authentication asks who signed the list.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from icao.der import INTEGER, OBJECT_IDENTIFIER, SEQUENCE, SET, Fields, Part, elements, integer, moment, oid, only
from icao.pki.algorithms import SHA256, digest_of
from icao.pki.certificates import Certificate
from icao.pki.cms import SignedData, SignerId, digest_verdict, parse_signed_data
from icao.pki.keys import NotSupported, Weak
from icao.pki.names import comparable
from icao.pki.signatures import Verdict
from icao.tlv import Garbled, write

MAX_LIST_BYTES: Final = 4 * 1024 * 1024  # Italy's of 2018 names 346,275 documents
MAX_DEVIATIONS: Final = 1024
MAX_DESCRIPTIONS: Final = 16
MAX_WORDS: Final = 160  # characters of a state's own description that are shown

DEVIATION_LIST: Final = "2.23.136.1.1.7"
PRINTABLE_STRING: Final = 0x13

# Doc 9303-12, 10.2: what may be wrong, by the arcs behind the list's own.
KINDS: Final = {
    "1.1": "the signer's signature is wrong",
    "1.2": "the signer's certificate is encoded wrongly",
    "1.3": "the CSCA's certificate is encoded wrongly",
    "1.4": "the key for active authentication is compromised",
    "2.1": "a data group is malformed",
    "2.2": "the hash of a data group is wrong",
    "2.3": "the signature of EF.SOD is wrong",
    "2.4": "EF.COM does not agree with EF.SOD",
    "3.1": "the machine readable zone holds wrong data",
    "3.2": "the machine readable zone has a wrong check digit",
    "4": "the chip does not work as it should",
    "5": "for national use",
}


@dataclass(frozen=True, slots=True, repr=False)
class Deviation:
    """What is named here narrows the documents down; what is None does not. ``says`` is what is wrong with them."""

    signer: SignerId | None
    signer_digest: bytes | None  # of the signer's certificate
    document_type: str | None
    issued: tuple[date, date] | None
    numbers: bytes | None  # the encoded strings, one behind the other
    says: str

    @property
    def names_a_signer(self) -> bool:
        return self.signer is not None or self.signer_digest is not None

    def holds_number(self, number: str) -> bool:
        """``number`` is the document number without fillers. Strings of X.690 cannot be mistaken for one another."""
        return self.numbers is not None and write(PRINTABLE_STRING, number.encode("latin-1", "replace")) in self.numbers


@dataclass(frozen=True, slots=True, repr=False)
class DeviationList:
    signed: SignedData
    deviations: tuple[Deviation, ...]
    signed_on: date | None
    digest_algorithm: str  # an OID, of ``signer_digest``
    digest: Verdict
    """Whether the content is what was signed: asked once, for a list may have megabytes."""

    def __repr__(self) -> str:
        return f"DeviationList({self.signed_on}, {len(self.deviations)} deviations)"

    def naming(self, signer: Certificate) -> Iterable[Deviation]:
        """The deviations that this signer does not rule out."""
        for each in self.deviations:
            if each.signer is not None and not each.signer.names(signer):
                continue
            if each.signer_digest is None or each.signer_digest == self._digest_of(signer):
                yield each

    def _digest_of(self, signer: Certificate) -> bytes | None:
        try:
            return digest_of(self.digest_algorithm, signer.der)
        except (NotSupported, Weak):
            return None


def parse_deviation_list(message: bytes) -> DeviationList:
    """Raises Garbled."""
    if len(message) > MAX_LIST_BYTES:
        raise Garbled(f"a deviation list has more than {MAX_LIST_BYTES} bytes")
    signed = parse_signed_data(message)
    if signed.content_type != DEVIATION_LIST:
        raise Garbled("the message holds no deviation list")
    fields = Fields(only(signed.content, SEQUENCE).value)
    integer(fields.next(INTEGER))
    algorithm = fields.optional(SEQUENCE)
    deviations = tuple(_deviation(part) for part in elements(fields.next(SET).value, MAX_DEVIATIONS))
    first = signed.signers[0]
    return DeviationList(signed, deviations, first.signed_on, _digest(algorithm), digest_verdict(signed, first))


def _digest(algorithm: Part | None) -> str:
    return SHA256 if algorithm is None else oid(Fields(algorithm.value).next(OBJECT_IDENTIFIER))


def _deviation(part: Part) -> Deviation:
    fields = Fields(part.value)
    documents = fields.inside(SEQUENCE)
    says = [_description(each) for each in elements(fields.next(SET).value, MAX_DESCRIPTIONS)]
    kind = documents.optional(0x80)
    identifier = documents.optional(0xA1, 0x82, 0x83)
    issued, numbers = documents.optional(0xA4), documents.optional(0xA5)
    if documents.left:
        raise Garbled("a deviation names its documents in a way that is not known")
    return Deviation(
        signer=None if identifier is None else _signer(identifier),
        signer_digest=identifier.value if identifier is not None and identifier.tag == 0x83 else None,
        document_type=None if kind is None else kind.value.decode("latin-1").strip("< ").upper(),
        issued=None if issued is None else _period(issued),
        numbers=None if numbers is None else numbers.value,
        says="; ".join(says),
    )


def _signer(identifier: Part) -> SignerId | None:
    if identifier.tag == 0x83:
        return None
    if identifier.tag == 0x82:
        return SignerId(key_id=identifier.value)
    fields = Fields(identifier.value)
    return SignerId(issuer=comparable(fields.next(SEQUENCE).encoded), serial=integer(fields.next(INTEGER)))


def _period(part: Part) -> tuple[date, date]:
    fields = Fields(part.value)
    return moment(fields.next()).date(), moment(fields.next()).date()


def _description(part: Part) -> str:
    fields = Fields(part.value)
    text, found = None, fields.next()
    if found.tag != OBJECT_IDENTIFIER:
        text, found = found, fields.next(OBJECT_IDENTIFIER)
    arcs = oid(found).removeprefix(f"{DEVIATION_LIST}.")
    says = KINDS.get(arcs, f"deviation {arcs}")
    return says if text is None else f"{says} ({_shown(text.value)})"


def _shown(text: bytes) -> str:
    """A state's own words, as far as they can stand in a sentence."""
    words = "".join(letter if letter.isprintable() else " " for letter in text.decode("latin-1"))
    return " ".join(words.split())[:MAX_WORDS]
