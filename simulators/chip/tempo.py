"""How long does a chip take to answer? By default no time at all; a real one thinks, and its bytes cross the air.

A contactless passport needs about 15 ms an APDU, and 1 ms for each 53 bytes of command and answer at 424 kbit/s.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from simulators.chip.card import Chip

REAL_APDU_MS: Final = 15.0
REAL_BYTES_PER_MS: Final = 53.0


@dataclass(frozen=True, slots=True)
class Tempo:
    """``bytes_per_ms`` of 0: bytes cost nothing.

    >>> Tempo(15, 53).seconds(530), Tempo().seconds(530)
    (0.025, 0.0)
    """

    apdu_ms: float = 0.0
    bytes_per_ms: float = 0.0

    def seconds(self, count_bytes: int) -> float:
        return (self.apdu_ms + (count_bytes / self.bytes_per_ms if self.bytes_per_ms else 0.0)) / 1000

    def faster(self, times: float) -> "Tempo":
        """
        >>> Tempo(15, 53).faster(10)
        Tempo(apdu_ms=1.5, bytes_per_ms=530)
        """
        return Tempo(self.apdu_ms / times, self.bytes_per_ms * times)

    def words(self) -> list[str]:
        """The options of ``python -m simulators.chip``."""
        return ["--apdu-ms", str(self.apdu_ms), "--bytes-per-ms", str(self.bytes_per_ms)]


class TimedChip:
    """The chip within, at its own tempo. What it does not answer it does not send: silence and lifting come at once."""

    def __init__(self, chip: Chip, tempo: Tempo, sleep: Callable[[float], None] = time.sleep) -> None:
        self._chip, self._tempo, self._sleep = chip, tempo, sleep

    def answer(self, command: bytes) -> bytes:
        response = self._chip.answer(command)
        if response:
            self._sleep(self._tempo.seconds(len(command) + len(response)))
        return response

    def reset(self) -> None:
        self._chip.reset()


REAL: Final = Tempo(REAL_APDU_MS, REAL_BYTES_PER_MS)
