"""Active authentication: the signatures that chips give, and those of chips that have no key."""

import hashlib
from collections.abc import Callable, Iterable
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.checks import Check, Result
from icao.chip import active_authentication as aa
from icao.chip.active_authentication import ANNOUNCED, AaKey, read_dg15, sign_rsa, verdict
from icao.chip.apdu import Command, Response
from icao.chip.groups import CurveGroup
from icao.lds.security_infos import ActiveAuthenticationInfo, SecurityInfo
from icao.pki import points
from icao.pki.curves import P256
from icao.tlv import Garbled, write
from simulators.issuing import chip_keys
from simulators.issuing.odd_keys import named_key

NONCE = bytes.fromhex("F173589974BF40C6")
OTHER_NONCE = bytes(8)

# Doc 9303-11, appendix F: the part that the chip chose, the hash, and the block that is signed.
M1 = bytes.fromhex(
    "9D2784A67F8E7C659973EA1AEA25D95B6C8F91E5002F369F0FBDCE8A3CEC1991B543F1696546C5524CF23A5303CD6C98599F40B79F377B5F"
    "3A1406B3B4D8F96784D23AA88DB7E1032A405E69325FA91A6E86F5C71AEA978264C4A207446DAD4E7292E2DCDA3024B47DA8"
)
BLOCK = bytes.fromhex("6A") + M1 + bytes.fromhex("C063AA1E6D22FBD976AB0FE73D94D2D9C6D88127") + bytes.fromhex("BC")

# A published key and signature of ISO/IEC 9796-2 for eMRTD chips, over a nonce of zeros, from another implementation.
PUBLISHED_KEY = bytes.fromhex(
    "30819f300d06092a864886f70d010101050003818d0030818902818100CDCBDABBF93BE8E8294E32B055256BBD0397735189BF75816341BB0D"
    "488D05D627991221DF7D59835C76A4BB4808ADEEB779E7794504E956ADC2A661B46904CDC71337DD29DDDD454124EF79CFDD7BC2C21952573C"
    "EFBA485CC38C6BD2428809B5A31A898A6B5648CAA4ED678D9743B589134B7187478996300EDBA16271A8610203010001"
)
PUBLISHED_SIGNATURE = bytes.fromhex(
    "482E20D1EDDED34359C38F5E7C01203F9D6B2641CDCA5C404D49ADAEDE034C7481D781D043722587761C90468DE69C6585A1E8B9C322F90E1B"
    "580EEDAB3F6007D0C366CF92B4DB8B41C8314929DCE2BE889C0129123484D2FD3D12763D2EBFD12AC8E51D7061AFCA1A53DEDEC7B9A617472A"
    "78C952CCC72467AE008E5F132994"
)
TRAILERS = {"BC": "sha1", "33CC": "sha1", "34CC": "sha256", "35CC": "sha512", "36CC": "sha384", "38CC": "sha224"}
CURVES: tuple[ec.EllipticCurve, ...] = (ec.SECP256R1(), ec.BrainpoolP256R1(), ec.SECP384R1(), ec.SECP521R1())
ECDSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    **dict.fromkeys(aa.SHA1, hashes.SHA1()),  # noqa: S303
    **dict.fromkeys(aa.SHA224, hashes.SHA224()),
    **dict.fromkeys(aa.SHA256, hashes.SHA256()),
    **dict.fromkeys(aa.SHA384, hashes.SHA384()),
    **dict.fromkeys(aa.SHA512, hashes.SHA512()),
}


@cache
def rsa_key(bits: int, exponent: int = 65537) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


@cache
def ec_key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(0xA17, curve)


def dg15(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return write(0x6F, key.public_key().public_bytes(serialization.Encoding.DER, form))


def chosen(count: int) -> bytes:
    return (bytes(range(256)) * 2)[:count]


def raw(key: rsa.RSAPrivateKey, block: bytes) -> bytes:
    """The private key on any block at all, as a forger with a weak key could."""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes((modulus.bit_length() + 7) // 8, "big")


def judged(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, signature: bytes, nonce: bytes = NONCE) -> Check:
    return verdict(read_dg15(dg15(key)), nonce, signature)


def sign_ec(key: ec.EllipticCurvePrivateKey, algorithm: hashes.HashAlgorithm, nonce: bytes = NONCE) -> bytes:
    return key.sign(nonce, ec.ECDSA(algorithm))


def plain(key: ec.EllipticCurvePrivateKey, der: bytes) -> bytes:
    size_bytes = (key.curve.key_size + 7) // 8
    return b"".join(number.to_bytes(size_bytes, "big") for number in utils.decode_dss_signature(der))


def test_the_worked_example_signs_the_block_that_doc_9303_prints() -> None:
    """Appendix F gives no key, so the block is what a key of ours recovers."""
    key = rsa_key(1024)
    signature = sign_rsa(key, NONCE, lambda count: M1[:count])
    numbers = key.public_key().public_numbers()
    assert pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(128, "big") == BLOCK
    assert judged(key, signature).result is Result.SUCCESSFUL


def test_a_published_signature_of_another_implementation_verifies() -> None:
    key = read_dg15(write(0x6F, PUBLISHED_KEY))
    assert verdict(key, bytes(8), PUBLISHED_SIGNATURE).result is Result.SUCCESSFUL
    assert verdict(key, NONCE, PUBLISHED_SIGNATURE).code == "aa-signature-wrong"


@pytest.mark.parametrize("bits", [1024, 2048])
@pytest.mark.parametrize("trailer", TRAILERS)
def test_every_trailer_names_its_hash(trailer: str, bits: int) -> None:
    key = rsa_key(bits)
    signature = sign_rsa(key, NONCE, chosen, bytes.fromhex(trailer))
    assert judged(key, signature).result is Result.SUCCESSFUL
    # A signature that was recorded belongs to the nonce of that reading (A18).
    assert judged(key, signature, OTHER_NONCE).code == "aa-signature-wrong"


def test_the_smaller_of_both_roots_is_the_same_signature() -> None:
    key = rsa_key(1024)
    signature = int.from_bytes(sign_rsa(key, NONCE, chosen), "big")
    other = key.public_key().public_numbers().n - signature
    assert judged(key, other.to_bytes(128, "big")).result is Result.SUCCESSFUL


def test_a_short_part_of_the_chip_is_padded_to_the_last_nibble() -> None:
    key, part = rsa_key(1024), b"Utopia"
    digest = hashlib.sha1(part + NONCE, usedforsecurity=False).digest()
    padding = b"\xbb" * (128 - 1 - 1 - len(part) - 20 - 1)
    good = b"\x6b" + padding + b"\xba" + part + digest + b"\xbc"
    assert judged(key, raw(key, good)).result is Result.SUCCESSFUL
    for loose in (
        b"\x6b" + b"\xbb" * len(padding) + b"\xbb" + part + digest + b"\xbc",
        b"\x6b" + b"\0" * len(padding) + b"\xba" + part + digest + b"\xbc",
        b"\x6b" + padding + b"\0" + part + digest + b"\xbc",
        b"\x4b" + padding + b"\xba" + part + digest + b"\xbc",
        b"\x4a" + good[1:],
    ):
        assert judged(key, raw(key, loose)).code == "aa-signature-wrong"


@pytest.mark.parametrize("tail", ["BD", "37CC", "CC", "BCBC", "00"])
def test_a_trailer_that_names_no_hash_we_know_fails(tail: str) -> None:
    key = rsa_key(1024)
    block = BLOCK[: -len(tail) // 2] + bytes.fromhex(tail)
    assert judged(key, raw(key, block)).code == "aa-signature-wrong"


def test_a_cube_root_without_a_key_does_not_pass_for_a_signature() -> None:
    """A10: with the exponent 3 a forger makes blocks that begin as they should, and ends where he cannot choose."""
    key = rsa_key(1024, 3)
    wanted, root = int.from_bytes(BLOCK, "big"), 1 << 341
    while (closer := (2 * root + wanted // root**2) // 3) < root:  # Newton's way down
        root = closer
    forged = (root**3).to_bytes(128, "big")
    assert forged[:40] == BLOCK[:40]  # as much as a forger gets for nothing
    assert judged(key, root.to_bytes(128, "big")).code == "aa-signature-wrong"


@pytest.mark.parametrize("value", [b"", b"\0", b"\1", b"\0" * 128, b"\xff" * 128, b"\xff" * 1025, b"\x30\x00"])
def test_a_signature_that_is_none_fails(value: bytes) -> None:
    assert judged(rsa_key(1024), value).code == "aa-signature-wrong"
    assert judged(ec_key(CURVES[0]), value).code == "aa-signature-wrong"


def test_one_below_the_modulus_is_no_signature() -> None:
    key = rsa_key(1024)
    modulus = key.public_key().public_numbers().n
    assert judged(key, (modulus - 1).to_bytes(128, "big")).result is Result.FAILED


def test_one_signature_has_one_form() -> None:
    """Beyond the modulus the same number comes round again, and is no second signature."""
    key = rsa_key(1024)
    again = int.from_bytes(sign_rsa(key, NONCE, chosen), "big") + key.public_key().public_numbers().n
    assert judged(key, again.to_bytes(129, "big")).code == "aa-signature-wrong"


def test_a_short_modulus_is_for_the_policy_to_judge() -> None:
    """With a key of 1024 bits and a demand of 2048 the signature is right, and proves too little."""
    key = read_dg15(dg15(rsa_key(1024)))
    signature = sign_rsa(rsa_key(1024), NONCE, chosen)
    check = verdict(key, NONCE, signature, minimum_rsa_bits=2048)
    assert (check.result, check.code) == (Result.UNDETERMINED, "aa-key-short")
    assert verdict(key, OTHER_NONCE, signature, minimum_rsa_bits=2048).result is Result.FAILED


@pytest.mark.parametrize("curve", CURVES, ids=lambda curve: curve.name)
@pytest.mark.parametrize("announced", [None, *ANNOUNCED])
def test_a_signature_on_a_curve_is_taken_plain_and_as_der(curve: ec.EllipticCurve, announced: str | None) -> None:
    key = ec_key(curve)
    der = sign_ec(key, hashes.SHA224() if announced is None else ECDSA_HASHES[announced])
    for signature in (der, plain(key, der)):
        assert verdict(read_dg15(dg15(key)), NONCE, signature, announced).result is Result.SUCCESSFUL
        assert verdict(read_dg15(dg15(key)), OTHER_NONCE, signature, announced).code == "aa-signature-wrong"


def test_the_hash_that_dg14_announces_is_the_only_one() -> None:
    key = ec_key(CURVES[0])
    signature = plain(key, sign_ec(key, hashes.SHA256()))
    assert verdict(read_dg15(dg15(key)), NONCE, signature, "0.4.0.127.0.7.1.1.4.1.2").result is Result.FAILED
    unknown = verdict(read_dg15(dg15(key)), NONCE, signature, "0.4.0.127.0.7.1.1.4.1.6")  # RIPEMD-160
    assert (unknown.result, unknown.code) == (Result.NOT_SUPPORTED, "aa-algorithm")


def chip(answer: Callable[[bytes], Response]) -> Callable[[Command], Response]:
    def ask(command: Command) -> Response:
        assert command.header == b"\0\x88\0\0"
        return answer(command.data)

    return ask


def tried(
    answer: Callable[[bytes], Response], file: bytes, infos: Iterable[SecurityInfo] = (), nonce: bytes = NONCE
) -> Check:
    return aa.run(chip(answer), file, infos, lambda count: nonce[:count])


def test_a_genuine_chip_proves_itself() -> None:
    key = ec_key(CURVES[1])
    infos = (ActiveAuthenticationInfo(1, "0.4.0.127.0.7.1.1.4.1.3"),)
    check = tried(lambda nonce: Response(plain(key, sign_ec(key, hashes.SHA256(), nonce)), 0x9000), dg15(key), infos)
    assert check.result is Result.SUCCESSFUL
    assert not check.code


def test_a_clone_that_signs_with_a_key_of_its_own_fails() -> None:
    mine, theirs = rsa_key(1024), rsa_key(1024, 3)
    check = tried(lambda nonce: Response(sign_rsa(theirs, nonce, chosen), 0x9000), dg15(mine))
    assert (check.result, check.code) == (Result.FAILED, "aa-signature-wrong")


@pytest.mark.parametrize("status", [0x6A88, 0x6D00, 0x6982])
def test_a_clone_that_signs_nothing_fails(status: int) -> None:
    check = tried(lambda nonce: Response(b"", status), dg15(rsa_key(1024)))
    assert (check.result, check.code) == (Result.FAILED, "aa-refused")


def test_a_recorded_signature_fails_against_a_new_nonce() -> None:
    """A18."""
    key = rsa_key(1024)
    recorded = sign_rsa(key, NONCE, chosen)
    assert tried(lambda nonce: Response(recorded, 0x9000), dg15(key)).result is Result.SUCCESSFUL
    assert tried(lambda nonce: Response(recorded, 0x9000), dg15(key), nonce=OTHER_NONCE).result is Result.FAILED


def test_a_long_signature_is_asked_for_in_the_extended_form() -> None:
    short, long = (aa.challenge(read_dg15(dg15(rsa_key(bits))), NONCE) for bits in (1024, 2048))
    assert short.encode().hex() == "0088000008f173589974bf40c600"
    assert long.encode().hex() == "00880000000008f173589974bf40c60100"


@pytest.mark.parametrize("bad", [b"", write(0x6F, b""), write(0x75, PUBLISHED_KEY), write(0x6F, b"\x30\x00")])
def test_a_dg15_that_holds_no_key_leaves_it_open(bad: bytes) -> None:
    check = tried(lambda nonce: Response(b"", 0x9000), bad)
    assert (check.result, check.code) == (Result.UNDETERMINED, "aa-key-unreadable")


def test_a17_a_point_that_is_none_leaves_it_open() -> None:
    """The state's fault, and no sign of a copy; nothing is asked of the chip."""
    point = points.encode(P256, P256.generator)
    for bad in (point[:1] + point[2:], point[:-1] + bytes([point[-1] ^ 1]), point[:33]):
        check = tried(lambda nonce: pytest.fail("asked"), write(0x6F, named_key(P256, bad)))
        assert (check.result, check.code) == (Result.UNDETERMINED, "aa-key-unreadable")


@pytest.mark.parametrize(("modulus", "exponent"), [(1 << 8193, 3), (1, 3), ((1 << 1024) - 1, 1), (3 << 1023, 1 << 65)])
def test_a_key_beyond_every_limit_is_not_computed_on(modulus: int, exponent: int) -> None:
    numbers = b"".join(write(2, each.to_bytes(each.bit_length() // 8 + 1, "big")) for each in (modulus, exponent))
    algorithm = PUBLISHED_KEY[3:18]
    with pytest.raises(Garbled, match="beyond every limit"):
        read_dg15(write(0x6F, write(0x30, algorithm + write(3, b"\0" + write(0x30, numbers)))))


def test_a_curve_with_a_chosen_generator_is_not_computed_on() -> None:
    """A09."""
    honest = chip_keys.KeyPair(CurveGroup(P256), 5, chip_keys.Parameters.EXPLICIT).public_info
    spoilt = honest.replace(P256.x.to_bytes(32, "big"), P256.y.to_bytes(32, "big"))
    check = verdict(read_dg15(write(0x6F, spoilt)), NONCE, bytes(64))
    assert (check.result, check.code) == (Result.NOT_SUPPORTED, "unknown-curve")


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=140), st.sampled_from([None, *ANNOUNCED, "1.2.3"]))
def test_garbage_raises_nothing_but_garbled(file: bytes, signature: bytes, announced: str | None) -> None:
    for key in (rsa_key(1024), ec_key(CURVES[0])):
        assert verdict(read_dg15(dg15(key)), NONCE, signature, announced).result is not Result.SUCCESSFUL
    try:
        key_read: AaKey = read_dg15(write(0x6F, file))
    except Garbled:
        return
    verdict(key_read, NONCE, signature, announced)
