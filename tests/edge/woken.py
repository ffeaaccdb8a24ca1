"""A post that wakes with whatever its wall clock says: ``woken.py FOLDER PORT CA CERT KEY``. See test_tls.py.

It stamps one event, says how, and ends when the region has it, or when the line has been refused.
"""

import asyncio
import json
import os
import sys
import time
from pathlib import Path

from edge.outbox.clock import PostClock
from edge.outbox.outbox import Outbox
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink
from tests.edge.uplink_world import ALARM, GATEWAY_KEY, SEALER, until

LIMIT_S = 20.0


async def wake(folder: Path, port: int, ca: Path, cert: Path, key: Path) -> None:
    outbox = Outbox.open(folder / "outbox.db", SEALER)
    clock = PostClock(outbox.floor_ms, synced=lambda: False)
    stamp = clock.now()
    outbox.commit(*ALARM, stamp)
    gateways = {"gateway-1": GATEWAY_KEY.record()}
    settings = UplinkSettings("127.0.0.1", port, ca, cert, key, gateways, backoff_ceiling_s=0.5)
    uplink = Uplink(settings, outbox, lambda state: None, lambda channel, order: None, now=clock.now)
    running = asyncio.create_task(uplink.run())
    await until(lambda: outbox.waiting_count == 0, LIMIT_S)
    told = {"wall": time.time(), "time": stamp.time.isoformat(), "clock": stamp.clock.value}
    os.write(1, json.dumps(told).encode())
    running.cancel()
    await asyncio.wait({running})
    outbox.close()


if __name__ == "__main__":
    folder, port, *files = sys.argv[1:]
    asyncio.run(wake(Path(folder), int(port), *map(Path, files)))
