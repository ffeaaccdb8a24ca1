"""Was this asked just now? Whoever renews signs over a number that we made up within the last minute.

Nothing is remembered: the number is a time and our own seal over it, so no flood of questions fills the memory.
"""

import hashlib
import hmac
from typing import Final

GOOD_FOR_MS: Final = 60_000
TIME_BYTES: Final = 8
SEAL_BYTES: Final = 16


class Nonces:
    """``key`` is random, and new with each start of the listener. Times are this process's own monotonic ones."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, now_ms: int) -> bytes:
        time = now_ms.to_bytes(TIME_BYTES)
        return time + self._seal(time)

    def good(self, nonce: bytes, now_ms: int) -> bool:
        time, seal = nonce[:TIME_BYTES], nonce[TIME_BYTES:]
        return hmac.compare_digest(seal, self._seal(time)) and 0 <= now_ms - int.from_bytes(time) <= GOOD_FOR_MS

    def _seal(self, time: bytes) -> bytes:
        return hmac.digest(self._key, time, hashlib.sha256)[:SEAL_BYTES]
