"""Does an ECDSA signature fit where OpenSSL lacks the curve? (BSI TR-03111, 4.2.1; ISO/IEC 14888-3)

brainpoolP224r1 and brainpoolP320r1 are used by states, and OpenSSL's builds have neither. Both ends are here: who
checks, and who signs in the issuing authority of the simulators.
"""

from collections.abc import Callable

from icao.pki import points
from icao.pki.chance import random_number
from icao.pki.curves import Curve
from icao.pki.multiplication import multiply
from icao.pki.points import Point
from icao.tlv import Garbled


def verify(curve: Curve, public: Point, digest: bytes, signature: tuple[int, int]) -> bool:
    """``public`` lies on the curve (``points.decode``); ``signature`` is (r, s)."""
    r, s = signature
    # Zero, and what is beyond the order, would verify anything (CVE-2022-21449).
    if not (0 < r < curve.n and 0 < s < curve.n):
        return False
    inverse = pow(s, -1, curve.n)
    with_generator = truncated(curve, digest) * inverse % curve.n, curve.generator
    try:
        x, _ = points.multiply_two(curve, with_generator, (r * inverse % curve.n, public))
    except Garbled:  # the point at infinity
        return False
    return x % curve.n == r


def sign(curve: Curve, private: int, digest: bytes, random_bytes: Callable[[int], bytes]) -> tuple[int, int]:
    """(r, s). Not in constant time on the curves that OpenSSL lacks."""
    while True:
        nonce = random_number(curve.n, random_bytes)
        r = multiply(curve, nonce, curve.generator)[0] % curve.n
        s = pow(nonce, -1, curve.n) * (truncated(curve, digest) + r * private) % curve.n
        if r and s:
            return r, s


def truncated(curve: Curve, digest: bytes) -> int:
    """The leftmost bits of the digest, as many as the order has."""
    return int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - curve.n.bit_length())
