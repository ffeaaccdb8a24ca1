"""A region for a fleet: a real mosquitto and a real gateway, run by the command line, with N devices enrolled."""

import asyncio
import contextlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from simulators.lane.folders import REGION, do, write_gateway_config
from simulators.lane.http import answers
from simulators.lane.processes import Child, Usage, command, whole
from simulators.network.broker import Broker, Certificates, free_port

POST: Final = "north-bridge"
PREFIX: Final = "lane-"
ENROL_LIMIT_S: Final = 120.0
CONNECTIONS_BESIDE: Final = 20
DOWN_S: Final = 0.5  # how long a supervisor needs
FAULTS: Final = ("gateway", "broker")


@dataclass(slots=True)
class Region:
    """``start`` makes what is missing in ``state``; ``stop`` ends everything and says no word when it is said twice."""

    state: Path
    devices: int
    broker_usage: Usage = field(default_factory=Usage)
    names: list[str] = field(init=False)
    broker: Broker = field(init=False)
    gateway: Child = field(init=False)
    pages_port: int = field(init=False)
    _close: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    @property
    def edges(self) -> Path:
        return self.state / "edges"

    async def start(self) -> None:
        """Raises CannotStart or BrokerFailed with a sentence; whatever had started is ended."""
        try:
            await asyncio.to_thread(self.state.mkdir, 0o700, True, True)
            await self._enrol()
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        await self._close.aclose()

    async def _enrol(self) -> None:
        folder = str(self.state / "gateway")
        await do("gateway", "init", "--state", folder, "--region", REGION)
        many = ("--many", str(self.devices), "--prefix", PREFIX, "--edges", str(self.edges))
        await do("device", "enrol", "--gateway", folder, "--post", POST, *many, limit_s=ENROL_LIMIT_S)
        self.names = [f"{PREFIX}{number}" for number in range(1, self.devices + 1)]

    async def _start(self) -> None:
        folder = self.state / "gateway"
        tls = Certificates.of_region(folder)
        most = self.devices + CONNECTIONS_BESIDE
        self.broker = Broker(self.state / "broker", tls, region=REGION, connections_limit=most)
        self._close.callback(self.broker.stop)
        await whole(self.broker.start)
        self.pages_port = free_port()
        write_gateway_config(folder / "gateway.toml", self.broker.port, self.pages_port)
        words = command("gateway", "run", "--state", str(folder))
        self.gateway = Child("gateway", words, self.state / "gateway.log", lambda: answers(self.pages_port))
        self.gateway.usage.with_children = True
        self._close.push_async_callback(self.gateway.stop)
        await self.gateway.start()

    def measure(self) -> None:
        self.gateway.measure()
        if self.broker.pid is not None:
            self.broker_usage.see(self.broker.pid)

    async def strike(self, victim: str) -> None:
        """kill -9, and its supervisor's answer."""
        self.measure()
        if victim == "gateway":
            self.gateway.kill()
            await self.gateway.wait_dead()
            await asyncio.sleep(DOWN_S)
            await self.gateway.start()
        else:
            await asyncio.to_thread(self.broker.kill)
            await asyncio.sleep(DOWN_S)
            await whole(self.broker.start)

    async def suffer(self, faults: list[str], within_s: float, chance: random.Random) -> None:
        """Each of ``faults`` once, one after another, at moments that nobody knows before."""
        for fault in faults:
            await asyncio.sleep(chance.uniform(0.0, within_s / len(faults)))
            await self.strike(fault)
