"""Which chips lie about a file: its length, its end, where it begins, or what it was a moment ago? (A20, A21)"""

from typing import Final

from icao import tlv
from icao.chip import apdu
from icao.chip.apdu import Command, Response
from icao.chip.secure_messaging import Session
from simulators.chip.emrtd import EmrtdChip

ENDLESS_BYTES: Final = 3 * 1024 * 1024  # below what a TLV length may say, far beyond any portrait
HUGE_LENGTH: Final = bytes.fromhex("7584 7FFFFFFF")
HEADER_BYTES: Final = 8
FAR: Final = 0x8000  # offsets from here on need the odd instruction
LATE: Final = 0x1000  # where a file changes, or a reading stumbles


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
    """Says how long a file is, and then gives one byte at a time."""

    def _read(self, name: str, offset: int, le: int) -> Response:
        return super()._read(name, offset, min(le, 1 if offset else HEADER_BYTES))


class OverflowingChip(EmrtdChip):
    """Each answer is longer than what was asked for."""

    def _read(self, name: str, offset: int, le: int) -> Response:
        response = super()._read(name, offset, le)
        return Response(response.data + bytes(8), response.status) if name == "DG2" and offset else response


class MalformedChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        if name != "DG1":
            return super()._read(name, offset, le)
        return Response((b"\x61\x89" + b"\xff" * 93)[offset : offset + le], apdu.OK)


class WrongLeChip(EmrtdChip):
    def _read(self, name: str, offset: int, le: int) -> Response:
        return Response(b"", apdu.WRONG_LE | (le + 1) % 256)


class SwappedChip(EmrtdChip):
    """Whoever asks for DG1 gets EF.COM."""

    def _read(self, name: str, offset: int, le: int) -> Response:
        return super()._read("COM" if name == "DG1" else name, offset, le)


# --- beyond 32 KB ---
class WrappingChip(EmrtdChip):
    """Far offsets wrap around: the beginning of the file comes once more."""

    def _read(self, name: str, offset: int, le: int) -> Response:
        honest = super()._read(name, offset, le)
        return Response(self._files[name][offset % FAR :][: len(honest.data)], honest.status)


class UnwrappedChip(EmrtdChip):
    """The odd instruction's answer is not in the data object that it belongs into."""

    def _read_binary(self, command: Command, *, allowed: bool) -> Response:
        response = super()._read_binary(command, allowed=allowed)
        if command.ins != apdu.READ_BINARY_ODD or not response.data:
            return response
        return Response(tlv.write(0x54, tlv.read_one(response.data, 0x53)), response.status)


# --- not the same when read twice ---
class StumblingChip(EmrtdChip):
    """Once, in the middle of DG2, it answers 6700 in clear and has lost its session, as some chips do."""

    _session_number = 0
    _stumbles = False

    def _protect(self, session: Session, response: Response, ins: int) -> bytes:
        if self._stumbles:
            self._stumbles, self._session = False, None
            self._session_number += 1
            return Response(b"", apdu.WRONG_LENGTH).encode()
        return super()._protect(session, response, ins)

    def reset(self) -> None:
        super().reset()
        self._stumbles = False

    def _read(self, name: str, offset: int, le: int) -> Response:
        self._stumbles = name == "DG2" and offset >= LATE and not self._session_number
        return super()._read(name, offset, le)


class ChangingChip(StumblingChip):
    """Opened again, it shows another portrait from there on."""

    def _read(self, name: str, offset: int, le: int) -> Response:
        response = super()._read(name, offset, le)
        if name != "DG2" or not self._session_number:
            return response
        return Response(bytes(each ^ 1 for each in response.data), response.status)
