"""Does this signature come from this key? (Doc 9303-12, 4.1; Doc 9303-10, 4.6.2.2)

OpenSSL computes, on numbers that were read here: it knows no loose padding (A10), and gets no curve but a named one.
Where its build lacks the curve, ``icao.pki.ecdsa`` does.
"""

import hashlib
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from icao.checks import Result
from icao.der import INTEGER, SEQUENCE, Fields, only, unsigned
from icao.pki import ecdsa, points
from icao.pki.algorithms import ECDSA, ECDSA_PLAIN, PSS, RSA, Algorithm, read_algorithm
from icao.pki.keys import EcKey, NotSupported, RsaKey, Weak, read_key
from icao.tlv import Garbled


class Verdict(NamedTuple):
    """``detail`` is a sentence and ``code`` a word; both are empty when the signature is right."""

    result: Result
    detail: str = ""
    code: str = ""


class Signed(Protocol):
    """Whatever carries a signature over a part of itself: certificates and revocation lists."""

    @property
    def signed_part(self) -> bytes: ...
    @property
    def signature_algorithm(self) -> bytes:
        """An AlgorithmIdentifier."""

    @property
    def signature(self) -> bytes: ...


RIGHT: Final = Verdict(Result.SUCCESSFUL)
WRONG: Final = Verdict(Result.FAILED, "The signature is wrong.", "signature-wrong")
OTHER_KIND: Final = Verdict(Result.FAILED, "The signature is of another kind than the signer's key.", "signature-wrong")


def verify(spki: bytes, algorithm: bytes, digest: str | None, signature: bytes, message: bytes) -> Verdict:
    """Raises nothing. ``algorithm`` is an AlgorithmIdentifier; ``digest`` an OID, where that names none."""
    try:
        used = read_algorithm(algorithm, digest)
        key = read_key(spki)
        if isinstance(key, RsaKey) and used.scheme in (RSA, PSS):
            return _verify_rsa(key, used, signature, message)
        if isinstance(key, EcKey) and used.scheme in (ECDSA, ECDSA_PLAIN):
            return _verify_ecdsa(key, used, signature, message)
        return OTHER_KIND
    except Weak as error:
        return Verdict(Result.FAILED, str(error), "weak-algorithm")
    except NotSupported as error:
        return Verdict(Result.NOT_SUPPORTED, str(error), error.code)
    except UnsupportedAlgorithm:  # pragma: no cover  (only where OpenSSL was built without some curves)
        return Verdict(Result.NOT_SUPPORTED, "This machine lacks the signer's algorithm.", "algorithm-unknown")
    except Garbled as error:
        return Verdict(Result.FAILED, f"The signature cannot be checked: {error}.", "signature-garbled")
    except ValueError:  # a point beside its curve, a modulus that is even
        return Verdict(Result.FAILED, "The signer's key is none.", "key-wrong")
    except InvalidSignature:
        return WRONG


def _verify_rsa(key: RsaKey, used: Algorithm, signature: bytes, message: bytes) -> Verdict:
    public = rsa.RSAPublicNumbers(key.exponent, key.modulus).public_key()
    if used.scheme == RSA:
        public.verify(signature, message, padding.PKCS1v15(), used.digest)
    else:
        salt = padding.PSS.AUTO if used.salt_bytes is None else used.salt_bytes
        public.verify(signature, message, padding.PSS(padding.MGF1(used.mask_digest or used.digest), salt), used.digest)
    return RIGHT


def _verify_ecdsa(key: EcKey, used: Algorithm, signature: bytes, message: bytes) -> Verdict:
    r, s = _plain_pair(signature) if used.scheme == ECDSA_PLAIN else _pair(signature)
    if key.curve.openssl is None:
        # OpenSSL's builds lack brainpoolP224r1 and P320r1, which states use: we compute ourselves.
        digest = hashlib.new(used.digest.name, message).digest()
        return RIGHT if ecdsa.verify(key.curve, points.decode(key.curve, key.point), digest, (r, s)) else WRONG
    public = ec.EllipticCurvePublicKey.from_encoded_point(key.curve.openssl, key.point)
    public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(used.digest))
    return RIGHT


def _pair(signature: bytes) -> tuple[int, int]:
    """ECDSA-Sig-Value of X9.62. Some forget the zero before a number with its first bit set."""
    fields = Fields(only(signature, SEQUENCE).value)
    r, s = unsigned(fields.next(INTEGER)), unsigned(fields.next(INTEGER))
    if fields.left:
        raise Garbled("something follows the two numbers of the signature")
    return r, s


def _plain_pair(signature: bytes) -> tuple[int, int]:
    """r and s of equal length (BSI TR-03111, 5.2.1)."""
    half = len(signature) // 2
    return int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big")
