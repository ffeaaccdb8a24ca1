"""One run of a fleet: enrol, seal what lies in store, connect, let go, wait until all is struck off, give account."""

import asyncio
import random
import resource
import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final  # the account is JSON

from simulators.fleet.account import Books, newest_row, percentiles, read_store, received_latency_ms
from simulators.fleet.crew import Orders
from simulators.fleet.crew_process import CrewProcess
from simulators.fleet.region import Region
from simulators.lane import http
from simulators.lane.processes import Usage

CREWS_MOST: Final = 2  # gateway and broker want a core too
DEVICES_EACH: Final = 4  # fewer are not worth a second process
PREPARE_LIMIT_S: Final = 900.0  # a million events are sealed before they are sent
MEASURE_EVERY_S: Final = 0.25
FILES_BESIDE: Final = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """``rate``: events a second and device, for ``seconds``; ``backlog``: events that each device has in store;
    ``frames`` and ``live_frames``: how many of the one and of the other make a frame (0: as many as of the backlog)."""

    devices: int
    rate: float = 0.0
    seconds: float = 0.0
    frames: int = 1
    live_frames: int = 0
    backlog: int = 0
    seed: int = 1
    doubled_share: float = 0.05
    faults: tuple[str, ...] = ()
    forgotten: int = 0
    drain_limit_s: float = 60.0


Tell = Callable[[dict[str, int]], None]  # how it stands, now and then


async def run_fleet(state: Path, plan: Plan, tell: Tell = lambda standing: None) -> dict[str, Any]:
    """The account (docs/contract.md, 13.8). Raises CannotStart or BrokerFailed with a sentence."""
    _allow_files(plan.devices)
    region = Region(state, plan.devices)
    await region.start()
    try:
        async with AsyncExitStack() as close:
            before = await _before(region)
            crews = await _muster(region, plan, close)
            window = await _measure(region, crews, plan, tell)
            books = Books()
            for crew in crews:
                books.add(await crew.end())
        return await _account(region, plan, books, before, window, [crew.standing for crew in crews])
    finally:
        await region.stop()


def _allow_files(devices: int) -> None:
    """Each connection is a file, of the broker and of a crew: they inherit what we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = devices + FILES_BESIDE
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


@dataclass(frozen=True, slots=True)
class Before:
    row: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Window:
    """From the word ``go`` until everything was struck off."""

    seconds: float
    gateway_cpu_s: float
    broker_cpu_s: float
    rss_mb: float


async def _muster(region: Region, plan: Plan, close: AsyncExitStack) -> list[CrewProcess]:
    """Started, everything sealed, every device connected."""
    count = min(CREWS_MOST, -(-plan.devices // DEVICES_EACH))
    run = secrets.token_hex(8)
    crews = [_crew(region, plan, run, place, count) for place in range(count)]
    for crew in crews:
        await crew.start()
        close.push_async_callback(crew.stop)
    async with asyncio.timeout(PREPARE_LIMIT_S):
        for word, mark in (("", "sealed"), ("connect", "connected")):
            for crew in crews if word else ():
                await crew.say(word)
            for crew in crews:
                await crew.until(mark)
    return crews


def _crew(region: Region, plan: Plan, run: str, place: int, count: int) -> CrewProcess:
    name = f"crew-{place + 1}"
    orders = Orders(
        port=region.broker.port,
        edges=str(region.edges),
        devices=region.names[place::count],
        books=str(region.state / f"{name}.json"),
        run=run,
        rate=plan.rate,
        seconds=plan.seconds,
        frames=plan.frames,
        live_frames=plan.live_frames or plan.frames,
        backlog=plan.backlog,
        seed=plan.seed,
        doubled_share=plan.doubled_share,
        forgotten=0 if place else plan.forgotten,
    )
    return CrewProcess(orders, region.state / f"{name}.log")


async def _before(region: Region) -> Before:
    counts = await http.get(region.pages_port, "/api/v1/counts")
    return Before(await newest_row(region.pages_port) if counts["events"] else 0, counts)


async def _measure(region: Region, crews: list[CrewProcess], plan: Plan, tell: Tell) -> Window:
    clock = asyncio.get_running_loop().time
    region.measure()
    gateway_s, broker_s = region.gateway.usage.cpu_s, region.broker_usage.cpu_s
    began_s = clock()
    for crew in crews:
        await crew.say("go")
    watching = asyncio.ensure_future(_watch(region, crews, tell))
    suffering = asyncio.ensure_future(region.suffer(list(plan.faults), plan.seconds, random.Random(plan.seed)))
    try:
        async with asyncio.timeout(plan.seconds + plan.drain_limit_s):
            await asyncio.gather(suffering, *(crew.until("done") for crew in crews))
    except TimeoutError:
        pass  # what has not been struck off by now is told in the account
    finally:
        for task in (watching, suffering):
            task.cancel()
        await asyncio.gather(watching, suffering, return_exceptions=True)
    seconds = clock() - began_s
    region.measure()
    gateway: Usage = region.gateway.usage
    return Window(seconds, gateway.cpu_s - gateway_s, region.broker_usage.cpu_s - broker_s, gateway.rss_mb)


async def _watch(region: Region, crews: list[CrewProcess], tell: Tell) -> None:
    while True:
        await asyncio.sleep(MEASURE_EVERY_S)
        region.measure()
        tell({name: sum(crew.standing.get(name, 0) for crew in crews) for name in ("made", "acknowledged")})


async def _account(
    region: Region, plan: Plan, books: Books, before: Before, window: Window, crews: list[dict[str, Any]]
) -> dict[str, Any]:
    counts = await http.get(region.pages_port, "/api/v1/counts")
    stored = await read_store(region.pages_port, before.row, books)
    told: Counter[str] = Counter()
    for standing in crews:
        told.update({name: standing[name] for name in ("doubled", "resent", "waiting_frames", "refused_acks")})
    per_event_us = 1e6 / max(stored.unique, 1)
    return {
        "devices": plan.devices,
        "produced": books.produced,
        "stored_unique": stored.unique,
        "duplicates_offered": told["doubled"],
        "declared_drops": 0,
        "lost": max(0, books.produced - stored.unique),
        "duplicated": stored.doubled + stored.foreign,
        "quarantined": counts["quarantined"] - before.counts["quarantined"],
        "resent": told["resent"],
        "unacknowledged_frames": told["waiting_frames"],
        "refused_acks": told["refused_acks"],
        "seconds": round(window.seconds, 2),
        "behind_s": max(standing["behind_s"] for standing in crews),
        "events_per_s": round(stored.unique / window.seconds),
        "gateway_cpu_us_per_event": round(window.gateway_cpu_s * per_event_us, 1),
        "broker_cpu_us_per_event": round(window.broker_cpu_s * per_event_us, 1),
        "gateway_rss_mb": window.rss_mb,
        "latency_ms": percentiles(books.acknowledged_ms),
        "received_ms": percentiles(received_latency_ms(books, stored)),
    }
