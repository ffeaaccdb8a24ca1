"""What time is it at a post without a battery clock? Wall time, time since the boot, and how far to believe it.

The wall clock never runs backwards, not even across a boot: the newest event on the disk is its floor. Nothing is
dropped because of a wrong clock; the quality travels with each event, and the region adds its own time (D04-D06).
A floor that a wrong clock raised orders events and judges nothing: certificates, lists and documents are judged by the
time that somebody keeps right.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from edge.outbox.kernel_clock import is_kept
from edge.outbox.limits import CHANGES_MAX, EARLIEST_MS, NEW_MAX_MS, OFF_MAX_MS, STEP_MAX_MS, STEP_TOLD_MS
from messages.events import Clock


@dataclass(frozen=True, slots=True)
class Stamp:
    """``time`` is UTC to the millisecond, and orders; ``mono_ms`` counts since this clock began. ``kept`` is there when
    ``time`` is ahead of a clock that somebody keeps right: what that one shows."""

    time: datetime
    mono_ms: int
    clock: Clock
    kept: datetime | None = None

    @property
    def judging(self) -> datetime:
        """What time it is for whatever has a date: a certificate, a list, a document."""
        return self.time if self.kept is None else self.kept

    @property
    def certain(self) -> bool:
        """Somebody keeps ``judging`` right. A clock in holdover may be slow by all the time that it was off."""
        return self.clock is Clock.SYNCED or self.kept is not None

    @property
    def in_doubt(self) -> bool:
        """``judging`` is a floor that some clock left behind: it may be later, and if that clock was wrong, earlier."""
        return self.clock is Clock.UNKNOWN and self.kept is None


@dataclass(frozen=True, slots=True)
class Changed:
    """The system's clock was moved by ``offset_ms``, or is believed more or less. ``ahead``: the stamps of this boot
    are, and with ``offset_ms`` added they are right (docs/contract.md, 13.2)."""

    cause: str  # synced, lost (less to be believed), regained (more, but not kept by anybody), stepped, ahead
    offset_ms: int
    clock: Clock


class PostClock:
    """``now()`` for everything that is recorded. Every source of time is an argument; ``signed_ms`` is when the region
    signed this device's certificate: no true clock shows less, and a battery clock may be so far ahead of the floor."""

    def __init__(
        self,
        floor_ms: int,
        *,
        signed_ms: int = 0,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        mono_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        synced: Callable[[], bool] = is_kept,
    ) -> None:
        self._wall_ms, self._mono_ms, self._synced = wall_ms, mono_ms, synced
        self._began_ms = mono_ms()
        self._last_mono_ms = self._began_ms
        known_ms = max(floor_ms, signed_ms)
        self._last_ms = max(known_ms, EARLIEST_MS)
        self._kept_min_ms = max(signed_ms, EARLIEST_MS)  # D04: a time server that somebody set back is believed so far
        self._waking_max_ms = known_ms + OFF_MAX_MS if known_ms else EARLIEST_MS + NEW_MAX_MS
        self._last_wall_ms: int | None = None
        self._quality = Clock.UNKNOWN
        self._told_ahead_ms = 0
        self._changes: deque[Changed] = deque(maxlen=CHANGES_MAX)
        self._lock = Lock()

    def now(self) -> Stamp:
        with self._lock:
            mono_ms, wall_ms, synced = self._mono_ms(), self._wall_ms(), self._synced()
            passed_ms = mono_ms - self._last_mono_ms
            shown_ms, quality = self._judged(wall_ms, passed_ms, synced)
            self._note(wall_ms, passed_ms, quality)
            ahead_ms = max(0, shown_ms - wall_ms) if synced and wall_ms >= self._kept_min_ms else 0
            self._note_ahead(ahead_ms if quality is Clock.UNKNOWN else 0)
            self._last_ms, self._last_mono_ms, self._last_wall_ms, self._quality = shown_ms, mono_ms, wall_ms, quality
            kept = _moment(wall_ms) if ahead_ms else None
            return Stamp(_moment(shown_ms), mono_ms - self._began_ms, quality, kept)

    def signed(self, signed_ms: int) -> None:
        """There is a newer certificate. Without this, the longer a lane runs, the further back its time server might be
        set (D04)."""
        with self._lock:
            self._kept_min_ms, self._last_ms = max(self._kept_min_ms, signed_ms), max(self._last_ms, signed_ms)

    def changes(self) -> list[Changed]:
        """What happened to the system's clock since this was asked last. At the start nothing has."""
        with self._lock:
            found = list(self._changes)
            self._changes.clear()
            return found

    def _judged(self, wall_ms: int, passed_ms: int, synced: bool) -> tuple[int, Clock]:
        """Forwards: after a boot as far as the device can have been off, later small steps; large ones only when the
        system says that it is kept. Backwards, never: a little ahead, this clock goes at half speed until it is caught
        up."""
        good = Clock.SYNCED if synced else Clock.HOLDOVER
        expected_ms = self._last_ms + passed_ms
        if wall_ms >= self._last_ms:
            most_ms = self._waking_max_ms if self._last_wall_ms is None else self._last_ms + STEP_MAX_MS
            believed = synced or wall_ms <= most_ms + passed_ms
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

    def _note_ahead(self, ahead_ms: int) -> None:
        """Once for as long as it stays the same: so the region can date again what bears a time of the future."""
        if ahead_ms and abs(ahead_ms - self._told_ahead_ms) >= STEP_TOLD_MS:
            self._changes.append(Changed("ahead", -ahead_ms, Clock.UNKNOWN))
            self._told_ahead_ms = ahead_ms
        elif not ahead_ms:
            self._told_ahead_ms = 0


def _moment(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def _cause(before: Clock, after: Clock) -> str:
    if after is Clock.SYNCED:
        return "synced"
    return "regained" if before is Clock.UNKNOWN else "lost"
