"""How do the access protocols use triple DES? Ciphers, retail MAC, padding, key derivation. (Doc 9303-11, 9.7, 9.8)"""

import hashlib
import hmac
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from icao.tlv import Garbled

BLOCK_BYTES: Final = 8
MAC_BYTES: Final = 8
ZERO_IV: Final = bytes(BLOCK_BYTES)

FOR_ENCRYPTION: Final = 1  # Doc 9303-11, 9.7.1.3: the counter behind the seed
FOR_MAC: Final = 2


def derive_key(seed: bytes, purpose: int) -> bytes:
    """Sixteen bytes with adjusted parity, as the worked examples print them. (Doc 9303-11, 9.7.1.1)"""
    digest = hashlib.sha1(seed + purpose.to_bytes(4, "big"), usedforsecurity=False).digest()
    return bytes(octet & 0xFE | (octet.bit_count() - (octet & 1) + 1) % 2 for octet in digest[:16])


def encrypt(key: bytes, plain: bytes) -> bytes:
    """CBC with a zero IV over whole blocks."""
    encryptor = _cipher(key).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def decrypt(key: bytes, secret: bytes) -> bytes:
    """Raises Garbled when ``secret`` is not made of whole blocks."""
    if len(secret) % BLOCK_BYTES:
        raise Garbled("a cryptogram is not made of whole blocks")
    decryptor = _cipher(key).decryptor()
    return decryptor.update(secret) + decryptor.finalize()


def mac(key: bytes, message: bytes) -> bytes:
    """Retail MAC, ISO/IEC 9797-1 algorithm 3 with padding method 2: DES along the way, triple DES at the end."""
    padded = pad(message, BLOCK_BYTES)
    single = Cipher(TripleDES(key[:8] * 3), modes.CBC(ZERO_IV)).encryptor()
    chained = (single.update(padded) + single.finalize())[-BLOCK_BYTES:]
    return encrypt(key, _undo_single(key[:8], chained))


def same(one: bytes, other: bytes) -> bool:
    """In constant time: how far a forged MAC was right is nobody's business."""
    return hmac.compare_digest(one, other)


def pad(message: bytes, block_bytes: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2: 80, then zeros to the end of the block; always at least the 80."""
    return message + b"\x80" + bytes(-(len(message) + 1) % block_bytes)


def unpad(padded: bytes) -> bytes:
    """Raises Garbled."""
    message = padded.rstrip(b"\0")
    if not message.endswith(b"\x80"):
        raise Garbled("the padding is wrong")
    return message[:-1]


def _cipher(key: bytes) -> Cipher[modes.CBC]:
    return Cipher(TripleDES(key[:16] + key[:8]), modes.CBC(ZERO_IV))


def _undo_single(key: bytes, block: bytes) -> bytes:
    """One DES decryption, so that enciphering with K1||K2||K1 ends as decipher K2, encipher K1."""
    decryptor = Cipher(TripleDES(key * 3), modes.CBC(ZERO_IV)).decryptor()
    return decryptor.update(block) + decryptor.finalize()
