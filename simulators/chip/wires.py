"""How does the chip come to a reader? As vpcd's card, or behind a port of its own.

It connects to vpcd's port while a document lies there (closing the socket takes the card away). Behind its own port the
edge connects, and an empty ATR says that nothing lies there.
"""

import contextlib
import socket
import time
from typing import Final, Protocol

from hardware.wires import vpcd
from simulators.chip.card import PIECE_BYTES, Card, Chip, Lifted
from simulators.chip.rooms import Rooms

CONNECT_LIMIT_S: Final = 2.0
RECONNECT_PAUSE_S: Final = 0.1
LOOK_LIMIT_S: Final = 0.9  # pcscd looks for its card every 0.4 s, a little later on a busy machine
MISSED_LIMIT_S: Final = 1.5

Address = tuple[str, int]


class Wire(Protocol):
    def lay(self, chip: Chip) -> None: ...
    def lift(self) -> None: ...
    def exchange(self, chip: Chip) -> None:
        """Another chip where one lies, or none did: whoever is connected talks to this one now."""

    def close(self) -> None: ...
    def mend(self) -> float | None:
        """Called on each turn: repair what broke; the answer is how long one may sleep at most."""


class VpcdWire:
    """Connected to vpcd as its card, exactly while a document lies on the reader.

    pcscd looks for its card a few times a second, and must miss the old one before it believes in a new one: a document
    that is laid down too soon after the last was lifted is noticed a little later.
    """

    def __init__(self, address: Address, rooms: Rooms) -> None:
        self._address, self._rooms = address, rooms
        self._chip: Chip | None = None
        self._card: Card | None = None
        self._leaving: socket.socket | None = None
        self._missed_at = 0.0  # from then on pcscd knows that the last card has gone

    def lay(self, chip: Chip) -> None:
        self.lift()
        self._chip = chip
        deadline = time.monotonic() + CONNECT_LIMIT_S
        while self._waits_for() is None and not self._connect():
            if time.monotonic() > deadline:
                host, port = self._address
                raise ConnectionError(f"vpcd does not answer at {host}:{port}. Is pcscd running with the vpcd driver?")
            time.sleep(RECONNECT_PAUSE_S)

    def exchange(self, chip: Chip) -> None:
        if self._card is None:
            self.lay(chip)
        self._chip = chip

    def lift(self) -> None:
        """Half of the connection is closed; vpcd hangs up when it asks for the card and hears no answer."""
        self._chip = None
        if self._card is None:
            return
        leaving, self._card = self._card.connection, None
        self._rooms.release(leaving)
        with contextlib.suppress(OSError):  # vpcd hung up first
            leaving.shutdown(socket.SHUT_WR)
        self._forget_leaving()
        self._leaving, self._missed_at = leaving, time.monotonic() + MISSED_LIMIT_S
        self._rooms.admit(leaving, self._see_off)

    def close(self) -> None:
        self._hang_up()
        self._forget_leaving()

    def mend(self) -> float | None:
        """A document waits for pcscd to miss the last one, or pcscd was started anew: the chip connects by itself."""
        if self._chip is None or self._card is not None:
            return None
        if (pause_s := self._waits_for()) is not None:
            return pause_s
        return None if self._connect() else RECONNECT_PAUSE_S

    def _waits_for(self) -> float | None:
        left_s = self._missed_at - time.monotonic()
        return left_s if left_s > 0 else None

    def _see_off(self, leaving: socket.socket) -> None:
        try:
            asked = leaving.recv(PIECE_BYTES)
        except OSError:
            asked = b""
        if asked == vpcd.message(vpcd.ATR):
            self._missed_at = 0.0  # that was pcscd looking for its card: it will not find it
        else:
            # Hung up in the middle of an answer, without having looked: only at its next look pcscd misses the card.
            self._missed_at = time.monotonic() + LOOK_LIMIT_S
        self._forget_leaving()

    def _forget_leaving(self) -> None:
        if self._leaving is not None:
            self._rooms.dismiss(self._leaving)
        self._leaving = None

    def _connect(self) -> bool:
        self._forget_leaving()
        try:
            connection = socket.create_connection(self._address, timeout=CONNECT_LIMIT_S)
        except OSError:  # not listening yet, or not any more: the caller tries again within its limit
            return False
        self._card = Card(connection, lambda: self._chip)
        self._rooms.admit(connection, self._serve)
        return True

    def _serve(self, _: socket.socket) -> None:
        try:
            if self._card and not self._card.serve():
                self._hang_up()
        except Lifted:
            self.lift()
        except OSError:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._card:
            self._rooms.dismiss(self._card.connection)
        self._card = None


class ListenWire:
    """Our own port: readers connect when they like, and learn from an empty ATR that nothing lies there."""

    def __init__(self, listener: socket.socket, rooms: Rooms) -> None:
        self._rooms = rooms
        self._chip: Chip | None = None
        self._cards: dict[socket.socket, Card] = {}
        rooms.admit(listener, self._accept)

    def lay(self, chip: Chip) -> None:
        self.lift()
        self._chip = chip

    def exchange(self, chip: Chip) -> None:
        self._chip = chip

    def lift(self) -> None:
        """Whoever was connected to the chip is hung up on; whoever waits for one may go on waiting."""
        if self._chip is None:
            return
        self._chip = None
        for connection in list(self._cards):
            self._hang_up(connection)

    def close(self) -> None:
        self.lift()

    def mend(self) -> float | None:
        return None

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        self._cards[connection] = Card(connection, lambda: self._chip)
        self._rooms.admit(connection, self._serve)

    def _serve(self, connection: socket.socket) -> None:
        try:
            if not self._cards[connection].serve():
                self._hang_up(connection)
        except Lifted:
            self.lift()
        except OSError:
            self._hang_up(connection)

    def _hang_up(self, connection: socket.socket) -> None:
        del self._cards[connection]
        self._rooms.dismiss(connection)
