"""A device's life over the real wires: invited, enrolled, renewed and given a new key while it runs, and revoked."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.identity.identity import Identity, read_identity
from edge.identity.renewal import Renewal
from edge.outbox.clock import PostClock
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink
from messages.facts import LaneAlarm, data_of
from simulators.lane import http
from tests.faults.region import Region, do

LIMIT_S = 30.0
DEVICE = ("--post", "harbour", "--device", "lane-1")


class Lane:
    """What of a lane has to do with its identity, tied together as edge/__main__.py does it."""

    def __init__(self, folder: Path, port: int) -> None:
        identity = read_identity(folder / "identity")
        self.outbox = Outbox.open(folder / "outbox.db", Sealer(identity.topic, identity.device_key, identity.region))
        self.clock, self.swaps, self.alarms = PostClock(self.outbox.floor_ms), 0, list[str]()
        self.settings = UplinkSettings(
            "127.0.0.1", port, identity.ca, identity.cert, identity.key, identity.gateways,
            ack_timeout_s=1.0, backoff_ceiling_s=0.5, status_every_s=0.2,
        )  # fmt: skip
        self.uplink = Uplink(
            self.settings, self.outbox, lambda state: None, lambda channel, message: None, on_alarm=self.alarms.append
        )
        self.renewal = Renewal(
            folder / "identity", self.clock.now, self._renewed, self.alarms.append, look_every_s=0.1, spread_s=0.0
        )

    def _renewed(self, identity: Identity) -> None:
        self.outbox.seal_with(Sealer(identity.topic, identity.device_key, identity.region))
        self.settings = replace(
            self.settings, ca=identity.ca, cert=identity.cert, key=identity.key, gateways=identity.gateways
        )
        self.uplink.renew(self.settings)
        self.swaps += 1

    def commit(self, count: int) -> None:
        for _ in range(count):
            self.outbox.commit(LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", None)), self.clock.now())


async def until(holds: Any) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110  # threads and processes make it true
            await asyncio.sleep(0.02)


def test_a_device_is_invited_renewed_given_a_new_key_and_revoked_while_it_runs(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path))


async def story(tmp_path: Path) -> None:
    region, edge = Region(tmp_path / "region", posts=0), tmp_path / "edge"
    async with AsyncExitStack() as close:
        await region.start()
        close.push_async_callback(region.stop)
        broker = region.broker
        state, at = ("--state", str(region.state)), ("--at", f"127.0.0.1:{region.enrolment_port}")
        claim = json.loads(await do("device", "claim", *state, *DEVICE, "--json"))["claim"]
        await do("device", "enrol", *at, "--claim", claim, "--edge", str(edge), *DEVICE)
        lane = Lane(edge, broker.port)
        close.callback(lane.outbox.close)
        running = [asyncio.create_task(part()) for part in (lane.uplink.run, lane.renewal.run)]
        close.push_async_callback(ended, running)

        lane.commit(3)
        await until(lambda: lane.outbox.waiting_count == 0)
        lane.renewal.ask()  # as the command ``renew`` does
        await until(lambda: lane.swaps == 1)
        await do("device", "renew", *at, "--edge", str(edge), "--new-key")  # a technician, beside the running lane
        await until(lambda: lane.swaps == 2)
        assert lane.outbox.sealer.device_key.kid == "lane-1.2"
        lane.commit(3)
        await until(lambda: lane.outbox.waiting_count == 0)

        await do("device", "revoke", "lane-1", *state)
        await asyncio.to_thread(broker.read_again)
        lane.commit(2)
        await asyncio.sleep(1.0)  # several attempts
        assert lane.outbox.waiting_count == 2  # nothing acknowledges a device that is no more
        assert (await http.get(region.pages_port, "/api/v1/counts"))["events"] == 6
        assert lane.alarms == []


async def ended(tasks: list["asyncio.Task[None]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
