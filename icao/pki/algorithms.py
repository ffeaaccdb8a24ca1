"""How was this signature made, and which hash is meant? (Doc 9303-12, 4.1; RFC 4055; BSI TR-03111, 5.2.1)

The algorithm stands where the signature stands, the key in the signer's certificate: in the field the two name
different ones, and some signatures leave their hash to another field altogether.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from icao.der import INTEGER, OBJECT_IDENTIFIER, SEQUENCE, Fields, Part, integer, oid, only
from icao.pki.keys import MAX_RSA_BYTES, NotSupported, Weak

SHA1: Final = "1.3.14.3.2.26"
SHA224: Final = "2.16.840.1.101.3.4.2.4"
SHA256: Final = "2.16.840.1.101.3.4.2.1"
SHA384: Final = "2.16.840.1.101.3.4.2.2"
SHA512: Final = "2.16.840.1.101.3.4.2.3"

DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    SHA1: hashes.SHA1(),  # noqa: S303  (old passports are still valid)
    SHA224: hashes.SHA224(),
    SHA256: hashes.SHA256(),
    SHA384: hashes.SHA384(),
    SHA512: hashes.SHA512(),
}
# Two documents with one hash are made in seconds: what these sign is nobody's (A11).
BROKEN: Final = frozenset({"1.2.840.113549.2.2", "1.2.840.113549.2.4", "1.2.840.113549.2.5"})  # MD2, MD4, MD5
BROKEN_SIGNATURES: Final = frozenset({"1.2.840.113549.1.1.2", "1.2.840.113549.1.1.3", "1.2.840.113549.1.1.4"})

RSA: Final = "rsa"
PSS: Final = "pss"
ECDSA: Final = "ecdsa"
ECDSA_PLAIN: Final = "ecdsa-plain"  # r and s side by side, instead of two INTEGERs

ECDSA_SPECIFIED: Final = "1.2.840.10045.4.3"  # the digest stands in its parameters
MGF1: Final = "1.2.840.113549.1.1.8"

# What an algorithm says: the scheme, and the digest unless it stands elsewhere.
SCHEMES: Final[dict[str, tuple[str, str | None]]] = {
    "1.2.840.113549.1.1.1": (RSA, None),  # plain rsaEncryption: the digest stands in digestAlgorithm
    "1.3.14.3.2.29": (RSA, SHA1),
    "1.2.840.113549.1.1.5": (RSA, SHA1),
    "1.2.840.113549.1.1.14": (RSA, SHA224),
    "1.2.840.113549.1.1.11": (RSA, SHA256),
    "1.2.840.113549.1.1.12": (RSA, SHA384),
    "1.2.840.113549.1.1.13": (RSA, SHA512),
    "1.2.840.113549.1.1.10": (PSS, None),  # digest, mask and salt stand in its parameters
    "1.2.840.10045.2.1": (ECDSA, None),
    "1.2.840.10045.4.1": (ECDSA, SHA1),
    ECDSA_SPECIFIED: (ECDSA, None),
    "1.2.840.10045.4.3.1": (ECDSA, SHA224),
    "1.2.840.10045.4.3.2": (ECDSA, SHA256),
    "1.2.840.10045.4.3.3": (ECDSA, SHA384),
    "1.2.840.10045.4.3.4": (ECDSA, SHA512),
    "0.4.0.127.0.7.1.1.4.1.1": (ECDSA_PLAIN, SHA1),
    "0.4.0.127.0.7.1.1.4.1.2": (ECDSA_PLAIN, SHA224),
    "0.4.0.127.0.7.1.1.4.1.3": (ECDSA_PLAIN, SHA256),
    "0.4.0.127.0.7.1.1.4.1.4": (ECDSA_PLAIN, SHA384),
    "0.4.0.127.0.7.1.1.4.1.5": (ECDSA_PLAIN, SHA512),
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How a signature was made; ``salt_bytes`` None: find it in the signature."""

    scheme: str
    digest: hashes.HashAlgorithm
    mask_digest: hashes.HashAlgorithm | None = None
    salt_bytes: int | None = None


def read_algorithm(identifier: bytes, digest: str | None) -> Algorithm:
    """What an AlgorithmIdentifier says; it may leave ``digest`` open. Raises Garbled, NotSupported, Weak."""
    fields = Fields(only(identifier, SEQUENCE).value)
    name = oid(fields.next(OBJECT_IDENTIFIER))
    if name in BROKEN_SIGNATURES:
        raise Weak("The signature rests on MD5 or older, which anybody can forge.")
    if name not in SCHEMES:
        raise NotSupported(f"The signature algorithm {name} is not supported.")
    scheme, own_digest = SCHEMES[name]
    parameters = fields.optional(SEQUENCE)
    if scheme == PSS:
        return _read_pss(parameters, digest)
    if name == ECDSA_SPECIFIED:
        own_digest = None if parameters is None else _identified(parameters)
    return Algorithm(scheme, known_digest(own_digest or digest))


def _read_pss(parameters: Part | None, digest: str | None) -> Algorithm:
    """RSASSA-PSS-params (RFC 4055, 3.1). Odd salts are declared here (DK: 64 bytes); without parameters nothing is."""
    if parameters is None:
        found = known_digest(digest or SHA1)
        return Algorithm(PSS, found, found)
    fields = Fields(parameters.value)
    own, mask, salt, trailer = (fields.optional(tag) for tag in (0xA0, 0xA1, 0xA2, 0xA3))
    if trailer is not None and integer(only(trailer.value, INTEGER)) != 1:
        raise NotSupported("The trailer of this PSS signature is not supported.")
    salt_bytes = 20 if salt is None else integer(only(salt.value, INTEGER))
    if salt_bytes < 0:
        raise NotSupported("A salt of less than nothing is not supported.")
    return Algorithm(
        PSS,
        known_digest(SHA1 if own is None else _identified(only(own.value, SEQUENCE))),
        known_digest(SHA1 if mask is None else _mask_digest(only(mask.value, SEQUENCE))),
        min(salt_bytes, MAX_RSA_BYTES),  # none so long fits into a signature: it is wrong, whatever is claimed
    )


def _mask_digest(mask: Part) -> str:
    fields = Fields(mask.value)
    if oid(fields.next(OBJECT_IDENTIFIER)) != MGF1:
        raise NotSupported("The mask of this PSS signature is not supported.")
    return _identified(fields.next(SEQUENCE))


def _identified(identifier: Part) -> str:
    return oid(Fields(identifier.value).next(OBJECT_IDENTIFIER))


def known_digest(name: str | None) -> hashes.HashAlgorithm:
    """Raises NotSupported, Weak."""
    if name in BROKEN:
        raise Weak("The hash is MD5 or older, and anybody can make two documents with one such hash.")
    found = DIGESTS.get(name or "")
    if found is None:
        raise NotSupported(f"The hash algorithm {name} is not supported.")
    return found


def digest_of(name: str, content: bytes) -> bytes:
    """Raises NotSupported, Weak."""
    return hashlib.new(known_digest(name).name, content).digest()
