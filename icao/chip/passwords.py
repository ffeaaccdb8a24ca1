"""What may open a chip? The printed zone, or the card access number beside it. (Doc 9303-11, 4.4.3 and 9.7.2)"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from icao.mrz.zone import Mrz, bac_key_information

CAN_DIGITS: Final = 6
MAX_CAN_DIGITS: Final = 10  # six by the standard; states print more


class PasswordKind(StrEnum):
    MRZ = "mrz"
    CAN = "can"


@dataclass(frozen=True, slots=True, repr=False)
class Password:
    """``secret`` is what the zone gives (number, birth, expiry, each with its check digit), or the CAN's digits."""

    kind: PasswordKind
    secret: str

    def __repr__(self) -> str:  # It opens the document.
        return f"Password({self.kind.value})"


def of_zone(mrz: Mrz) -> Password:
    return Password(PasswordKind.MRZ, bac_key_information(mrz))


def of_can(can: str) -> Password:
    """Raises ValueError with a sentence that does not repeat it.

    >>> of_can("123456")
    Password(can)
    """
    if not (can.isascii() and can.isdigit() and CAN_DIGITS <= len(can) <= MAX_CAN_DIGITS):
        raise ValueError(f"A card access number has {CAN_DIGITS} digits.")
    return Password(PasswordKind.CAN, can)
