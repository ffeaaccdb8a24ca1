"""Terminal authentication: who is shown fingers and irises, and who is not."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from icao.checks import Check, Mode, Result, overall
from icao.chip import apdu, terminal_authentication
from icao.chip import chip_authentication as ca
from icao.chip.apdu import Command
from icao.chip.chip_authentication import Prepared
from icao.chip.domain_parameters import MODP_1024_160
from icao.chip.groups import Group
from icao.chip.terminal_authentication import Terminal, authorities, id_after_bac, readable, rights
from icao.lds.files import EF_CVCA, data_group
from icao.mrz.zone import bac_key_information
from icao.pki.curves import BRAINPOOL_P256R1, P256
from icao.pki.cvc import READ_DG3, READ_DG4, Role
from icao.tlv import Garbled
from simulators.issuing.chip_keys import ChipAuthentication, ChipPlan, Equipment, ef_cvca, equip
from simulators.issuing.terminals import ALL_RIGHTS, Authority, ec_key, make_cvca, rsa_key, terminal_of
from tests.icao.chip.chips import MRZ
from tests.icao.chip.proving_chips import BP256, CHANCE, FINGERS, Opened, opened, pair
from tests.icao.chip.proving_chips import rsa_key as one_rsa_key

VALIDITY = (date(2026, 1, 1), date(2026, 12, 31))
LATER = (date(2027, 1, 1), date(2027, 12, 31))
CHIP_ID = id_after_bac(bac_key_information(MRZ))


@cache
def authority() -> Authority:
    return make_cvca("UTCVCA00001", ec_key(BRAINPOOL_P256R1, CHANCE), ALL_RIGHTS, VALIDITY)


@cache
def verifier() -> Authority:
    key = ec_key(BRAINPOOL_P256R1, CHANCE)
    return authority().certify("UTDVXX00001", key, Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)


def system(granted: int = ALL_RIGHTS) -> Authority:
    return verifier().certify("UTISNB00001", ec_key(BRAINPOOL_P256R1, CHANCE), Role.TERMINAL, granted, VALIDITY)


def equipment(*trusted: Authority, group: Group = BP256) -> Equipment:
    points = [each.certificate for each in trusted or (authority(),)]
    return equip(ChipPlan(chip=(ChipAuthentication(pair(group)),), trust_points=points))


def after_chip_authentication(chip: Opened) -> Prepared:
    choice = ca.choose(chip.infos)
    assert choice is not None
    prepared = ca.prepare(choice, CHANCE)
    chip.talk.protect(ca.run(chip.talk.send, prepared))
    return prepared


def prove(chip: Opened, terminal: Terminal, chip_id: bytes = CHIP_ID, our_key: bytes | None = None) -> Check:
    prepared = after_chip_authentication(chip)
    content = chip.talk.send(Command(0x00, apdu.READ_BINARY, 0x80 | EF_CVCA.short_id, 0, le=256)).data
    key = prepared.compressed if our_key is None else our_key
    return terminal_authentication.run(chip.talk.send, terminal, authorities(content), chip_id, key)


def shown(chip: Opened) -> set[str]:
    """Which of the groups that are shut to others can be read."""
    found = set()
    for file in (data_group(3), data_group(4)):
        answer = chip.talk.send(Command(0x00, apdu.READ_BINARY, 0x80 | file.short_id, 0, le=256))
        if answer.data:
            assert answer.data == FINGERS[file.name]
            found.add(file.name)
        else:
            assert answer.status == apdu.SECURITY_STATUS_NOT_SATISFIED
    return found


@pytest.mark.parametrize(
    ("granted", "files"), [(0, set()), (READ_DG3, {"DG3"}), (READ_DG4, {"DG4"}), (ALL_RIGHTS, {"DG3", "DG4"})]
)
def test_a_terminal_reads_what_its_certificate_grants_and_no_more(granted: int, files: set[str]) -> None:
    chip = opened(equipment())
    check = prove(chip, terminal_of(verifier(), system(granted)))
    assert (check.id, check.result, check.mode) == ("ta", Result.SUCCESSFUL, Mode.OPTIONAL)
    assert shown(chip) == files


def test_before_it_nobody_reads_fingers() -> None:
    chip = opened(equipment())
    assert shown(chip) == set()
    after_chip_authentication(chip)
    assert shown(chip) == set()


@pytest.mark.parametrize("scheme", [*range(1, 6), "rsa-2", "rsa-4", "rsa-5", "rsa-6"])
def test_every_scheme_of_a_terminal_s_key_serves(scheme: int | str) -> None:
    if isinstance(scheme, int):
        keys = [ec_key(P256, CHANCE, scheme) for _ in range(3)]
    else:
        keys = [rsa_key(one_rsa_key(2048), int(scheme[-1]))] * 3
    top = make_cvca("UTCVCA00009", keys[0], ALL_RIGHTS, VALIDITY)
    middle = top.certify("UTDVXX00009", keys[1], Role.DV_FOREIGN, ALL_RIGHTS, VALIDITY)
    own = middle.certify("UTISNB00009", keys[2], Role.TERMINAL, READ_DG3, VALIDITY)
    chip = opened(equipment(top))
    assert prove(chip, terminal_of(middle, own)).result is Result.SUCCESSFUL
    assert shown(chip) == {"DG3"}


def test_a_key_of_a_prime_field_is_signed_by_its_hash() -> None:
    chip = opened(equipment(group=MODP_1024_160))
    assert prove(chip, terminal_of(verifier(), system())).result is Result.SUCCESSFUL


def test_the_chip_learns_the_next_authority_by_a_link_and_keeps_it() -> None:
    newer = authority().certify("UTCVCA00002", ec_key(P256, CHANCE), Role.CVCA, ALL_RIGHTS, LATER)
    dv = newer.certify("UTDVXX00002", ec_key(P256, CHANCE), Role.DV_DOMESTIC, ALL_RIGHTS, LATER)
    own = dv.certify("UTISNB00002", ec_key(P256, CHANCE), Role.TERMINAL, READ_DG4, LATER)
    chip = opened(equipment())
    assert prove(chip, terminal_of(newer, dv, own)).result is Result.SUCCESSFUL
    assert shown(chip) == {"DG4"}
    chip.chip.reset()
    assert chip.chip._proofs.granted == frozenset()
    assert "UTCVCA00002" in chip.chip._proofs._trusted


def test_a_terminal_of_another_authority_has_no_chain_and_says_so() -> None:
    chip = opened(equipment())
    stranger = make_cvca("XXCVCA00001", ec_key(P256, CHANCE), ALL_RIGHTS, VALIDITY)
    dv = stranger.certify("XXDVXX00001", ec_key(P256, CHANCE), Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)
    check = prove(chip, terminal_of(dv))
    assert (check.result, check.code) == (Result.UNDETERMINED, "ta-no-chain")
    # What a post may not read says nothing about the document.
    assert overall([Check("pa.chain", Result.SUCCESSFUL), check]) is Result.SUCCESSFUL


def test_a_forged_certificate_is_refused() -> None:
    impostor = make_cvca("UTCVCA00001", ec_key(BRAINPOOL_P256R1, CHANCE), ALL_RIGHTS, VALIDITY)
    dv = impostor.certify("UTDVXX00001", ec_key(P256, CHANCE), Role.DV_DOMESTIC, ALL_RIGHTS, VALIDITY)
    own = dv.certify("UTISNB00001", ec_key(P256, CHANCE), Role.TERMINAL, ALL_RIGHTS, VALIDITY)
    chip = opened(equipment())
    check = prove(chip, terminal_of(dv, own))
    assert (check.result, check.code) == (Result.FAILED, "ta-refused")
    assert "UTDVXX00001" in check.detail
    assert shown(chip) == set()


def test_certificates_alone_are_not_enough() -> None:
    """Whoever has the terminal's certificates and not its key reads nothing."""
    chip = opened(equipment())
    thief = replace(terminal_of(verifier(), system()), sign=ec_key(BRAINPOOL_P256R1, CHANCE)[1])
    assert prove(chip, thief).code == "ta-refused"
    assert shown(chip) == set()


@pytest.mark.parametrize(("chip_id", "our_key"), [(b"X12345678<", None), (CHIP_ID, bytes(32))])
def test_a_signature_for_another_chip_or_another_key_is_refused(chip_id: bytes, our_key: bytes | None) -> None:
    """Otherwise somebody between two chips would pass it on."""
    chip = opened(equipment())
    assert prove(chip, terminal_of(verifier(), system()), chip_id, our_key).code == "ta-refused"
    assert shown(chip) == set()


def test_a_signature_without_a_new_challenge_is_refused() -> None:
    """A recorded one would open the fingers again."""
    chip = opened(equipment())
    assert prove(chip, terminal_of(verifier(), system())).result is Result.SUCCESSFUL
    answer = chip.talk.send(Command(0x00, apdu.EXTERNAL_AUTHENTICATE, data=bytes(64)))
    assert answer.status == apdu.CONDITIONS_NOT_SATISFIED


def test_without_chip_authentication_the_chip_takes_no_certificate() -> None:
    chip = opened(equipment())
    terminal = terminal_of(verifier(), system())
    check = terminal_authentication.run(chip.talk.send, terminal, ["UTCVCA00001"], CHIP_ID, bytes(32))
    assert check.code == "ta-refused"
    assert "UTDVXX00001" in check.detail


def test_a_document_verifier_is_no_terminal() -> None:
    chip = opened(equipment())
    after_chip_authentication(chip)
    name = bytes([terminal_authentication.TAG_REFERENCE, 11]) + b"UTCVCA00001"
    answer = chip.talk.send(Command(0x00, apdu.MANAGE_SECURITY_ENVIRONMENT, *terminal_authentication.SET_AT, name))
    assert answer.status == apdu.REFERENCE_NOT_FOUND


def test_a_challenge_of_another_length_is_refused() -> None:
    def ask(command: Command, /) -> apdu.Response:
        return apdu.Response(b"1234567" if command.ins == apdu.GET_CHALLENGE else b"", apdu.OK)

    terminal = terminal_of(verifier(), system())
    assert terminal_authentication.run(ask, terminal, ["UTCVCA00001"], CHIP_ID, b"").code == "ta-refused"


def test_the_chip_says_whom_it_believes() -> None:
    assert authorities(ef_cvca(["UTCVCA00002", "UTCVCA00001"])) == ("UTCVCA00002", "UTCVCA00001")
    assert authorities(ef_cvca(["UTCVCA00001"])) == ("UTCVCA00001",)


@pytest.mark.parametrize("bad", [b"", bytes(36), b"\x42\x00", b"\x43\x01A", b"\x42\x10A"])
def test_a_list_of_authorities_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        authorities(bad)


def test_rights_are_what_the_whole_chain_grants() -> None:
    assert rights([verifier().certificate, system(READ_DG4).certificate]) == READ_DG4
    assert readable(READ_DG4) == "DG4"
