"""What does a state write of PACE on its chips? EF.CardAccess for everybody, EF.CardSecurity signed. (Doc 9303-11, 9.2)

DG14 repeats what EF.CardAccess says, so the infos are made apart from the files.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from icao.chip.domain_parameters import BY_ID, STANDARDISED
from icao.chip.groups import draw
from icao.lds.card_security import SECURITY_INFOS
from icao.lds.security_infos import (
    AES_128,
    INTEGER,
    OID,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PK_ECDH,
    SEQUENCE,
    SET,
    oid_contents,
)
from icao.pki.chance import RandomBytes
from icao.tlv import write
from simulators.chip.private_keys import write_private_key
from simulators.issuing.cms import PLAIN, Form, Signing, signed_data

VERSION: Final = 2
BRAINPOOL_P256R1: Final = 13
BIT_STRING: Final = 0x03

USUAL: Final = f"{PACE_ECDH_GM}.{AES_128}"
CHIP_MAPPING: Final = f"{PACE_ECDH_CAM}.{AES_128}"


@dataclass(frozen=True, slots=True, repr=False)
class MappingKey:
    """The static key of chip authentication mapping: ``info`` for EF.CardSecurity, ``private`` for the chip alone."""

    parameter_id: int
    info: bytes
    private: bytes


def pace_info(oid: str = USUAL, parameter_id: int | None = BRAINPOOL_P256R1) -> bytes:
    """
    >>> pace_info().hex()
    '3012060a04007f0007020204020202010202010d'
    """
    where = b"" if parameter_id is None else _integer(parameter_id)
    return write(SEQUENCE, _oid(oid) + _integer(VERSION) + where)


def pace_domain_parameters(mapping: str, algorithm: bytes, parameter_id: int | None) -> bytes:
    """Explicit parameters: ``algorithm`` is an AlgorithmIdentifier."""
    where = b"" if parameter_id is None else _integer(parameter_id)
    return write(SEQUENCE, _oid(mapping) + algorithm + where)


def security_infos(infos: Sequence[bytes]) -> bytes:
    """A SET OF SecurityInfo: all of EF.CardAccess; what EF.CardSecurity signs; within tag 6E, DG14."""
    return write(SET, b"".join(sorted(infos)))


def card_security(infos: Sequence[bytes], signer: Signing, signed_at: datetime | None, form: Form = PLAIN) -> bytes:
    """The file, signed as EF.SOD is by a document signer."""
    return signed_data(SECURITY_INFOS, security_infos(infos), signer, signed_at, form=form)


def make_mapping_key(random_bytes: RandomBytes, parameter_id: int = BRAINPOOL_P256R1) -> MappingKey:
    """Its key id is the parameter id. (Doc 9303-11, 9.2.1)"""
    group, algorithm = BY_ID[parameter_id], standardised(parameter_id)
    secret = draw(group, random_bytes)
    key = write(BIT_STRING, b"\0" + group.public_key(secret, group.generator))
    info = write(SEQUENCE, _oid(PK_ECDH) + write(SEQUENCE, algorithm + key) + _integer(parameter_id))
    return MappingKey(parameter_id, info, write_private_key(algorithm, group, secret))


def standardised(parameter_id: int) -> bytes:
    """The AlgorithmIdentifier of standardised domain parameters. (Doc 9303-11, 9.5.1)"""
    return write(SEQUENCE, _oid(STANDARDISED) + _integer(parameter_id))


def _oid(dotted: str) -> bytes:
    return write(OID, oid_contents(dotted))


def _integer(number: int) -> bytes:
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))
