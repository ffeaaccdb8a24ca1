"""How does a nonce that only two can read become a generator that only two know? (PACE, Doc 9303-11, 4.4.3.3)

Generic mapping adds the nonce to a secret that both ends agree on in clear; integrated mapping hashes it into the
group. Both ends compute the same, so both use these functions.
"""

from typing import Final

from icao.chip.ciphers import ProtocolCipher
from icao.chip.groups import Group
from icao.tlv import Garbled

MAX_NONCE_BYTES: Final = 64  # by the standard any number of blocks; real chips send one or two
EXTRA_BITS: Final = 64  # beyond the prime's, so that the remainder favours no number

# Doc 9303-11, 4.4.3.3.2: c0 leads to the next key, c1 to the next piece of the result.
LONGEST_KEY_OF_SHORT_CONSTANTS_BYTES: Final = 16  # 3DES and AES-128
SHORT_CONSTANTS: Final = (
    bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
    bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
)
LONG_CONSTANTS: Final = (
    bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
    bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
)


def generic(group: Group, nonce: bytes, secret: int, other_key: bytes) -> bytes:
    """The mapped generator, from one's own mapping key and the other end's, which is checked already.

    Raises Garbled for the one nonce in 2^128 that gives none.
    """
    with_nonce = group.public_key(int.from_bytes(nonce, "big"), group.generator)
    return group.combine(with_nonce, group.public_key(secret, other_key))


def integrated(group: Group, cipher: ProtocolCipher, nonce: bytes, reader_nonce: bytes) -> bytes:
    """The mapped generator, from the chip's nonce and the reader's, which came in clear. Raises Garbled."""
    number = int.from_bytes(pseudo_random(cipher, nonce, reader_nonce, group.prime.bit_length()), "big")
    return group.element_from(number % group.prime)


def pseudo_random(cipher: ProtocolCipher, nonce: bytes, reader_nonce: bytes, prime_bits: int) -> bytes:
    """R(s, t). Raises Garbled when a nonce has the wrong length."""
    to_next_key, to_piece = constants(cipher)
    if len(nonce) != len(to_piece) or len(reader_nonce) != cipher.key_bytes:
        raise Garbled("a nonce has another length than integrated mapping gives it")
    key, pieces = cipher.encrypt(reader_nonce, nonce), b""
    while 8 * len(pieces) < prime_bits + EXTRA_BITS:
        key = key[: cipher.key_bytes]
        pieces += cipher.encrypt(key, to_piece)
        key = cipher.encrypt(key, to_next_key)
    return pieces


def constants(cipher: ProtocolCipher) -> tuple[bytes, bytes]:
    return SHORT_CONSTANTS if cipher.key_bytes <= LONGEST_KEY_OF_SHORT_CONSTANTS_BYTES else LONG_CONSTANTS


def nonce_bytes(cipher: ProtocolCipher) -> int:
    """How long a chip's nonce is: the key, in whole blocks."""
    return len(constants(cipher)[0])
