"""Which chips want to keep us busy, to crash us, or to be believed without a MAC? (Attacks A15 to A21)"""

from typing import Final

from icao import tlv
from icao.chip import apdu, pace_steps, secure_messaging
from icao.chip.apdu import Command, Response
from icao.chip.secure_messaging import Session
from simulators.chip.emrtd import EmrtdChip

ENDLESS_BYTES: Final = 3 * 1024 * 1024  # below what a TLV length may say, far beyond any portrait
HUGE_LENGTH: Final = bytes.fromhex("7584 7FFFFFFF")
PIECE: Final = b"\0\x61\x01"


# --- files ---
class EndlessChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG2":
            return super()._read(name, offset, le)
        head = tlv.write(0x75, bytes(ENDLESS_BYTES))[:8]
        return Response((head[offset:] + bytes(le))[:le], apdu.OK)


class HugeChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG2":
            return super()._read(name, offset, le)
        return Response((HUGE_LENGTH[offset:] + bytes(le))[:le], apdu.OK)


class OneByteChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        return super()._read(name, offset, min(le, 1))


class MalformedChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG1":
            return super()._read(name, offset, le)
        return Response((b"\x61\x89" + b"\xff" * 93)[offset : offset + le], apdu.OK)


class WrongLeChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        return Response(b"", apdu.WRONG_LE | (le + 1) % 256)


# --- secure messaging ---
class NoMacChip(EmrtdChip):
    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        wrapped = super()._protect(session, response, ins)
        kept = [found for found in tlv.read_all(wrapped[:-2]) if found.tag != secure_messaging.MAC]
        return b"".join(tlv.write(found.tag, found.value) for found in kept) + wrapped[-2:]


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


class DesynchronisingChip(EmrtdChip):
    """Opens, and has lost its session at the first read, each time."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        self._session = None
        return Response(b"", apdu.SM_OBJECTS_INCORRECT).encode()


class PiecesChip(EmrtdChip):
    """Its answer always has one more piece."""

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        return PIECE

    def answer(self, command: bytes) -> bytes:
        return PIECE if command[1] == apdu.GET_RESPONSE else super().answer(command)


# --- PACE ---
class ReflectingChip(EmrtdChip):
    """Throws our own keys back at us, so that it needs none."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        response = super()._obey(command, allowed=allowed)
        if command.ins != apdu.GENERAL_AUTHENTICATE or allowed or not response.ok:
            return response
        ours = pace_steps.read_dynamic_data(command.data)
        back = [(tag + 1, ours[tag]) for tag in (pace_steps.READER_MAPPING, pace_steps.READER_KEY) if tag in ours]
        return Response(pace_steps.dynamic_data(*back), apdu.OK) if back else response


class OffCurveChip(EmrtdChip):
    """Its mapping key is no point of the curve, and would give our secret away."""

    def _obey(self, command: Command, *, allowed: bool) -> Response:
        response = super()._obey(command, allowed=allowed)
        if command.ins != apdu.GENERAL_AUTHENTICATE or allowed or not response.data:
            return response
        told = pace_steps.read_dynamic_data(response.data)
        if (key := told.get(pace_steps.CHIP_MAPPING)) is None:
            return response
        return Response(pace_steps.dynamic_data((pace_steps.CHIP_MAPPING, key[:-1] + bytes([key[-1] ^ 1]))), apdu.OK)
