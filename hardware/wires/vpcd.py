"""What do a reader and a chip that isn't there say to each other? vpcd's framing, for both ends.

Each message is a two-byte big-endian length and a body. A body of one byte is a control code; everything else from the
reader is a command APDU, which the chip answers with one response APDU. No APDU is one byte long.

>>> message(bytes.fromhex("0084000008")).hex()
'00050084000008'
"""

from dataclasses import dataclass, field

OFF, ON, RESET, ATR = b"\x00", b"\x01", b"\x02", b"\x04"  # only ATR is answered
LENGTH_BYTES = 2
MESSAGE_LIMIT_BYTES = 65535


def message(body: bytes) -> bytes:
    """Length and body as one piece, so that one ``sendall`` puts both into one packet."""
    if len(body) > MESSAGE_LIMIT_BYTES:
        raise ValueError(f"A message of {len(body)} bytes does not fit into vpcd's two-byte length.")
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


@dataclass(slots=True)
class Messages:
    """Cuts a stream into bodies, whatever pieces it comes in.

    >>> messages = Messages()
    >>> messages.feed(b"\\x00\\x01"), messages.feed(b"\\x04\\x00\\x02\\x90\\x00")
    ([], [b'\\x04', b'\\x90\\x00'])
    """

    _held: bytearray = field(default_factory=bytearray)

    def feed(self, piece: bytes) -> list[bytes]:
        self._held += piece
        bodies = []
        while (end := self._end()) is not None:
            bodies.append(bytes(self._held[LENGTH_BYTES:end]))
            del self._held[:end]
        return bodies

    def _end(self) -> int | None:
        if len(self._held) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + int.from_bytes(self._held[:LENGTH_BYTES], "big")
        return end if len(self._held) >= end else None
