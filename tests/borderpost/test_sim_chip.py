"""``borderpost sim chip``: what was issued is laid on a reader, read by another command, and lifted by Ctrl-C."""

import json
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from borderpost.__main__ import main
from simulators.network.broker import free_port


@pytest.fixture
def laid() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts the command and waits for its word that the chip lies there."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "borderpost", "sim", "chip", *words]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stderr is not None
        assert "SIMULATED" in process.stderr.readline()
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def issue(folder: Path, name: str, capsys: pytest.CaptureFixture[str]) -> list[list[str]]:
    """The commands that judge the case."""
    assert main(["sim", "issue", "--defect", name, "--into", str(folder), "--json"]) == 0
    return [shlex.split(each)[1:] for each in json.loads(capsys.readouterr().out)["commands"]]


@pytest.mark.parametrize(
    ("name", "code"), [("genuine-utopia", 0), ("genuine-card-by-can", 0), ("altered-dg2", 1), ("pace-hidden", 1)]
)
def test_what_was_issued_is_laid_down_and_read(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    laid: Callable[..., "subprocess.Popen[str]"],
    name: str,
    code: int,
) -> None:
    *_, chip, reading = issue(tmp_path, name, capsys)
    port = free_port()
    ours = [word.replace("127.0.0.1:7001", f"127.0.0.1:{port}") for word in reading]
    assert chip[:2] == ["sim", "chip"]
    process = laid(chip[2], "--listen", f"127.0.0.1:{port}")
    assert main(ours) == code
    told = json.loads(capsys.readouterr().out)
    assert told["result"] == ("failed" if code else "successful")
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0


@pytest.mark.parametrize("address", ["0.0.0.0:7001", "192.0.2.1:7001", "7001", "127.0.0.1:0", "127.0.0.1:x", "::1"])
def test_a_simulated_chip_answers_on_loopback_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str
) -> None:
    assert main(["sim", "chip", str(tmp_path), "--listen", address]) == 2
    assert "127.0.0.1:7001" in capsys.readouterr().err


def test_a_folder_without_a_document_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sim", "chip", str(tmp_path), "--listen", "127.0.0.1:7001"]) == 2
    assert "is no document" in capsys.readouterr().err


def test_a_port_that_is_taken_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    issue(tmp_path, "genuine-bac", capsys)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        assert main(["sim", "chip", str(tmp_path / "genuine-bac"), "--listen", address]) == 2
    assert "cannot be used" in capsys.readouterr().err
