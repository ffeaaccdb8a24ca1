"""Which cipher goes with a protocol's last arc, and which keys come of a secret? (Doc 9303-11, 4.4.3, 6.2.3, 9.7)"""

from dataclasses import dataclass
from typing import Final, Protocol

from icao.chip import aes, tdes
from icao.chip.secure_messaging import Session, TripleDes
from icao.lds.security_infos import AES_128, AES_192, AES_256, TRIPLE_DES

FOR_ENCRYPTION: Final = tdes.FOR_ENCRYPTION
FOR_MAC: Final = tdes.FOR_MAC
FOR_PASSWORD: Final = 3  # Doc 9303-11, 9.7.3


class ProtocolCipher(Protocol):
    """What PACE and chip authentication do with a cipher; secure messaging does the rest."""

    @property
    def name(self) -> str: ...

    @property
    def key_bytes(self) -> int: ...

    @property
    def block_bytes(self) -> int: ...

    def derive_key(self, seed: bytes, purpose: int) -> bytes: ...

    def encrypt(self, key: bytes, plain: bytes) -> bytes:
        """CBC from a zero IV, over whole blocks."""

    def decrypt(self, key: bytes, secret: bytes) -> bytes:
        """Raises Garbled."""

    def mac(self, key: bytes, message: bytes) -> bytes: ...

    def session(self, seed: bytes) -> Session:
        """With fresh keys from a shared secret, and its counter at zero."""


@dataclass(frozen=True, slots=True)
class TripleDesCipher:
    name: str = "3des"
    key_bytes: int = 16
    block_bytes: int = tdes.BLOCK_BYTES

    def derive_key(self, seed: bytes, purpose: int) -> bytes:
        return tdes.derive_key(seed, purpose)

    def encrypt(self, key: bytes, plain: bytes) -> bytes:
        return tdes.encrypt(key, plain)

    def decrypt(self, key: bytes, secret: bytes) -> bytes:
        return tdes.decrypt(key, secret)

    def mac(self, key: bytes, message: bytes) -> bytes:
        return tdes.mac(key, message)

    def session(self, seed: bytes) -> Session:
        return Session(TripleDes(self.derive_key(seed, FOR_ENCRYPTION), self.derive_key(seed, FOR_MAC)), 0)


@dataclass(frozen=True, slots=True)
class AesCipher:
    key_bytes: int
    block_bytes: int = aes.BLOCK_BYTES

    @property
    def name(self) -> str:
        return f"aes{8 * self.key_bytes}"

    def derive_key(self, seed: bytes, purpose: int) -> bytes:
        return aes.derive_key(seed, purpose, self.key_bytes)

    def encrypt(self, key: bytes, plain: bytes) -> bytes:
        return aes.encrypt(key, plain)

    def decrypt(self, key: bytes, secret: bytes) -> bytes:
        return aes.decrypt(key, secret)

    def mac(self, key: bytes, message: bytes) -> bytes:
        return aes.mac(key, message)

    def session(self, seed: bytes) -> Session:
        return Session(aes.Aes(self.derive_key(seed, FOR_ENCRYPTION), self.derive_key(seed, FOR_MAC)), 0)


BY_ARC: Final[dict[int, ProtocolCipher]] = {
    TRIPLE_DES: TripleDesCipher(),
    AES_128: AesCipher(16),
    AES_192: AesCipher(24),
    AES_256: AesCipher(32),
}
