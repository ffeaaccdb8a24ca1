"""A chip proves itself while it is read: what is made of it when it does, when it cannot, and when it breaks off."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from icao.checks import Check, Mode, Result
from icao.chip import apdu, chip_mapping
from icao.chip.apdu import Response
from icao.chip.kept import Kept
from icao.chip.pace import Opened
from icao.chip.pace_choice import choose
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.chip.terminal_authentication import Terminal
from icao.tlv import write
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS, ChipSecrets
from simulators.issuing.card_access import pace_info, security_infos
from simulators.issuing.chip_keys import ActiveAuthentication, ChipAuthentication, ChipPlan, Equipment, equip
from simulators.issuing.terminals import ALL_RIGHTS, terminal_of
from tests.icao.chip.chips import FILES, LINES, MRZ
from tests.icao.chip.proving_chips import CHANCE, FINGERS, pair
from tests.icao.chip.test_terminal_authentication import authority, system, verifier

BOTH = equip(ChipPlan(active=ActiveAuthentication(pair()), chip=(ChipAuthentication(pair()),)))
GROUPS = (1, 2, 14, 15)


def chip_of(
    equipment: Equipment = BOTH,
    secrets: ChipSecrets | None = None,
    chip_class: type[EmrtdChip] = EmrtdChip,
    more: Mapping[str, bytes] = {},
) -> EmrtdChip:
    own = equipment.secrets if secrets is None else secrets
    return chip_class({**FILES, **equipment.files, **more}, LINES, CHANCE, own)


def read(chip: EmrtdChip, wanted: tuple[int, ...] = GROUPS, **settings: object) -> ChipContents:
    return read_chip(chip.answer, MRZ, wanted, manner=replace(Manner(), **settings))  # type: ignore[arg-type]  # by name


def results(contents: ChipContents) -> dict[str, tuple[Result, str]]:
    return {check.id: (check.result, check.code) for check in contents.proofs}


def test_a_genuine_chip_proves_itself_and_the_commands_for_that_are_counted_apart() -> None:
    contents = read(chip_of())
    assert results(contents) == {"ca": (Result.SUCCESSFUL, ""), "aa": (Result.SUCCESSFUL, "")}
    assert contents.proof_commands == 3
    assert contents.commands == read(chip_of(), prove=False).commands + 3


def test_nobody_asks_for_proofs_who_does_not_want_them() -> None:
    assert read(chip_of(), prove=False).proofs == ()


def test_the_phases_of_a_reading_are_told() -> None:
    heard: list[str] = []
    read(chip_of(), entered=heard.append)
    assert list(dict.fromkeys(heard)) == ["access", "files", "ca", "aa"]


def test_each_file_is_told_as_soon_as_it_is_there() -> None:
    heard: dict[str, bytes] = {}
    contents = read(chip_of(), came=heard.__setitem__)
    assert list(heard)[:2] == ["DG1", "SOD"]
    assert list(heard)[-1] == "DG2"
    assert heard == contents.files


def test_a_copy_fails_both_and_is_read_all_the_same() -> None:
    contents = read(chip_of(secrets=NO_SECRETS))
    assert {result for result, _ in results(contents).values()} == {Result.FAILED}
    assert contents.files["DG2"] == FILES["DG2"]


class Mute(EmrtdChip):
    """Answers a wrong length, in clear, to whatever should prove something."""

    proving = (apdu.MANAGE_SECURITY_ENVIRONMENT, apdu.INTERNAL_AUTHENTICATE)

    def answer(self, command: bytes) -> bytes:
        if command[0] & 0x0C and command[1] in self.proving:
            self._session = None
            return Response(b"", apdu.WRONG_LENGTH).encode()
        return super().answer(command)


def test_a19_a_chip_that_breaks_off_is_opened_again_for_the_rest() -> None:
    contents = read(chip_of(chip_class=Mute))
    assert {id: result for id, (result, _) in results(contents).items()} == dict.fromkeys(("ca", "aa"), Result.FAILED)
    assert contents.files["DG2"] == FILES["DG2"]


class Elsewhere(EmrtdChip):
    """A copy: agrees to everything, and cannot follow into the session that comes of it."""

    def _answer(self, command: bytes) -> bytes:
        before = self._session
        answer = super()._answer(command)
        if command[0] & 0x0C and command[1] == apdu.GENERAL_AUTHENTICATE and before is not None:
            self._session = before.next().next()
        return answer


@pytest.mark.parametrize("kept", [{}, {"DG15": BOTH.files["DG15"]}])
def test_a01_a_session_that_the_chip_does_not_follow_into_proves_nothing(kept: dict[str, bytes]) -> None:
    """Whatever comes next in the new session is the proof: the next file, or active authentication."""
    first = Kept({"DG1": FILES["DG1"], "SOD": FILES["SOD"], **kept})
    contents = read_chip(chip_of(chip_class=Elsewhere).answer, MRZ, GROUPS, kept=first)
    assert results(contents)["ca"] == (Result.FAILED, "ca-not-proven")
    assert results(contents)["aa"][0] is Result.SUCCESSFUL  # in a session of its own


def test_when_nothing_is_left_to_read_one_command_proves_the_session() -> None:
    equipment = equip(ChipPlan(chip=(ChipAuthentication(pair()),)))
    assert results(read(chip_of(equipment), (1, 14)))["ca"] == (Result.SUCCESSFUL, "")
    lost = read(chip_of(equipment, chip_class=Elsewhere), (1, 14))
    assert results(lost)["ca"] == (Result.FAILED, "ca-not-proven")


@pytest.mark.parametrize(
    ("dg14", "expected"),
    [
        (write(0x6E, b"\x31\x03\x30\x01\xff"), {"ca": (Result.UNDETERMINED, "ca-key-unreadable")}),
        (write(0x6E, security_infos([pace_info()])), {}),  # DG14 announces PACE alone
    ],
)
def test_a_dg14_that_cannot_be_used_is_said_and_one_without_a_key_asks_for_nothing(
    dg14: bytes, expected: dict[str, tuple[Result, str]]
) -> None:
    contents = read(chip_of(more={"DG14": dg14}), (1, 14))
    assert results(contents) == expected


def test_a_garbled_dg14_keeps_no_chip_from_active_authentication() -> None:
    contents = read(chip_of(more={"DG14": write(0x6E, b"\x31\x03\x30\x01\xff")}))
    assert results(contents)["aa"] == (Result.SUCCESSFUL, "")


# --- terminal authentication: fingers ---
def with_fingers() -> tuple[Equipment, Terminal]:
    plan = ChipPlan(chip=(ChipAuthentication(pair()),), trust_points=[authority().certificate])
    return equip(plan), terminal_of(verifier(), system(ALL_RIGHTS))


@pytest.mark.parametrize("offered", [{}, {"CardAccess": security_infos([pace_info()])}])
def test_fingers_are_read_by_whom_the_chip_believes_however_it_was_opened(offered: dict[str, bytes]) -> None:
    equipment, terminal = with_fingers()
    contents = read(chip_of(equipment, more={**FINGERS, **offered}), (1, 3, 4, 14), terminal=terminal)
    assert {name: contents.files[name] for name in FINGERS} == FINGERS
    assert results(contents)["ta"] == (Result.SUCCESSFUL, "")


def test_without_certificates_nobody_asks_for_fingers() -> None:
    equipment, _ = with_fingers()
    contents = read(chip_of(equipment, more=FINGERS), (1, 3, 14))
    assert "DG3" not in contents.files
    assert "ta" not in results(contents)


def test_with_a_chain_that_the_chip_does_not_know_fingers_stay_shut() -> None:
    equipment, _ = with_fingers()
    stranger = terminal_of(system())
    contents = read(chip_of(equipment, more=FINGERS), (1, 3, 14), terminal=stranger)
    assert "DG3" not in contents.files
    assert next(check.mode for check in contents.proofs if check.id == "ta") is Mode.OPTIONAL


def test_fingers_are_for_those_alone_whom_chip_authentication_went_before() -> None:
    equipment, terminal = with_fingers()
    contents = read(chip_of(equipment, NO_SECRETS, more=FINGERS), (1, 3, 14), terminal=terminal)
    assert "DG3" not in contents.files
    assert "ta" not in results(contents)


class RefusingTerminals(EmrtdChip):
    """Falls out of its session when a terminal shows its certificates."""

    def answer(self, command: bytes) -> bytes:
        if command[1] == apdu.PERFORM_SECURITY_OPERATION:
            self._session = None
            return Response(b"", apdu.SM_OBJECTS_INCORRECT).encode()
        return super().answer(command)


def test_a_chip_that_breaks_off_there_has_been_read_by_then() -> None:
    equipment, terminal = with_fingers()
    chip = chip_of(equipment, chip_class=RefusingTerminals, more=FINGERS)
    contents = read(chip, (1, 2, 3, 14), terminal=terminal)
    assert results(contents)["ta"] == (Result.FAILED, "ta-broken-off")
    assert contents.files["DG2"] == FILES["DG2"]


# --- chip mapping ---
def mapped(card_security: bytes | None, data: bytes = bytes(32)) -> Check:
    choice = choose([])
    assert choice is None
    return chip_mapping.verdict(Opened(choice, b"", b"", data), card_security)  # type: ignore[arg-type]  # not asked for


@pytest.mark.parametrize(
    ("card_security", "code"),
    [(None, "cam-key-missing"), (b"\x30\x00", "cam-key-unreadable"), (b"", "cam-key-unreadable")],
)
def test_chip_mapping_without_its_key_proves_nothing(card_security: bytes | None, code: str) -> None:
    check = mapped(card_security)
    assert (check.result, check.code) == (Result.FAILED, code)
