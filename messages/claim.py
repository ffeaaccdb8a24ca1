"""What does a claim code say? A secret for the gateway, and a digest by which the device knows the gateway.

56 letters and digits in groups of four (base32, RFC 4648): 16 random bytes, the first 16 bytes of the SHA-256 of the
servers' CA (DER), and 3 bytes by which a typing error is found before anybody is asked.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

SECRET_BYTES: Final = 16
DIGEST_BYTES: Final = 16
CHECK_BYTES: Final = 3
GROUP_CHARS: Final = 4
CODE_MAX_CHARS: Final = 100


class BadClaim(ValueError):
    """The text is no claim code."""


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """``secret`` is known to the gateway by its digest; ``ca_digest`` names the CA of the gateway's certificates."""

    secret: bytes
    ca_digest: bytes

    @classmethod
    def of(cls, secret: bytes, servers_ca_pem: bytes) -> "Claim":
        return cls(secret, ca_digest(servers_ca_pem))

    @classmethod
    def read(cls, code: str) -> "Claim":
        """Blanks, hyphens and small letters are forgiven. Raises BadClaim."""
        plain = code.replace("-", "").replace(" ", "").upper() if len(code) <= CODE_MAX_CHARS else ""
        try:
            body = base64.b32decode(plain.encode("ascii"))
        except (binascii.Error, UnicodeEncodeError):
            raise BadClaim("not a claim code") from None
        claim = cls(body[:SECRET_BYTES], body[SECRET_BYTES:-CHECK_BYTES])
        if len(claim.ca_digest) != DIGEST_BYTES or not hmac.compare_digest(claim._check(), body[-CHECK_BYTES:]):
            raise BadClaim("a letter of the claim code is wrong or missing")
        return claim

    @property
    def code(self) -> str:
        text = base64.b32encode(self.secret + self.ca_digest + self._check()).decode()
        return "-".join(text[at : at + GROUP_CHARS] for at in range(0, len(text), GROUP_CHARS))

    def names(self, servers_ca_pem: bytes) -> bool:
        """Is this the CA that whoever made the claim meant? Raises ValueError when it is no certificate."""
        return hmac.compare_digest(ca_digest(servers_ca_pem), self.ca_digest)

    def _check(self) -> bytes:
        return hashlib.sha256(b"borderpost claim\n" + self.secret + self.ca_digest).digest()[:CHECK_BYTES]

    def __repr__(self) -> str:  # No secret in a log.
        return "Claim()"


def ca_digest(pem: bytes) -> bytes:
    """Of the certificate's DER, so that blanks and line ends of the PEM do not matter."""
    return hashlib.sha256(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).digest()[:DIGEST_BYTES]
