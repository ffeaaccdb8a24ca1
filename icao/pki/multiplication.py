"""How is a point multiplied with a secret? By OpenSSL, in constant time, wherever OpenSSL knows the curve.

``cryptography`` offers key agreement, and that gives the x of a product with any point. Of two neighbours, x(kP) and
x((k+1)P), the missing y follows (Okeya and Sakurai, CHES 2001). So PACE can compute on a mapped generator, which no
interface of OpenSSL's can name.
"""

from cryptography.hazmat.primitives.asymmetric import ec

from icao.pki import points
from icao.pki.curves import Curve
from icao.pki.points import Point
from icao.tlv import Garbled


def multiply(curve: Curve, secret: int, point: Point) -> Point:
    """``secret`` times ``point``, which lies on the curve. Raises Garbled when it is the point at infinity."""
    secret %= curve.n
    if secret == 0:
        raise Garbled("a key is zero")
    if curve.openssl is None:
        return points.multiply(curve, secret, point)
    key = ec.derive_private_key(secret, curve.openssl)
    if point == curve.generator:
        return _public(key)
    if secret == curve.n - 1:  # the next neighbour would be the point at infinity
        return points.negate(curve, point)
    return _with_y(curve, point, _exchange(curve, key, point), _exchange(curve, _next(curve, secret, key), point))


def shared_x(curve: Curve, secret: int, point: Point) -> int:
    """The x of ``secret`` times ``point``: all that a key agreement needs, at half the cost. Raises Garbled."""
    if not 0 < secret < curve.n:
        raise Garbled("a key is zero or beyond the order of its group")
    if curve.openssl is None:
        return points.multiply(curve, secret, point)[0]
    return _exchange(curve, ec.derive_private_key(secret, curve.openssl), point)


def public_and_shared(curve: Curve, secret: int, point: Point) -> tuple[Point, int]:
    """The public key to ``secret``, and ``shared_x``: together they cost one multiplication less. Raises Garbled."""
    if not 0 < secret < curve.n:
        raise Garbled("a key is zero or beyond the order of its group")
    if curve.openssl is None:
        return points.multiply(curve, secret, curve.generator), points.multiply(curve, secret, point)[0]
    key = ec.derive_private_key(secret, curve.openssl)
    return _public(key), _exchange(curve, key, point)


def _exchange(curve: Curve, key: ec.EllipticCurvePrivateKey, point: Point) -> int:
    other = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, points.encode(curve, point))
    return int.from_bytes(key.exchange(ec.ECDH(), other), "big")


def _next(curve: Curve, secret: int, key: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePrivateKey:
    """The key of ``secret`` + 1. Its public key is one addition away, which saves OpenSSL a multiplication."""
    x, y = points.add(curve, _public(key), curve.generator)
    return ec.EllipticCurvePrivateNumbers(secret + 1, ec.EllipticCurvePublicNumbers(x, y, key.curve)).private_key()


def _with_y(curve: Curve, point: Point, x_product: int, x_next: int) -> Point:
    """The product, from its x and from the x of the product plus the point."""
    p, (x, y) = curve.p, point
    doubled = 2 * curve.b + (curve.a + x * x_product) * (x + x_product) - x_next * (x - x_product) ** 2
    found = x_product, doubled * pow(2 * y, -1, p) % p
    assert curve.holds(*found)  # noqa: S101  (a fault in the arithmetic must not become a key)
    return found


def _public(key: ec.EllipticCurvePrivateKey) -> Point:
    numbers = key.public_key().public_numbers()
    return numbers.x, numbers.y
