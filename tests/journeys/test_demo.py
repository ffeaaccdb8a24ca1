"""`borderpost demo` as its user meets it: two addresses, travellers who pass, Ctrl-C, and nothing left behind."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

START_LIMIT_S = 60.0
END_LIMIT_S = 3.0
RESERVE_S = 1.0  # for a machine that does other work meanwhile
LOOK_S = 0.05
NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
# A /run and a /dev/shm of its own, and in the end what stands in them.
ALONE = """\
for place in /run /dev/shm; do mount -n -t tmpfs tmpfs $place; done
trap : INT; "$@"; code=$?; ls -A /run /dev/shm > "$0"; exit $code
"""
HIDING = 'mount --bind /dev/null "$0" && exec "$@"'


class Demo:
    """One demo in a process group of its own, as a terminal gives it."""

    def __init__(self, state: Path, *words: str, within: tuple[str, ...] = (), temporary: Path | None = None) -> None:
        self.state, self.said_in = state, state.with_name(state.name + ".said")
        command = [*within, sys.executable, "-m", "borderpost", "demo", "--state", str(state)]
        ports = ("--gateway-port", "0", "--display-port", "0")
        with self.said_in.open("wb") as said:
            self.process = subprocess.Popen(
                [*command, *ports, "--speed", "10", *words],
                stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True,
                env={**os.environ, **({"TMPDIR": str(temporary)} if temporary else {})},
            )  # fmt: skip

    def said(self) -> str:
        return self.said_in.read_text()

    def until(self, pattern: str) -> re.Match[str]:
        deadline = time.monotonic() + START_LIMIT_S
        while (found := re.search(pattern, self.said(), re.MULTILINE)) is None:
            assert time.monotonic() < deadline, f"it never said {pattern}: {self.said()}"
            assert self.process.poll() is None, self.said()
            time.sleep(LOOK_S)
        return found

    def address(self, of: str) -> str:
        return self.until(rf"{of}:\s+(http://127\.0\.0\.1:\d+/)")[1]

    def end(self, number: signal.Signals = signal.SIGINT, *, alone: bool = False) -> float:
        """As Ctrl-C does: the signal reaches everybody in the terminal's group, or ``alone`` the demo's own process.
        How long it took, in seconds."""
        began_s = time.monotonic()
        (os.kill if alone else os.killpg)(self.process.pid, number)
        self.process.wait(START_LIMIT_S)
        return time.monotonic() - began_s


@contextlib.contextmanager
def demo(state: Path, *words: str, within: tuple[str, ...] = (), temporary: Path | None = None) -> Iterator[Demo]:
    running = Demo(state, *words, within=within, temporary=temporary)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.end()
        for pid in processes_of(state):
            os.kill(pid, signal.SIGKILL)


def processes_of(state: Path) -> dict[int, str]:
    """Whoever names this folder, works in it, or has a file of it open."""
    found: dict[int, str] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            links = [process / "cwd", *(process / "fd").iterdir()]
            places = [place for link in links if (place := place_of(link))]
            if str(state) in command or any(f"{state}/" in place for place in places):
                found[int(process.name)] = command
    found.pop(os.getpid(), None)
    return found


def place_of(link: Path) -> str:
    with contextlib.suppress(OSError):  # closed meanwhile: the process is looked at all the same
        return os.readlink(link)
    return ""


def get(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=5) as answer:  # noqa: S310  (loopback)
        body: bytes = answer.read()
    return body


def counts(running: Demo) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(get(running.address("gateway's page") + "api/v1/counts"))
    return told


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(LOOK_S)


@pytest.mark.namespaces
def test_travellers_pass_and_ctrl_c_leaves_nothing_but_the_store_from_which_a_second_start_goes_on(
    tmp_path: Path,
) -> None:
    state, outside, temporary = tmp_path / "state", tmp_path / "outside", tmp_path / "tmp"
    temporary.mkdir()
    alone = (*NAMESPACE, "sh", "-c", ALONE, str(outside))
    with demo(state, "--seed", "3", within=alone, temporary=temporary) as first:
        gateway, display = first.address("gateway's page"), first.address("traveller's display")
        assert b"<html" in get(gateway)
        assert b"<html" in get(display)
        assert "lists" not in json.loads(get(f"{display}api/v1/lane"))  # they are put there by hand: it asks for none
        first.until(r"  granted$")
        until(lambda: counts(first)["left"] >= 1, "nobody left")
        stored = counts(first)["events"]
        ours = processes_of(state)
        names = " ".join(ours.values())
        for program in ("mosquitto", "gateway", "edge", "simulators.chip", "edge.face.worker", "firmware"):
            assert program in names, "it was looked for and would have been found"
        with urllib.request.urlopen(f"{gateway}events"), urllib.request.urlopen(f"{display}events"):  # noqa: S310
            took_s = first.end()
        assert first.process.returncode == 0, first.said()
        assert "Traceback" not in first.said()
        assert processes_of(state) == {}
        assert [pid for pid in ours if Path(f"/proc/{pid}").exists()] == []
        assert took_s < END_LIMIT_S + RESERVE_S
        assert outside.read_text().split() == ["/dev/shm:", "/run:"]  # noqa: S108  (looked into, not written)
        assert list(temporary.iterdir()) == []
    with demo(state) as second:
        assert counts(second)["events"] >= stored
        second.until(r"  (granted|referred|abandoned)$")
        until(lambda: counts(second)["events"] > stored, "nothing came to the store of yesterday")
        assert counts(second)["lost"] == 0
        assert second.end(signal.SIGTERM, alone=True) < END_LIMIT_S + RESERVE_S
    assert processes_of(state) == {}


@pytest.mark.parametrize("moment", ["Starting broker", "mosquitto.conf", "gateway.log", "controller", "edge.log"])
def test_ctrl_c_while_it_starts_leaves_nothing_either(moment: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    with demo(state) as running:
        until(lambda: moment in running.said() or any(state.rglob(moment)), f"{moment} never came")
        assert running.end(alone=True) < END_LIMIT_S + RESERVE_S
        assert "Traceback" not in running.said()
        assert processes_of(state) == {}


def test_a_terminal_that_is_closed_ends_it_too(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with demo(state, "--direct-chip") as running:
        running.address("gateway's page")
        assert running.end(signal.SIGHUP) < END_LIMIT_S + RESERVE_S
        assert processes_of(state) == {}


@pytest.mark.parametrize("option", ["--gateway-port", "--display-port"])
def test_a_taken_port_is_one_sentence_with_its_cure(option: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        with demo(tmp_path / "state", option, str(port)) as refused:
            assert refused.process.wait(START_LIMIT_S) == 4
            assert refused.said() == (
                f"Port {port} is taken. End the program that holds it, or choose another: ./run demo {option} N\n"
            )
            assert not (tmp_path / "state").exists()


def hiding(program: str) -> tuple[str, ...]:
    """As on a machine where this program was never installed."""
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found is not None
    return (*NAMESPACE, "sh", "-c", HIDING, found)


@pytest.mark.namespaces
def test_without_pcsc_it_says_that_it_reads_over_a_direct_socket_and_works(tmp_path: Path) -> None:
    with demo(tmp_path / "state", within=hiding("pcscd")) as running:
        said = running.until(r"^The chip is read over a direct socket, not over PC/SC: .*$")[0]
        assert "pcscd" in said
        assert "apt-get install" in said
        running.until(r"  (granted|referred|abandoned)$")


@pytest.mark.namespaces
def test_without_mosquitto_it_is_one_sentence_with_its_cure(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with demo(state, within=hiding("mosquitto")) as refused:
        assert refused.process.wait(START_LIMIT_S) == 4
        last = refused.said().splitlines()[-1]
        assert "mosquitto" in last
        assert "apt-get install mosquitto" in last
        assert "Traceback" not in refused.said()
        assert processes_of(state) == {}
