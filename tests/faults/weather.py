"""How bad can it get? Each kind of weather lasts a moment and leaves the link, or the process, as it was."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable

from tests.faults.region import Link, Region

Blow = Callable[[Link, random.Random], Awaitable[int]]  # how often it cut the link

MESSAGES = ("drop", "double", "swap", "alter", "replay", "foreign")
FLAPS = 4


async def cut(link: Link, chance: random.Random) -> int:
    await link.wire.cut()
    await asyncio.sleep(chance.uniform(0.05, 1.0))
    await link.wire.heal()
    return 1


async def flap(link: Link, chance: random.Random) -> int:
    for _ in range(FLAPS):
        await link.wire.cut()
        await asyncio.sleep(chance.uniform(0.01, 0.1))
        await link.wire.heal()
        await asyncio.sleep(chance.uniform(0.05, 0.3))
    return FLAPS


async def slow(link: Link, chance: random.Random) -> int:
    link.wire.faults.latency_s = chance.uniform(0.02, 0.3)
    await asyncio.sleep(chance.uniform(0.5, 2.0))
    await link.wire.heal()
    return 0


async def narrow(link: Link, chance: random.Random) -> int:
    link.wire.faults.rate_bytes_s = chance.uniform(4_000, 40_000)
    link.wire.faults.slice_bytes = 500
    await asyncio.sleep(chance.uniform(0.5, 2.0))
    await link.wire.heal()
    return 0


async def sliced(link: Link, chance: random.Random) -> int:
    link.wire.faults.slice_bytes = chance.randint(1, 40)
    await asyncio.sleep(chance.uniform(0.5, 1.5))
    await link.wire.heal()
    return 0


async def lying(link: Link, chance: random.Random) -> int:
    """Bits turn; TLS notices and hangs up."""
    link.wire.faults.flip = 0.2
    await asyncio.sleep(chance.uniform(0.2, 1.0))
    await link.wire.heal()
    return 0


async def hole(link: Link, chance: random.Random) -> int:
    """Silence both ways, or half-open: one side goes on talking to nobody."""
    setattr(link.wire.faults, chance.choice(("hole", "up_hole", "down_hole")), True)
    await asyncio.sleep(chance.uniform(0.2, 2.0))
    await link.wire.heal()
    return 0


def messages(name: str) -> Blow:
    async def meddle(link: Link, chance: random.Random) -> int:
        if link.interloper is not None:
            setattr(link.interloper.mischief, name, chance.uniform(0.1, 0.5))
            await asyncio.sleep(chance.uniform(0.5, 2.0))
            setattr(link.interloper.mischief, name, 0.0)
        return 0

    return meddle


WEATHER: dict[str, Blow] = {
    "cut": cut,
    "flap": flap,
    "slow": slow,
    "narrow": narrow,
    "sliced": sliced,
    "lying": lying,
    "hole": hole,
    **{name: messages(name) for name in MESSAGES},
}


async def freeze(region: Region, chance: random.Random) -> None:
    """A process stands still, as on a machine that swaps: its connections stay up, and nobody answers."""
    pids = [region.broker.pid, region.gateway.pid, *(post.pid for post in region.posts.values())]
    there = [pid for pid in pids if pid is not None]
    if not there:
        return
    pid = chance.choice(there)
    with contextlib.suppress(ProcessLookupError):  # Somebody may kill it meanwhile.
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(0.2, 2.0))
        os.kill(pid, signal.SIGCONT)


async def set_clock(region: Region, chance: random.Random) -> None:
    """The wall clock of one post jumps by hours, or to 1970, and after a while it is right again."""
    clock = region.clocks[chance.choice(sorted(region.clocks))]
    clock.shift(chance.choice((-time.time() + 60, chance.uniform(-5, 5) * 3_600)))
    await asyncio.sleep(chance.uniform(0.2, 2.0))
    clock.shift(0)


PROCESSES: dict[str, Callable[[Region, random.Random], Awaitable[None]]] = {"frozen": freeze, "clock": set_clock}


async def trouble(region: Region, kinds: list[str], chance: random.Random, ending: asyncio.Event) -> None:
    """What befalls processes, one thing after the other, each to its end."""
    acts = [act for name, act in PROCESSES.items() if name in kinds]
    while acts and not ending.is_set():
        await asyncio.sleep(chance.uniform(0.2, 1.0))
        await chance.choice(acts)(region, chance)


async def blow(link: Link, kinds: list[str], chance: random.Random, count: Callable[[int], None]) -> None:
    """For ever, one kind after the other with calm between; heals when it is cancelled."""
    try:
        while True:
            await asyncio.sleep(chance.uniform(0.0, 0.8))
            if kinds:
                count(await WEATHER[chance.choice(kinds)](link, chance))
    finally:
        await link.heal()
