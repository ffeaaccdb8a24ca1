"""How do keys lie on a backup tape? Sealed with what somebody remembers: scrypt makes the key, AES-GCM seals."""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from gateway.errors import GatewayError

MAGIC: Final = b"borderpost-keys-1\n"
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
COST, BLOCK, LANES = 2**16, 8, 1  # 64 MiB and some 0.2 s for each guess (RFC 7914)
LEAST_CHARS: Final = 16


def seal(content: bytes, passphrase: bytes) -> bytes:
    """Raises GatewayError when the passphrase is one that could be guessed."""
    if len(passphrase) < LEAST_CHARS:
        message = f"The passphrase has fewer than {LEAST_CHARS} characters: whoever finds the backup could guess it."
        raise GatewayError("weak-passphrase", message, "Write a longer one into the file.")
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    return MAGIC + salt + nonce + _cipher(passphrase, salt).encrypt(nonce, content, MAGIC)


def unseal(sealed: bytes, passphrase: bytes) -> bytes:
    """Raises GatewayError when this is not the passphrase, or the keys were altered."""
    head, rest = sealed[: len(MAGIC)], sealed[len(MAGIC) :]
    salt, nonce, content = rest[:SALT_BYTES], rest[SALT_BYTES:][:NONCE_BYTES], rest[SALT_BYTES + NONCE_BYTES :]
    try:
        return _cipher(passphrase, salt).decrypt(nonce, content, head)
    except (InvalidTag, ValueError) as error:
        message = "The passphrase does not open the keys of this backup."
        raise GatewayError("wrong-passphrase", message, "Give the passphrase of the day of the backup.") from error


def _cipher(passphrase: bytes, salt: bytes) -> AESGCM:
    return AESGCM(Scrypt(salt=salt, length=32, n=COST, r=BLOCK, p=LANES).derive(passphrase))
