"""A barrier to test on: plant, controller process, tty and the Pi's client, put together and taken apart."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from hardware.drivers.barrier import BarrierClient
from hardware.drivers.barrier_events import BarrierEvent, EntryShut, Ready
from simulators.barrier.bodies import Person
from simulators.barrier.controller import Controller, Runner, default_runner
from simulators.barrier.plant import Plant

KEY = bytes(range(32))
PATIENCE_s = 20.0
RUNNERS: tuple[Runner, ...] = ("micropython", "cpython") if default_runner() == "micropython" else ("cpython",)


Kind = TypeVar("Kind", bound=BarrierEvent)


@dataclass
class BarrierLane:
    plant: Plant
    controller: Controller
    heard: list[BarrierEvent] = field(default_factory=list)
    taken: int = 0
    client: BarrierClient = field(init=False)

    def __post_init__(self) -> None:
        self.client = BarrierClient(str(self.controller.tty), KEY, self.heard.append)

    async def wait(self, kind: type[Kind], limit_s: float = PATIENCE_s) -> Kind:
        """The next event of this kind after the last one waited for."""
        found: list[Kind] = []

        def come() -> bool:
            while self.taken < len(self.heard) and not found:
                event = self.heard[self.taken]
                self.taken += 1
                if isinstance(event, kind):
                    found.append(event)
            return bool(found)

        await until(come, limit_s, lambda: f"{kind} after {self.heard[-8:]} in {self.client.status}")
        return found[0]

    async def let_in(self, passage: int) -> Person:
        """One person walks in, and the entry shuts behind."""
        person = self.plant.arrive(-0.8)
        self.client.permit_entry(passage, PATIENCE_s)
        assert await self.plant.walk(person, 1.0, patience_s=PATIENCE_s * self.plant.speed) == 1.0
        assert await self.wait(EntryShut) == EntryShut(people=1, occupied=True)
        return person


@asynccontextmanager
async def barrier_lane(
    folder: Path, *, speed: float = 10.0, runner: Runner | None = None, settings: dict[str, int] | None = None
) -> AsyncIterator[BarrierLane]:
    """Ready for the first traveller; at the end nothing is left, and the plant has seen no rule broken."""
    plant = Plant(speed)
    controller = Controller(folder, KEY, plant, runner=runner, settings=settings)
    lane = BarrierLane(plant, controller)
    await controller.start()
    running = asyncio.create_task(lane.client.run())
    try:
        await lane.wait(Ready)
        yield lane
        assert plant.violations == []
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await controller.stop()
        await plant.close()


async def until(
    true: Callable[[], bool], limit_s: float = PATIENCE_s, said: Callable[[], str] = lambda: "it did not happen in time"
) -> None:
    deadline_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < deadline_s, said()
        await asyncio.sleep(0.005)
