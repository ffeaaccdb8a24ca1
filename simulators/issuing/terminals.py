"""Who may read fingers? A state's CVCA, document verifiers, and inspection systems below them. (TR-03110-3, C, D)"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from icao.chip.terminal_authentication import Terminal
from icao.pki import ecdsa, points
from icao.pki.chance import RandomBytes, random_number
from icao.pki.curves import Curve
from icao.pki.cvc import READ_DG3, READ_DG4, TA_ECDSA, TA_RSA, CvCertificate, CvKey, Role, compose_cvc, parse_cvc
from icao.pki.multiplication import multiply

ALL_RIGHTS: Final = READ_DG3 | READ_DG4
# By the last arc of the key's OID. (TR-03110-3, A.6.3)
ECDSA_DIGESTS: Final[dict[int, hashes.HashAlgorithm]] = {
    1: hashes.SHA1(),  # noqa: S303  (as the standard has it)
    2: hashes.SHA224(),
    3: hashes.SHA256(),
    4: hashes.SHA384(),
    5: hashes.SHA512(),
}
RSA_DIGESTS: Final[dict[int, hashes.HashAlgorithm]] = {
    2: hashes.SHA256(),
    4: hashes.SHA256(),
    5: hashes.SHA512(),
    6: hashes.SHA512(),
}
PSS_ARCS: Final = (4, 6)

Validity = tuple[date, date]


@dataclass(frozen=True, slots=True, repr=False)
class Authority:
    """Whoever holds a certificate and its key: a CVCA, a document verifier or a terminal."""

    certificate: CvCertificate
    key: CvKey  # with its curve
    sign: Callable[[bytes], bytes]

    def certify(
        self, name: str, other: tuple[CvKey, Callable[[bytes], bytes]], role: Role, rights: int, validity: Validity
    ) -> "Authority":
        """Somebody below, or the next CVCA key; only a CVCA's certificate names the curve."""
        key, sign = other
        shown = key if role is Role.CVCA else replace(key, curve=None)
        encoded = compose_cvc(self.certificate.holder, name, shown, (role, rights), validity, self.sign)
        return Authority(parse_cvc(encoded), key, sign)


def make_cvca(name: str, own: tuple[CvKey, Callable[[bytes], bytes]], rights: int, validity: Validity) -> Authority:
    """Signed by itself: a chip's trust point."""
    key, sign = own
    return Authority(parse_cvc(compose_cvc(name, name, key, (Role.CVCA, rights), validity, sign)), key, sign)


def terminal_of(*chain: Authority) -> Terminal:
    """An inspection system with its certificates; the last one is its own."""
    return Terminal([each.certificate for each in chain], chain[-1].sign)


def ec_key(curve: Curve, random_bytes: RandomBytes, arc: int = 3) -> tuple[CvKey, Callable[[bytes], bytes]]:
    """A key for plain ECDSA; ``arc`` says with which hash, 3 is SHA-256."""
    secret = random_number(curve.n, random_bytes)
    public = points.encode(curve, multiply(curve, secret, curve.generator))

    def sign(message: bytes) -> bytes:
        digest = hashes.Hash(ECDSA_DIGESTS[arc])
        digest.update(message)
        pair = ecdsa.sign(curve, secret, digest.finalize(), random_bytes)
        return b"".join(each.to_bytes(curve.size_bytes, "big") for each in pair)

    return CvKey(f"{TA_ECDSA}.{arc}", curve, public), sign


def rsa_key(key: rsa.RSAPrivateKey, arc: int = 2) -> tuple[CvKey, Callable[[bytes], bytes]]:
    """``arc`` 2 and 5 are PKCS #1, 4 and 6 PSS."""
    numbers = key.public_key().public_numbers()

    def sign(message: bytes) -> bytes:
        digest = RSA_DIGESTS[arc]
        if arc in PSS_ARCS:
            return key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return key.sign(message, padding.PKCS1v15(), digest)

    return CvKey(f"{TA_RSA}.{arc}", modulus=numbers.n, exponent=numbers.e), sign
