"""Who is speaking: HMAC-SHA256, cut to 8 bytes, under a key that lives for one session.

The device key never crosses the wire. Both ends put a nonce in, so neither an old session nor a board of another lane
can be passed off as this one.
"""

import hashlib

KEY_bytes = 32
NONCE_bytes = 16
TAG_bytes = 8
BLOCK_bytes = 64


def hmac(pads: tuple[bytes, bytes], message: bytes) -> bytes:
    """The whole HMAC-SHA256 of a message, 32 bytes."""
    inner, outer = pads
    digest: bytes = hashlib.sha256(outer + hashlib.sha256(inner + message).digest()).digest()
    return digest


def pads(key: bytes) -> tuple[bytes, bytes]:
    """The two padded keys, made once for each session: half the work of every frame is done here."""
    if len(key) != KEY_bytes:
        raise ValueError("a device key has 32 bytes")
    block = key + bytes(BLOCK_bytes - KEY_bytes)
    return bytes([each ^ 0x36 for each in block]), bytes([each ^ 0x5C for each in block])


def tag(under: tuple[bytes, bytes], message: bytes) -> bytes:
    return hmac(under, message)[:TAG_bytes]


def session_pads(key_pads: tuple[bytes, bytes], host_nonce: bytes, board_nonce: bytes) -> tuple[bytes, bytes]:
    return pads(hmac(key_pads, b"borderpost barrier session 1" + host_nonce + board_nonce))


def session_id(under: tuple[bytes, bytes]) -> int:
    """The number by which frames say which session they belong to; it proves nothing, the tag does."""
    return int.from_bytes(hmac(under, b"session id")[:4], "big") or 1


def same(left: bytes, right: bytes) -> bool:
    """Compare in constant time, and twice: a glitch that skips one test must not open a door."""
    return _differences(left, right) == 0 and _differences(right, left) == 0


def _differences(left: bytes, right: bytes) -> int:
    if len(left) != TAG_bytes or len(right) != TAG_bytes:
        return 1
    difference = 0
    for at in range(TAG_bytes):
        difference |= left[at] ^ right[at]
    return difference
