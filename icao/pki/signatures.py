"""Does this signature come from this key? (Doc 9303-12, 4.1; Doc 9303-10, 4.6.2.2)

The algorithm comes from where the signature stands (SignerInfo or certificate), the key from the signer's certificate:
in the field the two name different algorithms. Curves are named ones only. Explicit curve parameters are never
computed on: whoever chooses the generator chooses whose signature verifies (CVE-2020-0601).
"""

from dataclasses import dataclass
from typing import Any, Final

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from icao.asn1 import reading
from icao.checks import Result
from icao.tlv import Garbled

Verdict = tuple[Result, str]

# Shorter RSA keys prove nothing; longer ones only keep us busy.
MIN_RSA_BITS: Final = 1024
MAX_RSA_BITS: Final = 8192
MAX_EXPONENT_BITS: Final = 64

# Doc 9303-12, 4.1. MD5 is not among them, and stays away.
DIGESTS: Final[dict[str, hashes.HashAlgorithm]] = {
    "1.3.14.3.2.26": hashes.SHA1(),  # noqa: S303  (old passports are still valid)
    "2.16.840.1.101.3.4.2.4": hashes.SHA224(),
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}

CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "1.2.840.10045.3.1.1": ec.SECP192R1(),
    "1.3.132.0.33": ec.SECP224R1(),
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
    "1.3.36.3.3.2.8.1.1.7": ec.BrainpoolP256R1(),
    "1.3.36.3.3.2.8.1.1.11": ec.BrainpoolP384R1(),
    "1.3.36.3.3.2.8.1.1.13": ec.BrainpoolP512R1(),
}

RSA: Final = "rsa"
PSS: Final = "pss"
ECDSA: Final = "ecdsa"

# What an algorithm says: the scheme, and the digest unless it stands elsewhere.
SCHEMES: Final[dict[str, tuple[str, str | None]]] = {
    "1.2.840.113549.1.1.1": (RSA, None),  # plain rsaEncryption: the digest stands in digestAlgorithm
    "1.2.840.113549.1.1.5": (RSA, "1.3.14.3.2.26"),
    "1.2.840.113549.1.1.14": (RSA, "2.16.840.1.101.3.4.2.4"),
    "1.2.840.113549.1.1.11": (RSA, "2.16.840.1.101.3.4.2.1"),
    "1.2.840.113549.1.1.12": (RSA, "2.16.840.1.101.3.4.2.2"),
    "1.2.840.113549.1.1.13": (RSA, "2.16.840.1.101.3.4.2.3"),
    "1.2.840.113549.1.1.10": (PSS, None),  # digest, mask and salt stand in its parameters
    "1.2.840.10045.2.1": (ECDSA, None),
    "1.2.840.10045.4.1": (ECDSA, "1.3.14.3.2.26"),
    "1.2.840.10045.4.3.1": (ECDSA, "2.16.840.1.101.3.4.2.4"),
    "1.2.840.10045.4.3.2": (ECDSA, "2.16.840.1.101.3.4.2.1"),
    "1.2.840.10045.4.3.3": (ECDSA, "2.16.840.1.101.3.4.2.2"),
    "1.2.840.10045.4.3.4": (ECDSA, "2.16.840.1.101.3.4.2.3"),
}


@dataclass(frozen=True, slots=True)
class Algorithm:
    """How a signature was made; ``salt_bytes`` None: find it in the signature."""

    scheme: str
    digest: hashes.HashAlgorithm
    mask_digest: hashes.HashAlgorithm | None = None
    salt_bytes: int | None = None


class NotSupported(Exception):
    """An algorithm, key or curve outside the tables above: evidence in neither direction."""


class Unsure(NotSupported):
    """Explicit curve parameters: the key may be right, but we do not compute on it."""


def verify(spki: bytes, algorithm: bytes, digest: str | None, signature: bytes, message: bytes) -> Verdict:
    """The verdict and a sentence. ``algorithm`` is an AlgorithmIdentifier; ``digest`` an OID, where it names none."""
    try:
        used = read_algorithm(algorithm, digest)
        key = read_key(spki)
        with reading("a signature"):
            return _verify(key, used, signature, message)
    except Unsure as error:
        return Result.UNDETERMINED, str(error)
    except NotSupported as error:
        return Result.NOT_SUPPORTED, str(error)
    except UnsupportedAlgorithm:  # pragma: no cover  (only where OpenSSL was built without some curves)
        return Result.NOT_SUPPORTED, "This machine's cryptography lacks the signer's algorithm."
    except Garbled as error:
        return Result.FAILED, f"The signature cannot be checked: {error}."
    except InvalidSignature:
        return Result.FAILED, "The signature is wrong."


def read_algorithm(algorithm: bytes, digest: str | None) -> Algorithm:
    """Raises NotSupported, Garbled."""
    with reading("an algorithm identifier"):
        parsed = algos.SignedDigestAlgorithm.load(algorithm, strict=True)
        oid: str = parsed["algorithm"].dotted
        scheme, own_digest = SCHEMES.get(oid, ("", None))
        if scheme == PSS:
            return _read_pss(parsed["parameters"], digest)
    if not scheme:
        raise NotSupported(f"The signature algorithm {oid} is not supported.")
    return Algorithm(scheme, known_digest(own_digest or digest))


def _read_pss(parameters: Any, digest: str | None) -> Algorithm:  # Any: asn1crypto has no types
    if not isinstance(parameters, algos.RSASSAPSSParams):
        return Algorithm(PSS, known_digest(digest), known_digest(digest))
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or parameters["trailer_field"].native != "trailer_field_bc":
        raise NotSupported("The mask of this PSS signature is not supported.")
    return Algorithm(
        PSS,
        known_digest(parameters["hash_algorithm"]["algorithm"].dotted),
        known_digest(mask["parameters"]["algorithm"].dotted),
        int(parameters["salt_length"].native),
    )


def known_digest(oid: str | None) -> hashes.HashAlgorithm:
    """Raises NotSupported."""
    found = DIGESTS.get(oid or "")
    if found is None:
        raise NotSupported(f"The hash algorithm {oid} is not supported.")
    return found


def read_key(spki: bytes) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    """Raises NotSupported, Garbled."""
    with reading("a public key"):
        parsed = keys.PublicKeyInfo.load(spki, strict=True)
        kind = parsed["algorithm"]["algorithm"].native
        if kind in ("rsa", "rsassa_pss"):
            numbers = parsed["public_key"].parsed
            return _rsa_key(int(numbers["modulus"].native), int(numbers["public_exponent"].native))
        if kind == "ec":
            return _ec_key(parsed)
    raise NotSupported("The signer's kind of key is not supported.")


def _rsa_key(modulus: int, exponent: int) -> rsa.RSAPublicKey:
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS or exponent.bit_length() > MAX_EXPONENT_BITS:
        raise NotSupported(f"An RSA key of {modulus.bit_length()} bits is not supported.")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def _ec_key(parsed: Any) -> ec.EllipticCurvePublicKey:  # Any: asn1crypto has no types
    parameters = parsed["algorithm"]["parameters"]
    if parameters.name != "named":
        # A chosen generator makes anybody's key fit: CVE-2020-0601.
        raise Unsure("The signer's key has explicit curve parameters, which are not computed on.")
    curve = CURVES.get(parameters.chosen.dotted)
    if curve is None:
        raise NotSupported(f"The curve {parameters.chosen.dotted} is not supported.")
    return ec.EllipticCurvePublicKey.from_encoded_point(curve, parsed["public_key"].native)


def _verify(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, used: Algorithm, signature: bytes, message: bytes
) -> Verdict:
    if isinstance(key, ec.EllipticCurvePublicKey) and used.scheme == ECDSA:
        key.verify(signature, message, ec.ECDSA(used.digest))
    elif isinstance(key, rsa.RSAPublicKey) and used.scheme == RSA:
        key.verify(signature, message, padding.PKCS1v15(), used.digest)
    elif isinstance(key, rsa.RSAPublicKey) and used.scheme == PSS:
        salt = padding.PSS.AUTO if used.salt_bytes is None else used.salt_bytes
        mask = padding.MGF1(used.mask_digest or used.digest)
        key.verify(signature, message, padding.PSS(mask, salt), used.digest)
    else:
        return Result.FAILED, "The signature is of another kind than the signer's key."
    return Result.SUCCESSFUL, ""
