"""What a state writes of PACE on its chips is read back, and a chip proves its signed key while it is opened."""

import random
from collections.abc import Callable
from datetime import date

import pytest

from icao.checks import Result, overall
from icao.chip import chip_mapping
from icao.chip.access import REFUSE_FALL, Door
from icao.chip.conversation import Conversation
from icao.chip.pace_choice import choose
from icao.chip.passwords import of_zone
from icao.lds.security_infos import (
    AES_128,
    PACE_DH_GM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    ChipAuthenticationKey,
    PaceInfo,
    parse_security_infos,
)
from icao.mrz.zone import parse
from icao.passive import verify_card_security
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing.card_access import (
    CHIP_MAPPING,
    MappingKey,
    card_security,
    make_mapping_key,
    pace_info,
    security_infos,
)
from tests.icao.chip.chips import LINES
from tests.icao.passive.world import TODAY, trust, who

ZONE = of_zone(parse(LINES, date(2026, 11, 24)))


def chance(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def file_of(key: MappingKey) -> bytes:
    return card_security([pace_info(CHIP_MAPPING), key.info], who(), None)


def opened(secrets: ChipSecrets, file: bytes) -> Door:
    files = {"CardAccess": security_infos([pace_info(CHIP_MAPPING)]), "CardSecurity": file}
    chip = EmrtdChip(files, LINES, chance(1), secrets)
    door = Door(Conversation(chip.answer), [ZONE], REFUSE_FALL, chance(2))
    door.open()
    return door


def test_what_is_written_is_read_back() -> None:
    infos = [pace_info(), pace_info(f"{PACE_DH_GM}.{AES_128}", 2), pace_info(f"{PACE_ECDH_GM}.{AES_128}", None)]
    assert set(parse_security_infos(security_infos(infos))) == {
        PaceInfo(f"{PACE_ECDH_GM}.{AES_128}", 2, 13),
        PaceInfo(f"{PACE_DH_GM}.{AES_128}", 2, 2),
        PaceInfo(f"{PACE_ECDH_GM}.{AES_128}", 2, None),
    }


@pytest.mark.parametrize("parameter_id", [8, 11, 13, 18])
def test_card_security_holds_the_key_under_its_states_signature(parameter_id: int) -> None:
    key = make_mapping_key(chance(3), parameter_id)
    file = card_security([pace_info(CHIP_MAPPING, parameter_id), key.info], who(), None)
    checks, content = verify_card_security(file, trust(), TODAY)
    assert overall(checks) is Result.SUCCESSFUL
    infos = parse_security_infos(content)
    assert [info.key_id for info in infos if isinstance(info, ChipAuthenticationKey)] == [parameter_id]
    chosen = choose(infos)
    assert chosen is not None
    assert chosen.info.mapping == PACE_ECDH_CAM


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        (ChipSecrets(chip_mapping={13: make_mapping_key(chance(4)).private}), ""),
        (ChipSecrets(chip_mapping={13: make_mapping_key(chance(5)).private}), "cam-not-proven"),  # another chip's key
        (NO_SECRETS, "cam-not-proven"),  # A01: a copy of the files alone
    ],
)
def test_only_the_chip_with_the_signed_key_proves_itself(secrets: ChipSecrets, code: str) -> None:
    file = file_of(make_mapping_key(chance(4)))
    door = opened(secrets, file)
    assert door.opened is not None
    assert door.card_security == file
    check = chip_mapping.verdict(door.opened, door.card_security)
    assert check.code == code
    assert check.result is (Result.FAILED if code else Result.SUCCESSFUL)
