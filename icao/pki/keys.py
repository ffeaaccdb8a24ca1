"""Which public key stands in a certificate? Numbers only, and never a curve that is in no table. (Doc 9303-12, 4.1)

``cryptography`` gets (n, e) or a point of a named curve and never sees the certificate: its own parser refuses keys
with explicit parameters, and whoever may choose the generator chooses whose signature verifies (A09, CVE-2020-0601).
"""

from dataclasses import dataclass
from typing import Final

from icao.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Fields,
    Part,
    bits,
    integer,
    oid,
    only,
    unsigned,
)
from icao.pki.curves import Curve, by_oid, match
from icao.tlv import Garbled

# Doc 9303-12, 4.1.6.1: at least 2048 bits. Longer ones than this only keep us busy.
MIN_RSA_BYTES: Final = 256
MAX_RSA_BYTES: Final = 1024
MAX_EXPONENT_BITS: Final = 64

RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"  # some label their key with the padding; the key is the same
EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
PRIME_FIELD: Final = "1.2.840.10045.1.1"


class NotSupported(Exception):
    """An algorithm, key or curve outside the tables: evidence in neither direction. ``code`` says which."""

    def __init__(self, sentence: str, code: str = "algorithm-unknown") -> None:
        super().__init__(sentence)
        self.code = code


class Weak(Exception):
    """What anybody with a computer can forge proves nothing, whoever signed."""


@dataclass(frozen=True, slots=True)
class RsaKey:
    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class EcKey:
    """``point`` is encoded as it came, and not yet known to lie on the curve."""

    curve: Curve
    point: bytes


PublicKey = RsaKey | EcKey


def read_key(spki: bytes) -> PublicKey:
    """What a SubjectPublicKeyInfo holds. Raises Garbled, NotSupported, Weak."""
    fields = Fields(only(spki, SEQUENCE).value)
    algorithm = fields.inside(SEQUENCE)
    key = bits(fields.next(BIT_STRING))
    kind = oid(algorithm.next(OBJECT_IDENTIFIER))
    if kind in (RSA_ENCRYPTION, RSASSA_PSS):
        numbers = Fields(only(key, SEQUENCE).value)
        return _rsa_key(unsigned(numbers.next(INTEGER)), unsigned(numbers.next(INTEGER)))
    if kind == EC_PUBLIC_KEY:
        return EcKey(read_curve(algorithm.next(OBJECT_IDENTIFIER, SEQUENCE)), key)
    raise NotSupported("The signer's kind of key is not supported.")


def _rsa_key(modulus: int, exponent: int) -> RsaKey:
    size_bytes = (modulus.bit_length() + 7) // 8
    if size_bytes > MAX_RSA_BYTES or exponent.bit_length() > MAX_EXPONENT_BITS:
        raise NotSupported(f"An RSA key of {modulus.bit_length()} bits is not supported.")
    # With the exponent 1 a signature is its own message, and a short modulus is factored (A11).
    if size_bytes < MIN_RSA_BYTES or exponent < 3:
        raise Weak(f"The signer's RSA key ({modulus.bit_length()} bits, exponent {exponent}) can be forged.")
    return RsaKey(modulus, exponent)


def read_curve(parameters: Part) -> Curve:
    """By name, or by explicit parameters that are all those of a known curve. Raises Garbled, NotSupported."""
    if parameters.tag == OBJECT_IDENTIFIER:
        named = by_oid(oid(parameters))
        if named is None:
            raise NotSupported(
                f"The curve {oid(parameters)} is not one of those for travel documents.", "unknown-curve"
            )
        return named
    curve = _explicit_curve(Fields(parameters.value))
    if curve is None:
        # A chosen generator makes anybody's key fit: never computed on (A09, CVE-2020-0601).
        raise NotSupported("The signer's key has curve parameters of no known curve.", "unknown-curve")
    return curve


def _explicit_curve(fields: Fields) -> Curve | None:
    """ECParameters of X9.62: version, field, curve, base, order, cofactor."""
    integer(fields.next(INTEGER))
    field = fields.inside(SEQUENCE)
    if oid(field.next(OBJECT_IDENTIFIER)) != PRIME_FIELD:
        return None
    prime = unsigned(field.next(INTEGER))
    curve = fields.inside(SEQUENCE)
    a, b = (int.from_bytes(curve.next(OCTET_STRING).value, "big") for _ in range(2))
    base, order = fields.next(OCTET_STRING).value, unsigned(fields.next(INTEGER))
    cofactor = fields.optional(INTEGER)
    if not prime:
        raise Garbled("a curve over nothing")
    return match(prime, a, b, base, order, None if cofactor is None else unsigned(cofactor))
