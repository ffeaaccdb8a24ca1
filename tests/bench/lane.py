"""How long does an honest traveller need at real time, on real wires, and how much of it is waiting for the machine?"""

import asyncio
import sqlite3
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from simulators.lane.post import Settings
from simulators.lane.run import run_lane
from tests.bench.spread import spread

TRAVELLERS = 10


def measure(travellers: int = TRAVELLERS) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        told = asyncio.run(run_lane(Settings(Path(name)), travellers, 1, "honest", _progress))
        latencies = to_store_ms(Path(name) / "gateway" / "store.sqlite")
    return {
        **{key: told[key] for key in ("travellers", "granted", "seconds", "machine_seconds", "throughput_per_hour")},
        "wrong_outcomes": len(told["wrong_outcomes"]),
        "event_to_store_ms": spread(latencies, 0),
        "peak_rss_mb": {process: usage["rss_mb"] for process, usage in told["processes"].items()},
    }


def _progress(number: int, of: int, passage: Any) -> None:
    print(f"lane: traveller {number} of {of} took {passage.seconds} s", file=sys.stderr, flush=True)


def to_store_ms(store: Path) -> list[float]:
    """From the moment the lane wrote an event down to the gateway's, both by this machine's clock."""
    with sqlite3.connect(store) as connection:
        rows = connection.execute("SELECT time, received_ms FROM events").fetchall()
    connection.close()
    return [received_ms - datetime.fromisoformat(time).timestamp() * 1000 for time, received_ms in rows]
