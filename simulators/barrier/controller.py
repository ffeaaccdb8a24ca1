"""A barrier controller that isn't there: the real firmware in a process of its own, on pretended pins and line.

MicroPython's unix port runs it where there is a wheel, and CPython elsewhere: the same files. When it ends, for
whatever reason, it is started again after a moment, as a board is.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Literal

import firmware
from simulators.barrier.bodies import TRAVEL_s
from simulators.barrier.pins import PinsWire
from simulators.barrier.plant import Plant
from simulators.barrier.tty import Cable

Runner = Literal["micropython", "cpython"]
ROOT = Path(firmware.__file__).resolve().parents[1]
BOARD = Path(__file__).resolve().parent / "board"
MAIN = ROOT / "firmware" / "barrier" / "main.py"
RESTART_s = 0.3
WATCH_s = 0.1
END_s = 2.0
LOST = 4  # exit code of the stand-in board


class Controller:
    """``tty`` is what an edge opens. ``settings`` go into the board's configuration over the scaled defaults."""

    def __init__(
        self,
        folder: Path,
        key: bytes,
        plant: Plant,
        speed: float | None = None,
        *,
        runner: Runner | None = None,
        settings: dict[str, int] | None = None,
    ) -> None:
        self.tty = folder / "tty"
        self.runner: Runner = runner or default_runner()
        self.starts = 0
        self.exit_codes: list[int] = []
        self._folder = folder
        self._key = key
        self._plant = plant
        self._settings = scaled(plant.speed if speed is None else speed) | (settings or {})
        self._cable = Cable(self.tty)
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._restart_s = RESTART_s

    @property
    def pid(self) -> int | None:
        """The board's process, while there is one."""
        return None if self._process is None else self._process.pid

    async def start(self) -> None:
        """Provision the board's flash, plug the cable in and start the firmware."""
        flash = self._folder / "flash"
        flash.mkdir(parents=True, exist_ok=True)
        key_path = flash / "link.key"
        key_path.touch(mode=0o600)
        key_path.write_bytes(self._key)
        (flash / "barrier.json").write_text(json.dumps(self._settings))
        self._cable.plug()
        self._task = asyncio.get_running_loop().create_task(self._run(flash), name="controller")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        self._cable.unplug()

    def unplug(self) -> None:
        """Pull the cable at the edge's end: its device vanishes. The board runs on, and hears nothing any more."""
        self._cable.unplug()

    def plug(self) -> None:
        self._cable.plug()

    def corrupt(self, rate: float) -> None:
        """Noise: this share of the line's bytes is changed from now on."""
        self._cable.corrupt_rate = rate

    def kill(self, restart_s: float = RESTART_s) -> None:
        """kill -9, and a restart after so many (real) seconds."""
        self._restart_s = restart_s
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        """The program hangs: only the watchdog can help."""
        self._signal(signal.SIGSTOP)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _run(self, flash: Path) -> None:
        while True:
            self._restart_s = RESTART_s
            await self._live_once(flash)
            await asyncio.sleep(self._restart_s)

    async def _live_once(self, flash: Path) -> None:
        """From power on to the end of the process; then the pins fall off."""
        pins, pins_far = socket.socketpair()
        line, line_far = socket.socketpair()
        for far in (pins_far, line_far):
            far.setblocking(False)
        wire = PinsWire(pins)
        self._cable.connect(line)
        self._plant.attach(wire)
        try:
            with (self._folder / "controller.log").open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *command(self.runner),
                    cwd=flash,
                    env=environment(pins_far.fileno(), line_far.fileno()),
                    pass_fds=(pins_far.fileno(), line_far.fileno()),
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                )
            self.starts += 1
            pins_far.close()
            line_far.close()
            await self._watch(self._process, wire)
        finally:
            await self._end()
            pins_far.close()
            line_far.close()
            self._plant.detach()
            self._cable.disconnect()
            wire.close()

    async def _watch(self, process: asyncio.subprocess.Process, wire: PinsWire) -> None:
        """The watchdog's far side: a program that hangs cannot end itself."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_s):
                    self.exit_codes.append(await process.wait())
                    return
            if wire.watchdog_s is not None and time.monotonic() - wire.fed_s > wire.watchdog_s + WATCH_s:
                await asyncio.sleep(WATCH_s)  # we may have been late ourselves: hear first what it sent
                if time.monotonic() - wire.fed_s > wire.watchdog_s + WATCH_s:
                    self._signal(signal.SIGKILL)

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.kill()
        async with asyncio.timeout(END_s):
            await process.wait()


def default_runner() -> Runner:
    return "micropython" if importlib.util.find_spec("micropython_unix") else "cpython"


def command(runner: Runner) -> list[str]:
    if runner == "micropython":
        return [sys.executable, "-c", "from micropython_unix import main; main()", str(MAIN)]
    return [sys.executable, str(BOARD / "start_cpython.py"), str(MAIN)]


def environment(pins: int, line: int) -> dict[str, str]:
    path = f"{BOARD}:{ROOT}"
    return {
        "PATH": os.environ.get("PATH", ""),
        "MICROPYPATH": path,
        "PYTHONPATH": path,
        "PYTHONDONTWRITEBYTECODE": "1",
        "BARRIER_PINS": str(pins),
        "BARRIER_LINE": str(line),
    }


def scaled(speed: float) -> dict[str, int]:
    """The board's timers of doors and people at ``speed``, with room for a busy machine. Safety times stay real."""
    return {
        "travel_limit_ms": round(2 * TRAVEL_s * 1000 / speed) + 2500,
        "lock_ms": 10,
        "retry_ms": max(20, round(1000 / speed)),
        "forced_wait_ms": max(50, round(3000 / speed)),
        "calm_ms": max(50, round(500 / speed)),
        "beam_held_ms": max(500, round(15000 / speed)),
    }
