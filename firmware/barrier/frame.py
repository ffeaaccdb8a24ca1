"""How bytes become frames: ``00 COBS(body CRC32) 00``. Whatever is not one is dropped and counted.

The zero before a frame cuts off noise that came since the last one, so only a frame that was hit itself is lost.
"""

import binascii
import struct

LIMIT_BODY_bytes = 120
LIMIT_ENCODED_bytes = 128  # body, checksum and COBS's one code byte for each 254
CRC_bytes = 4


class Decoder:
    """Feed it what the line gives; it hands out whole bodies and counts what was none."""

    def __init__(self) -> None:
        self.garbled = 0
        self._rest = b""
        self._skipping = False

    def feed(self, received: bytes) -> list[bytes]:
        """The bodies that are complete now, in order."""
        parts = received.split(b"\0")
        bodies: list[bytes] = []
        for part in parts[:-1]:
            self._add(part)
            body = self._finish()
            if body is not None:
                bodies.append(body)
        self._add(parts[-1])
        return bodies

    def _add(self, part: bytes) -> None:
        if self._skipping:
            return
        if len(self._rest) + len(part) > LIMIT_ENCODED_bytes:
            # An endless frame: forget it, and wait for the next zero. Nothing grows.
            self._skipping = True
            self._rest = b""
            return
        self._rest = self._rest + part

    def _finish(self) -> bytes | None:
        encoded, skipped = self._rest, self._skipping
        self._rest, self._skipping = b"", False
        if not encoded and not skipped:
            return None
        body = None if skipped else unwrap(encoded)
        if body is None:
            self.garbled += 1
        return body


def wrap(body: bytes) -> bytes:
    """One frame as it goes over the wire."""
    return b"\0" + cobs(body + struct.pack(">I", binascii.crc32(body) & 0xFFFFFFFF)) + b"\0"


def unwrap(encoded: bytes) -> bytes | None:
    """The body of what stood between two zeros, or None."""
    plain = uncobs(encoded)
    if plain is None or not CRC_bytes < len(plain) <= LIMIT_BODY_bytes + CRC_bytes:
        return None
    body = plain[:-CRC_bytes]
    if struct.unpack(">I", plain[-CRC_bytes:])[0] != binascii.crc32(body) & 0xFFFFFFFF:
        return None
    return body


def cobs(plain: bytes) -> bytes:
    """Consistent overhead byte stuffing, for fewer than 254 bytes at a stretch: no zero is left."""
    encoded = b""
    for stretch in plain.split(b"\0"):
        encoded += bytes((len(stretch) + 1,)) + stretch
    return encoded


def uncobs(encoded: bytes) -> bytes | None:
    """What ``cobs`` was given, or None if this is not its work."""
    plain = b""
    at = 0
    while at < len(encoded):
        code = encoded[at]
        stretch = encoded[at + 1 : at + code]
        if code == 0 or len(stretch) != code - 1:
            return None
        plain += stretch
        at += code
        if at < len(encoded):
            plain += b"\0"
    return plain
