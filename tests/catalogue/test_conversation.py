"""Every chip that misbehaves, read without a wire: exactly the verdict that is right, and soon enough."""

import threading

import pytest

from edge.inspection.inspect import Inspection, InspectionLimits, inspect
from edge.inspection.trust import TrustStore
from icao.checks import Mode, Result, overall
from icao.chip.apdu import Silent
from icao.mrz.zone import parse
from simulators.chip.control import Laid
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.faults import make_chip
from simulators.issuing.__main__ import holder_of
from simulators.issuing.catalogue.conversation import CONVERSATIONS, Conversation
from simulators.issuing.passports import Passport
from simulators.issuing.state import State
from tests.edge.inspection.chips import Plate
from tests.edge.inspection.conftest import states, trust
from tests.edge.inspection.desk import TODAY

__all__ = ["states", "trust"]

LIMITS = InspectionLimits(notice_s=0.05, return_s=0.1)
MAX_COMMANDS = 120


class Wired:
    """A chip whose empty answer is silence, as it is on a wire."""

    def __init__(self, chip: EmrtdChip) -> None:
        self._chip, self.reset = chip, chip.reset

    def answer(self, command: bytes) -> bytes:
        if answer := self._chip.answer(command):
            return answer
        raise Silent


def chip_of(passport: Passport) -> Wired:
    chip = make_chip(Laid(passport.files, passport.mrz_lines, passport.chip_fault, passport.secrets))
    assert isinstance(chip, EmrtdChip)
    return Wired(chip)


def found_in(passport: Passport, plate: Plate, trust: TrustStore) -> Inspection:
    zone = parse(passport.mrz_lines, TODAY)
    return inspect(zone, plate, trust, TODAY, lambda share: None, threading.Event(), LIMITS)


def wrong(found: Inspection) -> dict[str, tuple[Result, str]]:
    return {
        check.id: (check.result, check.code)
        for check in found.checks
        if check.mode is Mode.MANDATORY and check.result is not Result.SUCCESSFUL
    }


@pytest.mark.parametrize("case", CONVERSATIONS, ids=lambda case: case.name)
def test_each_conversation_ends_in_the_right_verdict(
    states: dict[str, State], trust: TrustStore, case: Conversation
) -> None:
    passport = case.make(states, holder_of("u01"))
    plate = Plate(chip_of(passport))
    found = found_in(passport, plate, trust)
    assert overall(found.checks) is case.result, found.checks
    assert {id: answer for id, answer in wrong(found).items() if id in case.right} == case.right
    if case.result is Result.SUCCESSFUL:
        assert found.reasons == ()
    else:
        assert found.reasons
    assert plate.commands < MAX_COMMANDS


def test_nothing_else_is_wrong_with_a_chip_than_what_it_did(states: dict[str, State], trust: TrustStore) -> None:
    for case in CONVERSATIONS:
        if case.name in ("no-sod", "ten-thousand-infos"):  # without a list, or a key, more is missing than this
            continue
        passport = case.make(states, holder_of("u01"))
        assert wrong(found_in(passport, Plate(chip_of(passport)), trust)) == case.right, case.name


def test_the_catalogue_is_large_and_names_each_case_once() -> None:
    assert len({case.name for case in CONVERSATIONS}) == len(CONVERSATIONS) >= 60
    assert {case.attack for case in CONVERSATIONS} >= {
        "A01", "A02", "A03", "A07", "A15", "A16", "A17", "A18", "A19", "A20", "A21", "A25",
    }  # fmt: skip


# Each of these would end somewhere else as well, later, and by luck: here it ends where it is stopped.
STOPPED = {
    "sm-altered": "MAC is wrong", "sm-replayed": "MAC is wrong", "sm-wrong-counter": "MAC is wrong",
    "old-sm-replayed": "MAC is wrong", "sm-6988": "outside secure messaging",
    "endless-file": "is the most that is read", "one-byte-reads": "were missing",
}  # fmt: skip


@pytest.mark.parametrize("case", [case for case in CONVERSATIONS if case.name in STOPPED], ids=lambda case: case.name)
def test_a_chip_is_stopped_by_the_guard_that_is_there_for_it(
    states: dict[str, State], trust: TrustStore, case: Conversation
) -> None:
    found = found_in(made := case.make(states, holder_of("u01")), Plate(chip_of(made)), trust)
    assert STOPPED[case.name] in found.checks[0].detail
