"""What does a claim code say? A secret for the gateway, and a digest by which the device knows the gateway.

56 letters and digits in groups of four (base32, RFC 4648): 16 random bytes, the first 16 bytes of the SHA-256 of the
servers' CA (DER), and 3 bytes by which a typing error is found before anybody is asked.
"""

import base64
import binascii
import hashlib
import hmac
import re
import ssl
from dataclasses import dataclass
from typing import Final

SECRET_BYTES: Final = 16
DIGEST_BYTES: Final = 16
CHECK_BYTES: Final = 3
GROUP_CHARS: Final = 4
CODE_MAX_CHARS: Final = 100
CERTIFICATE: Final = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]{1,16384})-----END CERTIFICATE-----")


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
            raise BadClaim("one has 56 letters and digits, A to Z and 2 to 7") from None
        claim = cls(body[:SECRET_BYTES], body[SECRET_BYTES:-CHECK_BYTES])
        if len(claim.ca_digest) != DIGEST_BYTES or not hmac.compare_digest(claim._check(), body[-CHECK_BYTES:]):
            raise BadClaim("a letter of the claim code is wrong or missing")
        return claim

    @property
    def code(self) -> str:
        text = base64.b32encode(self.secret + self.ca_digest + self._check()).decode()
        return "-".join(text[at : at + GROUP_CHARS] for at in range(0, len(text), GROUP_CHARS))

    def proven(self, pem: bytes) -> bytes | None:
        """The CA that whoever made the claim meant, alone; None when it is another. Raises ValueError for no PEM.

        Whoever stands in between may send it together with a CA of his own: that one must not come to be believed.
        """
        der = der_of(pem)
        named = hmac.compare_digest(_digest(der), self.ca_digest)
        return ssl.DER_cert_to_PEM_cert(der).encode("ascii") if named else None

    def _check(self) -> bytes:
        return hashlib.sha256(b"borderpost claim\n" + self.secret + self.ca_digest).digest()[:CHECK_BYTES]

    def __repr__(self) -> str:  # No secret in a log.
        return "Claim()"


def ca_digest(pem: bytes) -> bytes:
    """Of the certificate's DER, so that blanks and line ends of the PEM do not matter."""
    return _digest(der_of(pem))


def der_of(pem: bytes) -> bytes:
    """The first certificate of a PEM file. Raises ValueError."""
    found = CERTIFICATE.search(pem)
    der = base64.b64decode(b"".join(found[1].split()), validate=True) if found else b""
    if not der:
        raise ValueError("there is no certificate in it")
    return der


def _digest(der: bytes) -> bytes:
    return hashlib.sha256(der).digest()[:DIGEST_BYTES]
