"""How do travellers lie in the store? Sealed with a key that is not in the database: a copied file tells nothing."""

import hashlib
import os
from collections.abc import Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
DIGEST_BYTES = 16
OVERHEAD_BYTES = NONCE_BYTES + 16  # what sealing adds: the nonce, and AES-GCM's tag


class Vault:
    """One key of the state folder, split in two: one seals bodies, one makes digests that cannot be guessed at."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(_part(key, b"body"))
        self._empty = hashlib.blake2b(key=_part(key, b"digest"), digest_size=DIGEST_BYTES)

    def seal(self, body: bytes, place: str) -> bytes:
        """``place`` is the row's identity: a sealed body moved to another row cannot be opened there."""
        return self.seal_all([(body, place)])[0]

    def seal_all(self, bodies: Sequence[tuple[bytes, str]]) -> list[bytes]:
        """Each for itself, so that each can be opened, moved and erased alone; the kernel is asked for chance once."""
        chance, encrypt = os.urandom(NONCE_BYTES * len(bodies)), self._cipher.encrypt
        nonces = (chance[at : at + NONCE_BYTES] for at in range(0, len(chance), NONCE_BYTES))
        return [
            nonce + encrypt(nonce, body, place.encode()) for nonce, (body, place) in zip(nonces, bodies, strict=True)
        ]

    def open(self, sealed: bytes, place: str) -> bytes:
        """Raises cryptography's InvalidTag when key or place is another."""
        return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())

    def digest(self, body: bytes) -> bytes:
        keyed = self._empty.copy()  # half of the work is to take in the key
        keyed.update(body)
        return keyed.digest()


def place_of(device: str, boot: str, seq: int) -> str:
    return f"{device}/{boot}/{seq}"


def _part(key: bytes, purpose: bytes) -> bytes:
    return hashlib.blake2b(purpose, key=key, digest_size=32).digest()
