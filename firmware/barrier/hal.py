"""The board: pins, serial line, watchdog and clock. The only file that imports ``machine``.

Switches and beams are wired so that a cut cable is the careful answer: a limit switch that is not there is not at its
limit, a beam that is not there is broken, a fire contact that is not there is fire.
"""

import os
import time

import machine

from firmware.barrier.interlock import Outputs, Seen

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from collections.abc import Callable

LINE_TX, LINE_RX = 0, 1
LINE_bd = 115200
RECEIVE_bytes = 256  # in one pass: a flood must not keep the loop from its doors
EDGES_KEPT = 64

# Inputs, by GPIO number. Limit switches: 1 at the limit. All others are normally closed: 0 is broken, trodden, pressed.
ENTRY_CLOSED, ENTRY_OPEN, EXIT_CLOSED, EXIT_OPEN = 2, 3, 4, 5
BEAM_A1, BEAM_A2, BEAM_B1, BEAM_B2 = 6, 7, 8, 9
MAT, EGRESS, FIRE, STOP = 10, 11, 12, 13
INPUTS = (ENTRY_CLOSED, ENTRY_OPEN, EXIT_CLOSED, EXIT_OPEN, MAT, EGRESS, FIRE, STOP)
BEAMS = (BEAM_A1, BEAM_A2, BEAM_B1, BEAM_B2)
# Outputs, in the order of interlock.Outputs: drives, bolts, signals. Pulled down: off without a controller.
OUTPUTS = (14, 15, 16, 17, 18, 19, 20, 21)


class Board:
    def __init__(self) -> None:
        self.outputs = [machine.Pin(number, machine.Pin.OUT, value=0) for number in OUTPUTS]
        self.inputs = [machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_DOWN) for number in INPUTS]
        self.beams = [machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_DOWN) for number in BEAMS]
        self.line = machine.UART(0, baudrate=LINE_bd, tx=LINE_TX, rx=LINE_RX, timeout=0, rxbuf=1024, txbuf=1024)
        self.edges = Edges(self.beams)
        self.now_ms = 0  # since start; never wraps, where the board's own counter does every 12 days
        self._ticks_ms = time.ticks_ms()
        self._watchdog: machine.WDT | None = None
        self._told: Outputs | None = None

    def look(self) -> int:
        """Move the clock on and return it."""
        ticks_ms = time.ticks_ms()
        self.now_ms += max(0, time.ticks_diff(ticks_ms, self._ticks_ms))
        self._ticks_ms = ticks_ms
        return self.now_ms

    def levels(self) -> list[bool]:
        """Whether each beam is broken now: a1, a2, b1, b2."""
        return [not beam.value() for beam in self.beams]

    def seen(self, entry_clear: bool, exit_clear: bool, alive: bool) -> Seen:
        entry_closed, entry_open, exit_closed, exit_open, mat, egress, fire, stop = [
            bool(pin.value()) for pin in self.inputs
        ]
        return Seen(
            entry_closed, entry_open, exit_closed, exit_open, entry_clear, exit_clear,
            not mat, not egress, not fire, not stop, alive,
        )  # fmt: skip

    def obey(self, outputs: Outputs) -> None:
        """Set the pins; those that go off first, so that two never overlap."""
        if outputs == self._told:
            return
        for wanted in (False, True):
            for pin, value in zip(self.outputs, outputs):
                if bool(value) == wanted:
                    pin.value(1 if value else 0)
        self._told = outputs

    def holds(self, outputs: Outputs) -> bool:
        """Self-check: the pins say what they were told."""
        return all(bool(pin.value()) == bool(value) for pin, value in zip(self.outputs, outputs))

    def receive(self) -> bytes:
        return self.line.read(RECEIVE_bytes) or b""

    def send(self, frames: bytes) -> None:
        if frames:
            self.line.write(frames)

    def watch(self, limit_ms: int) -> None:
        self._watchdog = machine.WDT(timeout=limit_ms)

    def feed(self) -> None:
        if self._watchdog is not None:
            self._watchdog.feed()

    def rest(self, until_ms: int) -> None:
        """Sleep for what is left of this pass."""
        left_ms = until_ms - self.look()
        if left_ms > 0:
            time.sleep_ms(left_ms)

    def board_id(self) -> bytes:
        return (machine.unique_id() + bytes(8))[:8]

    def draw(self, size_bytes: int) -> bytes:
        return os.urandom(size_bytes)


class Edges:
    """A ring that interrupts fill: no edge of a beam is lost between two passes of the loop.

    The handlers allocate nothing, so they may run in a hard interrupt.
    """

    def __init__(self, beams: list[machine.Pin]) -> None:
        self._ring = bytearray(EDGES_KEPT)
        self._head = 0
        self._tail = 0
        self._overrun = False
        for number, beam in enumerate(beams):
            beam.irq(self._handler(number), machine.Pin.IRQ_RISING | machine.Pin.IRQ_FALLING, hard=True)

    def _handler(self, number: int) -> "Callable[[machine.Pin], None]":
        def edge(pin: machine.Pin) -> None:
            following = (self._head + 1) % EDGES_KEPT
            if following == self._tail:
                self._overrun = True
                return
            self._ring[self._head] = number << 1 | (0 if pin.value() else 1)
            self._head = following

        return edge

    def waiting(self) -> bool:
        return self._head != self._tail

    def take(self) -> tuple[list[tuple[int, bool]], bool]:
        """``(edges, overrun)``: edges as (beam, broken), oldest first."""
        edges = []
        while self._tail != self._head:
            edge = self._ring[self._tail]
            edges.append((edge >> 1, bool(edge & 1)))
            self._tail = (self._tail + 1) % EDGES_KEPT
        overrun, self._overrun = self._overrun, False
        return edges, overrun
