"""How is a chip read over a direct socket? In vpcd's framing, as the simulated reader speaks it."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

from hardware.drivers.chip_reader import ChipLimits, ChipLine, ReaderLost
from hardware.wires import vpcd
from icao.chip.apdu import Silent


class SocketChip:
    """A chip behind a TCP port, in vpcd's framing. The end of the connection is the end of the chip's presence."""

    def __init__(self, host: str, port: int, limits: ChipLimits) -> None:
        self._address, self._limits = (host, port), limits
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._messages = vpcd.Messages()
        self._closed = False

    def wait_present(self, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while not (here := self.present()) and time.monotonic() < deadline and not self._closed:
            time.sleep(self._limits.poll_s)
        return here

    def present(self) -> bool:
        try:
            return bool(self._ask(vpcd.ATR, self._limits.connect_s))
        except Silent:  # hung up on us: whatever lay there was lifted
            return False

    @contextlib.contextmanager
    def connect(self) -> Iterator[ChipLine]:
        self._ask(vpcd.ON)
        atr = self._ask(vpcd.ATR, self._limits.connect_s)
        if not atr:
            raise Silent("No chip lies on the reader.")
        try:
            yield ChipLine(lambda command: self._ask(command, self._limits.apdu_s) or self._nothing(), atr)
        finally:
            with contextlib.suppress(Silent, ReaderLost):  # powered off already, in a rougher way
                self._ask(vpcd.OFF)

    def close(self) -> None:
        self._closed = True
        with self._lock:
            self._hang_up()

    def _ask(self, body: bytes, limit_s: float | None = None) -> bytes:
        """Send one message; with a limit, wait for the answer as well."""
        with self._lock:
            try:
                line = self._line()
                line.settimeout(limit_s or self._limits.connect_s)
                line.sendall(vpcd.message(body))
                return self._answer(line, limit_s) if limit_s else b""
            except OSError as error:
                self._hang_up()
                why = f"within {limit_s:g} s" if isinstance(error, TimeoutError) and limit_s else "any more"
                raise Silent(f"The chip did not answer {why}.") from error

    def _line(self) -> socket.socket:
        if self._closed:
            raise ReaderLost("The chip reader was closed.")
        if self._socket is None:
            try:
                self._socket = socket.create_connection(self._address, self._limits.connect_s)
            except OSError as error:
                host, port = self._address
                raise ReaderLost(f"No chip reader answers at {host}:{port} ({error}). Is it running?") from error
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._messages = vpcd.Messages()
        return self._socket

    def _answer(self, line: socket.socket, limit_s: float) -> bytes:
        """The limit is for the whole answer: a chip that drips one byte after another is as silent as any."""
        deadline = time.monotonic() + limit_s
        while (left_s := deadline - time.monotonic()) > 0:
            line.settimeout(left_s)
            piece = line.recv(65536)
            if not piece:
                raise ConnectionResetError("The other end hung up.")
            if bodies := self._messages.feed(piece):
                return bodies[-1]
        raise TimeoutError

    def _nothing(self) -> NoReturn:
        raise Silent("The chip answered nothing.")

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
        self._socket = None
