"""Does the chip hold the private key to DG15? It signs a nonce of ours. (Active Authentication, Doc 9303-11, 6.1)

RSA keys sign after ISO/IEC 9796-2, scheme 1: the signature hides a part of the message that the chip chose, and the
nonce follows it. ECDSA keys sign the nonce alone, as plain r||s (TR-03111) or, in some states' chips, as DER.
Both ends are here; DG15 counts only after passive authentication has bound it (``genuineness``).
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from icao.checks import Check, Result
from icao.chip import apdu
from icao.chip.apdu import Ask, Command
from icao.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, Fields, bits, oid, only, unsigned
from icao.lds.files import data_group
from icao.lds.security_infos import ActiveAuthenticationInfo, SecurityInfo, oid_contents
from icao.pki import points, signatures
from icao.pki.keys import RSA_ENCRYPTION, EcKey, NotSupported, Weak, read_key
from icao.tlv import Garbled, read_one, write

NONCE_BYTES: Final = 8

# Limits. A shorter key is factored at home, a longer one only keeps us busy.
MIN_RSA_BITS: Final = 1024
MAX_RSA_BITS: Final = 8192
MAX_EXPONENT_BITS: Final = 64
MAX_SIGNATURE_BYTES: Final = MAX_RSA_BITS // 8
LONGEST_SHORT_BYTES: Final = 223  # what fits, protected, into a short answer

# ISO/IEC 9796-2, 8: how the recovered block begins and ends; before CC stands the hash's number (ISO/IEC 10118-3).
HEADER: Final = 0x6A
PADDED_HEADER: Final = 0x6B  # then BB.. and BA, when the chip's part of the message is short
IMPLICIT_TRAILER: Final = 0xBC
EXPLICIT_TRAILER: Final = 0xCC
TRAILER_HASHES: Final[dict[int, hashes.HashAlgorithm]] = {
    0x33: hashes.SHA1(),  # noqa: S303  (old passports are still valid)
    0x34: hashes.SHA256(),
    0x35: hashes.SHA512(),
    0x36: hashes.SHA384(),
    0x38: hashes.SHA224(),
}
IMPLICIT_HASH: Final = TRAILER_HASHES[0x33]  # Doc 9303-11, 6.1.2.2: trailer BC goes with SHA-1

# A hash's ECDSA algorithms: plain (TR-03111, 5.2.1.1), which the standard demands, and X9.62, whose signatures are DER.
SHA1: Final = ("0.4.0.127.0.7.1.1.4.1.1", "1.2.840.10045.4.1")
SHA224: Final = ("0.4.0.127.0.7.1.1.4.1.2", "1.2.840.10045.4.3.1")
SHA256: Final = ("0.4.0.127.0.7.1.1.4.1.3", "1.2.840.10045.4.3.2")
SHA384: Final = ("0.4.0.127.0.7.1.1.4.1.4", "1.2.840.10045.4.3.3")
SHA512: Final = ("0.4.0.127.0.7.1.1.4.1.5", "1.2.840.10045.4.3.4")
# Without an announcement every hash is tried, the likely ones first: the signature has to fit all the same.
TRIED: Final = (SHA256, SHA1, SHA224, SHA384, SHA512)
# States write either OID into DG14, whichever form their chips' signatures have.
ANNOUNCED: Final = {name: pair for pair in TRIED for name in pair}


@dataclass(frozen=True, slots=True, repr=False)
class AaKey:
    """What DG15 holds. ``rsa`` None: a key on a curve, which ``signatures`` reads."""

    spki: bytes
    rsa: tuple[int, int] | None  # modulus and exponent

    @property
    def answer_bytes(self) -> int:
        """How long its signature is, at most; on a curve 2 * 66 bytes, or some more in DER."""
        return (self.rsa[0].bit_length() + 7) // 8 if self.rsa else 144


def run(
    ask: Ask,
    dg15: bytes,
    infos: Iterable[SecurityInfo],
    random_bytes: Callable[[int], bytes],
    minimum_rsa_bits: int = MIN_RSA_BITS,
) -> Check:
    """Challenge the chip; ``infos`` are those of DG14, which may announce the hash. Raises Silent, Garbled."""
    try:
        key = read_dg15(dg15)
    except Garbled as error:
        return _check(Result.UNDETERMINED, "aa-key-unreadable", f"DG15 holds no key that can be read: {error}.")
    # Ours and new each time: a signature recorded from another reading is over another nonce (A18).
    nonce = random_bytes(NONCE_BYTES)
    answer = ask(challenge(key, nonce))
    if not answer.ok:
        # A copied chip has the file, and nothing to sign with (A01).
        return _check(Result.FAILED, "aa-refused", f"The chip answered {answer.status:04X} instead of a signature.")
    return verdict(key, nonce, answer.data, announced(infos), minimum_rsa_bits)


def challenge(key: AaKey, nonce: bytes) -> Command:
    """INTERNAL AUTHENTICATE, in the extended form where the signature needs it."""
    extended = key.answer_bytes > LONGEST_SHORT_BYTES
    le = key.answer_bytes if extended else apdu.SHORT_LE_BYTES
    return Command(0x00, apdu.INTERNAL_AUTHENTICATE, data=nonce, le=le, extended=extended)


def read_dg15(file: bytes) -> AaKey:
    """Raises Garbled."""
    spki = read_one(file, data_group(15).tag)
    fields = Fields(only(spki, SEQUENCE).value)
    if oid(fields.inside(SEQUENCE).next(OBJECT_IDENTIFIER)) != RSA_ENCRYPTION:
        _expect_point(spki)
        return AaKey(spki, None)
    numbers = Fields(only(bits(fields.next(BIT_STRING)), SEQUENCE).value)
    modulus, exponent = unsigned(numbers.next(INTEGER)), unsigned(numbers.next(INTEGER))
    if not 1 < modulus.bit_length() <= MAX_RSA_BITS or not 1 < exponent < 1 << MAX_EXPONENT_BITS:
        raise Garbled("its modulus or exponent is beyond every limit")
    return AaKey(spki, (modulus, exponent))


def _expect_point(spki: bytes) -> None:
    """Raises Garbled for a point that is none (A17): the state's fault, and no sign of a copy. ``verdict`` tells the
    rest."""
    with suppress(NotSupported, Weak):
        key = read_key(spki)
        if isinstance(key, EcKey):
            points.decode(key.curve, key.point)


def announced(infos: Iterable[SecurityInfo]) -> str | None:
    """The signature algorithm that DG14 names, None when it names none."""
    return next((info.signature_algorithm for info in infos if isinstance(info, ActiveAuthenticationInfo)), None)


def verdict(
    key: AaKey, nonce: bytes, signature: bytes, announced: str | None = None, minimum_rsa_bits: int = MIN_RSA_BITS
) -> Check:
    """Whether this signature over this nonce is the key's. Raises nothing."""
    if not signature or len(signature) > MAX_SIGNATURE_BYTES:
        return _check(Result.FAILED, "aa-signature-wrong", "The chip's signature is empty or beyond every limit.")
    if key.rsa is None:
        return _ecdsa_verdict(key, nonce, signature, announced)
    if not _rsa_verifies(*key.rsa, nonce, signature):
        return _check(Result.FAILED, "aa-signature-wrong", "The chip's signature is not over our challenge.")
    if (bits := key.rsa[0].bit_length()) < minimum_rsa_bits:
        return _check(Result.UNDETERMINED, "aa-key-short", f"The chip's RSA key has only {bits} bits.")
    return Check("aa", Result.SUCCESSFUL, detail=f"The chip holds the private key to DG15 (RSA, {bits} bits).")


def _check(result: Result, code: str, detail: str) -> Check:
    return Check("aa", result, detail=detail, code=code)


def _rsa_verifies(modulus: int, exponent: int, nonce: bytes, signature: bytes) -> bool:
    """ISO/IEC 9796-2, scheme 1: recover the chip's part, and hash it with the nonce behind it."""
    value = int.from_bytes(signature, "big")
    if not 1 < value < modulus - 1:
        return False
    recovered = pow(value, exponent, modulus)
    if recovered & 0xF != IMPLICIT_TRAILER & 0xF:
        recovered = modulus - recovered  # the smaller of s and n - s may have been sent
    block = recovered.to_bytes((modulus.bit_length() + 7) // 8, "big").lstrip(b"\0")
    try:
        algorithm, trailer_bytes = _trailer(block)
        part = _chip_part(block[: len(block) - trailer_bytes - algorithm.digest_size])
    except Garbled:
        return False
    digest = block[len(block) - trailer_bytes - algorithm.digest_size : len(block) - trailer_bytes]
    return len(digest) == algorithm.digest_size and _hash(algorithm, part + nonce) == digest


def _trailer(block: bytes) -> tuple[hashes.HashAlgorithm, int]:
    """Raises Garbled."""
    if block[-1:] == bytes([IMPLICIT_TRAILER]):
        return IMPLICIT_HASH, 1
    if block[-1:] == bytes([EXPLICIT_TRAILER]) and len(block) > 1 and block[-2] in TRAILER_HASHES:
        return TRAILER_HASHES[block[-2]], 2
    raise Garbled("the signature's trailer is unknown")


def _chip_part(head: bytes) -> bytes:
    """M1: what stands behind a header that says "recovered in part". Raises Garbled.

    The padding is checked to the last nibble: whoever lets it be loose lets a forger choose bytes (A10).
    """
    if head[:1] == bytes([HEADER]):
        return head[1:]
    unpadded = head[1:].lstrip(b"\xbb")
    if head[:1] != bytes([PADDED_HEADER]) or unpadded[:1] != b"\xba":
        raise Garbled("the signature's header is unknown")
    return unpadded[1:]


def _ecdsa_verdict(key: AaKey, nonce: bytes, signature: bytes, announced: str | None) -> Check:
    if announced is not None and announced not in ANNOUNCED:
        return _check(Result.NOT_SUPPORTED, "aa-algorithm", f"The signature algorithm {announced} is not supported.")
    for plain, x962 in TRIED if announced is None else (ANNOUNCED[announced],):
        for algorithm in (plain, x962):
            result, detail, code = signatures.verify(key.spki, _identifier(algorithm), None, signature, nonce)
            if result is Result.SUCCESSFUL:
                return Check("aa", result, detail="The chip holds the private key to DG15 (ECDSA).")
            if result is not Result.FAILED:
                return _check(result, code, detail)
    return _check(Result.FAILED, "aa-signature-wrong", "The chip's signature is not over our challenge.")


def _identifier(algorithm: str) -> bytes:
    return write(SEQUENCE, write(OBJECT_IDENTIFIER, oid_contents(algorithm)))


def ecdsa_plain(r: int, s: int, size_bytes: int) -> bytes:
    """r and s side by side, each as long as the curve's order (TR-03111, 5.2.1)."""
    return r.to_bytes(size_bytes, "big") + s.to_bytes(size_bytes, "big")


def ecdsa_der(r: int, s: int) -> bytes:
    """Two INTEGERs, as X9.62 has it and the standard has not."""
    return write(
        SEQUENCE, b"".join(write(INTEGER, each.to_bytes(each.bit_length() // 8 + 1, "big")) for each in (r, s))
    )


def sign_rsa(
    key: rsa.RSAPrivateKey,
    nonce: bytes,
    random_bytes: Callable[[int], bytes],
    trailer: bytes = bytes([IMPLICIT_TRAILER]),
) -> bytes:
    """The chip's side: choose M1, hash M1 and the nonce, and sign. (Doc 9303-11, 6.1.2.2)"""
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    algorithm = IMPLICIT_HASH if len(trailer) == 1 else TRAILER_HASHES[trailer[0]]
    length = (modulus.bit_length() + 7) // 8
    part = random_bytes(length - 1 - algorithm.digest_size - len(trailer))
    block = bytes([HEADER]) + part + _hash(algorithm, part + nonce) + trailer
    return pow(int.from_bytes(block, "big"), numbers.d, modulus).to_bytes(length, "big")


def _hash(algorithm: hashes.HashAlgorithm, message: bytes) -> bytes:
    digest = hashes.Hash(algorithm)
    digest.update(message)
    return digest.finalize()
