"""The simulated chip at a real chip's tempo: each answer takes its time, and a fault stays the fault it is."""

import random
import socket
import time
from datetime import date
from pathlib import Path

import pytest

from hardware.wires import vpcd
from icao.chip.reading import read_chip
from icao.mrz.zone import parse
from simulators.chip.__main__ import amount
from simulators.chip.card import Lifted
from simulators.chip.control import Control, Laid
from simulators.chip.faults import make_chip
from simulators.chip.pcsc import end, start_chip
from simulators.chip.tempo import REAL, Tempo, TimedChip
from simulators.issuing.__main__ import holder_of
from simulators.issuing.office import Office
from simulators.issuing.state import open_states
from simulators.network.broker import free_port

TODAY = date(2026, 11, 24)
SELECT = bytes.fromhex("00A4040C07A0000002471001")


class Spent:
    """A clock that nobody waits for."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture(scope="module")
def passport(tmp_path_factory: pytest.TempPathFactory) -> object:
    office = Office(open_states(tmp_path_factory.mktemp("states"), TODAY), TODAY, random.Random(7))
    return office.issue("honest", holder_of("u01"), holder_of("u02"), "UTO")


def timed(passport: object, fault: str | None = None) -> tuple[TimedChip, Spent]:
    chip = make_chip(Laid(passport.files, passport.mrz_lines, fault))
    assert chip is not None
    spent = Spent()
    return TimedChip(chip, REAL, spent.sleep), spent


def test_a_whole_reading_takes_15_ms_for_each_command_and_1_ms_for_each_53_bytes(passport: object) -> None:
    chip, spent = timed(passport)
    contents = read_chip(chip.answer, parse(passport.mrz_lines, TODAY))
    assert spent.seconds == pytest.approx(contents.commands * 0.015 + contents.wire_bytes / 53_000)
    assert spent.seconds > 0.3


def test_a_document_that_is_lifted_is_lifted_after_as_many_reads_as_without_a_tempo(passport: object) -> None:
    def reads(answer: object) -> int:
        count = 0

        def counted(command: bytes) -> bytes:
            nonlocal count
            count += 1
            return answer(command)

        with pytest.raises(Lifted):
            read_chip(counted, parse(passport.mrz_lines, TODAY))
        return count

    untimed = make_chip(Laid(passport.files, passport.mrz_lines, "lifts"))
    assert untimed is not None
    assert reads(timed(passport, "lifts")[0].answer) == reads(untimed.answer)


class MuteChip:
    def answer(self, command: bytes) -> bytes:
        return b""

    def reset(self) -> None:
        pass


def test_a_chip_that_stays_silent_is_not_kept_waiting_for() -> None:
    spent = Spent()
    assert TimedChip(MuteChip(), REAL, spent.sleep).answer(SELECT) == b""
    assert spent.seconds == 0


def test_a_reset_reaches_the_chip_within(passport: object) -> None:
    chip, spent = timed(passport)
    assert chip.answer(SELECT) == b"\x90\x00"
    before = spent.seconds
    chip.reset()
    assert chip.answer(bytes.fromhex("0084000008")) == b"\x6d\x00"  # nothing is selected any more
    assert spent.seconds == pytest.approx(before + 0.015 + 7 / 53_000)


def test_a_chip_ten_times_faster_takes_a_tenth_of_the_time() -> None:
    assert REAL.faster(10).seconds(5300) == pytest.approx(REAL.seconds(5300) / 10)


def test_the_chip_process_takes_its_time_on_the_wire(passport: object, tmp_path: Path) -> None:
    port = free_port()
    process = start_chip(tmp_path / "chip.sock", ["--listen", f"127.0.0.1:{port}"], tempo=Tempo(80, 53))
    try:
        with Control(tmp_path / "chip.sock") as hand:
            hand.lay(passport.files, passport.mrz_lines)
            with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
                began = time.monotonic()
                wire.sendall(vpcd.message(SELECT))
                assert wire.recv(100) == vpcd.message(b"\x90\x00")
                assert time.monotonic() - began >= 0.08
    finally:
        end(process)


@pytest.mark.parametrize("text", ["-1", "inf", "nan", "fast", ""])
def test_a_tempo_that_is_no_number_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(Exception, match="is not a number from 0 on"):
        amount(text)
