"""The chip reader on both wires: presence, exclusiveness, loss and return."""

import threading
import time
from pathlib import Path

import pytest

from edge.gate.events import Reason
from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ReaderLost, open_chip
from icao.chip.apdu import Silent
from simulators.chip.control import Control
from simulators.chip.pcsc import PcscStack, end, start_chip
from simulators.issuing.passports import Passport
from simulators.network.broker import free_port
from tests.edge.inspection.desk import PATIENCE_S, Desk

GET_CHALLENGE = bytes.fromhex("0084000008")
SELECT = bytes.fromhex("00A4040C07A0000002471001")


def test_presence_follows_the_document(desk: Desk, honest: Passport) -> None:
    desk.clear()
    assert not desk.reader.wait_present(0.1)
    for _ in range(3):
        desk.lay(honest)
        assert desk.reader.wait_present(PATIENCE_S)
        assert desk.reader.present()
        desk.clear()


def test_a_chip_is_noticed_while_somebody_waits_for_it(desk: Desk, honest: Passport) -> None:
    desk.clear()
    threading.Timer(0.3, lambda: desk.hand.lay(honest.files, honest.mrz_lines)).start()
    began_s = time.monotonic()
    assert desk.reader.wait_present(PATIENCE_S)
    assert time.monotonic() - began_s < PATIENCE_S / 2


def test_each_connection_begins_with_a_chip_that_knows_nothing(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)
    assert desk.reader.wait_present(PATIENCE_S)
    for _ in range(3):
        with desk.reader.connect() as transceive:
            assert transceive(GET_CHALLENGE) == b"\x6d\x00"  # no application is selected yet
            assert transceive(SELECT) == b"\x90\x00"
            assert len(transceive(GET_CHALLENGE)) == 10


def test_without_a_chip_connecting_is_silent(desk: Desk) -> None:
    desk.clear()
    with pytest.raises(Silent), desk.reader.connect():
        raise AssertionError("connected to a chip that is not there")


def test_a_chip_lifted_between_commands_is_silent(desk: Desk, honest: Passport) -> None:
    desk.lay(honest)
    assert desk.reader.wait_present(PATIENCE_S)
    with desk.reader.connect() as transceive:
        assert transceive(SELECT) == b"\x90\x00"
        desk.hand.lift()
        with pytest.raises(Silent):
            transceive(SELECT)


def test_closing_ends_a_wait(desk: Desk) -> None:
    desk.clear()
    ended: list[bool | ReaderLost] = []

    def wait() -> None:
        try:
            ended.append(desk.reader.wait_present(60))
        except ReaderLost as lost:
            ended.append(lost)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.1)  # nothing tells from outside that the wait has begun; either way it must end
    desk.reader.close()
    waiting.join(PATIENCE_S)
    assert not waiting.is_alive()
    assert ended[0] is False or isinstance(ended[0], ReaderLost)


@pytest.mark.namespaces
def test_pcscd_that_went_is_a_lost_reader_and_comes_back_by_itself(
    pcsc: tuple[PcscStack, Path], trust: TrustStore, honest: Passport
) -> None:
    stack, state = pcsc
    reader = open_chip(stack.url)
    assert reader.present() is False
    stack.stop()
    with pytest.raises(ReaderLost, match="Is pcscd running"):
        reader.present()
    stack.start(state, state / "chip.sock")
    with Control(state / "chip.sock") as hand:
        desk = Desk(reader, hand, trust)
        desk.lay(honest)
        assert desk.inspect(honest).reasons == ()
        hand.lift()
    reader.close()


@pytest.mark.namespaces
def test_nobody_else_talks_to_a_chip_in_the_middle_of_its_reading(
    pcsc: tuple[PcscStack, Path], trust: TrustStore, honest: Passport
) -> None:
    stack, state = pcsc
    reader, other = open_chip(stack.url), open_chip(stack.url)
    with Control(state / "chip.sock") as hand:
        Desk(reader, hand, trust).lay(honest)
        assert reader.wait_present(PATIENCE_S)
        with reader.connect() as transceive, pytest.raises(ReaderLost, match="Sharing violation"), other.connect():
            transceive(SELECT)
        hand.lift()
    reader.close()
    other.close()


@pytest.mark.namespaces
def test_a_reader_of_another_name_is_lost(pcsc: tuple[PcscStack, Path]) -> None:
    reader = open_chip("pcsc:No Such Reader 00 00")
    with pytest.raises(ReaderLost, match="No Such Reader"):
        reader.present()
    reader.close()


def test_a_chip_process_killed_in_mid_reading_is_our_fault_not_the_documents(
    tmp_path: Path, trust: TrustStore, honest: Passport
) -> None:
    port = free_port()
    process = start_chip(tmp_path / "chip.sock", ["--listen", f"127.0.0.1:{port}"])
    reader = open_chip(f"socket://127.0.0.1:{port}")
    with Control(tmp_path / "chip.sock") as hand:
        hand.lay(honest.files, honest.mrz_lines)
        assert reader.wait_present(PATIENCE_S)
        process.kill()
        end(process)
        found = Desk(reader, hand, trust).inspect(honest)
    assert (found.document, found.reasons) == (None, (Reason.DEVICE_FAULT,))
    reader.close()
