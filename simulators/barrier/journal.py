"""What really happened at the doors, and what must never have? The world writes it, whatever the board thinks."""

import time
from collections import deque
from dataclasses import dataclass

from simulators.barrier.pins import Door

JOURNAL_LIMIT = 100_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal, at CLOCK_MONOTONIC seconds."""

    at_s: float
    what: str  # ordered-open, closed, left-closed, opened, bolted, unbolted, fire, contact, both-open, ...
    door: str = ""


class Journal:
    """``violations`` are sentences; a trouble that lasts is one of them."""

    def __init__(self) -> None:
        self.entries: deque[Entry] = deque(maxlen=JOURNAL_LIMIT)
        self.violations: list[str] = []
        self._trouble: set[str] = set()

    def write(self, what: str, door: Door | None = None) -> None:
        self.entries.append(Entry(time.monotonic(), what, str(door) if door is not None else ""))

    def violate(self, sentence: str) -> None:
        self.write("violation: " + sentence)
        self.violations.append(sentence)

    def trouble_if(self, name: str, true: bool, sentence: str) -> None:
        if true and name not in self._trouble:
            self.violate(sentence)
        (self._trouble.add if true else self._trouble.discard)(name)
