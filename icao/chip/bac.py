"""How do reader and chip prove to each other that both know the printed zone? (Basic Access Control, Doc 9303-11, 4.3)

Both ends are here, as pure functions, so that a simulated chip computes what a real one would.
Chance is an argument: eight random bytes and sixteen bytes of key from each side.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

from icao.chip import tdes
from icao.chip.secure_messaging import Session, TripleDes

CHALLENGE_BYTES: Final = 8
KEY_BYTES: Final = 16
CRYPTOGRAM_BYTES: Final = 32
TOKEN_BYTES: Final = CRYPTOGRAM_BYTES + tdes.MAC_BYTES  # what EXTERNAL AUTHENTICATE carries, both ways


class AccessDenied(Exception):
    """The other side does not know the printed zone, or says that we do not. The message holds no personal data.

    ``code`` is that of the check ``access`` (docs/contract.md, 11.3).
    """

    def __init__(self, message: str, code: str = "wrong-key") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True, repr=False)
class AccessKeys:
    """K_Enc and K_MAC of a document. They open the chip, so ``repr`` keeps them."""

    encryption: bytes
    authentication: bytes


@dataclass(frozen=True, slots=True, repr=False)
class Nonces:
    """What one side puts in: a challenge and half a key."""

    challenge: bytes
    key: bytes


def access_keys(key_information: str) -> AccessKeys:
    """From what ``mrz.bac_key_information`` says. (Doc 9303-11, 9.7.2)"""
    seed = hashlib.sha1(key_information.encode("ascii"), usedforsecurity=False).digest()[:KEY_BYTES]
    return AccessKeys(tdes.derive_key(seed, tdes.FOR_ENCRYPTION), tdes.derive_key(seed, tdes.FOR_MAC))


def reader_token(keys: AccessKeys, reader: Nonces, chip_challenge: bytes) -> bytes:
    """The data of EXTERNAL AUTHENTICATE."""
    return _seal(keys, reader.challenge + chip_challenge + reader.key)


def accept_chip(keys: AccessKeys, reader: Nonces, chip_challenge: bytes, token: bytes) -> Session:
    """The chip's answer proves that it knows the zone too. Raises AccessDenied."""
    plain = _open(keys, token)
    # An answer with challenges in the wrong order is our own token, thrown back at us.
    if plain[:16] != chip_challenge + reader.challenge:
        raise AccessDenied("the chip's answer does not belong to our challenge")
    return _session(reader, Nonces(chip_challenge, plain[16:]))


def accept_reader(keys: AccessKeys, chip: Nonces, token: bytes) -> tuple[bytes, Session]:
    """The chip's side: what it answers to EXTERNAL AUTHENTICATE, and the session it opens. Raises AccessDenied."""
    plain = _open(keys, token)
    if plain[8:16] != chip.challenge:
        raise AccessDenied("the reader's token does not belong to this challenge")
    reader = Nonces(plain[:8], plain[16:])
    return _seal(keys, chip.challenge + reader.challenge + chip.key), _session(reader, chip)


def _seal(keys: AccessKeys, plain: bytes) -> bytes:
    secret = tdes.encrypt(keys.encryption, plain)
    return secret + tdes.mac(keys.authentication, secret)


def _open(keys: AccessKeys, token: bytes) -> bytes:
    secret, code = token[:CRYPTOGRAM_BYTES], token[CRYPTOGRAM_BYTES:]
    if len(token) != TOKEN_BYTES or not tdes.same(code, tdes.mac(keys.authentication, secret)):
        raise AccessDenied("the token's MAC is wrong: the other side has another key")
    return tdes.decrypt(keys.encryption, secret)


def _session(reader: Nonces, chip: Nonces) -> Session:
    """Session keys from both halves; the counter starts with the ends of both challenges. (Doc 9303-11, 9.8)"""
    seed = bytes(one ^ other for one, other in zip(reader.key, chip.key, strict=True))
    suite = TripleDes(tdes.derive_key(seed, tdes.FOR_ENCRYPTION), tdes.derive_key(seed, tdes.FOR_MAC))
    return Session(suite, int.from_bytes(chip.challenge[-4:] + reader.challenge[-4:], "big"))
