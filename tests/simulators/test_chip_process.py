"""The chip process and the PC/SC stack around it: orders, garbage, and what is left behind."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.wires import vpcd
from icao.mrz.compose import compose_td3
from simulators.chip.control import Control, ControlError, short
from simulators.chip.pcsc import (
    SOCKET_PATH_LIMIT_BYTES,
    PcscError,
    PcscStack,
    available,
    end,
    end_leftovers,
    start_chip,
)
from simulators.network.broker import free_port

PATIENCE_S = 10.0
MRZ = compose_td3(
    issuing_state="UTO",
    document_number="U12345678",
    surname="OBERLIN",
    given_names="MIRA SOLEDA",
    nationality="UTO",
    birth_date="1988-03-14",
    sex="F",
    expiry_date="2034-01-01",
)
GET_CHALLENGE = bytes.fromhex("0084000008")
SELECT = bytes.fromhex("00A4040C07A0000002471001")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def control(tmp_path: Path, port: int) -> Iterator[Path]:
    process = start_chip(tmp_path / "chip.sock", ["--listen", f"127.0.0.1:{port}"])
    yield tmp_path / "chip.sock"
    end(process)
    assert process.returncode == 0
    assert not (tmp_path / "chip.sock").exists()


class Wire:
    """A reader's end of the direct socket."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self._messages = vpcd.Messages()

    def ask(self, body: bytes) -> bytes:
        self.socket.sendall(vpcd.message(body))
        while not (bodies := self._messages.feed(piece := self.socket.recv(65536))):
            assert piece, "the chip hung up"
        return bodies[0]

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def test_a_chip_is_there_exactly_while_a_document_lies_on_the_reader(control: Path, port: int) -> None:
    with Control(control) as hand, Wire(port) as before:
        assert before.ask(vpcd.ATR) == b""
        for _ in range(3):
            hand.lay({}, MRZ)
            assert before.ask(vpcd.ATR)
            with Wire(port) as wire:
                assert wire.ask(SELECT) == b"\x90\x00"
                hand.lift()
                assert wire.socket.recv(1) == b""  # hung up: the chip has gone
            before = _again(before, port)
            assert before.ask(vpcd.ATR) == b""
        before.socket.close()


def _again(wire: Wire, port: int) -> Wire:
    wire.socket.close()
    return Wire(port)


def test_power_off_and_reset_forget_the_selected_application(control: Path, port: int) -> None:
    with Control(control) as hand, Wire(port) as wire:
        hand.lay({}, MRZ)
        for code in (vpcd.OFF, vpcd.ON, vpcd.RESET):
            assert wire.ask(SELECT) == b"\x90\x00"
            assert len(wire.ask(GET_CHALLENGE)) == 10
            wire.socket.sendall(vpcd.message(code))
            assert wire.ask(GET_CHALLENGE) == b"\x6d\x00"


def test_a_chip_that_is_exchanged_answers_on_the_old_connection_and_knows_nothing(control: Path, port: int) -> None:
    """A25: faster than any reader looks."""
    with Control(control) as hand, Wire(port) as wire:
        hand.lay({}, MRZ, exchanged=True)  # where nothing lay
        assert wire.ask(SELECT) == b"\x90\x00"
        hand.lay({}, MRZ, exchanged=True)
        assert wire.ask(GET_CHALLENGE) == b"\x6d\x00"
        hand.lay({}, MRZ, "no-chip", exchanged=True)  # nothing to exchange it for: it is lifted
        assert wire.socket.recv(1) == b""


@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"[]",
        b'{"do":"dance"}',
        b'{"do":"lay"}',
        b'{"do":"lay","files":{"DG1":"not base64!"},"mrz":[]}',
        b'{"do":"lay","files":{"DG1":{"DG2":""}},"mrz":[]}',
        b'{"do":"lay","files":{},"mrz":["TOO","SHORT"],"fault":null}',
        json.dumps({"do": "lay", "files": {}, "mrz": MRZ, "fault": "explodes"}).encode(),
        b"\xff\xfe",
    ],
)
def test_an_order_that_makes_no_sense_is_refused_with_a_sentence(control: Path, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as hand, short(control) as name:
        hand.settimeout(PATIENCE_S)
        hand.connect(name)
        hand.sendall(line + b"\n")
        answer = json.loads(hand.recv(65536))
        assert answer["ok"] is False
        assert len(answer["error"]) > 10
        hand.sendall(b'{"do":"ping"}\n')
        assert json.loads(hand.recv(65536)) == {"ok": True}


def test_a_refused_fault_is_an_error_at_the_hand(control: Path) -> None:
    with Control(control) as hand, pytest.raises(ControlError, match="no chip fault 'explodes'"):
        hand.lay({}, MRZ, "explodes")


def test_half_messages_and_noise_on_the_wire_hurt_nobody(control: Path, port: int) -> None:
    with Control(control) as hand:
        hand.lay({}, MRZ)
        for noise in (b"\x00", b"\xff\xff garbage", b"\x00\x00", vpcd.message(b"\x04")[:2], bytes(5000)):
            with Wire(port) as noisy:
                noisy.socket.sendall(noise)
        with Wire(port) as wire:
            assert wire.ask(SELECT) == b"\x90\x00"
        hand.ping()


def test_a_second_hand_may_lift_what_the_first_one_laid(control: Path, port: int) -> None:
    with Control(control) as one, Control(control) as other, Wire(port) as wire:
        one.lay({}, MRZ)
        assert wire.ask(vpcd.ATR)
        other.lift()
        assert wire.socket.recv(1) == b""


def test_a_control_socket_may_lie_deep(tmp_path: Path, port: int) -> None:
    deep = tmp_path / ("d" * 90) / ("e" * 90)
    deep.mkdir(parents=True)
    process = start_chip(deep / "chip.sock", ["--listen", f"127.0.0.1:{port}"])
    with Control(deep / "chip.sock") as hand:
        hand.ping()
    end(process)


def test_without_a_chip_process_the_hand_says_so(tmp_path: Path) -> None:
    with pytest.raises(ControlError, match="Start it first"):
        Control(tmp_path / "chip.sock")


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PcscError, match="did not appear"):
        start_chip(tmp_path / "chip.sock", ["--listen", f"127.0.0.1:{taken.getsockname()[1]}"])


# --- PC/SC ---
LIST_READERS = "from smartcard.System import readers; print([str(reader) for reader in readers()])"


def readers(stack: PcscStack) -> str:
    words = [sys.executable, "-c", LIST_READERS]
    environment = {**os.environ, **stack.environment}
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout


@pytest.mark.namespaces
def test_the_stack_runs_in_its_own_room_and_leaves_nothing(tmp_path: Path) -> None:
    assert available() is None
    host_run = sorted(os.listdir("/run"))
    with PcscStack() as stack:
        processes = stack.start(tmp_path, tmp_path / "chip.sock")
        assert stack.url.removeprefix("pcsc:") in readers(stack)
        with pytest.raises(ConnectionRefusedError):  # vpcd asks nobody who he is: it must not be reached from here
            socket.create_connection(("127.0.0.1", 35963), timeout=1).close()
        assert sorted(os.listdir("/run")) == host_run
        assert "simulators.chip" in Path(f"/proc/{processes.chip}/cmdline").read_text()
    for pid in (processes.pcscd, processes.chip):
        assert not Path(f"/proc/{pid}").exists()
    assert not any(path.is_socket() for path in tmp_path.rglob("*"))


@pytest.mark.namespaces
def test_a_deep_state_folder_gets_a_short_socket_path(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    with PcscStack() as stack:
        stack.start(deep, deep / "chip.sock")
        assert len(str(stack.socket)) <= SOCKET_PATH_LIMIT_BYTES
        assert "Virtual PCD" in readers(stack)
        link = stack.socket.parent
    assert not link.exists()
    assert not link.parent.exists()


@pytest.mark.namespaces
def test_a_chip_that_cannot_start_takes_the_stack_down_with_it(tmp_path: Path) -> None:
    stack = PcscStack()
    with pytest.raises(PcscError, match="did not appear"):
        stack.start(tmp_path, tmp_path / "nowhere" / "chip.sock")
    assert not any(path.is_socket() for path in tmp_path.rglob("*"))


SLOW_TO_END = """\
import signal, sys, time
def end(*_): time.sleep(0.3); print("gone", flush=True); sys.exit()
signal.signal(signal.SIGTERM, end)
print("there", flush=True)
while True: signal.pause()
"""


def test_what_a_killed_lane_left_behind_has_ended_before_anything_new_begins(tmp_path: Path) -> None:
    log = tmp_path / "chip.log"
    with log.open("wb") as output, subprocess.Popen([sys.executable, "-c", SLOW_TO_END], stdout=output) as left:
        while not log.read_text():
            assert left.poll() is None
        end_leftovers(log)
        assert log.read_text().split() == ["there", "gone"]


@pytest.mark.namespaces
def test_a_second_start_ends_what_a_killed_lane_left_behind(tmp_path: Path) -> None:
    left = PcscStack()
    processes = left.start(tmp_path, tmp_path / "chip.sock")
    with PcscStack() as again:
        again.start(tmp_path, tmp_path / "chip.sock")
        for pid in (processes.pcscd, processes.chip):
            assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT) is not None
        assert "Virtual PCD" in readers(again)
    left.stop()


@pytest.mark.namespaces
def test_after_pcscd_was_killed_a_second_start_works(tmp_path: Path) -> None:
    stack = PcscStack()
    processes = stack.start(tmp_path, tmp_path / "chip.sock")
    os.kill(processes.pcscd, signal.SIGKILL)
    os.kill(processes.chip, signal.SIGKILL)
    stack.stop()
    with PcscStack() as again:
        again.start(tmp_path, tmp_path / "chip.sock")
        assert "Virtual PCD" in readers(again)
