"""What time is it at a post without a battery clock? Wall time, time since the boot, and how far to believe it.

The wall clock never runs backwards, not even across a boot: the newest event on the disk is its floor. Nothing is
dropped because of a wrong clock; the quality travels with each event, and the region adds its own time (D04-D06).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from edge.outbox.limits import EARLIEST_MS, STEP_MAX_MS
from messages.events import Clock

TIMESYNC_MARK = Path("/run/systemd/timesync/synchronized")  # systemd-timesyncd touches it at each synchronisation


@dataclass(frozen=True, slots=True)
class Stamp:
    """``time`` is UTC to the millisecond; ``mono_ms`` counts since this clock began."""

    time: datetime
    mono_ms: int
    clock: Clock


def system_is_synced() -> bool:
    return TIMESYNC_MARK.exists()


class PostClock:
    """``now()`` for everything that is recorded. Every source of time is an argument."""

    def __init__(
        self,
        floor_ms: int,
        *,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        mono_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        synced: Callable[[], bool] = system_is_synced,
    ) -> None:
        self._wall_ms, self._mono_ms, self._synced = wall_ms, mono_ms, synced
        self._began_ms = mono_ms()
        self._last_mono_ms = self._began_ms
        self._last_ms = max(floor_ms, EARLIEST_MS)
        self._was_read = False
        self._lock = Lock()

    def now(self) -> Stamp:
        with self._lock:
            mono_ms, wall_ms, synced = self._mono_ms(), self._wall_ms(), self._synced()
            expected_ms = self._last_ms + (mono_ms - self._last_mono_ms)
            believed = self._believes(wall_ms, expected_ms, synced)
            self._last_ms = wall_ms if believed else expected_ms
            self._last_mono_ms = mono_ms
            self._was_read = True
            quality = Clock.UNKNOWN if not believed else Clock.SYNCED if synced else Clock.HOLDOVER
            return Stamp(datetime.fromtimestamp(self._last_ms / 1000, UTC), mono_ms - self._began_ms, quality)

    def _believes(self, wall_ms: int, expected_ms: int, synced: bool) -> bool:
        """Backwards, never. Forwards: any way after a boot (the device was off), and small steps; large ones only when
        the system says that it was synchronised."""
        if wall_ms < self._last_ms:
            return False
        return synced or not self._was_read or wall_ms - expected_ms <= STEP_MAX_MS
