"""Which of the PACE variants that a chip offers is used? The strongest that both ends know. (Doc 9303-11, 4.4, 9.2.1)

What stands in EF.CardAccess is signed by nobody before DG14 repeats it. Somebody who shortens the list can weaken the
choice, so DG14's list is compared with it later (A03).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from icao.chip.ciphers import BY_ARC, ProtocolCipher
from icao.chip.domain_parameters import BY_ID, FIRST_PROPRIETARY_ID, read_group
from icao.chip.groups import CurveGroup, Group, PowerGroup
from icao.lds.security_infos import (
    PACE_DH_GM,
    PACE_DH_IM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PACE_ECDH_IM,
    TRIPLE_DES,
    PaceDomainParameters,
    PaceInfo,
    SecurityInfo,
)
from icao.pki.keys import NotSupported
from icao.tlv import Garbled

VERSION: Final = 2

# The best first. Chip authentication mapping proves the chip as well; curves are faster than powers.
NAMES: Final = {
    PACE_ECDH_CAM: "ecdh-cam",
    PACE_ECDH_GM: "ecdh-gm",
    PACE_ECDH_IM: "ecdh-im",
    PACE_DH_GM: "dh-gm",
    PACE_DH_IM: "dh-im",
}
MAPPINGS: Final = tuple(NAMES)
ON_CURVES: Final = (PACE_ECDH_CAM, PACE_ECDH_GM, PACE_ECDH_IM)
INTEGRATED: Final = (PACE_ECDH_IM, PACE_DH_IM)


@dataclass(frozen=True, slots=True)
class Choice:
    """``name_group``: the chip has several, and must be told which of them is meant."""

    info: PaceInfo
    group: Group
    name_group: bool = False

    @property
    def cipher(self) -> ProtocolCipher:
        return BY_ARC[self.info.cipher]

    @property
    def integrated(self) -> bool:
        return self.info.mapping in INTEGRATED

    @property
    def proves_chip(self) -> bool:
        """The chip's last answer says which static key it holds."""
        return self.info.mapping == PACE_ECDH_CAM

    @property
    def name(self) -> str:
        """Like pace-ecdh-gm-aes128."""
        return f"pace-{NAMES[self.info.mapping]}-{self.cipher.name}"


def choose(infos: Sequence[SecurityInfo]) -> Choice | None:
    """The best of what EF.CardAccess offers; None when there is nothing that we know."""
    return min(offered(infos), key=lambda each: (MAPPINGS.index(each.info.mapping), -each.info.cipher), default=None)


def offered(infos: Sequence[SecurityInfo]) -> list[Choice]:
    """Every variant that both ends know, in the chip's order."""
    variants = [info for info in infos if isinstance(info, PaceInfo) and info.version == VERSION]
    several = len({info.parameter_id for info in variants}) > 1
    groups = [(info, _group(info, infos)) for info in variants]
    return [Choice(info, group, several) for info, group in groups if group is not None and _fits(info, group)]


def _group(info: PaceInfo, infos: Sequence[SecurityInfo]) -> Group | None:
    if info.parameter_id is not None and info.parameter_id < FIRST_PROPRIETARY_ID:
        return BY_ID.get(info.parameter_id)
    explicit = [
        each.algorithm
        for each in infos
        if isinstance(each, PaceDomainParameters) and (each.oid, each.parameter_id) == (info.mapping, info.parameter_id)
    ]
    try:
        return read_group(explicit[0]) if len(explicit) == 1 else None
    except (Garbled, NotSupported):  # parameters that nobody vouches for would leak the password (Doc 9303-11, 9.2.2)
        return None


def _fits(info: PaceInfo, group: Group) -> bool:
    if info.mapping == PACE_ECDH_CAM and info.cipher == TRIPLE_DES:
        return False
    if info.mapping in ON_CURVES:
        on_curve = isinstance(group, CurveGroup)
        return on_curve and (info.mapping != PACE_ECDH_IM or group.prime % 4 == 3)  # P-224 has no integrated mapping
    return isinstance(group, PowerGroup)
