"""The doors of PACE: what a chip offers and answers, what a reader sends to the simulated one, and foreign keys."""

import random
from collections.abc import Sequence

from icao.chip import pace_choice
from icao.chip.apdu import Command, Response, parse_response
from icao.chip.bac import AccessDenied
from icao.chip.domain_parameters import read_public_key
from icao.chip.pace import open_by_pace
from icao.chip.passwords import Password, PasswordKind
from icao.lds.security_infos import (
    AES_128,
    AES_256,
    PACE_DH_GM,
    PACE_DH_IM,
    PACE_ECDH_CAM,
    PACE_ECDH_GM,
    PACE_ECDH_IM,
    TRIPLE_DES,
    ChipAuthenticationKey,
    parse_security_infos,
)
from icao.pki.keys import NotSupported
from icao.tlv import Garbled
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import ChipSecrets
from simulators.issuing.card_access import make_mapping_key, pace_info, security_infos
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Target

CAN = Password(PasswordKind.CAN, "731958")
VARIANTS = [
    pace_info(f"{PACE_ECDH_GM}.{AES_128}", 12),
    pace_info(f"{PACE_ECDH_IM}.{AES_256}", 12),
    pace_info(f"{PACE_ECDH_CAM}.{AES_128}", 12),
    pace_info(f"{PACE_ECDH_GM}.{TRIPLE_DES}", 11),
    pace_info(f"{PACE_DH_GM}.{AES_128}", 0),
    pace_info(f"{PACE_DH_IM}.{TRIPLE_DES}", 0),
]


def targets(mrz_lines: Sequence[str]) -> list[Target]:
    offers = [security_infos(VARIANTS[first:]) for first in range(len(VARIANTS))]
    keys = [_spki(number) for number in (8, 12, 13, 18)]
    return [
        Target("pace offer", lambda chance: garbage(offers, chance), _choose, (Garbled,)),
        Target("agreement key", lambda chance: garbage(keys, chance), read_public_key, (Garbled, NotSupported)),
        Target(
            "pace, the chip's end spoilt",
            lambda chance: chance,
            lambda chance: _open(mrz_lines, chance),
            (Garbled, AccessDenied),
        ),
        Target("pace, the reader's end spoilt", lambda chance: chance, lambda chance: _break(mrz_lines, chance)),
    ]


def _spki(number: int) -> bytes:
    (info,) = parse_security_infos(security_infos([make_mapping_key(random.Random(number).randbytes, number).info]))
    assert isinstance(info, ChipAuthenticationKey)
    return info.spki


def _choose(card_access: bytes) -> object:
    return pace_choice.choose(parse_security_infos(card_access))


def _chip(mrz_lines: Sequence[str], info: bytes, chance: random.Random) -> EmrtdChip:
    return EmrtdChip({"CardAccess": security_infos([info])}, mrz_lines, chance.randbytes, ChipSecrets(can=CAN.secret))


def _open(mrz_lines: Sequence[str], chance: random.Random) -> None:
    """An honest chip at first; from a random answer on, what comes back is spoilt now and then."""
    info, spoilt_from = chance.choice(VARIANTS), chance.randint(0, 5)
    chip, asked = _chip(mrz_lines, info, chance), 0

    def ask(command: Command) -> Response:
        nonlocal asked
        asked += 1
        answer = chip.answer(command.encode())
        return parse_response(garbage([answer], chance) if asked > spoilt_from else answer)

    choice = _choose(security_infos([info]))
    assert isinstance(choice, pace_choice.Choice)
    open_by_pace(ask, choice, CAN, chance.randbytes)


def _break(mrz_lines: Sequence[str], chance: random.Random) -> None:
    """A reader that begins honestly. Whatever it sends, an answer comes back and no session opens by itself."""
    info, spoilt_from = chance.choice(VARIANTS), chance.randint(0, 4)
    chip, asked = _chip(mrz_lines, info, chance), 0

    def ask(command: Command) -> Response:
        nonlocal asked
        asked += 1
        encoded = command.encode()
        return parse_response(chip.answer(garbage([encoded], chance) if asked > spoilt_from else encoded))

    choice = _choose(security_infos([info]))
    assert isinstance(choice, pace_choice.Choice)
    try:
        open_by_pace(ask, choice, CAN, chance.randbytes)
    except (Garbled, AccessDenied):
        assert chip._session is None
