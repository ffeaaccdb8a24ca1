"""Which of the PACE variants that a chip offers is used? The strongest that both ends know. (Doc 9303-11, 4.4, 9.2.1)

What stands in EF.CardAccess is signed by nobody before DG14 repeats it. Somebody who shortens the list can weaken the
choice, so DG14's list is compared with it later (A03).
"""

from collections.abc import Iterator, Sequence
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
    ids = {info.parameter_id for info in infos if isinstance(info, PaceInfo)}
    possible = [Choice(info, group, name_group=len(ids) > 1) for info, group in _known(infos)]
    return min(possible, key=lambda choice: (MAPPINGS.index(choice.info.mapping), -choice.info.cipher), default=None)


def _known(infos: Sequence[SecurityInfo]) -> Iterator[tuple[PaceInfo, Group]]:
    for info in infos:
        if isinstance(info, PaceInfo) and info.version == VERSION:
            group = _group(info, infos)
            if group is not None and _fits(info, group):
                yield info, group


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
