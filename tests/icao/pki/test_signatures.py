"""Which signatures are right, which prove nothing, and which keys are not even computed on?"""

import hashlib
from typing import Any

import pytest
from asn1crypto import algos, core, keys
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from icao.checks import Result
from icao.pki import signatures
from icao.pki.curves import BRAINPOOL_P224R1, P256
from icao.tlv import write
from simulators.issuing.odd_keys import OddKey, explicit_key, named_key, point_of
from tests.icao.passive.world import key, public

MESSAGE = b"Utopia"


def algorithm(name: str, **more: Any) -> bytes:  # Any: asn1crypto's way
    encoded: bytes = algos.SignedDigestAlgorithm({"algorithm": name, **more}).dump()
    return encoded


def by_hand(oid: str, parameters: bytes = b"") -> bytes:
    return write(0x30, core.ObjectIdentifier(oid).dump() + parameters)


def told(
    spki: bytes, how: bytes, signature: bytes = bytes(64), message: bytes = MESSAGE, digest: str | None = None
) -> str:
    verdict = signatures.verify(spki, how, digest, signature, message)
    assert bool(verdict.detail) is (verdict.result is not Result.SUCCESSFUL)
    return f"{verdict.result} {verdict.code}".strip()


RSA, EC = public(key("rsa")), public(key("p256-ds"))
BY_RSA = key("rsa").sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
BY_EC = key("p256-ds").sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
RIGHT, WRONG = "successful", "failed signature-wrong"


def test_a_right_signature_is_right_for_its_message_only() -> None:
    assert told(RSA, algorithm("sha256_rsa"), BY_RSA) == told(EC, algorithm("sha256_ecdsa"), BY_EC) == RIGHT
    assert told(RSA, algorithm("sha256_rsa"), BY_RSA, b"Norvania") == WRONG
    assert told(EC, algorithm("sha256_ecdsa"), BY_EC, b"Norvania") == WRONG
    assert told(RSA, algorithm("sha512_rsa"), BY_RSA) == WRONG


def test_an_rsa_key_that_calls_itself_pss_is_read() -> None:
    spki = keys.PublicKeyInfo.load(RSA)
    changed = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsassa_pss"}, "public_key": spki["public_key"].parsed})
    assert told(changed.dump(), algorithm("sha256_rsa"), BY_RSA) == RIGHT


def test_pss_without_parameters_and_without_a_digest_means_sha_1() -> None:
    signature = key("rsa").sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA1()), 20), hashes.SHA1())  # noqa: S303
    assert told(RSA, algorithm("rsassa_pss"), signature) == RIGHT
    assert told(RSA, by_hand("1.2.840.113549.1.1.10", b"\x30\x00"), signature) == RIGHT


def test_ecdsa_with_its_digest_in_the_parameters_is_read() -> None:
    sha256 = write(0x30, core.ObjectIdentifier("2.16.840.1.101.3.4.2.1").dump())
    assert told(EC, by_hand("1.2.840.10045.4.3", sha256), BY_EC) == RIGHT


def test_a_number_that_lacks_its_leading_zero_is_read() -> None:
    for _ in range(40):
        r, s = utils.decode_dss_signature(key("p256-ds").sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        loose = write(
            0x30, b"".join(write(2, number.to_bytes((number.bit_length() + 7) // 8, "big")) for number in (r, s))
        )
        assert told(EC, algorithm("sha256_ecdsa"), loose) == RIGHT


def test_a_swapped_r_and_s_is_no_signature() -> None:
    r, s = utils.decode_dss_signature(BY_EC)
    assert told(EC, algorithm("sha256_ecdsa"), utils.encode_dss_signature(s, r)) == WRONG


def test_zeros_are_no_signature() -> None:
    # CVE-2022-21449: r and s of zero once verified everything.
    zeros = utils.encode_dss_signature(0, 0)
    odd = OddKey(BRAINPOOL_P224R1)
    assert told(EC, algorithm("sha256_ecdsa"), zeros) == WRONG
    assert told(named_key(odd.curve, odd.point), algorithm("sha256_ecdsa"), zeros) == WRONG
    assert told(EC, by_hand("0.4.0.127.0.7.1.1.4.1.3"), bytes(64)) == WRONG


@pytest.mark.parametrize(
    "signature",
    [b"", b"\x30\x00", BY_EC + b"\0", BY_EC[:-1], write(0x30, write(2, b"\1") * 3), write(0x30, write(2, b"") * 2)],
)
def test_what_is_no_pair_of_numbers_is_no_signature(signature: bytes) -> None:
    assert told(EC, algorithm("sha256_ecdsa"), signature) == "failed signature-garbled"


# --- A09: curves of one's own ---
@pytest.mark.parametrize(
    "changed",
    [
        {"generator": point_of(key("p256-ds"))},
        {"b": P256.b + 1},
        {"cofactor": 2},
        {"cofactor": 0},
        {"generator": b"\x00"},
        {"generator": b"\x04" + bytes(64)},
    ],
)
def test_a09_explicit_parameters_of_no_known_curve_are_never_computed_on(changed: dict[str, Any]) -> None:
    # CVE-2020-0601: with the public key for a generator, the private key 1 fits.
    spki = explicit_key(P256, point_of(key("p256-ds")), **changed)
    assert told(spki, algorithm("sha256_ecdsa"), BY_EC) == "not_supported unknown-curve"


@pytest.mark.parametrize("harmless", [{}, {"cofactor": None}, {"seed": bytes(20)}])
def test_explicit_parameters_of_a_known_curve_are_that_curve(harmless: dict[str, Any]) -> None:
    spki = explicit_key(P256, point_of(key("p256-ds")), **harmless)
    assert told(spki, algorithm("sha256_ecdsa"), BY_EC) == RIGHT


def test_a_curve_over_nothing_is_garbled() -> None:
    spki = explicit_key(P256, point_of(key("p256-ds")))
    prime = core.Integer(P256.p).dump()
    nothing = spki.replace(prime, write(2, bytes(33)))
    assert told(nothing, algorithm("sha256_ecdsa")) == "failed signature-garbled"


def test_a_curve_over_another_field_is_not_supported() -> None:
    binary = explicit_key(P256, point_of(key("p256-ds")))
    prime, characteristic_two = bytes.fromhex("06072a8648ce3d0101"), bytes.fromhex("06072a8648ce3d0102")
    assert told(binary.replace(prime, characteristic_two), algorithm("sha256_ecdsa")) == "not_supported unknown-curve"


# --- A10: loose padding ---
def test_a10_a_loosely_padded_signature_for_exponent_three_is_refused() -> None:
    # Bleichenbacher 2006: garbage behind the digest makes any cube root a signature.
    private = rsa.generate_private_key(3, 2048)
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    start = b"\0\1\xff\0" + prefix + hashlib.sha256(MESSAGE).digest()
    target = int.from_bytes(start + bytes(256 - len(start)), "big") + (1 << 8 * (256 - len(start))) - 1
    low, high = 0, 1 << 700
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= target else (low, middle)
    assert (low**3).to_bytes(256, "big").startswith(start)
    assert told(public(private), algorithm("sha256_rsa"), low.to_bytes(256, "big")) == WRONG
    genuine = private.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert told(public(private), algorithm("sha256_rsa"), genuine) == RIGHT


# --- A11: what anybody can forge ---
def rsa_key(modulus: int, exponent: int = 65537) -> bytes:
    numbers = keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent})
    encoded: bytes = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"}, "public_key": numbers}).dump()
    return encoded


WEAK, UNKNOWN = "failed weak-algorithm", "not_supported algorithm-unknown"


@pytest.mark.parametrize(
    ("spki", "how", "expected"),
    [
        (rsa_key((1 << 512) - 1), algorithm("sha256_rsa"), WEAK),
        (rsa_key((1 << 1024) - 1), algorithm("sha256_rsa"), WEAK),
        (rsa_key((1 << 2048) - 1, 1), algorithm("sha256_rsa"), WEAK),
        (RSA, algorithm("md5_rsa"), WEAK),
        (RSA, algorithm("md2_rsa"), WEAK),
        (rsa_key((1 << 16384) - 1), algorithm("sha256_rsa"), UNKNOWN),
        (rsa_key((1 << 2048) - 1, (1 << 70) + 1), algorithm("sha256_rsa"), UNKNOWN),
        (rsa_key((1 << 2048) - 2), algorithm("sha256_rsa"), WRONG),
        (public(key("k1")), algorithm("sha256_ecdsa"), "not_supported unknown-curve"),
        (RSA, algorithm("sha256_ecdsa"), WRONG),
        (EC, algorithm("sha256_rsa"), WRONG),
        (bytes.fromhex("302a300506032b6570032100") + bytes(32), algorithm("sha256_ecdsa"), UNKNOWN),  # Ed25519
        (b"nonsense", algorithm("sha256_ecdsa"), "failed signature-garbled"),
        (EC, b"nonsense", "failed signature-garbled"),
        (EC, by_hand("1.2.3.4"), UNKNOWN),
        (EC, algorithm("sha3_256_ecdsa"), UNKNOWN),
        (EC, algorithm("rsassa_pkcs1v15"), UNKNOWN),  # no digest anywhere
        (EC, by_hand("1.2.840.10045.4.3"), UNKNOWN),
        (RSA, algorithm("rsassa_pss", parameters={"salt_length": 20}), WRONG),
        (RSA, algorithm("rsassa_pss", parameters={"salt_length": 5000}), WRONG),
        *((RSA, algorithm("rsassa_pss", parameters={"salt_length": 1 << bits}), WRONG) for bits in (31, 63, 30000)),
        (RSA, algorithm("rsassa_pss", parameters={"salt_length": -5}), UNKNOWN),
        (RSA, algorithm("rsassa_pss", parameters={"trailer_field": 2}), UNKNOWN),
        (RSA, algorithm("rsassa_pss", parameters={"hash_algorithm": {"algorithm": "md5"}}), WEAK),
    ],
)
def test_keys_and_algorithms_beyond_the_tables_prove_nothing(spki: bytes, how: bytes, expected: str) -> None:
    assert told(spki, how) == expected


def test_a_point_beside_the_curve_is_no_key() -> None:
    bent = EC[:-1] + bytes([EC[-1] ^ 1])
    assert told(bent, algorithm("sha256_ecdsa"), BY_EC) == "failed key-wrong"
    odd = OddKey(BRAINPOOL_P224R1)
    beside = named_key(odd.curve, odd.point[:-1] + bytes([odd.point[-1] ^ 1]))
    assert told(beside, algorithm("sha256_ecdsa"), BY_EC) == "failed signature-garbled"


def test_a_mask_of_another_kind_is_not_supported() -> None:
    mask = {"algorithm": "mgf1", "parameters": {"algorithm": "sha256"}}
    odd = algorithm("rsassa_pss", parameters={"mask_gen_algorithm": mask})
    odd = odd.replace(bytes.fromhex("2a864886f70d010108"), bytes.fromhex("2a864886f70d010107"))
    assert told(RSA, odd) == UNKNOWN
