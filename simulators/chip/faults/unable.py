"""Which chips would like to, and cannot? Broken ones, and one that is taken away in the middle."""

import time
from typing import Final

from icao.chip import apdu
from icao.chip.apdu import Command, Response
from icao.chip.secure_messaging import Session
from simulators.chip.card import Lifted
from simulators.chip.emrtd import EmrtdChip

TRIES: Final = 3
DELAY_S: Final = 0.05
FEWER_TRIES, BLOCKED = 0x63C0, 0x6983
READS_BEFORE_LIFT: Final = 4
SHORT_READ_BYTES: Final = 1024


class BrokenChip(EmrtdChip):
    def answer(self, command: bytes) -> bytes:
        return Response(b"", 0x6F00).encode()


class SilentChip(EmrtdChip):
    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        super()._protect(session, response, ins)
        return b""


class LiftedChip(EmrtdChip):
    """Read anew, it is lifted anew."""

    def reset(self) -> None:
        super().reset()
        self._reads = 0

    def _read(self, name: str, offset: int, le: int) -> Response:
        self._reads += 1
        if self._reads > READS_BEFORE_LIFT:
            raise Lifted
        return super()._read(name, offset, min(le, SHORT_READ_BYTES))


class DenyingChip(EmrtdChip):
    """Whoever knocks, by BAC or by PACE, has the wrong key."""

    def _authenticate(self, command: Command) -> Response:
        return Response(b"", apdu.AUTHENTICATION_FAILED)

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        if command.ins == apdu.GENERAL_AUTHENTICATE and not allowed:
            return Response(b"", apdu.AUTHENTICATION_FAILED)
        return super()._obey(command, allowed=allowed)


class GuardedChip(EmrtdChip):
    """No key is right; each wrong one costs a try and some time, and then it is shut for good."""

    _wrong = 0

    def _refusal(self) -> Response:
        self._wrong += 1
        time.sleep(DELAY_S * self._wrong)
        left = TRIES - self._wrong
        return Response(b"", FEWER_TRIES | left if left >= 0 else BLOCKED)

    def _authenticate(self, command: Command) -> Response:
        return self._refusal()

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        response = super()._obey(command, allowed=allowed)
        last = command.ins == apdu.GENERAL_AUTHENTICATE and not command.cla & apdu.CHAINED
        return self._refusal() if last and not allowed else response


class WithoutPaceChip(EmrtdChip):
    """EF.CardAccess offers PACE, and the chip does not do it; Basic Access Control works."""

    def _set_environment(self, command: Command, *, allowed: bool) -> Response:
        return super()._set_environment(command, allowed=allowed) if allowed else Response(b"", apdu.WRONG_DATA)
