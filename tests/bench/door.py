"""How long from the door to the region's committed store? The edge's own outbox and uplink, one event at a time.

Measured from before the outbox writes the event until the uplink has struck it off: the gateway's commit lies before
its acknowledgement, so the figure is never too small.
"""

import asyncio
import random
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.identity.identity import read_identity
from edge.outbox.clock import PostClock
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink, UplinkState
from messages.facts import data_of
from simulators.fleet.account import percentiles
from simulators.fleet.region import Region
from simulators.fleet.story import story

EVENTS: Final = 200
PAUSE_S: Final = 0.05  # and as much again by chance: nobody crosses in step with a disk
LIMIT_S: Final = 30.0


@dataclass(slots=True)
class Watch:
    """Is the outbox empty again?"""

    connected: asyncio.Event
    empty: asyncio.Event

    def see(self, state: UplinkState) -> None:
        if state.connected:
            self.connected.set()
        if state.waiting == 0:
            self.empty.set()


async def door_to_store_ms(events: int = EVENTS) -> dict[str, int | None]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        region = Region(Path(name), 1)
        await region.start()
        try:
            return percentiles(await _measured(region, events))
        finally:
            await region.stop()


async def _measured(region: Region, events: int) -> Counter[int]:
    folder = region.edges / region.names[0]
    identity = read_identity(folder / "identity")
    outbox = Outbox.open(folder / "outbox.db", Sealer(identity.topic, identity.device_key, identity.region))
    watch = Watch(asyncio.Event(), asyncio.Event())
    settings = UplinkSettings(
        "127.0.0.1", region.broker.port, identity.ca, identity.cert, identity.key, identity.gateways
    )
    uplink = asyncio.ensure_future(Uplink(settings, outbox, watch.see, lambda channel, payload: None).run())
    try:
        async with asyncio.timeout(LIMIT_S + events):
            await watch.connected.wait()
            return await _pass(outbox, watch, events)
    finally:
        uplink.cancel()
        await asyncio.gather(uplink, return_exceptions=True)
        outbox.close()


async def _pass(outbox: Outbox, watch: Watch, events: int) -> Counter[int]:
    clock, chance = PostClock(outbox.floor_ms), random.Random(1)
    facts = story(1, "door", clock.now().time.date())
    took_ms: Counter[int] = Counter()
    for _ in range(events):
        fact = next(facts)
        watch.empty.clear()
        began_s = time.monotonic()
        await asyncio.to_thread(outbox.commit, fact.TYPE, data_of(fact), clock.now())
        await watch.empty.wait()
        took_ms[round((time.monotonic() - began_s) * 1000)] += 1
        await asyncio.sleep(PAUSE_S * (1 + chance.random()))
    return took_ms
