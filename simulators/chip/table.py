"""What lies on the simulated reader? One document at a time, and this process answers for its chip.

One loop serves the control socket (who lays and lifts) and the wire to the reader. The wire is either vpcd's port, to
which the chip connects while a document lies there (closing the socket takes the card away), or our own port, at which
the edge connects and where an empty ATR says that nothing lies there.
"""

import contextlib
import json
import selectors
import socket
import time
from collections.abc import Callable
from typing import Any, Protocol

from hardware.wires import vpcd
from simulators.chip.control import LINE_LIMIT_BYTES, Laid, parse

ATR = bytes.fromhex("3b8980014d52544420763100000043")  # a contactless chip; vpcd ignores what it promises
CONNECT_LIMIT_S = 2.0
SEND_LIMIT_S = 5.0
RECONNECT_PAUSE_S = 0.1
LOOK_LIMIT_S = 0.9  # pcscd looks for its card every 0.4 s, a little later on a busy machine
MISSED_LIMIT_S = 1.5
PIECE_BYTES = 65536

Address = tuple[str, int]


class Lifted(Exception):
    """The traveller took the document away in the middle of reading."""


class Chip(Protocol):
    def answer(self, command: bytes) -> bytes:
        """The response APDU, or nothing at all for a chip that stays silent. Raises Lifted."""

    def reset(self) -> None:
        """Power went: every session is forgotten."""


class Wire(Protocol):
    def lay(self, chip: Chip) -> None: ...
    def lift(self) -> None: ...
    def close(self) -> None: ...
    def mend(self) -> float | None:
        """Called on each turn: repair what broke; the answer is how long one may sleep at most."""


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


class Rooms:
    """Which sockets the loop waits on, and who is called when one has something to say."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def admit(self, guest: socket.socket, call: Callable[[socket.socket], None]) -> None:
        self._selector.register(guest, selectors.EVENT_READ, call)

    def release(self, guest: socket.socket) -> None:
        """Listened to no more, but still open."""
        with contextlib.suppress(KeyError, ValueError):  # gone already: there is nothing to do
            self._selector.unregister(guest)

    def dismiss(self, guest: socket.socket) -> None:
        self.release(guest)
        guest.close()

    def turn(self, limit_s: float | None) -> None:
        for key, _ in self._selector.select(limit_s):
            if isinstance(key.fileobj, socket.socket) and key.fileobj.fileno() >= 0:
                key.data(key.fileobj)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()


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


class Table:
    """The loop: orders from the control socket change what the wire carries."""

    def __init__(self, control: socket.socket, wire: Wire, rooms: Rooms, make: Callable[[Laid], Chip | None]) -> None:
        self._wire, self._rooms, self._make = wire, rooms, make
        self._orders: dict[socket.socket, bytearray] = {}
        rooms.admit(control, self._accept)

    def serve(self) -> None:
        """Until the process is told to end."""
        while True:
            self._rooms.turn(self._wire.mend())

    def _accept(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        connection.settimeout(SEND_LIMIT_S)
        self._orders[connection] = bytearray()
        self._rooms.admit(connection, self._obey)

    def _obey(self, connection: socket.socket) -> None:
        held = self._orders[connection]
        try:
            piece = connection.recv(PIECE_BYTES)
            held += piece
            while b"\n" in held:
                line, _, rest = bytes(held).partition(b"\n")
                held[:] = rest
                connection.sendall(json.dumps(self._carry_out(line)).encode() + b"\n")
        except OSError:
            piece = b""
        if not piece or len(held) > LINE_LIMIT_BYTES:
            del self._orders[connection]
            self._rooms.dismiss(connection)

    def _carry_out(self, line: bytes) -> dict[str, Any]:  # Any: JSON
        try:
            match parse(line):
                case Laid() as laid:
                    self._wire.lift()
                    if (chip := self._make(laid)) is not None:
                        self._wire.lay(chip)
                case "lift":
                    self._wire.lift()
        except (ValueError, OSError) as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True}
