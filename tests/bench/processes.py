"""How large is each process when nobody passes, and how long does it take to start? Medians of several starts."""

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from simulators.lane.post import Post, Settings
from simulators.lane.run import READY_LIMIT_S, Run, write_knowledge
from tests.bench.people import nobody

STARTS = 5
LOOK_AGAIN_S = 0.1
KEYS = ("rss_mb", "start_s", "cpu_s")  # cpu_s: its time on a core until the lane is ready, whoever else is at work
NAMES = ("edge", "face", "gateway", "broker", "controller", "chip")


def measure(starts: int = STARTS) -> dict[str, Any]:
    rounds = [asyncio.run(_start_once()) for _ in range(starts)]
    return {
        name: {key: round(statistics.median(one[name][key] for one in rounds), 2) for key in KEYS} for name in NAMES
    }


async def _start_once() -> dict[str, dict[str, float]]:
    """Of the post's parts the edge is told without its face process, which is a process of its own."""
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        post = Post(Settings(Path(name)))
        cast, parts = await asyncio.to_thread(nobody, Path(name))
        post.before_edge = lambda: write_knowledge(post, cast, parts)
        try:
            await post.start()
            if await post.display.until(lambda shown: shown["screen"] == "ready", READY_LIMIT_S) is None:
                raise RuntimeError("The lane was not ready in time.")
            face_start_s = await _face_start_s(Run(post))
            post.measure()
            usages = post.usages()
            usages["face"].start_s = face_start_s
            return {name: {key: getattr(usages[name], key) for key in KEYS} for name in NAMES}
        finally:
            await post.stop()


async def _face_start_s(run: Run) -> float:
    """The lane opens while the models still load; the face process tells how long that took."""
    async with asyncio.timeout(READY_LIMIT_S):
        while (started_s := (await run.lane_now())["face"]["started_s"]) is None:  # noqa: ASYNC110  # asked over HTTP
            await asyncio.sleep(LOOK_AGAIN_S)
    return float(started_s)
