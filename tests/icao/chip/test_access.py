"""How a chip is opened: by PACE where it offers that, with which password, and never weaker in silence."""

import pytest

from icao.checks import Result
from icao.chip import apdu, downgrade
from icao.chip.access import AccessPolicy
from icao.chip.apdu import Command, Response
from icao.chip.bac import AccessDenied
from icao.chip.passwords import Password, PasswordKind, of_can, of_zone
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.tlv import Garbled
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import ChipSecrets
from simulators.issuing.card_access import pace_info, security_infos
from simulators.issuing.groups import dg14
from tests.icao.chip.chips import FILES, LINES, MRZ
from tests.icao.chip.proving_chips import CHANCE

CAN = "836254"
INFOS = security_infos([pace_info()])
MODERN = FILES | {"CardAccess": INFOS}
ALLOWED = Manner(access=AccessPolicy(allow_bac=True))
WITH_CAN = ChipSecrets(can=CAN)
FILES_ALONE = Manner(prove=False)
UNKNOWN_CAN = Password(PasswordKind.CAN, "111111")
OTHER_ZONE = Password(PasswordKind.MRZ, "L898902C<374081223204159")


class Counting(EmrtdChip):
    """Counts the keys that were tried."""

    def __init__(self, files: dict[str, bytes], secrets: ChipSecrets = WITH_CAN) -> None:
        super().__init__(files, LINES, CHANCE, secrets)
        self.heard: list[bytes] = []

    def answer(self, command: bytes) -> bytes:
        self.heard.append(command)
        return super().answer(command)

    def tried(self, instruction: int) -> int:
        return sum(command[1] == instruction for command in self.heard)


class BrokenPace(Counting):
    """Offers PACE and does not do it."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        if command.ins == apdu.MANAGE_SECURITY_ENVIRONMENT:
            return Response(b"", apdu.WRONG_DATA)
        return super()._obey(command, allowed=allowed)


def read(chip: EmrtdChip, *keys: Password, manner: Manner = FILES_ALONE) -> ChipContents:
    return read_chip(chip.answer, keys or MRZ, manner=manner)


def test_a_chip_that_offers_pace_is_opened_by_pace() -> None:
    contents = read(Counting(MODERN))
    assert contents.protocol == "pace-ecdh-gm-aes128"
    assert (contents.access.result, contents.access.code) == (Result.SUCCESSFUL, "")
    assert contents.files == MODERN


def test_a_chip_that_offers_nothing_is_opened_by_basic_access_control() -> None:
    contents = read(Counting(FILES))
    assert contents.protocol == "bac"
    assert contents.access.result is Result.SUCCESSFUL


def test_the_card_access_number_opens_a_chip_by_pace_and_nothing_else() -> None:
    assert read(Counting(MODERN), of_can(CAN)).files == MODERN
    with pytest.raises(AccessDenied) as denied:
        read(Counting(FILES), of_can(CAN))
    assert denied.value.code == "no-pace"


@pytest.mark.parametrize("can", ["", "12345", "12345678901", "12345x", "\N{FULLWIDTH DIGIT ONE}23456"])
def test_what_is_no_card_access_number_is_refused_before_any_chip_hears_it(can: str) -> None:
    with pytest.raises(ValueError, match="digits"):
        of_can(can)


def test_a_wrong_key_is_tried_once_and_opens_no_weaker_way() -> None:
    for manner in (Manner(), ALLOWED):
        chip = Counting(MODERN)
        with pytest.raises(AccessDenied) as denied:
            read(chip, UNKNOWN_CAN, UNKNOWN_CAN, manner=manner)
        assert denied.value.code == "wrong-key"
        assert chip.tried(apdu.MANAGE_SECURITY_ENVIRONMENT) == 1
        assert chip.tried(apdu.EXTERNAL_AUTHENTICATE) == 0


@pytest.mark.parametrize("files", [FILES, MODERN])
def test_of_several_keys_three_are_tried_and_the_right_one_is_kept(files: dict[str, bytes]) -> None:
    wrong = [Password(PasswordKind.MRZ, OTHER_ZONE.secret[:-1] + digit) for digit in "012345"]
    assert read(Counting(files), wrong[0], wrong[1], of_zone(MRZ)).files == files
    chip = Counting(files)
    with pytest.raises(AccessDenied):
        read(chip, *wrong, of_zone(MRZ))
    assert chip.tried(apdu.EXTERNAL_AUTHENTICATE) + chip.tried(apdu.MANAGE_SECURITY_ENVIRONMENT) == 3


def test_an_error_on_the_way_is_not_taken_for_a_wrong_key() -> None:
    def cut(command: bytes) -> bytes:
        return b"\x6f\x00" if command[1] == apdu.EXTERNAL_AUTHENTICATE else chip.answer(command)

    chip = Counting(FILES)
    with pytest.raises(Garbled, match="6F00"):
        read_chip(cut, MRZ)


def test_a03_pace_that_fails_is_no_way_to_basic_access_control_unless_the_policy_allows_it() -> None:
    chip = BrokenPace(MODERN)
    with pytest.raises(AccessDenied) as denied:
        read(chip)
    assert denied.value.code == "pace-to-bac"
    assert chip.tried(apdu.GET_CHALLENGE) == 0


def test_a03_an_allowed_fall_stands_in_the_check() -> None:
    contents = read(BrokenPace(MODERN), manner=ALLOWED)
    assert contents.protocol == "bac"
    assert (contents.access.result, contents.access.code) == (Result.SUCCESSFUL, "pace-to-bac")
    assert "offers PACE" in contents.access.detail


def test_a03_pace_of_a_kind_that_nobody_knows_is_a_fall_too() -> None:
    unknown = FILES | {"CardAccess": security_infos([pace_info(parameter_id=7)])}
    with pytest.raises(AccessDenied) as denied:
        read(Counting(unknown))
    assert denied.value.code == "pace-to-bac"


def test_an_ef_cardaccess_full_of_garbage_offers_nothing() -> None:
    garbage = FILES | {"CardAccess": b"\x31\x03\x30\x01\xff"}
    assert read(Counting(garbage)).protocol == "bac"


# --- a hidden PACE: DG14 tells ---
def hidden(contents: ChipContents, signed: bytes | None) -> str:
    judged = downgrade.judge(contents.access, contents.protocol, contents.files.get("CardAccess"), signed)
    assert (judged.result is Result.FAILED) is bool(judged.code)
    return judged.code


def test_a03_an_emptied_ef_cardaccess_is_found_out_by_dg14() -> None:
    contents = read(Counting(FILES))
    assert hidden(contents, dg14(INFOS)) == "pace-stripped"
    assert hidden(contents, None) == ""  # DG14 is not signed, so it accuses nobody


def test_a03_a_shortened_ef_cardaccess_is_found_out_by_dg14() -> None:
    both = [pace_info(), pace_info("0.4.0.127.0.7.2.2.4.2.4")]
    contents = read(Counting(MODERN))
    assert hidden(contents, dg14(security_infos(both))) == "pace-stripped"
    whole = read(Counting(FILES | {"CardAccess": security_infos(both)}))
    assert whole.protocol == "pace-ecdh-gm-aes256"
    assert hidden(whole, dg14(security_infos(both))) == ""


@pytest.mark.parametrize("signed", [dg14(INFOS), dg14(security_infos([pace_info(parameter_id=7)])), b"\x6e\x01\xff"])
def test_what_was_not_hidden_or_could_not_have_been_used_is_no_downgrade(signed: bytes) -> None:
    assert hidden(read(Counting(MODERN)), signed) == ""


# --- the master file, as old and odd chips have it ---
@pytest.mark.parametrize("kept", ["00a4000c", "00a4000c023f00", "00a40000023f0000"])
def test_a_chip_that_wants_its_master_file_selected_in_its_own_way_shows_ef_cardaccess(kept: str) -> None:
    chip, selected = Counting(MODERN), False

    def particular(command: bytes) -> bytes:
        nonlocal selected
        if command[:3] == b"\x00\xa4\x00":
            selected = command.hex() == kept
            return chip.answer(command) if selected else b"\x6a\x87"
        if command[:3] == b"\x00\xb0\x9c" and not selected:
            return b"\x69\x86"
        return chip.answer(command)

    assert read_chip(particular, MRZ).protocol == "pace-ecdh-gm-aes128"


def test_a_long_ef_cardaccess_is_read_in_pieces() -> None:
    long = security_infos([pace_info(), *(pace_info(parameter_id=number) for number in range(100, 125))])
    assert read(Counting(FILES | {"CardAccess": long})).files["CardAccess"] == long


def test_no_password_shows_in_a_log() -> None:
    assert of_zone(MRZ).secret.startswith("L898902C3")
    assert repr(of_zone(MRZ)) == "Password(mrz)"
