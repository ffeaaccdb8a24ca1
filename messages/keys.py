"""Who signs, who opens? Keys as values; where they are kept is the caller's business. No ``repr`` shows a secret.

>>> device_of("lane-1"), device_of("lane-1.2"), device_of("lane-1.02"), device_of("lane-1.1")
('lane-1', 'lane-1', '', '')
>>> number_of("lane-1"), number_of("lane-1.2")
(1, 2)
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from nacl.bindings import crypto_scalarmult_base
from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey
from nacl.utils import random

from messages.limits import COUNT_DIGITS_MAX
from messages.topics import is_name

EDDSA: Final = -8  # COSE: EdDSA (RFC 9053, 2.2)
SEED_BYTES: Final = 32  # of every secret key here, X25519 too
FOLLOWER: Final = re.compile(rf"\.([2-9]|[1-9][0-9]{{1,{COUNT_DIGITS_MAX - 1}}})")


def device_of(kid: str) -> str:
    """Whose key? ``lane-1`` signs with ``lane-1``, then with ``lane-1.2``, then ``lane-1.3``; "" for what is none."""
    name, point, number = kid.partition(".")
    return name if is_name(name) and (not point or FOLLOWER.fullmatch(point + number)) else ""


def number_of(kid: str) -> int:
    """The how-manieth key of its device? Of a ``kid`` that is one."""
    return int(kid.partition(".")[2] or 1)


@dataclass(frozen=True, slots=True, repr=False)
class _Signer:
    kid: str
    seed: bytes

    def __post_init__(self) -> None:
        if not self._owner() or len(self.seed) != SEED_BYTES:
            raise ValueError(f"A signing key needs a key id of the contract and a seed of {SEED_BYTES} bytes.")

    def _owner(self) -> str:
        return self.kid if is_name(self.kid) else ""

    def sign(self, message: bytes) -> bytes:
        return SigningKey(self.seed).sign(message).signature

    @property
    def public(self) -> bytes:
        return bytes(SigningKey(self.seed).verify_key)

    def __repr__(self) -> str:  # No seed in a log.
        return f"{type(self).__name__}({self.kid!r})"


class DeviceKey(_Signer):
    """An Ed25519 key of one device; the first has the device's id for its ``kid``."""

    __slots__ = ()

    @property
    def device(self) -> str:
        return device_of(self.kid)

    def _owner(self) -> str:
        return self.device

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


class ControlKey(_Signer):
    """The region's Ed25519 key for commands and manifests, and nothing else: no worker can open a lane by itself."""

    __slots__ = ()

    @classmethod
    def generate(cls, kid: str) -> "ControlKey":
        return cls(kid, random(SEED_BYTES))

    def record(self) -> "ControlRecord":
        return ControlRecord(self.kid, self.public)


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What a region knows of a device's key: whose it is, where that stands, and which algorithm the key is for.

    The algorithm is chosen by this record, never by a message. A key that another has followed is taken like any
    other, until whoever keeps the records ends it.
    """

    kid: str
    public: bytes
    region: str
    post: str
    revoked: bool = False
    alg: int = EDDSA

    @property
    def device(self) -> str:
        return device_of(self.kid)


@dataclass(frozen=True, slots=True)
class GatewayRecord:
    """What a device knows of a gateway worker whose acknowledgements it believes."""

    kid: str
    public: bytes
    revoked: bool = False
    alg: int = EDDSA


@dataclass(frozen=True, slots=True)
class ControlRecord:
    """What a device knows of a control key whose commands and manifests it believes."""

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


@dataclass(frozen=True, slots=True, repr=False)
class RegionKey:
    """The secret half: only the gateway holds it, so only the gateway can read a traveller."""

    kid: str
    secret: bytes

    @classmethod
    def generate(cls, kid: str) -> "RegionKey":
        return cls(kid, random(SEED_BYTES))

    @property
    def public(self) -> RegionPublic:
        return RegionPublic(self.kid, crypto_scalarmult_base(self.secret))

    def __repr__(self) -> str:
        return f"RegionKey({self.kid!r})"


class RegionKeys(dict[str, RegionKey]):
    """Every key that the region still opens with, by kid: it can change its key while outboxes hold older frames.

    >>> RegionKeys.of([RegionKey("region-1", bytes(32)), RegionKey("region-2", bytes(32))])
    RegionKeys('region-1', 'region-2')
    """

    @classmethod
    def of(cls, keys: Iterable[RegionKey]) -> "RegionKeys":
        return cls({key.kid: key for key in keys})

    def __repr__(self) -> str:  # No secret in a log.
        return f"RegionKeys({', '.join(map(repr, self))})"
