"""What does a card verifiable certificate say, and whose key signed it? (BSI TR-03110-3, C and D)

Chips cannot read X.509: the certificates with which an inspection system asks for fingerprints are short and made of
tags. Only a CVCA's certificate names the curve; the keys below it are points of the same one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final

from icao.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, dotted
from icao.lds.security_infos import TA, oid_contents
from icao.pki import signatures
from icao.pki.algorithms import SHA1, SHA224, SHA256, SHA384, SHA512
from icao.pki.curves import Curve, match
from icao.pki.keys import EC_PUBLIC_KEY, RSA_ENCRYPTION
from icao.pki.signatures import Verdict
from icao.tlv import Garbled, Tlv, read_all, read_one, write

# One table of limits. Real ones have 200 to 800 bytes.
MAX_CERTIFICATE_BYTES: Final = 4096
MAX_REFERENCE_BYTES: Final = 16
MIN_REFERENCE_BYTES: Final = 8  # a country, a name of one letter, a sequence number

CERTIFICATE: Final = 0x7F21
BODY: Final = 0x7F4E
PROFILE: Final = 0x5F29
AUTHORITY: Final = 0x42
PUBLIC_KEY: Final = 0x7F49
HOLDER: Final = 0x5F20
AUTHORISATION: Final = 0x7F4C
BEGINS: Final = 0x5F25
ENDS: Final = 0x5F24
EXTENSIONS: Final = 0x65
SIGNATURE: Final = 0x5F37
DISCRETIONARY_DATA: Final = 0x53

# Of a public key on a curve, and of an RSA key. (TR-03110-3, D.3)
PRIME, A, B, GENERATOR, ORDER, POINT, COFACTOR = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87
MODULUS, EXPONENT = 0x81, 0x82

INSPECTION_SYSTEM: Final = "0.4.0.127.0.7.3.1.2.1"  # the one kind of terminal that reads travel documents
READ_DG3: Final = 0x01  # fingers
READ_DG4: Final = 0x02  # irises
MAX_RIGHTS_BYTES: Final = 5

# id-TA: the scheme of the key, as an AlgorithmIdentifier of the signatures that it makes. (TR-03110-3, A.6.3)
TA_RSA: Final = TA + ".1"
TA_ECDSA: Final = TA + ".2"
ECDSA_HASHES: Final = (SHA1, SHA224, SHA256, SHA384, SHA512)  # by the last arc
ECDSA_PLAIN: Final = "0.4.0.127.0.7.1.1.4.1"
RSA_PKCS1: Final = {1: "1.2.840.113549.1.1.5", 2: "1.2.840.113549.1.1.11", 5: "1.2.840.113549.1.1.13"}
RSA_PSS: Final = {3: (SHA1, 20), 4: (SHA256, 32), 6: (SHA512, 64)}
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
MGF1: Final = "1.2.840.113549.1.1.8"


class Role(IntEnum):
    """The first two bits of the authorisation."""

    TERMINAL = 0
    DV_FOREIGN = 1
    DV_DOMESTIC = 2
    CVCA = 3


@dataclass(frozen=True, slots=True)
class CvKey:
    """``curve`` None: the issuer's. An RSA key has ``modulus`` and ``exponent`` instead of a ``point``."""

    oid: str
    curve: Curve | None = None
    point: bytes = b""
    modulus: int = 0
    exponent: int = 0

    @property
    def is_rsa(self) -> bool:
        return self.oid.startswith(TA_RSA)

    def verify(self, signature: bytes, message: bytes) -> Verdict:
        """Raises nothing."""
        return signatures.verify(self._spki(), _identifier(self.oid), None, signature, message)

    def _spki(self) -> bytes:
        if self.is_rsa:
            numbers = _integer(self.modulus) + _integer(self.exponent)
            return _public_key_info(_oid(RSA_ENCRYPTION), write(SEQUENCE, numbers))
        return _public_key_info(_oid(EC_PUBLIC_KEY) + (_oid(self.curve.oid) if self.curve else b""), self.point)


@dataclass(frozen=True, slots=True)
class CvCertificate:
    """``authority`` is who signed (CAR), ``holder`` whose key it is (CHR).

    ``terminal`` is the kind of terminal. For an INSPECTION_SYSTEM ``rights`` are READ_DG3 and READ_DG4.
    """

    encoded: bytes
    body: bytes  # what is signed, with its tag
    signature: bytes
    authority: str
    holder: str
    key: CvKey
    terminal: str
    role: Role
    rights: int
    begins: date
    ends: date

    @property
    def for_the_card(self) -> bytes:
        """Body and signature without the outer tag, as PSO:VERIFY CERTIFICATE wants them."""
        return self.body + write(SIGNATURE, self.signature)


def parse_cvc(encoded: bytes) -> CvCertificate:
    """Raises Garbled."""
    if len(encoded) > MAX_CERTIFICATE_BYTES:
        raise Garbled(f"the CV certificate has {len(encoded)} bytes, and {MAX_CERTIFICATE_BYTES} is the most")
    outer = read_all(read_one(encoded, CERTIFICATE))
    if [part.tag for part in outer] != [BODY, SIGNATURE]:
        raise Garbled("a CV certificate is not a body and a signature")
    body = {part.tag: part.value for part in _in_order(read_all(outer[0].value))}
    if body[PROFILE] != b"\0":
        raise Garbled("a CV certificate has another profile than the one that is read")
    terminal, role, rights = _authorisation(body[AUTHORISATION])
    key = _key(body[PUBLIC_KEY])
    # Below a CVCA the curve is inherited: whoever may choose it himself chooses whose signature verifies.
    if role is not Role.CVCA and key.curve is not None:
        raise Garbled("a CV certificate that is no CVCA's brings a curve of its own")
    return CvCertificate(
        encoded=encoded,
        body=write(BODY, outer[0].value),
        signature=outer[1].value,
        authority=_reference(body[AUTHORITY]),
        holder=_reference(body[HOLDER]),
        key=key,
        terminal=terminal,
        role=role,
        rights=rights,
        begins=_date(body[BEGINS]),
        ends=_date(body[ENDS]),
    )


def compose_cvc(
    authority: str,
    holder: str,
    key: CvKey,
    authorisation: tuple[Role, int],
    validity: tuple[date, date],
    sign: Callable[[bytes], bytes],
) -> bytes:
    """The certificate, signed by ``sign``, which gets the body as it is signed."""
    role, rights = authorisation
    body = write(
        BODY,
        write(PROFILE, b"\0")
        + write(AUTHORITY, authority.encode("latin-1"))
        + write(PUBLIC_KEY, _key_objects(key))
        + write(HOLDER, holder.encode("latin-1"))
        + write(AUTHORISATION, _oid(INSPECTION_SYSTEM) + write(DISCRETIONARY_DATA, bytes([role << 6 | rights])))
        + write(BEGINS, _digits(validity[0]))
        + write(ENDS, _digits(validity[1])),
    )
    return write(CERTIFICATE, body + write(SIGNATURE, sign(body)))


def _in_order(parts: tuple[Tlv, ...]) -> tuple[Tlv, ...]:
    """All fields, each once, in the order of TR-03110-3, C.1. Raises Garbled."""
    wanted = [PROFILE, AUTHORITY, PUBLIC_KEY, HOLDER, AUTHORISATION, BEGINS, ENDS]
    if [part.tag for part in parts] not in (wanted, [*wanted, EXTENSIONS]):
        raise Garbled("the fields of a CV certificate are not those of its standard")
    return parts


def _reference(value: bytes) -> str:
    text = value.decode("latin-1")
    if not MIN_REFERENCE_BYTES <= len(value) <= MAX_REFERENCE_BYTES or not text.isprintable():
        raise Garbled("a CV certificate's reference is not made as its standard says")
    return text


def _authorisation(value: bytes) -> tuple[str, Role, int]:
    parts = read_all(value)
    if [part.tag for part in parts] != [OBJECT_IDENTIFIER, DISCRETIONARY_DATA]:
        raise Garbled("a CV certificate's authorisation is not made as its standard says")
    template = parts[1].value
    if not 1 <= len(template) <= MAX_RIGHTS_BYTES:
        raise Garbled("a CV certificate's rights are empty or beyond every limit")
    rights_bits = 8 * len(template) - 2
    return dotted(parts[0].value), Role(template[0] >> 6), _number(template) & (1 << rights_bits) - 1


def _key(value: bytes) -> CvKey:
    parts = read_all(value)
    found = {part.tag: part.value for part in parts}
    if len(found) != len(parts) or not parts or parts[0].tag != OBJECT_IDENTIFIER:
        raise Garbled("a CV certificate's key is not made as its standard says")
    oid = dotted(found.pop(OBJECT_IDENTIFIER))
    _identifier(oid)
    if oid.startswith(TA_RSA) and found.keys() == {MODULUS, EXPONENT}:
        return CvKey(oid, modulus=_number(found[MODULUS]), exponent=_number(found[EXPONENT]))
    if oid.startswith(TA_ECDSA) and found.keys() == {POINT}:
        return CvKey(oid, point=found[POINT])
    if oid.startswith(TA_ECDSA) and found.keys() | {COFACTOR} == set(range(PRIME, COFACTOR + 1)):
        return CvKey(oid, _curve(found), found[POINT])
    raise Garbled("a CV certificate's key has other parts than its algorithm wants")


def _curve(found: dict[int, bytes]) -> Curve:
    p, a, b, n = (_number(found[tag]) for tag in (PRIME, A, B, ORDER))
    curve = match(p, a, b, found[GENERATOR], n, _number(found[COFACTOR]) if COFACTOR in found else None)
    if curve is None:  # A09
        raise Garbled("a CV certificate's curve is none of the known ones")
    return curve


def _key_objects(key: CvKey) -> bytes:
    if key.is_rsa:
        return _oid(key.oid) + write(MODULUS, _magnitude(key.modulus)) + write(EXPONENT, _magnitude(key.exponent))
    if key.curve is None:
        return _oid(key.oid) + write(POINT, key.point)
    curve, size = key.curve, key.curve.size_bytes
    p, a, b, x, y, n = (each.to_bytes(size, "big") for each in (curve.p, curve.a, curve.b, curve.x, curve.y, curve.n))
    domain = {PRIME: p, A: a, B: b, GENERATOR: b"\x04" + x + y, ORDER: n, POINT: key.point, COFACTOR: b"\x01"}
    return _oid(key.oid) + b"".join(write(tag, value) for tag, value in domain.items())


def _identifier(oid: str) -> bytes:
    """The AlgorithmIdentifier of what such a key signs. Raises Garbled."""
    stem, _, last = oid.rpartition(".")
    arc = int(last)
    if stem == TA_ECDSA and 1 <= arc <= len(ECDSA_HASHES):
        return write(SEQUENCE, _oid(f"{ECDSA_PLAIN}.{arc}"))
    if stem == TA_RSA and arc in RSA_PKCS1:
        return write(SEQUENCE, _oid(RSA_PKCS1[arc]))
    if stem == TA_RSA and arc in RSA_PSS:
        digest, salt_bytes = RSA_PSS[arc]
        named = write(SEQUENCE, _oid(digest))
        mask = write(SEQUENCE, _oid(MGF1) + named)
        parameters = write(0xA0, named) + write(0xA1, mask) + write(0xA2, _integer(salt_bytes))
        return write(SEQUENCE, _oid(RSASSA_PSS) + write(SEQUENCE, parameters))
    raise Garbled("a CV certificate's key is for no algorithm of terminal authentication")


def _date(value: bytes) -> date:
    """Six digits, a byte each: YYMMDD of this century."""
    if len(value) != 6 or max(value) > 9:
        raise Garbled("a CV certificate's date is not made of six digits")
    year, month, day = (10 * value[place] + value[place + 1] for place in (0, 2, 4))
    try:
        return date(2000 + year, month, day)
    except ValueError:
        raise Garbled("a CV certificate's date is none") from None


def _digits(day: date) -> bytes:
    return bytes(int(digit) for digit in f"{day:%y%m%d}")


def _number(value: bytes) -> int:
    return int.from_bytes(value, "big")


def _magnitude(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")


def _integer(number: int) -> bytes:
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(name: str) -> bytes:
    return write(OBJECT_IDENTIFIER, oid_contents(name))


def _public_key_info(algorithm: bytes, key: bytes) -> bytes:
    return write(SEQUENCE, write(SEQUENCE, algorithm) + write(BIT_STRING, b"\0" + key))
