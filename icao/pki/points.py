"""How are points of a curve read, written, added and multiplied? (Doc 9303-11, 9.4.5; BSI TR-03111, 3.2 and 4.3)

Python integers do not take constant time. Use ``multiply`` with public numbers, or with ephemeral keys where nobody
counts nanoseconds; ``icao.pki.multiplication`` lets OpenSSL do it wherever OpenSSL knows the curve.
"""

from collections.abc import Iterator
from typing import Final

from icao.pki.curves import Curve
from icao.tlv import Garbled

Point = tuple[int, int]
_Jacobian = tuple[int, int, int]  # (x / z^2, y / z^3); z of 0 is the point at infinity

UNCOMPRESSED: Final = b"\x04"
INFINITY: Final[_Jacobian] = (1, 1, 0)


def decode(curve: Curve, encoded: bytes) -> Point:
    """An uncompressed point, both coordinates in full length. Raises Garbled.

    What passes generates the whole group: its order is prime.
    """
    size = curve.size_bytes
    # Coordinates of another length make two readers see two keys; a point off the curve leaks a secret (A17).
    if len(encoded) != 1 + 2 * size or encoded[:1] != UNCOMPRESSED:
        raise Garbled(f"a point of {curve.name} is not written as 04 and two coordinates of {size} bytes")
    x, y = int.from_bytes(encoded[1 : 1 + size], "big"), int.from_bytes(encoded[1 + size :], "big")
    if not curve.holds(x, y):
        raise Garbled(f"a point does not lie on {curve.name}")
    return x, y


def encode(curve: Curve, point: Point) -> bytes:
    x, y = point
    return UNCOMPRESSED + x.to_bytes(curve.size_bytes, "big") + y.to_bytes(curve.size_bytes, "big")


def negate(curve: Curve, point: Point) -> Point:
    return point[0], -point[1] % curve.p


def add(curve: Curve, one: Point, other: Point) -> Point:
    """Raises Garbled when the sum is the point at infinity."""
    return _affine(curve, _add(curve, (*one, 1), other))


def multiply(curve: Curve, factor: int, point: Point) -> Point:
    """Raises Garbled when the product is the point at infinity."""
    return _affine(curve, _product(curve, factor % curve.n, point))


def multiply_two(curve: Curve, one: tuple[int, Point], other: tuple[int, Point]) -> Point:
    """The sum of two products, with half the doublings. Raises Garbled when it is the point at infinity."""
    (first, left), (second, right) = one, other
    total = INFINITY
    for place in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        total = _double(curve, total)
        if first >> place & 1:
            total = _add(curve, total, left)
        if second >> place & 1:
            total = _add(curve, total, right)
    return _affine(curve, total)


def _product(curve: Curve, factor: int, point: Point) -> _Jacobian:
    total, opposite = INFINITY, negate(curve, point)
    for digit in _digits(factor):
        total = _double(curve, total)
        if digit:
            total = _add(curve, total, point if digit > 0 else opposite)
    return total


def _digits(factor: int) -> Iterator[int]:
    """Minus one, zero and one, the highest first: a third of them is not zero."""
    triple = 3 * factor
    for place in range(triple.bit_length() - 1, 0, -1):
        yield (triple >> place & 1) - (factor >> place & 1)


def _double(curve: Curve, point: _Jacobian) -> _Jacobian:
    p = curve.p
    x, y, z = point
    if not z:
        return INFINITY
    yy, zz = y * y % p, z * z % p
    s = 4 * x * yy % p
    m = (3 * x * x + curve.a * zz * zz) % p
    doubled = (m * m - 2 * s) % p
    return doubled, (m * (s - doubled) - 8 * yy * yy) % p, 2 * y * z % p


def _add(curve: Curve, one: _Jacobian, other: Point) -> _Jacobian:
    p = curve.p
    x, y, z = one
    if not z:
        return (*other, 1)
    zz = z * z % p
    h, r = (other[0] * zz - x) % p, (other[1] * zz * z - y) % p
    if not h:
        return INFINITY if r else _double(curve, one)
    hh = h * h % p
    hhh, v = h * hh % p, x * hh % p
    total = (r * r - hhh - 2 * v) % p
    return total, (r * (v - total) - y * hhh) % p, z * h % p


def _affine(curve: Curve, point: _Jacobian) -> Point:
    x, y, z = point
    if not z:
        raise Garbled("two keys cancel each other out")
    inverse = pow(z, -1, curve.p)
    square = inverse * inverse % curve.p
    return x * square % curve.p, y * square * inverse % curve.p
