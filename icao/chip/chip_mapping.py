"""Has PACE with chip authentication mapping proved that the chip is no copy? (Doc 9303-11, 4.4.3.5)

The chip's last answer shows that who chose its mapping key holds the static key of EF.CardSecurity as well. That file
is signed like EF.SOD, and the verdict counts only once passive authentication has bound it (``genuineness``).
"""

from icao.checks import Check, Result
from icao.chip.domain_parameters import read_public_key
from icao.chip.pace import Opened
from icao.chip.pace_steps import holds_static_key
from icao.lds.card_security import parse_card_security
from icao.lds.security_infos import PK_ECDH, ChipAuthenticationKey, parse_security_infos
from icao.pki.keys import NotSupported
from icao.tlv import Garbled


def verdict(opened: Opened, card_security: bytes | None) -> Check:
    """Raises nothing."""
    if card_security is None:
        return _check(Result.FAILED, "cam-key-missing", "The chip offers chip mapping, and EF.CardSecurity is missing.")
    try:
        keys = _keys(card_security)
    except Garbled as error:
        return _check(Result.FAILED, "cam-key-unreadable", f"EF.CardSecurity cannot be used: {error}.")
    if any(_holds(opened, key) for key in keys):
        return _check(Result.SUCCESSFUL, "", "The chip holds the private key to EF.CardSecurity.")
    # A copy has the file and can run PACE, but whatever it sends here fits no key of a genuine chip (A01).
    return _check(Result.FAILED, "cam-not-proven", "The chip does not hold the private key to EF.CardSecurity.")


def _keys(card_security: bytes) -> list[ChipAuthenticationKey]:
    infos = parse_security_infos(parse_card_security(card_security).content)
    return [info for info in infos if isinstance(info, ChipAuthenticationKey) and info.oid == PK_ECDH]


def _holds(opened: Opened, key: ChipAuthenticationKey) -> bool:
    try:
        group, static_key = read_public_key(key.spki)
        same_group = group.name == opened.choice.group.name
        return same_group and holds_static_key(group, opened.chip_data, static_key, opened.mapping_key)
    except (Garbled, NotSupported):
        return False


def _check(result: Result, code: str, detail: str) -> Check:
    return Check("cam", result, detail=detail, code=code)
