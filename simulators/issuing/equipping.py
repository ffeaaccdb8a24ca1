"""With what does a state equip the chip of a passport today? PACE, chip authentication, active authentication.

(Doc 9303-11, 4 to 6) ``Mechanisms`` names what is wanted; the keys are fresh ones for each chip, as they must be.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from icao.chip.domain_parameters import BY_ID
from icao.lds.security_infos import AES_128
from icao.pki.chance import RandomBytes
from simulators.issuing import card_access
from simulators.issuing.chip_keys import ActiveAuthentication, ChipAuthentication, ChipPlan, Equipment, equip, make_pair
from simulators.issuing.cms import Signing


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """``pace`` is a protocol's OID, empty for a chip that knows BAC alone; ``group_id`` its domain parameters.

    ``chip_cipher`` None: no chip authentication. Keys for it and for active authentication lie on ``key_group_id``.
    """

    pace: str = card_access.USUAL
    group_id: int = card_access.BRAINPOOL_P256R1
    chip_cipher: int | None = AES_128
    active: bool = True
    bac: bool = True
    can: str = ""
    key_group_id: int = card_access.BRAINPOOL_P256R1


USUAL = Mechanisms()
ONLY_BAC = Mechanisms(pace="")


def equipped(
    wanted: Mechanisms, random_bytes: RandomBytes, signer: Signing | None = None, signed_at: datetime | None = None
) -> Equipment:
    """``signer`` signs EF.CardSecurity, which chip mapping needs."""
    group = BY_ID[wanted.key_group_id]
    pace = (card_access.pace_info(wanted.pace, wanted.group_id),) if wanted.pace else ()
    chip = (
        () if wanted.chip_cipher is None else (ChipAuthentication(make_pair(group, random_bytes), wanted.chip_cipher),)
    )
    active = ActiveAuthentication(make_pair(group, random_bytes)) if wanted.active else None
    made = equip(ChipPlan(active, chip, further=pace))
    files, secrets = dict(made.files), replace(made.secrets, bac=wanted.bac, can=wanted.can)
    if pace:
        files["CardAccess"] = card_access.security_infos(pace)
    if wanted.pace == card_access.CHIP_MAPPING and signer is not None:
        key = card_access.make_mapping_key(random_bytes, wanted.group_id)
        files["CardSecurity"] = card_access.card_security((*pace, key.info), signer, signed_at)
        secrets = replace(secrets, chip_mapping={key.parameter_id: key.private})
    return Equipment(files, secrets)
