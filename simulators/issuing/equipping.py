"""With what does a state equip the chip of a document? PACE, chip, active and terminal authentication.

(Doc 9303-11, 4 to 6) ``Mechanisms`` names what is wanted. The keys are fresh ones for each chip, as they must be; a
prepared key that is given instead saves the time to make one.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from icao.chip.domain_parameters import BY_ID
from icao.lds.security_infos import AES_128, PACE_ECDH_CAM
from icao.pki.chance import RandomBytes
from icao.pki.cvc import CvCertificate
from simulators.issuing import card_access
from simulators.issuing.chip_keys import ActiveAuthentication, ChipAuthentication, ChipPlan, Equipment, equip, make_pair
from simulators.issuing.cms import Signing

RSA_BITS: Final = 2048
RSA_KEYS: Final = 4  # made once in a process and used again: half a second each, and nobody real depends on them

Offer = tuple[str, int]  # a protocol of PACE, and the number of its domain parameters


@dataclass(frozen=True, slots=True)
class Mechanisms:
    """``pace`` is a protocol's OID, empty for a chip that knows BAC alone; ``group_id`` its domain parameters.

    ``further_pace`` is offered beside it. ``chip_cipher`` None: no chip authentication, unless ``chip_keys`` are given.
    ``rsa`` is the size of the key for active authentication, 0: one on a curve; keys lie on ``key_group_id``.
    """

    pace: str = card_access.USUAL
    group_id: int = card_access.BRAINPOOL_P256R1
    chip_cipher: int | None = AES_128
    active: bool = True
    bac: bool = True
    can: str = ""
    key_group_id: int = card_access.BRAINPOOL_P256R1
    rsa: int = 0
    further_pace: tuple[Offer, ...] = ()
    chip_keys: tuple[ChipAuthentication, ...] = ()
    active_key: ActiveAuthentication | None = None
    trust_points: tuple[CvCertificate, ...] = ()

    @property
    def offers(self) -> tuple[Offer, ...]:
        return ((self.pace, self.group_id), *self.further_pace) if self.pace else ()

    @property
    def mapping_group_id(self) -> int | None:
        """Of the first offer of chip mapping; None where there is none."""
        return next((group for oid, group in self.offers if oid.startswith(f"{PACE_ECDH_CAM}.")), None)


USUAL: Final = Mechanisms()
ONLY_BAC: Final = Mechanisms(pace="")
BARE: Final = Mechanisms(pace="", chip_cipher=None, active=False)  # nothing but BAC, and nothing to prove itself with


def equipped(
    wanted: Mechanisms, random_bytes: RandomBytes, signer: Signing | None = None, signed_at: datetime | None = None
) -> Equipment:
    """``signer`` signs EF.CardSecurity, which chip mapping needs."""
    pace = tuple(card_access.pace_info(oid, group) for oid, group in wanted.offers)
    plan = ChipPlan(_active(wanted, random_bytes), _chip(wanted, random_bytes), wanted.trust_points, further=pace)
    made = equip(plan)
    files, secrets = dict(made.files), replace(made.secrets, bac=wanted.bac, can=wanted.can)
    if pace:
        files["CardAccess"] = card_access.security_infos(pace)
    if wanted.mapping_group_id is not None and signer is not None:
        key = card_access.make_mapping_key(random_bytes, wanted.mapping_group_id)
        files["CardSecurity"] = card_access.card_security((*pace, key.info), signer, signed_at)
        secrets = replace(secrets, chip_mapping={key.parameter_id: key.private})
    return Equipment(files, secrets)


def _chip(wanted: Mechanisms, random_bytes: RandomBytes) -> tuple[ChipAuthentication, ...]:
    if wanted.chip_keys or wanted.chip_cipher is None:
        return wanted.chip_keys
    return (ChipAuthentication(make_pair(BY_ID[wanted.key_group_id], random_bytes), wanted.chip_cipher),)


def _active(wanted: Mechanisms, random_bytes: RandomBytes) -> ActiveAuthentication | None:
    if wanted.active_key is not None or not wanted.active:
        return wanted.active_key
    if wanted.rsa:
        return ActiveAuthentication(rsa_key(wanted.rsa, random_bytes(1)[0] % RSA_KEYS))
    return ActiveAuthentication(make_pair(BY_ID[wanted.key_group_id], random_bytes))


@lru_cache
def rsa_key(bits: int, number: int) -> rsa.RSAPrivateKey:
    """One of those kept: the same numbers, the same key, as long as this process lives."""
    return rsa.generate_private_key(65537, bits)
