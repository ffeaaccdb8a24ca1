"""What does a gateway cost, and how fast is it? Told on ``/api/v1/metrics`` (docs/contract.md, 13.7)."""

import resource
import time
from collections import deque
from pathlib import Path
from typing import Final

COMMITS_KEPT: Final = 1_000
PAGE_BYTES: Final = resource.getpagesize()


class Meter:
    """Counts since the start; ``commit_ms`` of the newest batches, from bytes taken to rows on the disk."""

    def __init__(self) -> None:
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
            "cpu_s": round(time.process_time(), 3),
            "commit_ms": {"p50": _part_ms(took, 50), "p99": _part_ms(took, 99)},
            "rss_mb": round(_resident_bytes() / 1e6, 1),
        }


def _part_ms(took_s: list[float], percent: int) -> float | None:
    """Of what is sorted; None of nothing.

    >>> _part_ms([0.001, 0.002, 0.010], 50)
    2.0
    """
    return round(took_s[min(len(took_s) * percent // 100, len(took_s) - 1)] * 1000, 2) if took_s else None


def _resident_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
    except OSError:  # no Linux: the most it ever had
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
