"""What must stand in a simulated post's folders before it starts: identities, keys, rules and configurations.

Identities are made by the product's own commands; a folder that holds them already keeps them.
"""

import asyncio
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from simulators.lane.processes import CannotStart, command
from simulators.people.citizens import SIMULATED_THRESHOLD

REGION, POST, DEVICE = "utopia", "north-bridge", "gate-1"
SETUP_LIMIT_S = 30.0
LEASE_MS = 1000  # real time, and twice a lane's own: one machine plays everybody here, and is busier than a Pi
UPLINK_BACKOFF_CEILING_S = 2.0  # a demonstration waits less patiently than a border


@dataclass(frozen=True, slots=True)
class Wiring:
    """Where the edge of this run finds its devices, its broker and its pages."""

    speed: float
    reader: str
    chip: str
    barrier: str
    camera: str
    broker_port: int
    pages_port: int


async def set_up(state: Path) -> None:
    """Raises CannotStart with a sentence."""
    edge = state / "edge"
    await asyncio.to_thread(state.mkdir, 0o700, True, True)
    await do("gateway", "init", "--state", str(state / "gateway"), "--region", REGION)
    await do(
        *("device", "enrol", "--gateway", str(state / "gateway"), "--edge", str(edge)),
        *("--post", POST, "--device", DEVICE),
    )
    await asyncio.to_thread(_furnish, edge)


def _furnish(edge: Path) -> None:
    for name, size in (("barrier.key", 32), ("lists.key", 32), ("officer.key", 16)):
        _keep_secret(edge / name, size)
    rules = edge / "rules.toml"
    if not rules.exists():
        shutil.copyfile(Path(__file__).parent / "rules.toml", rules)


def key_in(path: Path) -> bytes:
    return bytes.fromhex(path.read_text())


def write_edge_config(path: Path, wiring: Wiring) -> None:
    path.write_text(
        f"""\
[device]
region = "{REGION}"
post = "{POST}"
device = "{DEVICE}"
direction = "entry"
lists = "local"
time_scale = {wiring.speed}

[wires]
reader = "{wiring.reader}"
chip = "{wiring.chip}"
barrier = "{wiring.barrier}"
barrier_lease_ms = {LEASE_MS}

[face]
camera = "{wiring.camera}"
threshold = {SIMULATED_THRESHOLD}  # for the drawn Utopians alone: never use it for people

[uplink]
host = "127.0.0.1"
port = {wiring.broker_port}
backoff_ceiling_s = {UPLINK_BACKOFF_CEILING_S}
status_every_s = 1.0

[pages]
port = {wiring.pages_port}
"""
    )


def write_gateway_config(path: Path, broker_port: int, pages_port: int) -> None:
    path.write_text(
        f'region = "{REGION}"\n\n[broker]\nhost = "127.0.0.1"\nport = {broker_port}\n\n'
        f'[pages]\nhost = "127.0.0.1"\nport = {pages_port}\n'
    )


async def do(*words: str, limit_s: float = SETUP_LIMIT_S) -> None:
    """One short command of the command line. Raises CannotStart with what it said."""
    process = await asyncio.create_subprocess_exec(
        *command(*words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(limit_s):
            said, _ = await process.communicate()
    except TimeoutError as error:
        raise CannotStart(" ".join(words[:2]), f"it took longer than {limit_s:.0f} s", "nothing") from error
    finally:
        if process.returncode is None:  # too slow, or somebody pressed Ctrl-C
            process.kill()
            await process.wait()
    if process.returncode:
        raise CannotStart(" ".join(words[:2]), f"it ended with code {process.returncode}", said.decode()[-300:])


def _keep_secret(path: Path, size_bytes: int) -> None:
    if not path.exists():
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(size_bytes) + "\n")
