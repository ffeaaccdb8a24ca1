"""What goes to the chip and what comes back? (ISO/IEC 7816-4, 5.1)"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from icao.tlv import Garbled

MAX_DATA_BYTES: Final = 65535
SHORT_DATA_BYTES: Final = 255
SHORT_LE_BYTES: Final = 256
EXTENDED_LE_BYTES: Final = 65536

# Instructions that Doc 9303-10 and 9303-11 use.
SELECT: Final = 0xA4
READ_BINARY: Final = 0xB0
READ_BINARY_ODD: Final = 0xB1
GET_CHALLENGE: Final = 0x84
GET_RESPONSE: Final = 0xC0
EXTERNAL_AUTHENTICATE: Final = 0x82
INTERNAL_AUTHENTICATE: Final = 0x88
GENERAL_AUTHENTICATE: Final = 0x86
MANAGE_SECURITY_ENVIRONMENT: Final = 0x22
PERFORM_SECURITY_OPERATION: Final = 0x2A
CHAINED: Final = 0x10  # in CLA: more commands of this chain follow

# Status words.
OK: Final = 0x9000
MORE_BYTES: Final = 0x61  # the low byte says how many; GET RESPONSE brings them
END_OF_FILE: Final = 0x6282
AUTHENTICATION_FAILED: Final = 0x6300
WRONG_LENGTH: Final = 0x6700
SECURITY_STATUS_NOT_SATISFIED: Final = 0x6982
CONDITIONS_NOT_SATISFIED: Final = 0x6985
SM_OBJECTS_MISSING: Final = 0x6987
SM_OBJECTS_INCORRECT: Final = 0x6988
WRONG_DATA: Final = 0x6A80
FUNCTION_NOT_SUPPORTED: Final = 0x6A81
FILE_NOT_FOUND: Final = 0x6A82
INCORRECT_P1_P2: Final = 0x6A86
REFERENCE_NOT_FOUND: Final = 0x6A88
OFFSET_OUTSIDE: Final = 0x6B00
WRONG_LE: Final = 0x6C00  # the low byte says the right one
INSTRUCTION_NOT_SUPPORTED: Final = 0x6D00
CLASS_NOT_SUPPORTED: Final = 0x6E00


class Silent(Exception):
    """The chip did not answer: it was lifted, or the reader lost it."""


class Transceive(Protocol):
    def __call__(self, command: bytes) -> bytes:
        """Send one APDU, return the whole response with its status word. Raises Silent."""


@dataclass(frozen=True, slots=True, repr=False)
class Command:
    """A command APDU. ``le`` is how many bytes may come back, 0 when none are wanted."""

    cla: int
    ins: int
    p1: int = 0
    p2: int = 0
    data: bytes = b""
    le: int = 0
    extended: bool = False

    def __repr__(self) -> str:  # Data hold keys and names.
        return f"Command({self.header.hex()}, {len(self.data)} bytes, le {self.le})"

    @property
    def header(self) -> bytes:
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        """
        >>> Command(0x00, GET_CHALLENGE, le=8).encode().hex()
        '0084000008'
        """
        if self.extended or len(self.data) > SHORT_DATA_BYTES or self.le > SHORT_LE_BYTES:
            return self.header + self._extended_body()
        lc = bytes([len(self.data)]) if self.data else b""
        le = bytes([self.le % SHORT_LE_BYTES]) if self.le else b""
        return self.header + lc + self.data + le

    def _extended_body(self) -> bytes:
        lc = b"\0" + len(self.data).to_bytes(2, "big") if self.data else b""
        le = (self.le % EXTENDED_LE_BYTES).to_bytes(2, "big") if self.le else b""
        return lc + self.data + (le if self.data or not self.le else b"\0" + le)


def parse_command(apdu: bytes) -> Command:
    """The other end's view: the seven cases of ISO/IEC 7816-4, 5.1. Raises Garbled."""
    if len(apdu) < 4:
        raise Garbled("a command has fewer than four bytes")
    bare, body = Command(*apdu[:4]), apdu[4:]
    if not body:
        return bare
    if len(body) == 1:
        return replace(bare, le=body[0] or SHORT_LE_BYTES)
    if body[0] != 0:
        return _with_data(bare, body[0], body[1:], le_bytes=1)
    if len(body) == 3:
        return replace(bare, le=int.from_bytes(body[1:], "big") or EXTENDED_LE_BYTES, extended=True)
    return _with_data(replace(bare, extended=True), int.from_bytes(body[1:3], "big"), body[3:], le_bytes=2)


def _with_data(bare: Command, lc: int, rest: bytes, le_bytes: int) -> Command:
    data, le = rest[:lc], rest[lc:]
    if lc == 0 or len(data) != lc or len(le) not in (0, le_bytes):
        raise Garbled("a command's length bytes contradict its length")
    return replace(bare, data=data, le=(int.from_bytes(le, "big") or 1 << 8 * le_bytes) if le else 0)


@dataclass(frozen=True, slots=True, repr=False)
class Response:
    data: bytes
    status: int

    def __repr__(self) -> str:
        return f"Response({len(self.data)} bytes, {self.status:04X})"

    @property
    def ok(self) -> bool:
        return self.status == OK

    def encode(self) -> bytes:
        return self.data + self.status.to_bytes(2, "big")


def parse_response(apdu: bytes) -> Response:
    """Raises Garbled."""
    if not 2 <= len(apdu) <= EXTENDED_LE_BYTES + 2:
        raise Garbled("a response has no status word or no end")
    return Response(apdu[:-2], int.from_bytes(apdu[-2:], "big"))


class Ask(Protocol):
    def __call__(self, command: Command, /) -> Response:
        """Exchange one command, under secure messaging where a session is open. Raises Silent, Garbled."""


def exchange(transceive: Transceive, command: Command) -> Response:
    """Send and receive, in clear; a chip that names the right Le (6Cxx) is asked once more. Raises Silent, Garbled."""
    response = parse_response(transceive(command.encode()))
    if response.status & 0xFF00 == WRONG_LE and command.le:
        right = response.status & 0xFF or SHORT_LE_BYTES
        response = parse_response(transceive(replace(command, le=right).encode()))
    return response
