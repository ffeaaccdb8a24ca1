"""What files prove, without any wire: the attacks of a forger with a chip of his own."""

import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from edge.gate.events import Reason
from edge.inspection.inspect import inspect, judge
from edge.inspection.reasons import reasons_for
from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ChipLine, ReaderLost
from icao import tlv
from icao.checks import Check, Mode, Result, overall
from icao.lds.sod import parse_sod
from icao.mrz.zone import parse
from icao.pki.trust import Trust, TrustedSet
from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import State
from simulators.issuing.states import STATES
from tests.edge.inspection.desk import TODAY, passport


@pytest.fixture
def office(states: dict[str, State]) -> Office:
    """Its chips have nothing to prove themselves with: what counts here are the files alone."""
    return Office(states, TODAY, random.Random(7), profiles={})


IDS = (
    "access", "mrz.printed", "mrz.match", "chip.read", "chip.content", "pa.parse", "pa.message_digest",
    "pa.sod_signature", "pa.dg_hash.1", "pa.dg_hash.2", "pa.chain", "pa.ds_validity", "pa.csca_validity", "pa.country",
    "a.check.of.next.year",
)  # fmt: skip


@pytest.mark.parametrize("id", IDS)
def test_a_mandatory_check_that_is_not_successful_always_gives_a_reason(id: str) -> None:
    for result, mode in itertools.product(Result, Mode):
        checks = (Check("base", Result.SUCCESSFUL), Check(id, result, mode))
        reasons = reasons_for(checks)
        assert bool(reasons) is (overall(checks) is not Result.SUCCESSFUL), (result, mode)
        assert bool(reasons) is (mode is Mode.MANDATORY and result is not Result.SUCCESSFUL), (result, mode)


@pytest.mark.parametrize("mode", [Mode.OPTIONAL, Mode.EVALUATORY])
def test_without_any_mandatory_check_nothing_is_proved(mode: Mode) -> None:
    assert reasons_for(()) == (Reason.CHIP_UNREADABLE,)
    assert reasons_for([Check("pa.chain", Result.SUCCESSFUL, mode)]) == (Reason.CHIP_UNREADABLE,)


def judged(made: Passport, trust: Trust, **files: bytes | None) -> tuple[bool, tuple[Reason, ...]]:
    changed = {**made.files, **files}
    present = {name: content for name, content in changed.items() if content is not None}
    found = judge(parse(made.mrz_lines, TODAY), present, trust, TODAY)
    assert found.reasons or (found.document is not None and found.document.result is Result.SUCCESSFUL)
    return found.document is not None, found.reasons


def test_a_genuine_passport_has_no_reason(honest: Passport, trust: TrustStore) -> None:
    assert judged(honest, trust) == (True, ())


def test_a04_a_home_made_csca_with_a_real_name_is_referred(office: Office, trust: TrustStore, tmp_path: Path) -> None:
    forger = Office({"UTO": State.make(STATES["UTO"], tmp_path, TODAY)}, TODAY, random.Random(1), profiles={})
    _, reasons = judged(passport(forger), trust)
    assert set(reasons) & {Reason.ISSUER_UNKNOWN, Reason.SIGNATURE_INVALID}


def test_a05_the_genuine_signature_of_another_passport_is_referred(office: Office, trust: TrustStore) -> None:
    one, other = passport(office), passport(office)
    assert judged(one, trust, SOD=other.files["SOD"])[1] == (Reason.CHIP_ALTERED,)


def test_a06_another_portrait_is_referred(office: Office, trust: TrustStore) -> None:
    assert judged(passport(office, "altered-face"), trust)[1] == (Reason.CHIP_ALTERED,)


@pytest.mark.parametrize("name", ["DG1", "DG2", "SOD"])
def test_a_file_that_is_not_there_is_referred(honest: Passport, trust: TrustStore, name: str) -> None:
    assert Reason.CHIP_UNREADABLE in judged(honest, trust, **{name: None})[1]


@pytest.mark.parametrize("name", ["DG1", "DG2"])
def test_each_single_changed_byte_is_referred(honest: Passport, trust: TrustStore, name: str) -> None:
    content = honest.files[name]
    for place in range(0, len(content), max(1, len(content) // 20)):
        changed = bytearray(content)
        changed[place] ^= 0x01
        assert judged(honest, trust, **{name: bytes(changed)})[1], f"{name}, byte {place}"


def test_no_changed_byte_of_the_signature_lets_other_hashes_through(honest: Passport, trust: TrustStore) -> None:
    """Some bytes of a CMS structure are signed by nobody (whom it names as signer); they change nothing that counts."""
    genuine = parse_sod(honest.files["SOD"])
    refused = 0
    for place in range(0, len(honest.files["SOD"]), 11):
        changed = bytearray(honest.files["SOD"])
        changed[place] ^= 0x01
        if judged(honest, trust, SOD=bytes(changed))[1]:
            refused += 1
            continue
        read = parse_sod(bytes(changed))
        assert (read.signed.content, read.hashes) == (genuine.signed.content, genuine.hashes)
        assert read.signer_info.signature == genuine.signer_info.signature
        assert read.signed.certificates == genuine.signed.certificates
    assert refused > 60


@pytest.mark.parametrize("sod", [b"", b"\x77\x00", tlv.write(0x77, b"\x30\x80" * 5000), bytes(3000)])
def test_a22_a_signature_made_to_break_the_parser_is_referred(honest: Passport, trust: TrustStore, sod: bytes) -> None:
    assert Reason.SIGNATURE_INVALID in judged(honest, trust, SOD=sod)[1]


def test_a_store_that_trusts_nobody_knows_no_issuer(honest: Passport) -> None:
    assert judged(honest, TrustedSet())[1] == (Reason.ISSUER_UNKNOWN,)


def test_a_birth_date_changed_on_the_page_differs_from_the_chip(office: Office, trust: TrustStore) -> None:
    made = passport(office)
    older = office.issue("under-age", holder_of("u01"), holder_of("u02"))
    found = judge(parse(older.mrz_lines, TODAY), made.files, trust, TODAY)
    assert Reason.MRZ_MISMATCH in found.reasons
    detail = next(check.detail for check in found.checks if check.id == "mrz.match")
    assert "birth date" in detail
    assert "1988" not in detail  # which field, never what stands in it


class NoReader:
    """A chip reader that was unplugged."""

    def wait_present(self, limit_s: float) -> bool:
        raise ReaderLost("The chip reader is not there. Plug it in.")

    def present(self) -> bool:
        raise ReaderLost("The chip reader is not there. Plug it in.")

    @contextmanager
    def connect(self) -> Iterator[ChipLine]:
        raise ReaderLost("The chip reader is not there. Plug it in.")

    def close(self) -> None: ...


class BrokenReader(NoReader):
    """A driver with a mistake in it: something no one expected comes out."""

    def wait_present(self, limit_s: float) -> bool:
        raise RuntimeError("OBERLIN")


def test_a_lost_reader_is_our_fault_and_is_said_so(honest: Passport, trust: TrustStore) -> None:
    found = inspect(parse(honest.mrz_lines, TODAY), NoReader(), trust, TODAY, lambda _: None, threading.Event())
    assert (found.document, found.reasons) == (None, (Reason.DEVICE_FAULT,))


def test_what_nobody_expected_is_referred_and_names_nobody(
    honest: Passport, trust: TrustStore, caplog: pytest.LogCaptureFixture
) -> None:
    found = inspect(parse(honest.mrz_lines, TODAY), BrokenReader(), trust, TODAY, lambda _: None, threading.Event())
    assert (found.document, found.reasons) == (None, (Reason.CHIP_UNREADABLE,))
    assert "OBERLIN" not in caplog.text


def test_a_page_with_a_wrong_check_digit_opens_no_chip(honest: Passport, trust: TrustStore) -> None:
    wrong = "1" if honest.mrz_lines[1][9] != "1" else "2"
    lines = (honest.mrz_lines[0], honest.mrz_lines[1][:9] + wrong + honest.mrz_lines[1][10:])
    for printed in (None, parse(lines, TODAY)):
        found = inspect(printed, NoReader(), trust, TODAY, lambda _: None, threading.Event())
        assert (found.document, found.reasons) == (None, (Reason.DOCUMENT_UNREADABLE,))


def test_files_are_never_changed(honest: Passport) -> None:
    assert isinstance(honest.files, MappingProxyType)
