"""The board's end of the link: sessions, rising sequence, lease, and events kept until they have arrived.

No I/O and no clock in here: bytes and milliseconds come in, words and bytes go out. Nothing that lacks a true tag
under the living session changes anything, and it is no heartbeat either.
"""

import struct

from firmware.barrier import auth, frame, words

TYPE_CHECKING = False  # MicroPython has no typing; type checkers take this name as true
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Values = tuple[Any, ...]  # Any: what struct.unpack gives
    Asked = tuple[int, int, Values | None]
    Status = tuple[int, int, int, int, int, int, int]

EVENTS_KEPT = 64
ANSWERS_KEPT = 8
RESEND_ms = 150
LAST_SEQUENCE = 0xFFFFFFFF
AGAIN = -1  # not on the wire: answer this sequence as it was answered before


class Link:
    def __init__(
        self, key: bytes, boot: int, board_id: bytes, lease_ms: int, draw_nonce: "Callable[[], bytes]"
    ) -> None:
        self.boot = boot
        self.forged = 0
        self._key_pads = auth.pads(key)
        self._board_id = board_id
        self._lease_ms = lease_ms
        self._draw_nonce = draw_nonce
        self._decoder = frame.Decoder()
        self._session: Session | None = None
        self._candidate: Session | None = None
        self._host: int | None = None
        self._events: "list[Kept]" = []
        self._newest = 0

    def receive(self, now_ms: int, received: bytes) -> "tuple[list[Asked], bytes]":
        """``(asked, replies)``: words to act on as (word, sequence, values), and bytes to send at once."""
        asked: "list[Asked]" = []
        replies: list[bytes] = []
        for body in self._decoder.feed(received):
            if len(body) < words.HEAD_bytes + auth.TAG_bytes:
                self._refuse()
                continue
            version, word, session, sequence = struct.unpack(words.HEAD, body[: words.HEAD_bytes])
            if version != words.VERSION or word >= 0x80:
                self._refuse()  # an unknown version, or our own frame thrown back at us
            elif word == words.HELLO:
                self._greet(body, session, sequence, replies)
            else:
                self._hear(now_ms, body, word, session, sequence, asked)
        return asked, b"".join(replies)

    def alive(self, now_ms: int) -> bool:
        """Whether the Pi spoke, authentically and newly, within its lease."""
        return self._session is not None and now_ms - self._session.heard_ms <= self._session.lease_ms

    def news(self, status: "Status") -> bytes:
        """STATUS unasked: something has changed. It answers sequence 0, which no word has."""
        return self._status(0, words.DONE, status)

    def answer(self, sequence: int, result: int, status: "Status") -> bytes:
        """STATUS for one word; ``status`` is what stands in it between the answer and the boot."""
        if self._session is not None:
            self._session.answers = self._session.answers[1 - ANSWERS_KEPT :] + ((sequence, result),)
        return self._status(sequence, result, status)

    def _status(self, sequence: int, result: int, status: "Status") -> bytes:
        mode, entry, exit_, people, flags, faults, uptime_ms = status
        told = words.pack(
            words.STATUS_FORM, sequence, result, mode, entry, exit_, people, flags, faults, self.boot, uptime_ms,
            self._newest, self.forged & 0xFFFF,
        )  # fmt: skip
        return self._say(words.STATUS, told)

    def describe(self, sequence: int, number: int, names: tuple[str, ...], settings: dict[str, int]) -> bytes:
        name = names[number % len(names)]
        told = words.pack(words.CONFIG_ENTRY_FORM, sequence, number % len(names), len(names), settings[name])
        return self._say(words.ENTRY_OF_CONFIG, told + name.encode())

    def keep(self, event: tuple[int, int, int], uptime_ms: int) -> None:
        """An event to tell; when the Pi has been away too long the oldest is given up, and EVENT says so."""
        self._newest += 1
        self._events.append(Kept(self._newest, event, uptime_ms))
        if len(self._events) > EVENTS_KEPT:
            self._events.pop(0)

    def struck_off(self, newest: int) -> None:
        while self._events and self._events[0].number <= newest:
            self._events.pop(0)

    def tell(self, now_ms: int) -> bytes:
        """Frames of the events that were never sent, or sent a while ago and not acknowledged."""
        if not self.alive(now_ms):
            return b""  # nobody listens: they are kept
        sent = b""
        for kept in self._events:
            if kept.sent_ms is None or now_ms - kept.sent_ms >= RESEND_ms:
                kept.sent_ms = now_ms
                code, first, second = kept.event
                oldest = self._events[0].number
                told = words.pack(words.EVENT_FORM, kept.number, oldest, code, first, second, kept.uptime_ms)
                sent += self._say(words.EVENT, told)
        return sent

    def _say(self, word: int, payload: bytes) -> bytes:
        """Nothing, if the session has just ended."""
        return b"" if self._session is None else self._session.say(word, payload)

    def _refuse(self) -> None:
        self.forged += 1

    def _greet(self, body: bytes, session: int, sequence: int, replies: list[bytes]) -> None:
        """Offer a session. It counts only once it is used: a recorded HELLO must not end the living one."""
        signed, tag = body[: -auth.TAG_bytes], body[-auth.TAG_bytes :]
        said = words.unpack(words.HELLO_FORM, signed[words.HEAD_bytes :])
        if said is None or session or sequence or not auth.same(tag, auth.tag(self._key_pads, signed)):
            self._refuse()
            return
        version, host, lease_ms, host_nonce = said
        if version != words.VERSION:
            self._refuse()
            return
        board_nonce = self._draw_nonce()
        lease_ms = max(200, min(lease_ms, self._lease_ms))
        under = auth.session_pads(self._key_pads, host_nonce, board_nonce)
        self._candidate = Session(under, host, lease_ms)
        replies.append(
            self._candidate.say(
                words.WELCOME,
                words.pack(
                    words.WELCOME_FORM, words.VERSION, self.boot, self._board_id, lease_ms, self._newest, board_nonce
                ),
            )
        )

    def _hear(self, now_ms: int, body: bytes, word: int, session: int, sequence: int, asked: "list[Asked]") -> None:
        told = self._told(session)
        if told is None:
            return  # of a session that is over, as after our own restart: no attack, but nothing moves either
        signed, tag = body[: -auth.TAG_bytes], body[-auth.TAG_bytes :]
        if not auth.same(tag, auth.tag(told.pads, signed)):
            self._refuse()  # forged or altered
            return
        if told is self._candidate:
            self._begin(told, asked)
        if sequence <= told.heard:
            # A replay moves nothing, is no heartbeat and is counted; one that was answered is answered again.
            self._refuse()
            for known, result in told.answers:
                if known == sequence:
                    asked.append((AGAIN, sequence, (result,)))
            return
        told.heard = sequence
        told.heard_ms = now_ms
        if sequence == LAST_SEQUENCE:
            self._session = None  # the numbers are used up: a new session, with new nonces
            return
        asked.append((word, sequence, _values(word, signed[words.HEAD_bytes :])))

    def _told(self, session: int) -> "Session | None":
        for known in (self._session, self._candidate):
            if known is not None and known.id == session:
                return known
        return None

    def _begin(self, candidate: "Session", asked: "list[Asked]") -> None:
        """The candidate is used: the other end knows the key and is not a recording."""
        self._session, self._candidate = candidate, None
        for kept in self._events:
            kept.sent_ms = None
        if candidate.host != self._host:
            self._host = candidate.host
            asked.append((words.HELLO, 0, ()))


class Kept:
    """An event until it has arrived."""

    def __init__(self, number: int, event: tuple[int, int, int], uptime_ms: int) -> None:
        self.number = number
        self.event = event
        self.uptime_ms = uptime_ms
        self.sent_ms: int | None = None


class Session:
    def __init__(self, pads: tuple[bytes, bytes], host: int, lease_ms: int) -> None:
        self.pads = pads
        self.id = auth.session_id(pads)
        self.host = host
        self.lease_ms = lease_ms
        self.heard = 0
        self.heard_ms = 0
        self.said = 0
        self.answers: tuple[tuple[int, int], ...] = ()

    def say(self, word: int, payload: bytes) -> bytes:
        self.said += 1
        return write(self.pads, word, self.id, self.said, payload)


def write(pads: tuple[bytes, bytes], word: int, session: int, sequence: int, payload: bytes) -> bytes:
    """One frame, signed and wrapped; both ends use this."""
    signed = words.pack(words.HEAD, words.VERSION, word, session, sequence) + payload
    return frame.wrap(signed + auth.tag(pads, signed))


FORMS = {
    words.BEAT: words.BEAT_FORM,
    words.PERMIT: words.PERMIT_FORM,
    words.REVOKE: words.REVOKE_FORM,
    words.TIME: words.TIME_FORM,
    words.CONFIG: words.CONFIG_FORM,
}


def _values(word: int, payload: bytes) -> "Values | None":
    """The word's values; None if the payload does not fit the word, which is then answered UNKNOWN."""
    form = FORMS.get(word)
    if form is None:
        return () if not payload else None
    return words.unpack(form, payload)
