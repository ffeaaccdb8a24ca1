"""Chips that prove themselves, and those that cannot: what an inspection finds, without any wire."""

import threading
import time
from dataclasses import replace

import pytest

from edge.gate.events import Reason
from edge.inspection.inspect import Inspection, InspectionLimits, inspect
from edge.inspection.trust import TrustStore
from edge.inspection.unfinished import Unfinished
from icao.checks import Result
from icao.chip.kept import Kept
from icao.chip.passwords import of_can
from icao.mrz.zone import parse
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.secrets import NO_SECRETS
from simulators.issuing.card_access import CHIP_MAPPING
from simulators.issuing.equipping import ONLY_BAC, USUAL, Mechanisms
from simulators.issuing.passports import Passport
from simulators.issuing.state import State
from tests.edge.inspection.chips import Plate, chip_of, modern
from tests.edge.inspection.desk import PATIENCE_S, TODAY

LIMITS = InspectionLimits(notice_s=0.05, return_s=0.1)
WITH_MAPPING = Mechanisms(pace=CHIP_MAPPING)


@pytest.fixture(scope="module")
def passport(states: dict[str, State]) -> Passport:
    return modern(states["UTO"])


@pytest.fixture(scope="module")
def mapping(states: dict[str, State]) -> Passport:
    return modern(states["UTO"], WITH_MAPPING)


def found_in(
    passport: Passport, plate: Plate, trust: TrustStore, unfinished: Unfinished | None = None, stop: bool = False
) -> Inspection:
    ended = threading.Event()
    plate.on_lift = ended.set if stop else plate.on_lift
    zone = parse(passport.mrz_lines, TODAY)
    found = inspect(zone, plate, trust, TODAY, lambda share: None, ended, LIMITS, unfinished)
    assert found.reasons or (found.document is not None and found.document.result is Result.SUCCESSFUL)
    return found


def codes(found: Inspection) -> dict[str, tuple[Result, str]]:
    return {check.id: (check.result, check.code) for check in found.checks if check.result is not Result.SUCCESSFUL}


@pytest.mark.parametrize("mechanisms", [USUAL, ONLY_BAC, WITH_MAPPING, Mechanisms(chip_cipher=1, active=False)])
def test_a_genuine_chip_proves_itself_by_all_that_its_state_gave_it(
    states: dict[str, State], trust: TrustStore, mechanisms: Mechanisms
) -> None:
    passport = modern(states["UTO"], mechanisms)
    found = found_in(passport, Plate(chip_of(passport)), trust)
    assert found.reasons == ()
    ids = {check.id for check in found.checks}
    assert "ca" in ids
    assert ("aa" in ids) is mechanisms.active
    assert ("cam" in ids) is (mechanisms is WITH_MAPPING)


def test_a01_a_copy_without_the_private_keys_is_a_copy(passport: Passport, trust: TrustStore) -> None:
    found = found_in(passport, Plate(chip_of(replace(passport, secrets=NO_SECRETS))), trust)
    assert found.reasons == (Reason.CHIP_CLONED,)
    assert found.document is not None  # an officer sees what it claims


def test_a01_a_copy_with_keys_of_its_own_is_a_copy(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    other = modern(states["UTO"])
    found = found_in(passport, Plate(chip_of(replace(passport, secrets=other.secrets))), trust)
    assert found.reasons == (Reason.CHIP_CLONED,)
    assert codes(found)["ca"][0] is codes(found)["aa"][0] is Result.FAILED


def test_a01_a_copy_that_brings_the_groups_with_its_own_keys_has_altered_them(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    other = modern(states["UTO"])
    mixed = replace(passport, secrets=other.secrets)
    swapped = chip_of(mixed, DG14=other.files["DG14"], DG15=other.files["DG15"])
    found = found_in(passport, Plate(swapped), trust)
    assert Reason.CHIP_ALTERED in found.reasons
    assert codes(found)["aa"] == (Result.UNDETERMINED, "aa-not-bound")
    assert codes(found)["ca"] == (Result.UNDETERMINED, "ca-not-bound")


def test_a01_a_copy_cannot_do_chip_mapping(states: dict[str, State], mapping: Passport, trust: TrustStore) -> None:
    other = modern(states["UTO"], WITH_MAPPING)
    secrets = replace(mapping.secrets, chip_mapping=other.secrets.chip_mapping)
    found = found_in(mapping, Plate(chip_of(replace(mapping, secrets=secrets))), trust)
    assert found.reasons == (Reason.CHIP_CLONED,)
    assert codes(found)["cam"] == (Result.FAILED, "cam-not-proven")


def test_a01_chip_mapping_with_a_key_that_nobody_known_signed_does_not_count(
    states: dict[str, State], mapping: Passport, trust: TrustStore
) -> None:
    foreign = modern(states["QZZ"], WITH_MAPPING)
    secrets = replace(mapping.secrets, chip_mapping=foreign.secrets.chip_mapping)
    chip = chip_of(replace(mapping, secrets=secrets), CardSecurity=foreign.files["CardSecurity"])
    found = found_in(mapping, Plate(chip), trust)
    assert found.reasons == (Reason.ISSUER_UNKNOWN,)
    assert codes(found)["cam"] == (Result.UNDETERMINED, "cam-not-bound")


def test_a01_chip_mapping_with_a_key_that_another_known_state_signed_does_not_count(
    states: dict[str, State], mapping: Passport, trust: TrustStore
) -> None:
    neighbours = modern(states["ZZD"], WITH_MAPPING)
    secrets = replace(mapping.secrets, chip_mapping=neighbours.secrets.chip_mapping)
    chip = chip_of(replace(mapping, secrets=secrets), CardSecurity=neighbours.files["CardSecurity"])
    found = found_in(mapping, Plate(chip), trust)
    assert codes(found)["cam"] == (Result.UNDETERMINED, "cam-not-bound")


@pytest.mark.parametrize(("name", "code"), [("DG14", "ca-stripped"), ("DG15", "aa-stripped")])
def test_a02_a_proof_that_was_taken_away_is_missed(passport: Passport, trust: TrustStore, name: str, code: str) -> None:
    found = found_in(passport, Plate(chip_of(passport, **{name: None})), trust)
    assert found.reasons == (Reason.CHIP_ALTERED,)
    assert codes(found)["lds.dg_list"] == (Result.FAILED, "group-missing")
    assert codes(found)[code[:2]] == (Result.FAILED, code)


def test_a03_an_emptied_ef_cardaccess_is_found_out(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    found = found_in(passport, Plate(chip_of(passport, CardAccess=None)), trust)
    assert found.reasons == (Reason.CHIP_ALTERED,)
    assert codes(found)["access"] == (Result.FAILED, "pace-stripped")


def test_a03_a_dg14_that_nobody_signed_accuses_nobody_of_hiding(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    old = modern(states["UTO"], ONLY_BAC)
    found = found_in(old, Plate(chip_of(old, DG14=passport.files["DG14"])), trust)
    assert "access" not in codes(found)
    assert codes(found)["pa.dg_hash.14"] == (Result.FAILED, "group-altered")


def test_a05_the_signature_of_another_passport_is_found_out(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    other = modern(states["UTO"], number="U87654321")
    found = found_in(passport, Plate(chip_of(passport, SOD=other.files["SOD"])), trust)
    assert Reason.CHIP_ALTERED in found.reasons


def test_a07_a_group_that_nobody_signed_is_a_finding(passport: Passport, trust: TrustStore) -> None:
    com = bytearray(passport.files["COM"])
    com[com.index(0x61, 1)] = 0x6B  # EF.COM tells of DG11 instead of DG1
    found = found_in(passport, Plate(chip_of(passport, COM=bytes(com), DG11=b"\x6b\x03\x5f\x0e\x00")), trust)
    assert found.reasons == (Reason.CHIP_ALTERED,)
    assert codes(found)["lds.dg_list"] == (Result.FAILED, "group-unsigned")


class Unwilling(EmrtdChip):
    """Falls out of its session whenever it should prove itself: in clear, as some chips do."""

    def _answer(self, command: bytes) -> bytes:
        answer = super()._answer(command)
        if command[0] == 0x0C and command[1] in (0x22, 0x88):
            self._session = None
            return b"\x69\x88"
        return answer


def test_a19_a_chip_that_falls_out_of_its_session_is_opened_again_and_has_proved_nothing(
    passport: Passport, trust: TrustStore
) -> None:
    found = found_in(passport, Plate(chip_of(passport, Unwilling)), trust)
    assert found.document is not None
    assert found.reasons == (Reason.CHIP_CLONED,)
    assert {codes(found)[id][0] for id in ("aa", "ca")} == {Result.FAILED}


class Follows(EmrtdChip):
    """A copy that agrees to chip authentication, and then answers the first command in the old session's way."""

    def _answer(self, command: bytes) -> bytes:
        if self._session is not None and command[1] == 0x86 and command[0] == 0x0C:
            kept = self._session
            answer = super()._answer(command)
            self._session = kept
            return answer
        return super()._answer(command)


def test_a01_a_chip_that_does_not_follow_into_the_new_session_has_proved_nothing(
    passport: Passport, trust: TrustStore
) -> None:
    found = found_in(passport, Plate(chip_of(passport, Follows)), trust)
    assert found.reasons == (Reason.CHIP_CLONED,)
    assert codes(found)["ca"] == (Result.FAILED, "ca-not-proven")


# --- lifted and put back ---
@pytest.mark.parametrize("after", range(0, 17, 3))
def test_a_document_that_slips_off_is_read_to_its_end_when_it_comes_back(
    passport: Passport, trust: TrustStore, after: int
) -> None:
    found = found_in(passport, Plate(chip_of(passport), lift_after=after), trust)
    assert found.reasons == ()


def test_a25_another_chip_laid_on_in_between_starts_over_and_differs_from_the_page(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    other = modern(states["UTO"], number="U87654321")
    plate = Plate(chip_of(passport), chip_of(other), lift_after=14)
    assert found_in(passport, plate, trust).reasons == (Reason.CHIP_ACCESS_DENIED,)


def test_a25_a_copy_laid_on_after_the_genuine_chip_has_proved_itself_proves_nothing(
    passport: Passport, trust: TrustStore
) -> None:
    clone = chip_of(replace(passport, secrets=replace(NO_SECRETS, bac=True)))
    for after in range(12, 17):
        plate = Plate(chip_of(passport), clone, lift_after=after)
        assert found_in(passport, plate, trust).reasons == (Reason.CHIP_CLONED,), after


def test_a_document_lifted_at_the_gate_is_read_on_when_it_is_laid_down_again(
    passport: Passport, trust: TrustStore
) -> None:
    unfinished = Unfinished()
    first = found_in(passport, Plate(chip_of(passport), lift_after=16), trust, unfinished, stop=True)
    assert (first.lifted, first.reasons) == (True, (Reason.DOCUMENT_REMOVED,))
    assert not unfinished.empty
    plate = Plate(chip_of(passport))
    assert found_in(passport, plate, trust, unfinished).reasons == ()
    read = [command for command in plate.heard if command[:2] == b"\x0c\xb0"]
    assert len(read) == 4  # DG1 and EF.SOD again, and the rest of DG2
    assert unfinished.empty


def test_what_waits_for_a_document_is_for_no_other(
    states: dict[str, State], passport: Passport, trust: TrustStore
) -> None:
    other = modern(states["UTO"], number="U87654321")
    kept, one, two = Kept({"DG1": b"a"}), of_can("123456"), of_can("654321")
    unfinished = Unfinished()
    unfinished.keep((one,), kept)
    assert unfinished.take((two,)).files == {}
    assert unfinished.take((one,)).files == {}  # the other one's coming has wiped it
    unfinished.keep((one,), kept)
    assert unfinished.take((one,)) is kept
    found_in(passport, Plate(chip_of(passport), lift_after=16), trust, unfinished, stop=True)
    assert not unfinished.empty
    assert found_in(other, Plate(chip_of(other)), trust, unfinished).reasons == ()
    assert unfinished.empty


def test_what_waits_for_a_document_does_not_wait_for_ever(passport: Passport, trust: TrustStore) -> None:
    unfinished = Unfinished(keep_s=0.05)
    found_in(passport, Plate(chip_of(passport), lift_after=16), trust, unfinished, stop=True)
    deadline_s = time.monotonic() + PATIENCE_S
    while not unfinished.empty:  # a timer of its own, and nobody comes
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
