"""How do the access protocols use AES? Ciphers, CMAC, and the suite of a session. (Doc 9303-11, 9.7.1.2, 9.8.7)"""

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from icao.chip.tdes import pad
from icao.tlv import Garbled

BLOCK_BYTES: Final = 16
MAC_BYTES: Final = 8
ZERO_IV: Final = bytes(BLOCK_BYTES)
SHORT_KEY_BYTES: Final = 16


def derive_key(seed: bytes, purpose: int, key_bytes: int) -> bytes:
    """By SHA-1 for AES-128, by SHA-256 for the longer ones. (Doc 9303-11, 9.7.1.2)"""
    message = seed + purpose.to_bytes(4, "big")
    if key_bytes == SHORT_KEY_BYTES:
        return hashlib.sha1(message, usedforsecurity=False).digest()[:key_bytes]
    return hashlib.sha256(message).digest()[:key_bytes]


def encrypt(key: bytes, plain: bytes, iv: bytes = ZERO_IV) -> bytes:
    """CBC over whole blocks."""
    encryptor = Cipher(AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(plain) + encryptor.finalize()


def decrypt(key: bytes, secret: bytes, iv: bytes = ZERO_IV) -> bytes:
    """Raises Garbled when ``secret`` is not made of whole blocks."""
    if len(secret) % BLOCK_BYTES:
        raise Garbled("a cryptogram is not made of whole blocks")
    decryptor = Cipher(AES(key), modes.CBC(iv)).decryptor()
    return decryptor.update(secret) + decryptor.finalize()


def mac(key: bytes, message: bytes) -> bytes:
    """CMAC, the first eight bytes; it pads by itself."""
    code = CMAC(AES(key))
    code.update(message)
    return code.finalize()[:MAC_BYTES]


@dataclass(frozen=True, slots=True, repr=False)
class Aes:
    """A session's ciphers: the counter makes the IV, and stands before what the MAC covers."""

    encryption: bytes
    authentication: bytes
    block_bytes: int = BLOCK_BYTES

    def encrypt(self, counter: int, plain: bytes) -> bytes:
        return encrypt(self.encryption, plain, self._iv(counter))

    def decrypt(self, counter: int, secret: bytes) -> bytes:
        return decrypt(self.encryption, secret, self._iv(counter))

    def mac(self, counter: int, message: bytes) -> bytes:
        """Padded like with triple DES, although CMAC would not need it. (Doc 9303-11, 9.8.4)"""
        return mac(self.authentication, pad(counter.to_bytes(BLOCK_BYTES, "big") + message, BLOCK_BYTES))

    def _iv(self, counter: int) -> bytes:
        return encrypt(self.encryption, counter.to_bytes(BLOCK_BYTES, "big"))
