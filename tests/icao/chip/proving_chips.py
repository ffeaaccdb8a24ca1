"""Simulated chips that can prove themselves, opened and ready to be asked."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random

from cryptography.hazmat.primitives.asymmetric import rsa

from icao.chip.access import open_by_bac, select_application
from icao.chip.conversation import Conversation
from icao.chip.groups import CurveGroup, Group
from icao.lds.security_infos import SecurityInfo, parse_dg14
from icao.mrz.zone import bac_key_information
from icao.pki.curves import BRAINPOOL_P256R1
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing.chip_keys import ChipAuthentication, ChipPlan, Equipment, KeyPair, Parameters, equip, make_pair
from tests.icao.chip.chips import FILES, LINES, MRZ

CHANCE: Callable[[int], bytes] = Random(9303).randbytes
BP256 = CurveGroup(BRAINPOOL_P256R1)
FINGERS = {"DG3": b"\x63\x04\x7f\x61\x01\x00", "DG4": b"\x76\x04\x7f\x61\x01\x00"}


_pairs: dict[tuple[str, Parameters], KeyPair] = {}


def pair(group: Group = BP256, parameters: Parameters = Parameters.NAMED) -> KeyPair:
    """The same one each time."""
    key = group.name, parameters
    if key not in _pairs:
        _pairs[key] = make_pair(group, CHANCE, parameters)
    return _pairs[key]


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def with_ca(*ways: ChipAuthentication) -> Equipment:
    return equip(ChipPlan(chip=ways or (ChipAuthentication(pair()),)))


@dataclass
class Opened:
    """A conversation with a chip that Basic Access Control has opened."""

    chip: EmrtdChip
    talk: Conversation

    @property
    def infos(self) -> tuple[SecurityInfo, ...]:
        return parse_dg14(self.chip._files["DG14"])


def opened(equipment: Equipment, secrets: ChipSecrets | None = None, chip_class: type[EmrtdChip] = EmrtdChip) -> Opened:
    """The chip of this equipment; with other ``secrets``, or none, it is a copy."""
    own = equipment.secrets if secrets is None else secrets
    chip = chip_class({**FILES, **FINGERS, **equipment.files}, LINES, CHANCE, own)
    talk = Conversation(chip.answer)
    select_application(talk)
    talk.protect(open_by_bac(talk, bac_key_information(MRZ), CHANCE))
    return Opened(chip, talk)


def copied(equipment: Equipment) -> Opened:
    """The same files, and nothing of what the chip kept to itself (A01)."""
    return opened(equipment, NO_SECRETS)
