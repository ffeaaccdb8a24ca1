"""What is said to one chip, protected as soon as it may be, and what may all of it cost? (Doc 9303-11, 9.8)

It begins in clear. Whoever opens the chip gives it a session, and from then on nothing in clear is believed.
Whatever a chip does to keep us busy is paid from one account.
"""

from dataclasses import replace
from typing import Final

from icao.chip import apdu
from icao.chip.apdu import Command, Response, Transceive, parse_response
from icao.chip.secure_messaging import Session, unwrap_response, wrap_command
from icao.tlv import Garbled

# One account. A hostile chip answers one byte at a time, or for ever (A20). A real passport with fingers takes 600
# commands in the shortest blocks.
MAX_COMMANDS: Final = 3000
MAX_WIRE_BYTES: Final = 1024 * 1024
MAX_PIECES: Final = 32  # of one answer that comes in pieces (61xx)


class Conversation:
    """One chip, from power on until it is lifted."""

    def __init__(self, transceive: Transceive) -> None:
        self._transceive = transceive
        self._session: Session | None = None
        self._secured = False
        self.sessions = 0  # how many there have been: two of them prove nothing of each other
        self.commands = 0
        self.wire_bytes = 0

    @property
    def alive(self) -> bool:
        """There is a session, and the chip has kept to it."""
        return self._session is not None

    @property
    def block_bytes(self) -> int:
        """Of the session's cipher. Raises Garbled when there is no session."""
        return self._open_session().suite.block_bytes

    def protect(self, session: Session) -> None:
        """From now on nothing in clear is said or believed, whatever becomes of the session."""
        self._session, self._secured = session, True
        self.sessions += 1

    def restart(self) -> None:
        """In clear again, to open the chip anew."""
        self._session, self._secured = None, False

    def send(self, command: Command) -> Response:
        """Protected as soon as there is a session. A chip that names the right Le (6Cxx) is asked once more.

        Raises Silent, NotProtected (the session is over), Garbled.
        """
        response = self._say(command)
        if response.status & 0xFF00 == apdu.WRONG_LE and command.le:
            response = self._say(replace(command, le=response.status & 0xFF or apdu.SHORT_LE_BYTES))
        return response

    def _say(self, command: Command) -> Response:
        if not self._secured:
            return parse_response(self.transceive(command.encode()))
        # If anything goes wrong from here on, the chip's counter is anybody's guess: the session does not come back.
        session, self._session = self._open_session(), None
        protected, session = wrap_command(session, command)
        response, self._session = unwrap_response(session, self.transceive(protected))
        return response

    def _open_session(self) -> Session:
        # A15, A16: whoever broke the session waits for us to go on in clear.
        if self._session is None:
            raise Garbled("the session is over, and nothing more is said without one")
        return self._session

    def transceive(self, command: bytes) -> bytes:
        """As it is, on the account. An answer in pieces (61xx) is put together. Raises Silent, Garbled."""
        answer = self._transmit(command)
        pieces = b""
        for _ in range(MAX_PIECES):
            if answer[-2:-1] != bytes([apdu.MORE_BYTES]):
                return pieces + answer
            pieces += answer[:-2]
            answer = self._transmit(Command(0x00, apdu.GET_RESPONSE, le=answer[-1] or apdu.SHORT_LE_BYTES).encode())
        raise Garbled("the chip's answer comes in pieces without end")

    def _transmit(self, command: bytes) -> bytes:
        answer = self._transceive(command)
        self.commands += 1
        self.wire_bytes += len(command) + len(answer)
        if self.commands > MAX_COMMANDS or self.wire_bytes > MAX_WIRE_BYTES:
            raise Garbled("the chip keeps us busy beyond every limit")
        return answer
