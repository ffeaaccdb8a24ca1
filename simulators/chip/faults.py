"""How may a chip misbehave? By name: broken ones, hostile ones, and one that is taken away."""

from enum import StrEnum
from typing import Final

from icao import tlv
from icao.chip import apdu, secure_messaging
from icao.chip.apdu import Command, Response
from icao.chip.secure_messaging import Session
from icao.lds.data_groups import mrz_lines
from icao.mrz.zone import MrzError
from simulators.chip.card import Chip, Lifted
from simulators.chip.control import Laid
from simulators.chip.emrtd import EmrtdChip

ENDLESS_BYTES: Final = 3 * 1024 * 1024  # below what a TLV length may say, far beyond any portrait
READS_BEFORE_LIFT: Final = 4


class Fault(StrEnum):
    NO_CHIP = "no-chip"  # nothing answers at all: a broken antenna
    ERROR_6F00 = "error-6f00"  # answers everything with "no precise diagnosis"
    SILENT = "silent"  # stops answering after access was granted
    LIFTS = "lifts"  # the traveller takes it away in the middle of reading
    DENIES_ACCESS = "denies-access"  # the right key, and yet 6300
    ENDLESS_FILE = "endless-file"  # DG2 never ends
    ONE_BYTE_READS = "one-byte-reads"  # each answer brings one byte
    MALFORMED_TLV = "malformed-tlv"  # DG1's length has nine bytes
    NO_MAC = "no-mac"  # answers under secure messaging without their MAC
    UNPROTECTED = "unprotected"  # 9000 and data in clear under secure messaging
    REPLAYS = "replays"  # the same protected answer again and again
    WRONG_LE = "wrong-le"  # 6Cxx for ever


def make_chip(laid: Laid) -> Chip | None:
    """The chip for what was laid down; None when nothing answers. Raises ValueError with a sentence."""
    try:
        fault = Fault(laid.fault) if laid.fault else None
    except ValueError:
        raise ValueError(f"There is no chip fault {laid.fault!r}. Choose one of {', '.join(Fault)}.") from None
    if fault is Fault.NO_CHIP:
        return None
    try:
        return (CHIPS[fault] if fault else EmrtdChip)(laid.files, _own_zone(laid), secrets=laid.secrets)
    except MrzError as error:
        raise ValueError(f"No chip opens with these lines: {error}") from error


def _own_zone(laid: Laid) -> tuple[str, ...]:
    """The personaliser made the chip's keys from the zone he wrote into DG1, whatever stands on the page today."""
    try:
        return mrz_lines(laid.files["DG1"])
    except (KeyError, tlv.Garbled):
        return laid.mrz


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
        return super()._read(name, offset, min(le, 1024))


class DenyingChip(EmrtdChip):
    def _authenticate(self, command: Command) -> Response:
        return Response(b"", apdu.AUTHENTICATION_FAILED)


class EndlessChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG2":
            return super()._read(name, offset, le)
        head = tlv.write(0x75, bytes(ENDLESS_BYTES))[:8]
        return Response((head[offset:] + bytes(le))[:le], apdu.OK)


class OneByteChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        return super()._read(name, offset, min(le, 1))


class MalformedChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG1":
            return super()._read(name, offset, le)
        return Response((b"\x61\x89" + b"\xff" * 93)[offset : offset + le], apdu.OK)


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


class WrongLeChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        return Response(b"", apdu.WRONG_LE | (le + 1) % 256)


CHIPS: Final[dict[Fault, type[EmrtdChip]]] = {
    Fault.ERROR_6F00: BrokenChip,
    Fault.SILENT: SilentChip,
    Fault.LIFTS: LiftedChip,
    Fault.DENIES_ACCESS: DenyingChip,
    Fault.ENDLESS_FILE: EndlessChip,
    Fault.ONE_BYTE_READS: OneByteChip,
    Fault.MALFORMED_TLV: MalformedChip,
    Fault.NO_MAC: NoMacChip,
    Fault.UNPROTECTED: UnprotectedChip,
    Fault.REPLAYS: ReplayingChip,
    Fault.WRONG_LE: WrongLeChip,
}
