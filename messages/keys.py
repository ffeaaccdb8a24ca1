"""Who signs, who opens? Keys as values; where they are kept is the caller's business. No ``repr`` shows a secret."""

from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from nacl.utils import random

from messages.topics import is_name

EDDSA: Final = -8  # COSE: EdDSA (RFC 9053, 2.2)
SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    kid: str
    seed: bytes

    def __post_init__(self) -> None:
        if not is_name(self.kid) or len(self.seed) != SEED_BYTES:
            raise ValueError(f"A signing key needs a name of the contract and a seed of {SEED_BYTES} bytes.")

    def sign(self, message: bytes) -> bytes:
        return SigningKey(self.seed).sign(message).signature

    @property
    def public(self) -> bytes:
        return bytes(SigningKey(self.seed).verify_key)

    def __repr__(self) -> str:  # No seed in a log.
        return f"{type(self).__name__}({self.kid!r})"


class DeviceKey(_Signer):
    """The Ed25519 key of one device; ``kid`` is the device's id."""

    __slots__ = ()

    @classmethod
    def generate(cls, kid: str) -> "DeviceKey":
        return cls(kid, random(SEED_BYTES))

    def record(self, region: str, post: str) -> "KeyRecord":
        return KeyRecord(self.kid, self.public, region, post)


class GatewayKey(_Signer):
    """The Ed25519 key of one gateway worker; it signs acknowledgements and nothing else."""

    __slots__ = ()

    @classmethod
    def generate(cls, kid: str) -> "GatewayKey":
        return cls(kid, random(SEED_BYTES))

    def record(self) -> "GatewayRecord":
        return GatewayRecord(self.kid, self.public)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What a region knows of a device: its key, where it stands, and which algorithm its key is for.

    The algorithm is chosen by this record, never by a message.
    """

    kid: str
    public: bytes
    region: str
    post: str
    revoked: bool = False
    alg: int = EDDSA


@dataclass(frozen=True, slots=True)
class GatewayRecord:
    """What a device knows of a gateway worker whose acknowledgements it believes."""

    kid: str
    public: bytes
    revoked: bool = False
    alg: int = EDDSA


def verified(public: bytes, message: bytes, signature: bytes) -> bool:
    try:
        VerifyKey(public).verify(message, signature)
    except (BadSignatureError, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class RegionPublic:
    """The X25519 key that frames are sealed to. ``kid`` names the region key, so that it can be changed."""

    kid: str
    public: bytes

    def key(self) -> X25519PublicKey:
        return X25519PublicKey.from_public_bytes(self.public)


@dataclass(frozen=True, slots=True, repr=False)
class RegionKey:
    """The secret half: only the gateway holds it, so only the gateway can read a traveller."""

    kid: str
    secret: bytes

    @classmethod
    def generate(cls, kid: str) -> "RegionKey":
        return cls(kid, X25519PrivateKey.generate().private_bytes_raw())

    def key(self) -> X25519PrivateKey:
        return X25519PrivateKey.from_private_bytes(self.secret)

    @property
    def public(self) -> RegionPublic:
        return RegionPublic(self.kid, self.key().public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"RegionKey({self.kid!r})"
