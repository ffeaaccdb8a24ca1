"""A stand-in for MicroPython's ``machine``: pins end in a plant, the serial line in a descriptor.

It comes earlier on the module path than the real one, so the firmware runs unchanged. Descriptors are inherited; their
numbers stand in BARRIER_PINS and BARRIER_LINE. On the pins' wire each message has two bytes:
    to the plant    (output, level)  (250, .) watchdog fed  (251, tenths of a second) watchdog armed  (252, n) looked
    to the board    (input, level)   (252, n) look
Interrupt handlers run when their edge is read, each with the pin at that edge's level, in the order of the edges.
"""

import os
import sys
import time

FED, ARMED, LOOK = 250, 251, 252
FED_EVERY_ms = 100
RECEIVE_bytes = 256
RESET = 3  # exit code: reset, by order or by the watchdog
LOST = 4  # exit code: the world around the board is gone


class _Wire:
    """The pins' wire, opened with the first pin."""

    def __init__(self, number):
        self.file = open(number, "r+b", buffering=0)  # noqa: SIM115 - it lives as long as the board
        self.levels = {}
        self.handlers = {}
        self.pins = {}
        self.rest = b""
        self.looked_ms = None
        self.looking = False
        self.told_ms = None
        self.fed_ms = None
        self.limit_ms = None

    def tell(self, what, value):
        try:
            self.file.write(bytes((what, value)))
        except OSError:
            sys.exit(LOST)

    def look(self):
        """Take in what the plant says, at most once a millisecond. A handler that reads its pin looks no further."""
        now_ms = time.ticks_ms()
        if now_ms == self.looked_ms or self.looking:
            return
        self.looked_ms = now_ms
        self.looking = True
        self._take_in(now_ms)
        self.looking = False

    def _take_in(self, now_ms):
        if self.limit_ms is not None and time.ticks_diff(now_ms, self.fed_ms) > self.limit_ms:
            sys.exit(RESET)
        while True:
            try:
                received = self.file.read(RECEIVE_bytes)
            except OSError:
                sys.exit(LOST)
            if received is None:
                return
            if not received:
                sys.exit(LOST)
            self._hear(self.rest + received)
            if len(received) < RECEIVE_bytes:
                return

    def _hear(self, received):
        whole = len(received) // 2 * 2
        self.rest = received[whole:]
        for at in range(0, whole, 2):
            what, value = received[at], received[at + 1]
            if what == LOOK:
                self.tell(LOOK, value)
                continue
            changed = self.levels.get(what, 0) != value
            self.levels[what] = value
            handler = self.handlers.get(what)
            if changed and handler is not None:
                handler(self.pins[what])


_wires = []


def _wire():
    if not _wires:
        _wires.append(_Wire(int(os.getenv("BARRIER_PINS"))))
        _settle(_wires[0])
    return _wires[0]


def _settle(wire):
    """Wait for the first levels: a real pin has one from the start."""
    for _ in range(500):
        wire.look()
        if wire.levels:
            return
        time.sleep_ms(2)


class Pin:
    IN, OUT, PULL_UP, PULL_DOWN = 0, 1, 1, 2
    IRQ_FALLING, IRQ_RISING = 4, 8

    def __init__(self, number, mode=IN, pull=None, value=None):
        self.number = number
        self.mode = mode
        self.level = 0
        _wire().pins[number] = self
        if mode == Pin.OUT:
            self.level = 1 if value else 0
            _wire().tell(number, self.level)

    def value(self, level=None):
        if level is None:
            if self.mode == Pin.OUT:
                return self.level
            _wire().look()
            return _wire().levels.get(self.number, 0)
        if level != self.level:
            self.level = level
            _wire().tell(self.number, level)
        return None

    def irq(self, handler=None, trigger=IRQ_FALLING | IRQ_RISING, hard=False):
        _wire().handlers[self.number] = handler


class UART:
    def __init__(self, number, baudrate=9600, tx=None, rx=None, timeout=0, rxbuf=256, txbuf=256):
        self.file = open(int(os.getenv("BARRIER_LINE")), "r+b", buffering=0)  # noqa: SIM115

    def read(self, size):
        try:
            return self.file.read(size)
        except OSError:
            return None

    def write(self, sent):
        """What the line does not take is gone, as on a wire."""
        try:
            return self.file.write(sent)
        except OSError:
            return 0


class WDT:
    """Ends the program with code 3. Who keeps the board is told as well: a hung program could not end itself."""

    def __init__(self, timeout=5000):
        wire = _wire()
        wire.fed_ms, wire.limit_ms = time.ticks_ms(), timeout
        wire.tell(ARMED, min(255, timeout // 100))

    def feed(self):
        wire = _wire()
        wire.fed_ms = time.ticks_ms()
        if wire.told_ms is None or time.ticks_diff(wire.fed_ms, wire.told_ms) >= FED_EVERY_ms:
            wire.told_ms = wire.fed_ms
            wire.tell(FED, 0)


def reset():
    sys.exit(RESET)


def unique_id():
    return (os.getenv("BARRIER_BOARD") or "board-0").encode()
