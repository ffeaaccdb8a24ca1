"""Which states issue passports here? Utopia, two invented neighbours, and one that nobody knows."""

from dataclasses import dataclass
from enum import StrEnum


class Keys(StrEnum):
    EC_P384 = "ec-p384"
    EC_P256 = "ec-p256"
    RSA_3072 = "rsa-3072"
    RSA_2048 = "rsa-2048"


@dataclass(frozen=True, slots=True)
class StateSpec:
    """``code`` stands in the MRZ, ``country`` in the certificates; ``pss`` says how document signers with RSA sign."""

    code: str
    country: str
    name: str
    csca: Keys
    signer: Keys
    pss: bool = False
    trusted: bool = True  # whether its CSCA is handed to the trust store


STATES = {
    state.code: state
    for state in (
        StateSpec("UTO", "UT", "Utopia", Keys.EC_P384, Keys.EC_P256),
        StateSpec("NRV", "NV", "Norvania", Keys.RSA_3072, Keys.RSA_2048, pss=True),
        StateSpec("ZZD", "ZD", "Zudland", Keys.EC_P384, Keys.RSA_2048),
        # Its passports are perfect; only nobody has ever heard of it.
        StateSpec("QZZ", "QZ", "Quarzia", Keys.EC_P384, Keys.EC_P256, trusted=False),
    )
}
UNKNOWN = "QZZ"
