"""How long did each part of a reading take? What the chip was asked for, beside what we computed meanwhile."""

import time
from collections.abc import Iterable
from dataclasses import replace

from icao.checks import Check

# The check whose duration a phase is.
CHECKS = {"access": "access", "ca": "ca", "aa": "aa", "ta": "ta"}


class Phases:
    """``enter`` ends one phase and begins the next; a phase that comes again is added to."""

    def __init__(self) -> None:
        self._began_s = time.perf_counter()
        self._phase, self._since_s = "", self._began_s
        self._spent_ms: dict[str, float] = {}

    def enter(self, phase: str) -> None:
        now_s = time.perf_counter()
        if self._phase:
            spent_ms = (now_s - self._since_s) * 1000
            self._spent_ms[self._phase] = self._spent_ms.get(self._phase, 0.0) + spent_ms
        self._phase, self._since_s = phase, now_s

    def timings_ms(self) -> dict[str, float]:
        """By phase, and ``total``."""
        self.enter("")
        return {**self._spent_ms, "total": (time.perf_counter() - self._began_s) * 1000}


def timed(checks: Iterable[Check], timings_ms: dict[str, float]) -> tuple[Check, ...]:
    """A check whose phase was measured takes that; the others keep the time that they were made in."""
    return tuple(
        replace(check, duration_ms=timings_ms.get(CHECKS.get(check.id, ""), check.duration_ms)) for check in checks
    )
