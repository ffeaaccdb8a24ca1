"""What time is it at a post without a battery clock? Wall time, time since the boot, and how far to believe it.

The wall clock never runs backwards, not even across a boot: the newest event on the disk is its floor. Nothing is
dropped because of a wrong clock; the quality travels with each event, and the region adds its own time (D04-D06).
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from edge.outbox.kernel_clock import is_kept
from edge.outbox.limits import CHANGES_MAX, EARLIEST_MS, OFF_MAX_MS, STEP_MAX_MS, STEP_TOLD_MS
from messages.events import Clock


@dataclass(frozen=True, slots=True)
class Stamp:
    """``time`` is UTC to the millisecond; ``mono_ms`` counts since this clock began."""

    time: datetime
    mono_ms: int
    clock: Clock


@dataclass(frozen=True, slots=True)
class Changed:
    """The system's clock was moved by ``offset_ms``, or is believed more or less (docs/contract.md, 13.3)."""

    cause: str  # synced, lost (less to be believed), regained (more, but not kept by anybody), stepped
    offset_ms: int
    clock: Clock


class PostClock:
    """``now()`` for everything that is recorded. Every source of time is an argument."""

    def __init__(
        self,
        floor_ms: int,
        *,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        mono_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        synced: Callable[[], bool] = is_kept,
    ) -> None:
        self._wall_ms, self._mono_ms, self._synced = wall_ms, mono_ms, synced
        self._began_ms = mono_ms()
        self._last_mono_ms = self._began_ms
        self._last_ms = max(floor_ms, EARLIEST_MS)
        self._last_wall_ms: int | None = None
        self._quality = Clock.UNKNOWN
        self._changes: deque[Changed] = deque(maxlen=CHANGES_MAX)
        self._lock = Lock()

    def now(self) -> Stamp:
        with self._lock:
            mono_ms, wall_ms, synced = self._mono_ms(), self._wall_ms(), self._synced()
            passed_ms = mono_ms - self._last_mono_ms
            shown_ms, quality = self._judged(wall_ms, passed_ms, synced)
            self._note(wall_ms, passed_ms, quality)
            self._last_ms, self._last_mono_ms, self._last_wall_ms, self._quality = shown_ms, mono_ms, wall_ms, quality
            return Stamp(datetime.fromtimestamp(shown_ms / 1000, UTC), mono_ms - self._began_ms, quality)

    def changes(self) -> list[Changed]:
        """What happened to the system's clock since this was asked last. At the start nothing has."""
        with self._lock:
            found = list(self._changes)
            self._changes.clear()
            return found

    def _judged(self, wall_ms: int, passed_ms: int, synced: bool) -> tuple[int, Clock]:
        """Forwards: any way after a boot (the device was off), and small steps; large ones only when the system says
        that it is kept. Backwards, never: a little ahead, this clock goes at half speed until it is caught up."""
        good = Clock.SYNCED if synced else Clock.HOLDOVER
        expected_ms = self._last_ms + passed_ms
        if wall_ms >= self._last_ms:
            most_ms = OFF_MAX_MS if self._last_wall_ms is None else STEP_MAX_MS
            believed = synced or wall_ms - expected_ms <= most_ms
            return (wall_ms, good) if believed else (expected_ms, Clock.UNKNOWN)
        behind_ms = expected_ms - wall_ms
        if self._last_wall_ms is not None and behind_ms <= STEP_MAX_MS:
            slowed_ms = max(wall_ms, self._last_ms + passed_ms // 2)
            return slowed_ms, good if behind_ms <= STEP_TOLD_MS else Clock.HOLDOVER
        return expected_ms, Clock.UNKNOWN

    def _note(self, wall_ms: int, passed_ms: int, quality: Clock) -> None:
        if self._last_wall_ms is None:
            return
        moved_ms = wall_ms - (self._last_wall_ms + passed_ms)
        offset_ms = moved_ms if abs(moved_ms) >= STEP_TOLD_MS else 0
        if quality is not self._quality:
            self._changes.append(Changed(_cause(self._quality, quality), offset_ms, quality))
        elif offset_ms:
            self._changes.append(Changed("stepped", offset_ms, quality))


def _cause(before: Clock, after: Clock) -> str:
    if after is Clock.SYNCED:
        return "synced"
    return "regained" if before is Clock.UNKNOWN else "lost"
