"""Which states issue passports here? Utopia, two invented neighbours, and one that nobody knows."""

from dataclasses import dataclass
from enum import StrEnum


class Keys(StrEnum):
    EC_P256 = "ec-p256"
    EC_P384 = "ec-p384"
    EC_P521 = "ec-p521"
    BRAINPOOL_P256 = "brainpool-p256"
    BRAINPOOL_P384 = "brainpool-p384"
    BRAINPOOL_P512 = "brainpool-p512"
    RSA_2048 = "rsa-2048"
    RSA_3072 = "rsa-3072"
    RSA_4096 = "rsa-4096"


@dataclass(frozen=True, slots=True)
class StateSpec:
    """``code`` stands in the MRZ, ``country`` in the certificates; ``pss`` says how RSA signs documents and lists.

    ``former_name``: how the state called itself when it made the CSCA key before the present one.
    """

    code: str
    country: str
    name: str
    csca: Keys
    signer: Keys
    pss: bool = False
    trusted: bool = True  # whether its CSCA is handed to the trust store
    former_name: str = ""


STATES = {
    state.code: state
    for state in (
        StateSpec("UTO", "UT", "Utopia", Keys.EC_P384, Keys.EC_P256),
        StateSpec("NRV", "NV", "Norvania", Keys.RSA_3072, Keys.RSA_2048, pss=True),
        StateSpec("ZZD", "ZD", "Zudland", Keys.EC_P384, Keys.RSA_2048, former_name="Kingdom of Zudland"),
        # Its passports are perfect; only nobody has ever heard of it.
        StateSpec("QZZ", "QZ", "Quarzia", Keys.EC_P384, Keys.EC_P256, trusted=False),
    )
}
UNKNOWN = "QZZ"
