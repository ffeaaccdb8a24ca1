"""How often may somebody be wrong? A claim cannot be guessed, but guessing costs us work: each wrong one costs time."""

from collections import OrderedDict
from typing import Final

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 60.0
FREE_MISTAKES: Final = 3  # a person mistypes
ADDRESSES_MAX: Final = 1_024


class Patience:
    """Waits double with each mistake of an address, up to a minute. The clock is given."""

    def __init__(self) -> None:
        self._mistakes: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, address: str, now_s: float) -> float:
        """So long nothing from this address is looked at."""
        return max(0.0, self._mistakes.get(address, (0, 0.0))[1] - now_s)

    def wrong(self, address: str, now_s: float) -> None:
        count = self._mistakes.pop(address, (0, 0.0))[0] + 1
        exponent = min(count - FREE_MISTAKES, 16)
        wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0**exponent) if exponent >= 0 else 0.0
        self._mistakes[address] = (count, now_s + wait_s)
        while len(self._mistakes) > ADDRESSES_MAX:  # The oldest goes: a crowd of addresses must not fill the memory.
            self._mistakes.popitem(last=False)
