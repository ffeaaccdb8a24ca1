"""Which sockets does the chip process wait on, and who is called when one has something to say?"""

import contextlib
import selectors
import socket
from collections.abc import Callable


class Rooms:
    """Guests are admitted with the call they make, and released or shown out."""

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
