"""How is the device? A few numbers a minute, none of them of a person, and each change of its clock at once."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final

from edge.outbox.clock import PostClock, Stamp
from edge.records import Records
from messages.events import Clock

LOOK_EVERY_S: Final = 1.0
MEASURE_EVERY_S: Final = 60.0
THERMOMETER: Final = Path("/sys/class/thermal/thermal_zone0/temp")  # thousandths of a degree, of the processor
MEMORY: Final = Path("/proc/self/statm")  # in pages; the second number is what is resident
MEGABYTE: Final = 1_000_000


class Telemetry:
    """``run`` until cancelled. ``waiting`` is asked for the events that the region does not have yet."""

    def __init__(self, records: Records, clock: PostClock, folder: Path, waiting: Callable[[], int]) -> None:
        self._records, self._clock = records, clock
        self._folder, self._waiting = folder, waiting
        self._was_unknown = False

    async def run(self) -> None:
        due_s = monotonic() + MEASURE_EVERY_S
        while True:
            self._look_at_clock(self._clock.now())
            if monotonic() >= due_s:
                due_s += MEASURE_EVERY_S
                measured = await asyncio.to_thread(readings, self._folder)
                self._records.measured({**measured, "waiting": self._waiting()})
            await asyncio.sleep(LOOK_EVERY_S)

    def _look_at_clock(self, now: Stamp) -> None:
        for change in self._clock.changes():
            self._records.clock(change)
        unknown = now.clock is Clock.UNKNOWN
        if unknown and not self._was_unknown:
            self._records.alarm("clock-unknown", None)
        self._was_unknown = unknown


def readings(folder: Path, thermometer: Path = THERMOMETER, memory: Path = MEMORY) -> Mapping[str, float]:
    """What a device does not have is left out."""
    found: dict[str, float] = {}
    with suppress(OSError, ValueError):
        found["processor-c"] = int(thermometer.read_text()) / 1000
    with suppress(OSError, ValueError, IndexError):
        found["rss-mb"] = round(int(memory.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE, 1)
    with suppress(OSError):
        disk = os.statvfs(folder)
        found["disk-free-mb"] = round(disk.f_bavail * disk.f_frsize / MEGABYTE, 1)
    with suppress(OSError):
        found["load"] = round(os.getloadavg()[0], 2)
    return found
