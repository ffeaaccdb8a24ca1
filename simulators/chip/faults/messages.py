"""Which chips want to be believed without a MAC, or to keep us busy with their answers? (A15, A16, A19, A20)"""

from typing import Final

from icao import tlv
from icao.chip import apdu, secure_messaging
from icao.chip.apdu import Response
from icao.chip.secure_messaging import Session
from simulators.chip.emrtd import EmrtdChip

PIECE: Final = b"\0\x61\x01"


class NoMacChip(EmrtdChip):
    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped = super()._protect(session, response, ins)
        kept = [found for found in tlv.read_all(wrapped[:-2]) if found.tag != secure_messaging.MAC]
        return b"".join(tlv.write(found.tag, found.value) for found in kept) + wrapped[-2:]


class AlteringChip(EmrtdChip):
    """Somebody on the way flips a bit of what is protected."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped = bytearray(super()._protect(session, response, ins))
        wrapped[8] ^= 1
        return bytes(wrapped)


class OtherStatusChip(EmrtdChip):
    """Somebody on the way changes the status word, which stands outside too."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        return super()._protect(session, response, ins)[:-2] + apdu.END_OF_FILE.to_bytes(2, "big")


class UnprotectedChip(EmrtdChip):
    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        super()._protect(session, response, ins)
        return response.encode()


class ReplayingChip(EmrtdChip):
    def reset(self) -> None:
        super().reset()
        self._first = b""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped = super()._protect(session, response, ins)
        self._first = self._first or wrapped
        return self._first


class CountingChip(EmrtdChip):
    """Its counter runs ahead of ours."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        return super()._protect(session.next().next(), response, ins)


class StandingChip(EmrtdChip):
    """Its counter stands still: whatever it says once it may say again."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        still = Session(session.suite, 0)
        wrapped = super()._protect(still, response, ins)
        self._session = session.next()
        return wrapped


class DesynchronisingChip(EmrtdChip):
    """Opens, and has lost its session at the first read, each time."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        self._session = None
        return Response(b"", apdu.SM_OBJECTS_INCORRECT).encode()


class RefusingChip(DesynchronisingChip):
    """Likes no length, however small, says so in clear, and has lost its session, each time."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        super()._protect(session, response, ins)
        return Response(b"", apdu.WRONG_LENGTH).encode()


class PiecesChip(EmrtdChip):
    """Its answer always has one more piece."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        return PIECE

    def answer(self, command: bytes) -> bytes:
        return PIECE if command[1] == apdu.GET_RESPONSE else super().answer(command)
