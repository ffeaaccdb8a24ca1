"""How is a private key drawn? Evenly, from random bytes that the caller brings. (BSI TR-03111, 4.1.1)"""

from collections.abc import Callable
from typing import Final

RandomBytes = Callable[[int], bytes]

MAX_DRAWS: Final = 200  # each hits with at least one half


def random_number(limit: int, random_bytes: RandomBytes) -> int:
    """From 1 to ``limit`` - 1; what is too large is drawn again, since a remainder would favour the small ones."""
    size_bytes, mask = (limit.bit_length() + 7) // 8, (1 << limit.bit_length()) - 1
    for _ in range(MAX_DRAWS):
        drawn = int.from_bytes(random_bytes(size_bytes), "big") & mask
        if 0 < drawn < limit:
            return drawn
    raise AssertionError("chance is broken: it gives no number in range")
