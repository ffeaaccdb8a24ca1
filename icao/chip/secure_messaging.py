"""How is everything said after access protected? (Secure messaging, Doc 9303-11, 9.8)

Both ends are here: the reader wraps commands and unwraps responses, the chip unwraps commands and wraps responses.
A session is a value: each step returns the next one, with its counter moved on by one. A step that raises
returns none, so a session whose partner misbehaved cannot be used by mistake.
"""

from dataclasses import dataclass, replace
from typing import Final, Protocol

from icao.chip import tdes
from icao.chip.apdu import EXTENDED_LE_BYTES, SHORT_LE_BYTES, Command, Response, parse_command, parse_response
from icao.tlv import Garbled, read_all, write

PROTECTED_CLA: Final = 0x0C
CRYPTOGRAM: Final = 0x87  # with a padding indicator, for even instructions
PLAIN_CRYPTOGRAM: Final = 0x85  # without, for odd ones
LE: Final = 0x97
STATUS: Final = 0x99
MAC: Final = 0x8E
PADDED: Final = b"\x01"


class NotProtected(Garbled):
    """A response in clear where only a protected one may come. The session is lost, whoever sent it."""

    def __init__(self, status: int, data_bytes: int) -> None:
        super().__init__(f"the chip answered {status:04X} with {data_bytes} bytes outside secure messaging")
        self.status, self.data_bytes = status, data_bytes


class Suite(Protocol):
    """The ciphers of a session. The counter is an argument, since AES makes its IV of it."""

    @property
    def block_bytes(self) -> int: ...

    def encrypt(self, counter: int, plain: bytes) -> bytes: ...

    def decrypt(self, counter: int, secret: bytes) -> bytes:
        """Raises Garbled."""

    def mac(self, counter: int, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True, repr=False)
class TripleDes:
    """Doc 9303-11, 9.8.6.1. CBC from a zero IV; the counter goes into the MAC only."""

    encryption: bytes
    authentication: bytes
    block_bytes: int = tdes.BLOCK_BYTES

    def encrypt(self, counter: int, plain: bytes) -> bytes:
        return tdes.encrypt(self.encryption, plain)

    def decrypt(self, counter: int, secret: bytes) -> bytes:
        return tdes.decrypt(self.encryption, secret)

    def mac(self, counter: int, message: bytes) -> bytes:
        return tdes.mac(self.authentication, counter.to_bytes(self.block_bytes, "big") + message)


@dataclass(frozen=True, slots=True, repr=False)
class Session:
    suite: Suite
    counter: int

    def next(self) -> "Session":
        return replace(self, counter=(self.counter + 1) % (1 << 8 * self.suite.block_bytes))


def wrap_command(session: Session, command: Command) -> tuple[bytes, Session]:
    """The reader's way out."""
    session = session.next()
    secret = _secret(session, command.ins, command.data)
    le = write(LE, _le(command.le)) if command.le else b""
    outer = Command(command.cla | PROTECTED_CLA, command.ins, command.p1, command.p2)
    code = session.suite.mac(session.counter, tdes.pad(outer.header, session.suite.block_bytes) + secret + le)
    body = secret + le + write(MAC, code)
    # A long answer needs the extended form outside as well, where DO97 alone would not be believed.
    extended = command.extended or command.le > SHORT_LE_BYTES
    le_outside = EXTENDED_LE_BYTES if extended else SHORT_LE_BYTES
    return replace(outer, data=body, le=le_outside, extended=extended).encode(), session


def unwrap_command(session: Session, apdu: bytes) -> tuple[Command, Session]:
    """The chip's way in. Raises Garbled."""
    session = session.next()
    outer = parse_command(apdu)
    if outer.cla & PROTECTED_CLA != PROTECTED_CLA:
        raise Garbled("a command came outside secure messaging")
    objects, covered = _objects(outer.data)
    message = tdes.pad(outer.header, session.suite.block_bytes) + covered
    _check_mac(session, message, objects)
    le = objects.get(LE, b"")
    data = _plain(session, objects)
    wanted = 0 if LE not in objects else int.from_bytes(le, "big") or 1 << 8 * max(1, len(le))
    cla = outer.cla & ~PROTECTED_CLA
    return Command(cla, outer.ins, outer.p1, outer.p2, data, wanted, outer.extended), session


def wrap_response(session: Session, response: Response, ins: int = 0) -> tuple[bytes, Session]:
    """The chip's way out; ``ins`` is the instruction it answers."""
    session = session.next()
    status = response.status.to_bytes(2, "big")
    covered = _secret(session, ins, response.data) + write(STATUS, status)
    return covered + write(MAC, session.suite.mac(session.counter, covered)) + status, session


def unwrap_response(session: Session, apdu: bytes) -> tuple[Response, Session]:
    """The reader's way in. Raises NotProtected, Garbled."""
    session = session.next()
    outer = parse_response(apdu)
    # Whoever sits between reader and chip would love us to take plain data for protected ones.
    objects, covered = _objects(outer.data) if outer.data else ({}, b"")
    if MAC not in objects:
        raise NotProtected(outer.status, len(outer.data))
    _check_mac(session, covered, objects)
    status = int.from_bytes(objects.get(STATUS, b""), "big")
    if len(objects.get(STATUS, b"")) != 2 or status != outer.status:
        raise Garbled("the protected status word is missing or differs from the one outside")
    return Response(_plain(session, objects), status), session


def _secret(session: Session, ins: int, data: bytes) -> bytes:
    if not data:
        return b""
    secret = session.suite.encrypt(session.counter, tdes.pad(data, session.suite.block_bytes))
    return write(PLAIN_CRYPTOGRAM, secret) if ins & 1 else write(CRYPTOGRAM, PADDED + secret)


def _plain(session: Session, objects: dict[int, bytes]) -> bytes:
    if PLAIN_CRYPTOGRAM in objects:
        return tdes.unpad(session.suite.decrypt(session.counter, objects[PLAIN_CRYPTOGRAM]))
    if CRYPTOGRAM not in objects:
        return b""
    if objects[CRYPTOGRAM][:1] != PADDED:
        raise Garbled("a cryptogram has an unknown padding indicator")
    return tdes.unpad(session.suite.decrypt(session.counter, objects[CRYPTOGRAM][1:]))


def _objects(data: bytes) -> tuple[dict[int, bytes], bytes]:
    """The objects by tag, and the bytes that the MAC covers: all that stand before it. Raises Garbled."""
    found = read_all(data)
    objects = {each.tag: each.value for each in found}
    known = {CRYPTOGRAM, PLAIN_CRYPTOGRAM, LE, STATUS, MAC}
    if len(objects) != len(found) or not objects.keys() <= known or (MAC in objects and found[-1].tag != MAC):
        raise Garbled("secure messaging objects are unknown, doubled or out of order")
    code = objects.get(MAC, b"")
    return objects, data[: len(data) - len(write(MAC, code))] if MAC in objects else data


def _check_mac(session: Session, message: bytes, objects: dict[int, bytes]) -> None:
    # A replayed or reordered answer has another counter in its MAC.
    if not tdes.same(objects.get(MAC, b""), session.suite.mac(session.counter, message)):
        raise Garbled("a message's MAC is wrong: it was altered, replayed or meant for another session")


def _le(le: int) -> bytes:
    """One byte where it suffices; 256 is 00 and 65536 is 0000."""
    return bytes([le % SHORT_LE_BYTES]) if le <= SHORT_LE_BYTES else (le % EXTENDED_LE_BYTES).to_bytes(2, "big")
