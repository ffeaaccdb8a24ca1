"""What does a gateway cost, and how fast is it? Told on ``/api/v1/metrics`` (docs/contract.md, 13.7)."""

import os
import resource
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

COMMITS_KEPT: Final = 1_000
PAGE_BYTES: Final = resource.getpagesize()
TICKS: Final = os.sysconf("SC_CLK_TCK")


class Meter:
    """Counts since the start; ``commit_ms`` of the newest batches, from bytes taken to rows on the disk."""

    def __init__(self, others: Callable[[], Sequence[str]] = tuple) -> None:
        """``others``: ids of processes that work for this one now."""
        self._others = others
        self.frames = 0
        self.events = 0
        self._took_s: deque[float] = deque(maxlen=COMMITS_KEPT)

    def committed(self, frames: int, events: int, took_s: float) -> None:
        self.frames += frames
        self.events += events
        self._took_s.append(took_s)

    def told(self) -> dict[str, object]:
        took = sorted(self._took_s)
        return {
            "frames": self.frames,
            "events": self.events,
            "cpu_s": round(time.process_time() + self._others_cpu_s(), 3),
            "commit_ms": {"p50": _part_ms(took, 50), "p99": _part_ms(took, 99)},
            "rss_mb": round(sum(_resident_bytes(pid) for pid in ("self", *self._others())) / 1e6, 1),
        }

    def _others_cpu_s(self) -> float:
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime + sum(_cpu_s(pid) for pid in self._others())


def _part_ms(took_s: list[float], percent: int) -> float | None:
    """Of what is sorted; None of nothing.

    >>> _part_ms([0.001, 0.002, 0.010], 50)
    2.0
    """
    return round(took_s[min(len(took_s) * percent // 100, len(took_s) - 1)] * 1000, 2) if took_s else None


def _resident_bytes(pid: str) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:  # it ended just now
        return 0


def _cpu_s(pid: str) -> float:
    try:
        behind_its_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(behind_its_name[11]) + int(behind_its_name[12])) / TICKS
