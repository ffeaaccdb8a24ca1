"""Where do reader and chip agree on a key? On an elliptic curve, or among the powers of a prime field.

The two look alike from outside (Doc 9303-11, 4.4.3.1 and 4.4.3.2): elements travel as bytes, secrets are numbers below
``order``, and ``check`` comes first for whatever the other end has sent (A17).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from icao.pki import multiplication, points
from icao.pki.chance import RandomBytes, random_number
from icao.pki.curves import Curve
from icao.tlv import Garbled

TAG_POINT: Final = 0x86  # Doc 9303-11, 9.4.4 and 9.4.3
TAG_INTEGER: Final = 0x84


class Group(Protocol):
    """Every method that reads an element raises Garbled when that is none."""

    @property
    def name(self) -> str: ...

    @property
    def order(self) -> int: ...

    @property
    def prime(self) -> int:
        """Of the field below the group."""

    @property
    def key_tag(self) -> int:
        """Of a public key in a public key data object."""

    @property
    def generator(self) -> bytes: ...

    def check(self, element: bytes) -> bytes:
        """As we would have written it, once it is known to generate the whole group. Raises Garbled."""

    def public_key(self, secret: int, base: bytes) -> bytes:
        """``secret`` times ``base``, which need not be the group's own generator."""

    def combine(self, one: bytes, other: bytes) -> bytes: ...

    def agree(self, secret: int, other: bytes) -> bytes:
        """What both ends know in the end: x of the product, or the power, in full length. (Doc 9303-11, 9.6)"""

    def offer(self, secret: int, other: bytes) -> tuple[bytes, bytes]:
        """Our public key to ``secret`` on the group's own generator, and what both ends know in the end."""

    def element_from(self, number: int) -> bytes:
        """The element that this number of the field stands for, in integrated mapping. (Doc 9303-11, 4.4.3.3.2)"""


def draw(group: Group, random_bytes: RandomBytes) -> int:
    """A secret for one key pair."""
    return random_number(group.order, random_bytes)


@dataclass(frozen=True, slots=True)
class CurveGroup:
    curve: Curve
    key_tag: int = TAG_POINT

    @property
    def name(self) -> str:
        return self.curve.name

    @property
    def order(self) -> int:
        return self.curve.n

    @property
    def prime(self) -> int:
        return self.curve.p

    @property
    def generator(self) -> bytes:
        return points.encode(self.curve, self.curve.generator)

    def check(self, element: bytes) -> bytes:
        points.decode(self.curve, element)
        return element

    def public_key(self, secret: int, base: bytes) -> bytes:
        product = multiplication.multiply(self.curve, secret, points.decode(self.curve, base))
        return points.encode(self.curve, product)

    def combine(self, one: bytes, other: bytes) -> bytes:
        left, right = (points.decode(self.curve, each) for each in (one, other))
        return points.encode(self.curve, points.add(self.curve, left, right))

    def agree(self, secret: int, other: bytes) -> bytes:
        x = multiplication.shared_x(self.curve, secret, points.decode(self.curve, other))
        # In full length: without its leading zeros the two ends derive other keys, once in 256 times.
        return x.to_bytes(self.curve.size_bytes, "big")

    def offer(self, secret: int, other: bytes) -> tuple[bytes, bytes]:
        public, x = multiplication.public_and_shared(self.curve, secret, points.decode(self.curve, other))
        return points.encode(self.curve, public), x.to_bytes(self.curve.size_bytes, "big")

    def element_from(self, number: int) -> bytes:
        return points.encode(self.curve, _point_from(self.curve, number))


def _point_from(curve: Curve, t: int) -> points.Point:
    """Brier, Coron, Icart, Madore, Randriam, Tibouchi (CRYPTO 2010), as Doc 9303-11, appendix B, computes it."""
    p, a, b = curve.p, curve.a, curve.b
    if p % 4 != 3:
        raise Garbled(f"integrated mapping is not defined on {curve.name}")
    alpha = -t * t % p
    if (alpha + alpha * alpha) % p == 0:
        raise Garbled("the nonces give no point")
    x = -b * pow(a, -1, p) * (1 + pow(alpha + alpha * alpha, -1, p)) % p
    h = (x * x * x + a * x + b) % p
    root = pow(h, p - 1 - (p + 1) // 4, p)
    if root * root * h % p == 1:
        return x, root * h % p
    return alpha * x % p, root * t * t * t * h % p


@dataclass(frozen=True, slots=True)
class PowerGroup:
    """The powers of g modulo p; there are q of them. Python's ``pow`` takes no constant time: for fresh keys only."""

    name: str
    p: int
    g: int
    q: int
    key_tag: int = TAG_INTEGER

    @property
    def order(self) -> int:
        return self.q

    @property
    def prime(self) -> int:
        return self.p

    @property
    def generator(self) -> bytes:
        return _shortest(self.g)

    def check(self, element: bytes) -> bytes:
        value = self._value(element)
        # A value of small order gives the secret away, bit by bit (A17; RFC 2631, 2.1.5).
        if pow(value, self.q, self.p) != 1:
            raise Garbled("a Diffie-Hellman key lies outside its group")
        return _shortest(value)

    def public_key(self, secret: int, base: bytes) -> bytes:
        return _shortest(pow(self._value(base), secret, self.p))

    def combine(self, one: bytes, other: bytes) -> bytes:
        return _shortest(self._value(one) * self._value(other) % self.p)

    def agree(self, secret: int, other: bytes) -> bytes:
        return pow(self._value(other), secret, self.p).to_bytes(self._size_bytes, "big")

    def offer(self, secret: int, other: bytes) -> tuple[bytes, bytes]:
        return self.public_key(secret, self.generator), self.agree(secret, other)

    def element_from(self, number: int) -> bytes:
        value = pow(number, (self.p - 1) // self.q, self.p)
        if value < 2:  # Doc 9303-11, 4.4.3.3.2: no generator
            raise Garbled("the nonces give no generator")
        return _shortest(value)

    @property
    def _size_bytes(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def _value(self, element: bytes) -> int:
        value = int.from_bytes(element, "big")
        if len(element) > self._size_bytes or not 1 < value < self.p - 1:
            raise Garbled("a Diffie-Hellman key is trivial or beyond its prime")
        return value


def _shortest(value: int) -> bytes:
    """Without leading zeros. (Doc 9303-11, 9.4.1)"""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
