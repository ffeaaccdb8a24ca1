"""What is a document made of? Its zone, its chip, its data groups, and the form of its signature.

The invented states issue what real ones do today: each has its own way to open a chip and to prove it genuine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from icao.lds.security_infos import AES_256, PACE_ECDH_CAM, PACE_ECDH_GM
from icao.mrz.layout import Format
from simulators.issuing import records
from simulators.issuing.card_access import USUAL
from simulators.issuing.equipping import BARE, RSA_BITS, Mechanisms
from simulators.issuing.records import FaceForm
from simulators.issuing.sod import PLAIN_SOD, SodForm

NOTHING: Final[Mapping[int, bytes]] = MappingProxyType({})
P256: Final = 12  # standardised domain parameters, Doc 9303-11, table 12


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """``groups`` are data groups beside the zone, the face and the chip's keys, by number.

    ``code`` is the document code of the zone, ``picture`` replaces the holder's portrait in DG2. Without
    ``signing_time`` EF.SOD does not say when it was signed.
    """

    format: Format = "TD3"
    code: str = "P"
    chip: Mechanisms = BARE
    face: FaceForm = records.PLAIN
    picture: bytes = b""
    groups: Mapping[int, bytes] = field(default_factory=lambda: NOTHING)
    sod: SodForm = PLAIN_SOD
    signing_time: bool = True


PLAIN: Final = Profile()

# By the state's code: every mechanism that chips have is met among them.
PROFILES: Final[dict[str, Profile]] = {
    "UTO": Profile(chip=Mechanisms(USUAL, active=False)),
    "NRV": Profile(chip=Mechanisms(pace="", chip_cipher=None, rsa=RSA_BITS)),
    # Chip mapping never comes alone. (Doc 9303-11, 4.4.3)
    "ZZD": Profile(
        chip=Mechanisms(
            f"{PACE_ECDH_CAM}.{AES_256}",
            P256,
            AES_256,
            active=False,
            key_group_id=P256,
            further_pace=((f"{PACE_ECDH_GM}.{AES_256}", P256),),
        )
    ),
    "QZZ": Profile(chip=Mechanisms(USUAL, P256, chip_cipher=None, key_group_id=P256)),
}
