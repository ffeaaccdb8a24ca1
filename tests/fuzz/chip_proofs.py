"""The doors of chip genuineness: security infos, keys, CV certificates, signatures, and both ends of each proof."""

import random
from collections.abc import Sequence
from datetime import date

from icao.chip import active_authentication as aa
from icao.chip import chip_authentication as ca
from icao.chip import terminal_authentication as ta
from icao.chip.apdu import Command, Response, parse_response
from icao.chip.domain_parameters import BY_ID
from icao.chip.genuineness import judge
from icao.chip.groups import CurveGroup, Group
from icao.lds.security_infos import AES_128, SecurityInfo, parse_dg14, parse_security_infos
from icao.pki.curves import BRAINPOOL_P256R1, P256
from icao.pki.cvc import Role, parse_cvc
from icao.pki.cvc_chain import Refused, accept, path, trust_point
from icao.pki.keys import NotSupported
from icao.tlv import Garbled
from simulators.chip.emrtd import EmrtdChip
from simulators.issuing.chip_keys import (
    ActiveAuthentication,
    ChipAuthentication,
    ChipPlan,
    Equipment,
    Parameters,
    equip,
    make_pair,
)
from simulators.issuing.terminals import ALL_RIGHTS, Authority, ec_key, make_cvca, terminal_of
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Make, Target

SEED = random.Random(9303)
VALIDITY = (date(2026, 1, 1), date(2026, 12, 31))
CURVE, FIELD = CurveGroup(P256), BY_ID[0]


def targets(mrz_lines: Sequence[str]) -> list[Target]:
    own, *below = _chain()
    equipments = [_equipment(group, own) for group in (CURVE, FIELD)]
    certificates = [each.certificate.encoded for each in (own, *below)]
    groups14, groups15 = ([each.files[name] for each in equipments] for name in ("DG14", "DG15"))
    key = aa.read_dg15(groups15[0])
    signatures = [_signature(equipments[0], mrz_lines)]
    return [
        Target("security infos", _spoilt(*(each[4:] for each in groups14)), parse_security_infos, (Garbled,)),
        Target("dg14", _spoilt(*groups14), _prepare, (Garbled, NotSupported)),
        Target("dg15", _spoilt(*groups15), aa.read_dg15, (Garbled,)),
        Target("cv certificate", _spoilt(*certificates), parse_cvc, (Garbled,)),
        Target(
            "cv chain",
            _spoilt(*certificates[1:]),
            lambda data: accept(trust_point(own.certificate), parse_cvc(data)),
            (Garbled, Refused),
        ),
        Target(
            "EF.CVCA", _spoilt(equipments[0].files["CVCA"]), lambda data: path([], ta.authorities(data)[0]), (Garbled,)
        ),
        Target("aa signature", _spoilt(*signatures), lambda data: aa.verdict(key, bytes(8), data)),
        Target("genuineness", _files(groups14, groups15), lambda files: judge(files, (), ())),
        Target(
            "proofs, the chip's end spoilt",
            lambda chance: chance,
            lambda chance: _prove(chance.choice(equipments), below, mrz_lines, chance, spoil_answers=True),
            (Garbled, ca.Refused),
        ),
        Target(
            "proofs, the reader's end spoilt",
            lambda chance: chance,
            lambda chance: _prove(chance.choice(equipments), below, mrz_lines, chance, spoil_answers=False),
            (Garbled, ca.Refused),
        ),
    ]


def _spoilt(*seeds: bytes) -> Make:
    return lambda chance: garbage(seeds, chance)


def _files(groups14: Sequence[bytes], groups15: Sequence[bytes]) -> Make:
    return lambda chance: {"DG14": garbage(groups14, chance), "DG15": garbage(groups15, chance)}


def _chain() -> list[Authority]:
    """An authority, a document verifier and a terminal."""
    keys = [ec_key(BRAINPOOL_P256R1, SEED.randbytes) for _ in range(3)]
    own = make_cvca("UTCVCA00001", keys[0], ALL_RIGHTS, VALIDITY)
    verifier = own.certify("UTDVXX00001", keys[1], Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)
    return [own, verifier, verifier.certify("UTISNB00001", keys[2], Role.TERMINAL, ALL_RIGHTS, VALIDITY)]


def _equipment(group: Group, own: Authority) -> Equipment:
    curve = make_pair(CURVE, SEED.randbytes, Parameters.EXPLICIT)
    pair = curve if group is CURVE else make_pair(FIELD, SEED.randbytes)
    return equip(ChipPlan(ActiveAuthentication(curve), (ChipAuthentication(pair, AES_128, 7),), [own.certificate]))


def _signature(equipment: Equipment, mrz_lines: Sequence[str]) -> bytes:
    chip = EmrtdChip(equipment.files, mrz_lines, SEED.randbytes, equipment.secrets)
    return chip._proofs.internal_authenticate(Command(0x00, 0x88, data=bytes(8))).data


def _prepare(dg14: bytes) -> object:
    choice = ca.choose(parse_dg14(dg14))
    return ca.prepare(choice, SEED.randbytes) if choice else None


def _prove(
    equipment: Equipment,
    chain: Sequence[Authority],
    mrz_lines: Sequence[str],
    chance: random.Random,
    *,
    spoil_answers: bool,
) -> None:
    """All three proofs without secure messaging; from a random command on, one direction is spoilt now and then."""
    chip = EmrtdChip(equipment.files, mrz_lines, chance.randbytes, equipment.secrets)
    chip._folders.enter_application()
    asked, spoilt_from = 0, chance.randint(0, 8)

    def ask(command: Command, /) -> Response:
        nonlocal asked
        asked += 1
        spoil = asked > spoilt_from and chance.random() < 0.5
        if spoil and not spoil_answers:
            command = Command(
                command.cla, command.ins, command.p1, command.p2, garbage([command.data], chance), command.le
            )
        try:
            answer = chip._obey(command, allowed=True).encode()
        except Garbled:
            answer = b"\x69\x88"
        return parse_response(garbage([answer], chance) if spoil and spoil_answers else answer)

    infos: tuple[SecurityInfo, ...] = parse_dg14(equipment.files["DG14"])
    aa.run(ask, equipment.files["DG15"], infos, chance.randbytes)
    choice = ca.choose(infos)
    assert choice is not None
    prepared = ca.prepare(choice, chance.randbytes)
    ca.run(ask, prepared)
    ta.run(ask, terminal_of(*chain), ["UTCVCA00001"], b"L898902C<3", prepared.compressed)
