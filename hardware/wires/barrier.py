"""The Pi's end of the barrier link as a codec: a session that greets, says words, and reads what the board tells.

Frames, tags and words are the board's own files, so both ends are one. No I/O and no clock in here.
"""

import struct
from dataclasses import dataclass

from firmware.barrier import auth, frame, words
from firmware.barrier.link import write


@dataclass(frozen=True, slots=True)
class Welcome:
    boot: int
    board_id: bytes
    lease_ms: int
    newest: int


@dataclass(frozen=True, slots=True)
class Status:
    answered: int
    answer: int
    mode: int
    entry: int
    exit: int
    people: int
    flags: int
    faults: int
    boot: int
    uptime_ms: int
    newest: int
    forged: int


@dataclass(frozen=True, slots=True)
class Event:
    number: int
    oldest: int
    code: int
    first: int
    second: int
    uptime_ms: int


Told = Welcome | Status | Event


class HostSession:
    """One session from HELLO to its end. ``rejected`` counts frames that were whole and yet not the board's."""

    def __init__(self, key: bytes, host: int, lease_ms: int, nonce: bytes) -> None:
        self.rejected = 0
        self._key_pads = auth.pads(key)
        self._host = host
        self._lease_ms = lease_ms
        self._nonce = nonce
        self._decoder = frame.Decoder()
        self._pads: tuple[bytes, bytes] | None = None
        self._id = 0
        self._said = 0
        self._heard = 0

    @property
    def open(self) -> bool:
        return self._pads is not None

    def hello(self) -> bytes:
        payload = words.pack(words.HELLO_FORM, words.VERSION, self._host, self._lease_ms, self._nonce)
        return write(self._key_pads, words.HELLO, 0, 0, payload)

    def say(self, word: int, payload: bytes = b"") -> tuple[int, bytes]:
        """One word under this session: ``(its sequence, its frame)``. Its end of numbers is this session's end."""
        if self._pads is None:
            raise AssertionError("nobody has welcomed this session yet")
        self._said += 1
        return self._said, write(self._pads, word, self._id, self._said, payload)

    def feed(self, received: bytes) -> list[Told]:
        """What the board truly said, in order."""
        told = []
        for body in self._decoder.feed(received):
            meant = self._read(body)
            if meant is not None:
                told.append(meant)
        return told

    def _read(self, body: bytes) -> Told | None:
        if len(body) < words.HEAD_bytes + auth.TAG_bytes:
            self.rejected += 1
            return None
        signed, tag = body[: -auth.TAG_bytes], body[-auth.TAG_bytes :]
        version, word, session, sequence = struct.unpack(words.HEAD, signed[: words.HEAD_bytes])
        payload = signed[words.HEAD_bytes :]
        if version == words.VERSION and word == words.WELCOME and self._pads is None:
            return self._welcome(signed, tag, session, sequence, payload)
        if session != self._id or self._pads is None:
            return None  # the rest of a session that is over
        # A frame without a true tag, or an old one again, says nothing.
        if version != words.VERSION or not auth.same(tag, auth.tag(self._pads, signed)) or sequence <= self._heard:
            self.rejected += 1
            return None
        self._heard = sequence
        return _meant(word, payload)

    def _welcome(self, signed: bytes, tag: bytes, session: int, sequence: int, payload: bytes) -> Welcome | None:
        said = words.unpack(words.WELCOME_FORM, payload)
        if said is None:
            self.rejected += 1
            return None
        version, boot, board_id, lease_ms, newest, board_nonce = said
        pads = auth.session_pads(self._key_pads, self._nonce, board_nonce)
        # A board that lacks our key, or the recording of one that had it, cannot sign with our fresh nonce in.
        if version != words.VERSION or session != auth.session_id(pads) or not auth.same(tag, auth.tag(pads, signed)):
            self.rejected += 1
            return None
        self._pads, self._id, self._heard = pads, session, sequence
        return Welcome(boot, board_id, lease_ms, newest)


def _meant(word: int, payload: bytes) -> Status | Event | None:
    if word == words.STATUS:
        values = words.unpack(words.STATUS_FORM, payload)
        return None if values is None else Status(*values)
    if word == words.EVENT:
        values = words.unpack(words.EVENT_FORM, payload)
        return None if values is None else Event(*values)
    return None  # a word of a newer board
