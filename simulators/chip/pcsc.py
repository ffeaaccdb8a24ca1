"""How does a PC/SC stack run without a reader, without systemd and without an open port? In a room of its own.

vpcd listens on all interfaces and asks nobody who he is, so pcscd and vpcd get a network namespace of their own, with
nothing but a loopback. pcscd's /run is a folder inside the given state folder, seen by pcscd alone (mount namespace).
Whoever wants to use the reader from outside reaches pcscd by its Unix socket: ``PCSCLITE_CSOCK_NAME``. The chip process
is put into the same network; its control socket is a file and is reached from everywhere.
"""

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from simulators.chip.control import Control, ControlError
from simulators.chip.tempo import Tempo

READER = "Virtual PCD 00 00"
VPCD_LIBRARY = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
VPCD_PORT = 35963  # the driver's own default (0x8C7B); nobody outside the room can see it
START_LIMIT_S = 5.0
STOP_LIMIT_S = 2.0
POLL_S = 0.01
AT_ONCE = Tempo()
SOCKET_PATH_LIMIT_BYTES = 107  # sun_path, less its closing zero
INSTALL = "Install pcscd and vsmartcard-vpcd (apt-get install pcscd vsmartcard-vpcd), and run ./run setup."
COMPILE = "Run ./run setup, which compiles it."
ALLOW = "Run it as root or where users may make namespaces; a container needs CAP_SYS_ADMIN."

# A pcscd with polkit (Debian 13's) would ask a daemon that this room does not have, and turn everybody away; the one
# without (Debian 12's) does not know the word. Here whoever may enter the folder may come in.
ROOM = """\
ip link set lo up && mount -n --bind "$1" /run &&
exec pcscd --foreground --error --config /run/conf $(pcscd --help | grep -o -e --disable-polkit)
"""
READER_CONF = f"""\
FRIENDLYNAME "Virtual PCD"
DEVICENAME /dev/null:0x{VPCD_PORT:04X}
LIBPATH {VPCD_LIBRARY}
CHANNELID 0x{VPCD_PORT:04X}
"""


class PcscError(Exception):
    """The stack did not come up; the message is one sentence with its cure."""


@dataclass(frozen=True, slots=True)
class Lacking:
    """Why this machine cannot run the stack, and what to do about it."""

    sentence: str
    cure: str = INSTALL

    @property
    def installable(self) -> bool:
        """False: everything is installed, but this system does not allow it."""
        return self.cure in (INSTALL, COMPILE)

    def __str__(self) -> str:
        return f"{self.sentence} {self.cure}"


@dataclass(frozen=True, slots=True)
class Processes:
    pcscd: int
    chip: int


def available() -> Lacking | None:
    """None when this machine can run the stack."""
    for program in ("pcscd", "unshare", "nsenter", "ip", "mount"):
        if shutil.which(program, path=_path()) is None:
            return Lacking(f"PC/SC cannot be used: the program {program} is missing.")
    if not Path(VPCD_LIBRARY).exists():
        return Lacking("PC/SC cannot be used: the vpcd driver is missing.")
    if importlib.util.find_spec("smartcard") is None:
        return Lacking("PC/SC cannot be used: pyscard is not there yet.", COMPILE)
    tried = subprocess.run([*_unshare(), "true"], capture_output=True, text=True, timeout=START_LIMIT_S, check=False)
    if tried.returncode:
        why = tried.stderr.strip() or "unshare failed"
        return Lacking(f"PC/SC cannot be used: this system gives no namespaces to this user ({why}).", ALLOW)
    return None


def _path() -> str:
    return os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])


def _unshare() -> list[str]:
    return ["unshare", "--net", "--mount", "--"] if os.geteuid() == 0 else ["unshare", "-r", "--net", "--mount", "--"]


class PcscStack:
    """pcscd with one virtual reader, and a chip process whose documents are laid on it through ``control``."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._pcscd: subprocess.Popen[bytes] | None = None
        self._chip: subprocess.Popen[bytes] | None = None
        self.socket = Path()

    @property
    def environment(self) -> dict[str, str]:
        """What a process must have in its environment to find this pcscd. libpcsclite reads it once in a process."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket)}

    @property
    def url(self) -> str:
        return f"pcsc:{READER}"

    def start(self, state: Path, control: Path, tempo: Tempo = AT_ONCE) -> Processes:
        """Everything below ``state``; the chip listens for orders at the socket ``control``. Raises PcscError."""
        if lacking := available():
            raise PcscError(str(lacking))
        for log in (state.absolute() / "chip.log", state.absolute() / "pcsc" / "pcscd.log"):
            end_leftovers(log)
        try:
            self._pcscd = self._start_pcscd(state.absolute() / "pcsc")
            self._chip = self._start_chip(state.absolute(), control.absolute(), self._pcscd.pid, tempo)
        except BaseException:
            self.stop()
            raise
        return Processes(self._pcscd.pid, self._chip.pid)

    def stop(self) -> None:
        for process in (self._chip, self._pcscd):
            if process is not None:
                end(process)
        self._chip = self._pcscd = None
        self._stack.close()

    def __enter__(self) -> "PcscStack":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _start_pcscd(self, run: Path) -> subprocess.Popen[bytes]:
        shutil.rmtree(run, ignore_errors=True)
        for name in ("pcscd", "conf", "drivers"):
            (run / name).mkdir(parents=True)
        (run / "conf" / "vpcd").write_text(READER_CONF)
        self.socket = self._within_limit(run / "pcscd") / "pcscd.comm"
        # An empty folder of USB drivers: this pcscd must not take real readers away from the host's own.
        environment = {**os.environ, "PATH": _path(), "PCSCLITE_HP_DROPDIR": "/run/drivers"}
        log = self._stack.enter_context((run / "pcscd.log").open("wb"))
        command = [*_unshare(), "sh", "-c", ROOM, "pcscd-room", str(run)]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        _wait_for(run / "pcscd" / "pcscd.comm", process, run / "pcscd.log")
        return process

    def _within_limit(self, folder: Path) -> Path:
        """libpcsclite cuts a long socket path off without a word; a short link stands in for a deep state folder."""
        if len(os.fsencode(folder / "pcscd.comm")) <= SOCKET_PATH_LIMIT_BYTES:
            return folder
        short = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="pcscd-")))
        (short / "run").symlink_to(folder)
        return short / "run"

    def _start_chip(self, state: Path, control: Path, room: int, tempo: Tempo) -> subprocess.Popen[bytes]:
        user = [] if os.geteuid() == 0 else ["--preserve-credentials", "--user"]
        enter = ["nsenter", *user, f"--net=/proc/{room}/ns/net", *([f"--target={room}"] if user else []), "--"]
        log = self._stack.enter_context((state / "chip.log").open("wb"))
        return start_chip(control, ["--vpcd", f"127.0.0.1:{VPCD_PORT}"], log, enter, tempo)


def start_chip(
    control: Path,
    wire: list[str],
    log: IO[bytes] | None = None,
    enter: list[str] | None = None,
    tempo: Tempo = AT_ONCE,
) -> subprocess.Popen[bytes]:
    """A chip process that answers at ``control`` (at most ``START_LIMIT_S`` later). Raises PcscError.

    The direct socket, without PC/SC: ``start_chip(control, ["--listen", "127.0.0.1:7001"])``.
    """
    control.unlink(missing_ok=True)
    command = [
        *(enter or []),
        sys.executable,
        "-m",
        "simulators.chip",
        "--control",
        str(control),
        *wire,
        *tempo.words(),
    ]
    output = log if log is not None else subprocess.DEVNULL
    process = subprocess.Popen(command, env=_with_project(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _wait_for(control, process, Path(str(getattr(log, "name", os.devnull))))
        with Control(control) as hand:
            hand.ping()
    except (PcscError, ControlError):
        end(process)
        raise
    return process


def _with_project() -> dict[str, str]:
    """The child finds this package also where it was not installed, but runs from a checkout."""
    places = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places)}


def end(process: subprocess.Popen[bytes]) -> None:
    """Ask, wait, and only then insist."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_leftovers(log: Path) -> None:
    """Whoever started this stack last was killed and could not end it: its processes still write to this log. They are
    waited for: one that went late would take the socket of the next one with it."""
    asked, deadline = set[int](), time.monotonic() + STOP_LIMIT_S
    while (left := _writers(log)) and time.monotonic() < deadline + STOP_LIMIT_S:
        insist = time.monotonic() > deadline
        for pid in left if insist else left - asked:
            with contextlib.suppress(OSError):  # ended meanwhile, or another user's
                os.kill(pid, signal.SIGKILL if insist else signal.SIGTERM)
        asked |= left
        time.sleep(POLL_S)


def _writers(log: Path) -> set[int]:
    found = set[int]()
    for output in Path("/proc").glob("[0-9]*/fd/1"):
        with contextlib.suppress(OSError):  # as above
            if os.readlink(output) == str(log):
                found.add(int(output.parts[2]))
    return found


def _wait_for(path: Path, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while not path.is_socket():
        if process.poll() is not None or time.monotonic() > deadline:
            end(process)
            said = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
            raise PcscError(
                f"{path.name} did not appear: {said[-1] if said else 'the program ended without a word'}. {INSTALL}"
            )
        time.sleep(POLL_S)
