"""A region speaks to a device over the real wires: commands it, sends it a list, and asks again for what was lost."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.downlink.downward import Downward
from edge.gate.events import Event, OfficerHeld
from edge.gate.states import Ready
from edge.identity.identity import read_identity
from edge.log import Ring
from edge.outbox.clock import PostClock
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.records import Records
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink
from messages.facts import LaneAlarm, data_of
from simulators.lane import http
from tests.faults.region import Region

LIMIT_S = 40.0
DEVICE = "post-1"


@dataclass
class Lane:
    """The parts of a lane that the region sees, in this process; its devices are left out."""

    outbox: Outbox
    clock: PostClock
    downward: Downward
    told: list[Event] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def commit(self, count: int) -> None:
        for _ in range(count):
            self.outbox.commit(LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", None)), self.clock.now())

    async def holds(self, number: int) -> bool:
        return any(told["name"] == "documents" and told["number"] == number for told in self.downward.listing.status())

    async def drained(self) -> bool:
        return self.outbox.waiting_count == 0


@asynccontextmanager
async def lane_of(folder: Path, port: int) -> AsyncIterator[Lane]:
    identity = read_identity(folder / "identity")
    outbox = Outbox.open(folder / "outbox.db", Sealer(identity.topic, identity.device_key, identity.region))
    clock = PostClock(outbox.floor_ms)
    records = Records(outbox, "entry", 1, clock.now, lambda: datetime.now(UTC).date())
    told: list[Event] = []
    alarms: list[str] = []
    ring = Ring()
    downward = Downward(
        folder, identity, outbox, records, bytes(32), ring,
        now_ms=lambda: int(clock.now().time.timestamp() * 1000), state=Ready, tell=told.append,
        answer=lambda message: uplink.answer(message), alarm=alarms.append, renew=lambda: None,
        tell_now=lambda: uplink.tell_now(),
    )  # fmt: skip
    settings = UplinkSettings(
        "127.0.0.1", port, identity.ca, identity.cert, identity.key, identity.gateways,
        ack_timeout_s=1.0, backoff_ceiling_s=0.5, status_every_s=0.2,
    )  # fmt: skip
    uplink = Uplink(settings, outbox, lambda state: None, downward.take, on_alarm=alarms.append, status=downward.status)
    running = [asyncio.create_task(part()) for part in (uplink.run, downward.run)]
    try:
        yield Lane(outbox, clock, downward, told, alarms)
        assert not any(task.done() for task in running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        records.close()
        outbox.close()


async def do(*words: str) -> tuple[int | None, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "borderpost", *words, "--json", stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    return process.returncode, json.loads(said)


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not await condition():  # noqa: ASYNC110  # processes are asked
            await asyncio.sleep(0.02)


def listed(count: int) -> bytes:
    entries = [f"{number:016x}" for number in range(count)]
    table = {"format": "borderpost-list-1", "kind": "documents", "name": "lost", "version": str(count),
             "issued_at": "2026-11-24T00:00:00Z", "entries": entries}  # fmt: skip
    return json.dumps(table).encode()


def test_a_region_commands_publishes_and_asks_again(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path))


async def story(folder: Path) -> None:
    region = Region(folder / "region", posts=1)
    state = str(region.state)
    await region.start()
    try:
        async with lane_of(region.folder / DEVICE, region.broker.port) as lane:
            await commands(lane, state)
            await lists(lane, state, folder / "list.json")
            await yesterday(lane, region, folder / "tape")
    finally:
        await region.stop()


async def commands(lane: Lane, state: str) -> None:
    code, told = await do("device", "command", DEVICE, "hold", "--state", state, "--expires", "30")
    assert (code, told["result"]) == (0, "done")
    assert lane.told == [OfficerHeld()]
    assert lane.alarms == []


async def lists(lane: Lane, state: str, file: Path) -> None:
    """The first one whole and in several portions, the second one by delta."""
    for number, count in ((1, 30_000), (2, 30_001)):
        await asyncio.to_thread(file.write_bytes, listed(count))
        code, told = await do("gateway", "list", "publish", "documents", str(file), "--state", state)
        assert (code, told["number"]) == (0, number)
        await until(lambda number=number: lane.holds(number))  # type: ignore[misc]  # mypy knows no such default
        assert lane.downward.listing.path("documents").read_bytes() == listed(count)
    lane.downward.listing.path("documents").write_bytes(listed(1))  # somebody edits it: the whole comes again
    await asyncio.to_thread(lane.downward.listing.look)
    await until(lambda: lane.holds(2))
    assert lane.downward.listing.path("documents").read_bytes() == listed(30_001)
    assert lane.alarms == []


async def yesterday(lane: Lane, region: Region, tape: Path) -> None:
    """What came after the backup was acknowledged, and struck off; it is in the restored store all the same."""
    state = str(region.state)
    await until(lane.drained)
    assert (await do("gateway", "backup", str(tape), "--state", state))[0] == 0
    lane.commit(40)
    await until(lane.drained)
    code, told = await do("gateway", "restore", str(tape), "--state", state, "--force")
    assert (code, told["error"]["code"]) == (2, "in-use")
    await region.gateway.stop()
    assert (await do("gateway", "restore", str(tape), "--state", state, "--force"))[0] == 0
    await region.gateway.start()
    lane.commit(1)
    produced = lane.outbox.produced()

    async def all_there() -> bool:
        counts = await http.get(region.pages_port, "/api/v1/counts")
        return bool(counts["events"] == produced and counts["lost"] == 0)

    await until(all_there)
    await until(lane.drained)
    assert lane.alarms == []
