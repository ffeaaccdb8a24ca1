"""How does a post listen to its page reader? One serial port, opened again whenever it comes back.

Garbage is reported and never raised; a reader that vanishes is a state of the world (ReaderLost), not an exception.
"""

import asyncio
import logging
import os
import random
import termios
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import serial

from hardware.wires.page_reader import Garbled, Laid, Lifted, Lines, PageEvent, PageFramer, Profile

log = logging.getLogger(__name__)

READ_BYTES = 4096
BAUD_BD = 115_200
SILENCE_S = 0.5  # Within one MRZ a reader never pauses that long, at any speed of the contract.
REOPEN_FIRST_S, REOPEN_LAST_S = 0.1, 2.0  # back-off; each wait is drawn from its upper half
STEADY_S = 5.0  # A port that stayed open so long was a good one: the back-off begins anew.
RATE_LIMIT_BYTES_S = 128 * 1024  # ten times the fastest line of the contract
GARBLED_EVERY_S = 1.0  # A wire that babbles for hours must not fill the log.


@dataclass(frozen=True, slots=True)
class ReaderLost:
    """The port cannot be opened, or vanished. Said once, until ReaderBack."""


@dataclass(frozen=True, slots=True)
class ReaderBack:
    """The port is open (said at the first opening, too)."""


ReaderEvent = Laid | Lifted | Lines | Garbled | ReaderLost | ReaderBack


class PageReader:
    """One reader at ``url`` (a serial device such as /dev/ttyACM0). ``on_event`` is called in the event loop."""

    def __init__(
        self, url: str, profile: Profile, on_event: Callable[[ReaderEvent], None], baud_bd: int = BAUD_BD
    ) -> None:
        self.url = url
        self._profile: Profile = profile
        self._on_event = on_event
        self._baud_bd = baud_bd
        self._garbled_said_s = float("-inf")

    async def run(self) -> None:
        """Listen for ever; ends only by cancellation."""
        loop, wait_s, lost = asyncio.get_running_loop(), REOPEN_FIRST_S, False
        while True:
            began_s = loop.time()
            try:
                port = self._open()
            except (OSError, termios.error) as error:  # SerialException is an OSError.
                if not lost:
                    log.warning("page reader at %s cannot be opened: %s", self.url, type(error).__name__)
                    self._on_event(ReaderLost())
            else:
                self._on_event(ReaderBack())
                with port:
                    await self._listen(port.fileno())
                log.warning("page reader at %s went away", self.url)
                self._on_event(ReaderLost())
                if loop.time() - began_s > STEADY_S:
                    wait_s = REOPEN_FIRST_S
            lost = True
            # Also of a port that opens and fails at once: each time is an alarm, and a lane that closes and opens.
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  (jitter is no secret)
            wait_s = min(wait_s * 2, REOPEN_LAST_S)

    def _open(self) -> serial.Serial:
        # Opening empties the input: bytes from before belong to a traveller who has gone.
        port = serial.Serial(self.url, self._baud_bd, timeout=0, exclusive=True)
        settings = termios.tcgetattr(port.fileno())
        settings[6][termios.VMIN] = 1  # pyserial asks for 0, with which "nothing yet" and "pulled out" read alike.
        termios.tcsetattr(port.fileno(), termios.TCSANOW, settings)
        return port

    async def _listen(self, descriptor: int) -> None:
        """Feed the framer until the port fails."""
        framer, arrivals = PageFramer(self._profile), asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(descriptor, arrivals.set)
        try:
            while True:
                received = await self._arrival(descriptor, arrivals)
                if received is None:
                    return
                for event in framer.feed(received) if received else framer.silence():
                    self._report(event, loop.time())
                # Attack C17: a reader that pours bytes in must not take the processor from the gate; it waits instead.
                await asyncio.sleep(len(received) / RATE_LIMIT_BYTES_S)
        finally:
            loop.remove_reader(descriptor)

    async def _arrival(self, descriptor: int, arrivals: asyncio.Event) -> bytes | None:
        """The next bytes; empty after a silence; None when the port is gone."""
        try:
            async with asyncio.timeout(SILENCE_S):
                while True:
                    await arrivals.wait()
                    arrivals.clear()
                    with suppress(BlockingIOError):  # a false alarm
                        return os.read(descriptor, READ_BYTES) or None
        except TimeoutError:
            return b""
        except OSError:  # EIO: the device was pulled out.
            return None

    def _report(self, event: PageEvent, now_s: float) -> None:
        if isinstance(event, Garbled):
            if now_s - self._garbled_said_s < GARBLED_EVERY_S:
                return
            self._garbled_said_s = now_s
            log.warning("page reader at %s: %s", self.url, event.reason)
        self._on_event(event)
