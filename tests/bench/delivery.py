"""How fast, how late, and at what cost does a region hear of its lanes? Verified, opened, stored with FULL sync.

A fleet of simulated devices (``simulators.fleet``) on a real mosquitto and a real gateway: what it sends was sealed
before the clock starts, so that the fleet's own work does not hide the gateway's.
"""

import asyncio
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any, Final  # figures

from simulators.fleet.run import Plan, run_fleet
from tests.bench.door import door_to_store_ms
from tests.bench.raw_mqtt import raw_rate

REPEATS: Final = 3
DEVICES: Final = 20
FLEETS: Final = {1: (20, 300), 10: (16, 2_000), 50: (8, 6_000)}  # events in a frame: devices, and events of each
FRAME_OF_ONE_BYTES: Final = 1_600
BACKLOG, BACKLOG_LONG = 100_000, 1_000_000
LIVE: Final = Plan(devices=DEVICES, rate=2.0, seconds=10.0)
MANY: Final = Plan(devices=2_000, rate=0.1, seconds=15.0)


def measure(*, long: bool = False) -> dict[str, Any]:
    return asyncio.run(_measure(BACKLOG_LONG if long else BACKLOG))


async def _measure(backlog: int) -> dict[str, Any]:
    rounds = [await _round(number) for number in range(1, REPEATS + 1)]
    raw = statistics.median(one["raw"] for one in rounds)
    live, many = await _fleet(LIVE), await _fleet(MANY)
    return {
        "raw_broker_msgs_per_s": round(raw),
        "raw_spread": _spread([one["raw"] for one in rounds]),
        "raw_broker_cpu_us_per_msg": round(statistics.median(one["raw_cpu_us"] for one in rounds), 1),
        "frames": {str(frames): _told(frames, rounds) for frames in FLEETS},
        "latency_ms": await door_to_store_ms(),
        "fleet_latency_ms": live["latency_ms"],
        "backlog": await _backlog(backlog),
        "devices": MANY.devices,
        "gateway_rss_mb": many["gateway_rss_mb"],
    }


async def _round(number: int) -> dict[str, Any]:
    """Everything that is compared, one after the other: what else the machine does then troubles all of it."""
    print(f"delivery: round {number} of {REPEATS}", file=sys.stderr, flush=True)
    raw = await raw_rate(FRAME_OF_ONE_BYTES)
    accounts = {
        frames: await _fleet(Plan(devices=devices, frames=frames, backlog=events))
        for frames, (devices, events) in FLEETS.items()
    }
    return {"raw": raw.messages_per_s, "raw_cpu_us": raw.broker_cpu_us, **accounts}


def _told(frames: int, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians; the ratio is taken within each round, where raw and sealed had the same machine."""
    rates = [one[frames]["events_per_s"] for one in rounds]
    ratios = [one[frames]["events_per_s"] / one["raw"] for one in rounds]
    cpu_us = [one[frames]["gateway_cpu_us_per_event"] for one in rounds]
    return {
        "events_per_s": round(statistics.median(rates)),
        "events_per_s_spread": _spread(rates),
        "ratio_to_raw": round(statistics.median(ratios), 2),
        "gateway_cpu_us_per_event": round(statistics.median(cpu_us), 1),
        "broker_cpu_us_per_event": statistics.median(one[frames]["broker_cpu_us_per_event"] for one in rounds),
        "resent": sum(one[frames]["resent"] for one in rounds),
    }


async def _backlog(events: int) -> dict[str, Any]:
    """Today's events while those of a cut come in: they have the right of way."""
    each = events // DEVICES
    seconds = max(10.0, events / 10_000)
    plan = Plan(DEVICES, 1.0, seconds, frames=50, live_frames=1, backlog=each, drain_limit_s=600.0)
    account = await _fleet(plan)
    return {
        "events": each * DEVICES,
        "live_ms": account["latency_ms"],
        "seconds": account["seconds"],
        "events_per_s": account["events_per_s"],
    }


async def _fleet(plan: Plan) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        account = await run_fleet(Path(name), plan)
    if account["lost"] or account["duplicated"]:
        raise RuntimeError(f"A fleet lost {account['lost']} events and stored {account['duplicated']} twice.")
    return account


def _spread(values: list[float]) -> str:
    return f"{min(values):.0f} to {max(values):.0f}"
