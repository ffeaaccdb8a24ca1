"""What lies on the simulated reader? One document at a time, and this process answers for its chip.

One loop serves the control socket (who lays and lifts) and the wire to the reader.
"""

import json
import socket
from collections.abc import Callable
from typing import Any, Final

from simulators.chip.card import Chip
from simulators.chip.control import LINE_LIMIT_BYTES, Laid, parse
from simulators.chip.rooms import Rooms
from simulators.chip.wires import Wire

ANSWER_LIMIT_S: Final = 5.0
PIECE_BYTES: Final = 65536


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
        connection.settimeout(ANSWER_LIMIT_S)
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
                case Laid(exchanged=True) as laid if (chip := self._make(laid)) is not None:
                    self._wire.exchange(chip)
                case Laid() as laid:
                    self._wire.lift()
                    if (chip := self._make(laid)) is not None:
                        self._wire.lay(chip)
                case "lift":
                    self._wire.lift()
        except (ValueError, OSError) as error:
            return {"ok": False, "error": str(error)}
        return {"ok": True}
