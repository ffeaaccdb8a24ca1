"""The curves are what they claim, and our arithmetic on them agrees with OpenSSL's."""

import hashlib
import random
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.pki import curves, ecdsa, multiplication, points
from icao.pki.chance import random_number
from icao.pki.curves import BRAINPOOL_P224R1, BRAINPOOL_P256R1, CURVES, P256, Curve
from icao.tlv import Garbled

NATIVE = [curve for curve in CURVES if curve.openssl is not None]
every_curve = pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
native_curve = pytest.mark.parametrize("curve", NATIVE, ids=lambda curve: curve.name)


def chance(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


@every_curve
def test_the_generator_lies_on_its_curve_and_generates_the_order(curve: Curve) -> None:
    assert curve.holds(*curve.generator)
    assert points.multiply(curve, curve.n - 1, curve.generator) == points.negate(curve, curve.generator)
    with pytest.raises(Garbled):
        points.multiply(curve, curve.n, curve.generator)


@native_curve
def test_the_numbers_are_those_of_openssl(curve: Curve) -> None:
    assert curve.openssl is not None
    key = ec.derive_private_key(7, curve.openssl).public_key().public_numbers()
    assert points.multiply(curve, 7, curve.generator) == (key.x, key.y)
    assert curve.openssl.key_size == curve.p.bit_length()


def test_curves_are_found_by_their_identifiers() -> None:
    assert {curves.by_oid(curve.oid) for curve in CURVES} == set(CURVES)
    assert curves.by_oid("1.3.132.0.10") is None  # secp256k1 belongs to no travel document


@every_curve
def test_explicit_parameters_match_only_when_all_of_them_do(curve: Curve) -> None:
    generator = points.encode(curve, curve.generator)
    compressed = bytes([2 + curve.y % 2]) + generator[1 : 1 + curve.size_bytes]

    def match(**other: object) -> Curve | None:
        given: dict[str, object] = {
            "p": curve.p,
            "a": curve.a,
            "b": curve.b,
            "generator": generator,
            "n": curve.n,
            "h": 1,
        }
        return curves.match(**{**given, **other})  # type: ignore[arg-type]  # a test's table

    assert match() is match(h=None) is match(generator=compressed) is curve
    wrong_y = bytes([3 - curve.y % 2]) + compressed[1:]
    elsewhere = points.encode(curve, points.multiply(curve, 2, curve.generator))
    for changed in (
        {"p": curve.p + 2},
        {"a": curve.a + 1},
        {"b": curve.b - 1},
        {"generator": elsewhere},  # A09: whoever chooses the generator chooses whose signature verifies
        {"generator": wrong_y},
        {"generator": b""},
        {"n": curve.n - 2},
        {"h": 2},
        {"h": 0},
    ):
        assert match(**changed) is None, changed


@native_curve
def test_openssl_and_our_own_arithmetic_give_the_same_products(curve: Curve) -> None:
    base = points.multiply(curve, random_number(curve.n, chance()), curve.generator)
    for factor in (1, 2, 3, curve.n - 2, curve.n - 1, random_number(curve.n, chance(2))):
        product = points.multiply(curve, factor, base)
        assert multiplication.multiply(curve, factor, base) == product
        assert multiplication.shared_x(curve, factor, base) == product[0]


@every_curve
def test_products_add_up(curve: Curve) -> None:
    one, other = (random_number(curve.n, chance(seed)) for seed in (3, 4))
    left, right = (points.multiply(curve, factor, curve.generator) for factor in (one, other))
    total = points.multiply(curve, one + other, curve.generator)
    assert points.add(curve, left, right) == total
    assert points.add(curve, left, left) == points.multiply(curve, 2 * one, curve.generator)
    assert points.multiply_two(curve, (one, curve.generator), (other, curve.generator)) == total


def test_a_sum_at_infinity_is_no_key() -> None:
    point = points.multiply(P256, 5, P256.generator)
    for attempt in (
        lambda: points.add(P256, point, points.negate(P256, point)),
        lambda: multiplication.multiply(P256, 0, point),
        lambda: multiplication.multiply(P256, P256.n, point),
        lambda: multiplication.shared_x(P256, 0, point),
        lambda: multiplication.shared_x(P256, P256.n, point),
    ):
        with pytest.raises(Garbled):
            attempt()


@every_curve
def test_points_are_read_as_they_were_written(curve: Curve) -> None:
    point = points.multiply(curve, 11, curve.generator)
    assert points.decode(curve, points.encode(curve, point)) == point


@pytest.mark.parametrize("coordinate", [0, 1])
def test_coordinates_keep_their_leading_zeros(coordinate: int) -> None:
    multiples = (points.multiply(P256, factor, P256.generator) for factor in range(2, 4000))
    point = next(each for each in multiples if each[coordinate] < 1 << 248)
    encoded = points.encode(P256, point)
    assert len(encoded) == 65
    assert points.decode(P256, encoded) == point
    zero = 1 + 32 * coordinate
    with pytest.raises(Garbled):  # a byte shorter: two readers would see two keys (A17)
        points.decode(P256, encoded[:zero] + encoded[zero + 1 :])


@pytest.mark.parametrize("curve", [P256, BRAINPOOL_P256R1, BRAINPOOL_P224R1], ids=lambda curve: curve.name)
def test_points_that_are_none_are_refused(curve: Curve) -> None:
    good = points.encode(curve, curve.generator)
    size = curve.size_bytes
    beyond = b"\x04" + (curve.x + curve.p).to_bytes(size + 1, "big")[-size:] + good[1 + size :]
    for bad in (
        b"",
        b"\x00",  # infinity
        good[:-1],
        good + b"\0",
        b"\x02" + good[1 : 1 + size],
        b"\x06" + good[1:],
        good[:-1] + bytes([good[-1] ^ 1]),  # beside the curve: an invalid curve attack (A17)
        b"\x04" + bytes(2 * size),
        beyond,
    ):
        with pytest.raises(Garbled):
            points.decode(curve, bad)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_garbage_is_no_point(garbage: bytes) -> None:
    with pytest.raises(Garbled):
        points.decode(P256, b"\x04" + garbage)


@every_curve
def test_a_signature_fits_its_digest_and_no_other(curve: Curve) -> None:
    private = random_number(curve.n, chance(5))
    public = points.multiply(curve, private, curve.generator)
    digest = hashlib.sha512(b"Utopia").digest()  # longer than most orders: cut to their length
    r, s = ecdsa.sign(curve, private, digest, chance(6))
    assert ecdsa.verify(curve, public, digest, (r, s))
    assert not ecdsa.verify(curve, public, hashlib.sha512(b"Arcadia").digest(), (r, s))
    assert not ecdsa.verify(curve, points.negate(curve, public), digest, (r, s))
    for forged in ((0, 0), (0, s), (r, 0), (r, s + curve.n), (r + curve.n, s), (r, s ^ 1)):
        assert not ecdsa.verify(curve, public, digest, forged)


@native_curve
def test_openssl_believes_our_signatures_and_we_believe_its(curve: Curve) -> None:
    assert curve.openssl is not None
    key = ec.derive_private_key(random_number(curve.n, chance(7)), curve.openssl)
    numbers = key.public_key().public_numbers()
    digest = hashlib.sha256(b"Utopia").digest()
    ours = ecdsa.sign(curve, key.private_numbers().private_value, digest, chance(8))
    key.public_key().verify(utils.encode_dss_signature(*ours), b"Utopia", ec.ECDSA(hashes.SHA256()))
    theirs = utils.decode_dss_signature(key.sign(b"Utopia", ec.ECDSA(hashes.SHA256())))
    assert ecdsa.verify(curve, (numbers.x, numbers.y), digest, theirs)


def test_a_broken_source_of_chance_is_noticed() -> None:
    with pytest.raises(AssertionError):
        random_number(P256.n, lambda size_bytes: b"\xff" * size_bytes)
    assert random_number(2, lambda size_bytes: b"\x01") == 1
