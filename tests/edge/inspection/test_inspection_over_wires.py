"""Passports read over the real wires: what inspection finds, and that no chip holds the lane up."""

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edge.gate.events import Reason
from edge.inspection.inspect import Inspection, InspectionLimits, inspect
from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ChipLimits, open_chip
from icao.checks import Result
from icao.chip.reading import read_chip
from icao.mrz.zone import parse
from simulators.chip.control import Control
from simulators.chip.faults import LEGIBLE, OF_PACE, Fault
from simulators.chip.secrets import NO_SECRETS
from simulators.issuing.__main__ import holder_of
from simulators.issuing.card_access import CHIP_MAPPING
from simulators.issuing.equipping import Mechanisms
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import State
from tests.edge.inspection.chips import modern
from tests.edge.inspection.desk import LIMITS, TODAY, Desk, passport

HOSTILE_LIMIT_S = 6.0  # the slowest: a chip that falls silent, and a reader that takes its time to notice


@pytest.mark.parametrize("code", ["UTO", "NRV", "ZZD"])
def test_an_honest_passport_of_each_known_state_passes_every_check(desk: Desk, office: Office, code: str) -> None:
    honest = passport(office, code=code)
    desk.lay(honest)
    found = desk.inspect(honest)
    assert found.reasons == ()
    assert found.document is not None
    assert found.document.result is Result.SUCCESSFUL
    assert found.document.mrz.lines == honest.mrz_lines
    assert found.document.portrait == holder_of("u01").portrait
    assert set(found.timings_ms) == {"document", "chip"}
    assert not found.lifted


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("unknown-issuer", Reason.ISSUER_UNKNOWN),
        ("altered-face", Reason.CHIP_ALTERED),
        ("altered-mrz", Reason.MRZ_MISMATCH),
        ("expired-signer", Reason.SIGNER_EXPIRED),
        ("foreign-signer", Reason.SIGNATURE_INVALID),
    ],
)
def test_a_forged_passport_is_read_and_named(desk: Desk, office: Office, kind: str, reason: Reason) -> None:
    forged = passport(office, kind)
    desk.lay(forged)
    found = desk.inspect(forged)
    assert found.reasons == (reason,)
    assert found.document is not None
    assert found.document.result is not Result.SUCCESSFUL


def test_a_chip_in_the_cover_of_another_passport_does_not_open(desk: Desk, office: Office) -> None:
    forged = passport(office, "other-page")
    desk.lay(forged)
    found = desk.inspect(forged)
    assert (found.document, found.reasons) == (None, (Reason.CHIP_ACCESS_DENIED,))


# How chips that are read to their end, and other kinds of chips, misbehave: tests/catalogue.
TRIED = [fault for fault in Fault if fault not in LEGIBLE | {Fault.SMALL_SUBGROUP}]
REASONS = (
    dict.fromkeys(Fault, Reason.CHIP_UNREADABLE)
    | dict.fromkeys((Fault.DENIES_ACCESS, Fault.COUNTS_TRIES, *OF_PACE), Reason.CHIP_ACCESS_DENIED)
    | {Fault.LIFTS: Reason.DOCUMENT_REMOVED}
)


def refused(desk: Desk, passport: Passport, fault: Fault) -> None:
    desk.lay(passport, fault)
    began_s = time.monotonic()
    found = desk.inspect(passport, replace(LIMITS, present_s=0.5) if fault is Fault.NO_CHIP else LIMITS)
    assert time.monotonic() - began_s < HOSTILE_LIMIT_S
    assert found.document is None
    assert found.reasons == (REASONS[fault],)
    assert found.lifted is (fault is Fault.LIFTS)


@pytest.mark.parametrize("fault", [fault for fault in TRIED if fault not in OF_PACE])
def test_no_misbehaving_chip_gives_a_document_or_holds_the_lane(desk: Desk, honest: Passport, fault: Fault) -> None:
    refused(desk, honest, fault)


@pytest.mark.parametrize("fault", TRIED)
def test_no_modern_chip_that_misbehaves_does_either(
    states: dict[str, State], direct: tuple[str, Path], trust: TrustStore, fault: Fault
) -> None:
    """Over one wire only: what is new is the session, and pcscd takes its time to miss a card."""
    url, control = direct
    reader = open_chip(url, ChipLimits(apdu_s=0.5))
    with Control(control) as hand:
        refused(Desk(reader, hand, trust), modern(states["UTO"]), fault)
        hand.lift()
    reader.close()


def test_the_next_passport_is_read_after_a_silent_chip(desk: Desk, honest: Passport) -> None:
    desk.lay(honest, Fault.SILENT)
    assert desk.inspect(honest).document is None
    desk.lay(honest)
    assert desk.inspect(honest).reasons == ()


def test_a_document_lifted_while_it_is_read_is_reported_as_lifted(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)

    def lift_early(share: float) -> None:
        if 0 < share < 1:
            desk.hand.lift()

    stop = threading.Event()
    found = inspect(parse(honest.mrz_lines, TODAY), desk.reader, desk.trust, TODAY, lift_early, stop, LIMITS)
    assert found.lifted
    assert (found.document, found.reasons) == (None, (Reason.DOCUMENT_REMOVED,))


def test_a_modern_passport_is_opened_by_pace_and_proves_itself(desk: Desk, states: dict[str, State]) -> None:
    passport = modern(states["UTO"], Mechanisms(pace=CHIP_MAPPING))
    desk.lay(passport)
    found = desk.inspect(passport)
    assert found.reasons == ()
    details = {check.id: check.detail for check in found.checks}
    assert "PACE-ECDH-CAM-AES128" in details["access"]
    assert {"ca", "aa", "cam"} <= details.keys()


def test_a_copy_of_a_modern_passport_is_found_out(desk: Desk, states: dict[str, State]) -> None:
    copy = replace(modern(states["UTO"]), secrets=NO_SECRETS)
    desk.lay(copy)
    assert desk.inspect(copy).reasons == (Reason.CHIP_CLONED,)


def test_a_document_lifted_while_it_is_read_and_put_back_is_read_to_its_end(
    desk: Desk, states: dict[str, State]
) -> None:
    passport = modern(states["UTO"])
    desk.lay(passport)
    shares: list[float] = []

    def slip(share: float) -> None:
        shares.append(share)
        if share > 0.3 and not back.is_set():
            back.set()
            desk.hand.lift()
            desk.hand.lay(passport.files, passport.mrz_lines, None, passport.secrets)

    back, stop = threading.Event(), threading.Event()
    patient = replace(LIMITS, return_s=6.0, read_s=12.0)
    printed = parse(passport.mrz_lines, TODAY)
    found = inspect(printed, desk.reader, desk.trust, TODAY, slip, stop, patient)
    assert back.is_set()
    assert found.reasons == ()
    assert shares == sorted(shares)


def test_a_new_document_laid_down_at_once_is_read_although_the_reader_still_shows_the_old_one(
    desk: Desk, office: Office
) -> None:
    first, second = passport(office), passport(office, code="NRV")
    desk.lay(first)
    assert desk.inspect(first).reasons == ()
    desk.hand.lift()
    desk.hand.lay(second.files, second.mrz_lines, None, second.secrets)
    found = desk.inspect(second)
    assert found.reasons == ()
    assert found.document is not None
    assert found.document.mrz.lines == second.mrz_lines


def test_a_reading_ends_soon_after_stop(desk: Desk, honest: Passport) -> None:
    desk.clear()
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    began_s = time.monotonic()
    limits = InspectionLimits(present_s=30)
    printed = parse(honest.mrz_lines, TODAY)
    found = inspect(printed, desk.reader, desk.trust, TODAY, lambda share: None, stop, limits)
    assert time.monotonic() - began_s < limits.present_s / 2
    assert found.document is None


def test_a_chip_that_is_slow_on_purpose_is_given_up(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)
    found = desk.inspect(honest, replace(LIMITS, read_s=0.0))
    assert (found.document, found.reasons) == (None, (Reason.CHIP_UNREADABLE,))


def test_progress_rises_to_the_whole(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)
    shares: list[float] = []
    stop = threading.Event()
    inspect(parse(honest.mrz_lines, TODAY), desk.reader, desk.trust, TODAY, shares.append, stop, LIMITS)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_a_whole_passport_takes_few_commands(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)
    assert desk.reader.wait_present(2)
    with desk.reader.connect() as transceive:
        contents = read_chip(transceive, parse(honest.mrz_lines, TODAY))
    assert dict(contents.files) == dict(honest.files)
    assert contents.commands <= 15  # PACE and chip authentication among them


def test_no_name_stands_in_what_may_be_logged(desk: Desk, honest: Passport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    desk.lay(honest)
    found: Inspection = desk.inspect(honest)
    said = repr(found) + repr(found.document) + caplog.text + "".join(check.detail for check in found.checks)
    assert "OBERLIN" not in said
    assert honest.number not in said
