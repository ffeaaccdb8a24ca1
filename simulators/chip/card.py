"""How does a chip sit on the wire? Messages in vpcd's framing in, the chip's answers out."""

import socket
from collections.abc import Callable
from typing import Final, Protocol

from hardware.wires import vpcd

ATR: Final = bytes.fromhex("3b8980014d52544420763100000043")  # a contactless chip; vpcd ignores what it promises
SEND_LIMIT_S: Final = 5.0
PIECE_BYTES: Final = 65536


class Lifted(Exception):
    """The traveller took the document away in the middle of reading."""


class Chip(Protocol):
    def answer(self, command: bytes) -> bytes:
        """The response APDU, or nothing at all for a chip that stays silent. Raises Lifted."""

    def reset(self) -> None:
        """Power went: every session is forgotten."""


class Card:
    """One connection to a reader: messages in, the chip's answers out."""

    def __init__(self, connection: socket.socket, chip: Callable[[], Chip | None]) -> None:
        self.connection, self._chip, self._messages = connection, chip, vpcd.Messages()
        connection.settimeout(SEND_LIMIT_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._quick()

    def serve(self) -> bool:
        """Answer what came in. False when the other end is gone. Raises Lifted."""
        self._quick()
        piece = self.connection.recv(PIECE_BYTES)
        for body in self._messages.feed(piece):
            if reply := self._reply(body):
                self.connection.sendall(vpcd.message(reply))
            elif body == vpcd.ATR:
                self.connection.sendall(vpcd.message(b""))
        self._quick()
        return bool(piece)

    def _reply(self, body: bytes) -> bytes:
        chip = self._chip()
        if chip is None:
            return b""
        if body in (vpcd.OFF, vpcd.ON, vpcd.RESET):
            chip.reset()
            return b""
        return ATR if body == vpcd.ATR else chip.answer(body)

    def _quick(self) -> None:
        # Debian's vpcd sends length and body in two pieces and waits 40 ms for our delayed ACK unless this is set again
        # before each recv (measured: 44 ms an APDU without, 0.1 ms with it). Linux forgets the option by itself.
        if hasattr(socket, "TCP_QUICKACK"):
            self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
