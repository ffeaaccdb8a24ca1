"""The wire between the plant and the stand-in board: two bytes a message (board/machine.py tells which)."""

import asyncio
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from firmware.barrier.interlock import Outputs as Pins

FED, ARMED, LOOK = 250, 251, 252
LOOK_LIMIT_s = 0.05  # a board that does not look for so long is not waited for
PATIENCE = 3  # times, and then no more until it has looked again
RECEIVE_bytes = 4096
FIRST_OUTPUT = 14


class Door(StrEnum):
    ENTRY = "entry"
    EXIT = "exit"


class Sensor(IntEnum):
    """By GPIO number, as firmware/barrier/hal.py has them."""

    ENTRY_CLOSED = 2
    ENTRY_OPEN = 3
    EXIT_CLOSED = 4
    EXIT_OPEN = 5
    BEAM_A1 = 6
    BEAM_A2 = 7
    BEAM_B1 = 8
    BEAM_B2 = 9
    MAT = 10
    EGRESS = 11
    FIRE = 12
    STOP = 13


LIMITS = (Sensor.ENTRY_CLOSED, Sensor.ENTRY_OPEN, Sensor.EXIT_CLOSED, Sensor.EXIT_OPEN)


@dataclass(frozen=True, slots=True)
class Outputs:
    """The board's eight output pins."""

    levels: tuple[bool, ...] = (False,) * len(Pins._fields)

    def opens(self, door: Door) -> bool:
        return self._is(f"{door}_opens")

    def closes(self, door: Door) -> bool:
        return self._is(f"{door}_closes")

    def locked(self, door: Door) -> bool:
        return self._is(f"{door}_locked")

    def _is(self, name: str) -> bool:
        return self.levels[Pins._fields.index(name)]

    def with_pin(self, number: int, level: bool) -> "Outputs":
        at = number - FIRST_OUTPUT
        return Outputs((*self.levels[:at], level, *self.levels[at + 1 :]))


class PinsWire:
    """The plant's end: levels go out, outputs come in."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self.on_outputs: Callable[[Outputs], None] = lambda outputs: None
        self.watchdog_s: float | None = None
        self.fed_s = time.monotonic()
        self._end = end
        self._outputs = Outputs()
        self._rest = b""
        self._number = 0
        self._missed = 0
        self._looked = asyncio.Event()
        asyncio.get_running_loop().add_reader(end, self._read)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._end)
        self._end.close()

    def set(self, sensor: Sensor, level: bool) -> bool:
        """Limit switches read 1 at their limit; all other contacts are normally closed and read 0 when broken."""
        return self._send(sensor, level if sensor in LIMITS else not level)

    async def looked(self) -> None:
        """Until the board has seen all levels set so far, or has proven that it does not look."""
        if self._missed >= PATIENCE and not self._looked.is_set():
            return  # it has not even answered the last time
        self._number = (self._number + 1) % 256
        self._looked.clear()
        if not self._send(LOOK, self._number):
            return
        try:
            async with asyncio.timeout(LOOK_LIMIT_s):
                await self._looked.wait()
        except TimeoutError:
            self._missed += 1

    def _send(self, what: int, value: int) -> bool:
        try:
            self._end.send(bytes((what, int(value))))
        except (BlockingIOError, BrokenPipeError, ConnectionResetError):
            return False  # a board that is gone, or stopped with its ear full
        return True

    def _read(self) -> None:
        try:
            received = self._end.recv(RECEIVE_bytes)
        except (BlockingIOError, ConnectionResetError):
            received = b""
        if not received:
            asyncio.get_running_loop().remove_reader(self._end)
            return
        received = self._rest + received
        whole = len(received) // 2 * 2
        self._rest = received[whole:]
        for at in range(0, whole, 2):
            self._hear(received[at], received[at + 1])

    def _hear(self, what: int, value: int) -> None:
        if what == FED:
            self.fed_s = time.monotonic()
        elif what == ARMED:
            self.fed_s, self.watchdog_s = time.monotonic(), value / 10
        elif what == LOOK:
            self._missed = 0
            if value == self._number:
                self._looked.set()
        elif FIRST_OUTPUT <= what < FIRST_OUTPUT + len(Pins._fields):
            self._outputs = self._outputs.with_pin(what, bool(value))
            self.on_outputs(self._outputs)
