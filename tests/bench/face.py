"""How long does the face take? The start of its process, the search in a frame, and one comparison; on one thread."""

import asyncio
import statistics
import time
from collections.abc import Callable
from typing import Any

from edge.cage.decoding import decoded
from edge.face.client import FaceProcess, FaceSettings
from edge.face.sface import SFaceMatcher
from simulators.camera.camera import CameraSim
from simulators.people.citizens import SIMULATED_THRESHOLD, citizens, live, portrait
from tests.bench.spread import spread

STARTS = 3
ROUNDS = 30
READY_LIMIT_S = 30.0


def measure(starts: int = STARTS, rounds: int = ROUNDS) -> dict[str, Any]:
    ready = [asyncio.run(_start_once()) for _ in range(starts)]
    return {
        "start_s": round(statistics.median(start_s for start_s, _ in ready), 2),
        "rss_mb": round(statistics.median(rss_mb for _, rss_mb in ready), 1),
        **_compare(rounds),
    }


async def _start_once() -> tuple[float, float]:
    async with CameraSim() as camera:
        face = FaceProcess(FaceSettings(camera.url, SIMULATED_THRESHOLD), lambda lost: None)
        began_s = time.monotonic()
        await face.start()
        try:
            if not await face.wait_ready(READY_LIMIT_S) or face.ready is None:
                raise RuntimeError("The face process was not ready in time.")
            return time.monotonic() - began_s, face.ready.rss_mb
        finally:
            await face.stop()


def _compare(rounds: int) -> dict[str, Any]:
    matcher = SFaceMatcher()
    matcher.load()
    one = citizens()[0]
    picture, frame = decoded(portrait(one)), decoded(live(one, 1))
    found, seen = matcher.find(picture)[0], matcher.find(frame)[0]
    alike = matcher.against(picture, found)
    return {
        "decode_ms": _timed(lambda: decoded(live(one, 1)), rounds),
        "find_ms": _timed(lambda: matcher.find(frame), rounds),
        "compare_ms": _timed(lambda: alike(frame, seen), rounds),
    }


def _timed(work: Callable[[], object], rounds: int) -> dict[str, float]:
    took_ms = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        work()
        took_ms.append((time.perf_counter() - began_s) * 1000)
    return spread(took_ms)
