"""Does the chip hold the private key to DG14? Only then can it follow into a new session. (Doc 9303-11, 6.2)

The reader agrees on a secret with the chip's signed key and a fresh one of its own. No answer of the chip's proves
anything by itself: a copy says 9000 as well. The proof is the first message that comes back protected with the new
keys. Everything is computed before the first command (``prepare``), so that the chip need not wait for us.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from icao.checks import Check, Result
from icao.chip import apdu
from icao.chip.apdu import Ask, Command
from icao.chip.ciphers import BY_ARC, ProtocolCipher
from icao.chip.domain_parameters import read_public_key
from icao.chip.groups import CurveGroup, Group, draw
from icao.chip.secure_messaging import Session
from icao.lds.security_infos import (
    CA_DH,
    CA_ECDH,
    PK_DH,
    PK_ECDH,
    TRIPLE_DES,
    ChipAuthenticationInfo,
    ChipAuthenticationKey,
    SecurityInfo,
    oid_contents,
)
from icao.pki.chance import RandomBytes
from icao.pki.keys import NotSupported
from icao.tlv import Garbled, read_all, read_one, write

VERSION: Final = 1  # the others belong to other documents than passports
AGREEMENTS: Final = {PK_DH: CA_DH, PK_ECDH: CA_ECDH}

# Doc 9303-11, 6.2.4: the parameters of both MSE commands, and the data objects in them.
SET_KAT: Final = (0x41, 0xA6)
SET_AT: Final = (0x41, 0xA4)
TAG_KAT_KEY: Final = 0x91
TAG_PROTOCOL: Final = 0x80
TAG_KEY_ID: Final = 0x84
TAG_DYNAMIC_DATA: Final = 0x7C
TAG_EPHEMERAL_KEY: Final = 0x80


class Refused(Exception):
    """The chip answered with an error where its key was asked for. The message says which."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One way of chip authentication that DG14 announces, and the key that goes with it."""

    oid: str
    cipher: ProtocolCipher
    key: ChipAuthenticationKey
    key_id: int | None

    @property
    def by_kat(self) -> bool:
        """Triple DES goes by MSE:Set KAT, as old chips know it; the rest by MSE:Set AT. (Doc 9303-11, 6.2.4)"""
        return self.cipher is BY_ARC[TRIPLE_DES]


@dataclass(frozen=True, slots=True, repr=False)
class Prepared:
    """Our half: the fresh public key, and the session that a genuine chip will be in as well."""

    choice: Choice
    group: Group
    public: bytes
    session: Session

    @property
    def compressed(self) -> bytes:
        """What terminal authentication signs of our key."""
        return compress(self.group, self.public)


def choose(infos: Iterable[SecurityInfo]) -> Choice | None:
    """The strongest way; None when DG14 announces no key for it. Raises Garbled (announced, but without a key).

    Where the key stands alone, triple DES is meant (France, 2017).
    """
    found = list(infos)
    keys = [info for info in found if isinstance(info, ChipAuthenticationKey)]
    ways = [info for info in found if isinstance(info, ChipAuthenticationInfo) and info.version == VERSION]
    choices = [
        Choice(way.oid, BY_ARC[way.cipher], key, way.key_id)
        for way in ways or [_inferred(key) for key in keys]
        for key in keys
        if AGREEMENTS[key.oid] == way.agreement and (way.key_id == key.key_id or len(keys) == 1)
    ]
    if ways and not choices:
        raise Garbled("DG14 announces chip authentication, and holds no key for it")
    return max(choices, key=lambda choice: (choice.cipher.key_bytes, not choice.by_kat), default=None)


def prepare(choice: Choice, random_bytes: RandomBytes) -> Prepared:
    """All that we compute. Raises Garbled (the chip's key is none), NotSupported (in no group that is known)."""
    # A key off its curve, or of small order, would make the secret one that anybody guesses (A17).
    group, chips = read_public_key(choice.key.spki)
    if isinstance(group, CurveGroup) != (choice.key.oid == PK_ECDH):
        raise Garbled("the chip's key is of another kind than it says")
    public, shared = group.offer(draw(group, random_bytes), chips)
    return Prepared(choice, group, public, choice.cipher.session(shared))


def run(ask: Ask, prepared: Prepared) -> Session:
    """The session to go on in; ``proven`` is the verdict once anything has come back in it.

    Raises Refused, and Garbled or Silent as ``ask`` does.
    """
    for command in commands(prepared):
        answer = ask(command)
        if not answer.ok:
            raise Refused(f"the chip answered {answer.status:04X} to a request for chip authentication")
    return prepared.session


def commands(prepared: Prepared) -> tuple[Command, ...]:
    """One command with triple DES, two otherwise."""
    choice = prepared.choice
    key_id = b"" if choice.key_id is None else write(TAG_KEY_ID, _magnitude(choice.key_id))
    if choice.by_kat:
        key = write(TAG_KAT_KEY, prepared.public)
        return (Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *SET_KAT, key + key_id),)
    protocol = write(TAG_PROTOCOL, oid_contents(choice.oid))
    dynamic = write(TAG_DYNAMIC_DATA, write(TAG_EPHEMERAL_KEY, prepared.public))
    return (
        Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *SET_AT, protocol + key_id),
        Command(0x00, apdu.GENERAL_AUTHENTICATE, data=dynamic, le=apdu.SHORT_LE_BYTES),
    )


def proven(prepared: Prepared) -> Check:
    """The chip has answered in the new session."""
    how = f"{prepared.group.name}, {prepared.choice.cipher.name}"
    return Check("ca", Result.SUCCESSFUL, detail=f"The chip holds the private key to DG14 ({how}).")


def failed(error: Refused | Garbled | NotSupported) -> Check:
    """What the exceptions above mean. A chip that cannot follow is a copy without the key (A01)."""
    if isinstance(error, NotSupported):
        return Check("ca", Result.NOT_SUPPORTED, detail=str(error), code=error.code)
    if isinstance(error, Refused):
        return Check("ca", Result.FAILED, detail=f"The chip does not prove its key: {error}.", code="ca-refused")
    detail = f"The chip does not follow into the new session: {error}."
    return Check("ca", Result.FAILED, detail=detail, code="ca-not-proven")


def unreadable(error: Garbled) -> Check:
    """DG14 itself, or the key in it, is not made as it should be: its state's fault, as far as we know."""
    return Check("ca", Result.UNDETERMINED, detail=f"DG14 cannot be used: {error}.", code="ca-key-unreadable")


def compress(group: Group, public: bytes) -> bytes:
    """Of a point its x, of a power its hash. (TR-03110-3, A.2.2.3)"""
    if isinstance(group, CurveGroup):
        return public[1 : 1 + group.curve.size_bytes]
    return hashlib.sha1(public, usedforsecurity=False).digest()


def follow(group: Group, secret: int, cipher: ProtocolCipher, readers: bytes) -> Session:
    """The chip's side: the session that its static key and the reader's fresh one give. Raises Garbled."""
    return cipher.session(group.agree(secret, group.check(readers)))


def ephemeral_key(command: Command) -> bytes:
    """The chip's side: the reader's key in MSE:Set KAT or GENERAL AUTHENTICATE. Raises Garbled."""
    if command.ins == apdu.GENERAL_AUTHENTICATE:
        return _one(read_one(command.data, TAG_DYNAMIC_DATA), TAG_EPHEMERAL_KEY)
    return _one(command.data, TAG_KAT_KEY)


def _one(data: bytes, tag: int) -> bytes:
    found = [each.value for each in read_all(data) if each.tag == tag]
    if len(found) != 1:
        raise Garbled("a command of chip authentication holds no key, or several")
    return found[0]


def _inferred(key: ChipAuthenticationKey) -> ChipAuthenticationInfo:
    return ChipAuthenticationInfo(f"{AGREEMENTS[key.oid]}.{TRIPLE_DES}", VERSION, key.key_id)


def _magnitude(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
