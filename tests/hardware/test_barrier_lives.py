"""The lane and the board each die and live again, in any order: what the board tells then is heard."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from hardware.drivers.barrier_events import ExitPassed, ExitShut, Lost, Ready
from simulators.barrier.controller import Controller
from simulators.barrier.plant import Plant
from tests.simulators.barrier_lane import KEY, BarrierLane, PATIENCE_s, until


@contextlib.asynccontextmanager
async def life_of_a_lane(plant: Plant, controller: Controller) -> AsyncIterator[BarrierLane]:
    """From one start of the edge to its death; the board goes on."""
    lane = BarrierLane(plant, controller)
    running = asyncio.create_task(lane.client.run())
    try:
        await lane.wait(Ready)
        yield lane
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def pass_through(lane: BarrierLane, passage: int) -> None:
    person = await lane.let_in(passage)
    lane.client.permit_exit(passage, PATIENCE_s)
    assert await lane.plant.walk(person, 3.2, patience_s=PATIENCE_s * lane.plant.speed) == 3.2
    await lane.wait(ExitPassed)
    await lane.wait(ExitShut)
    lane.plant.leave(person)


def test_a_board_that_starts_after_a_lane_that_started_is_heard_from_its_first_event(tmp_path: Path) -> None:
    """The new lane lets the past rest, by the numbers of its events; the new board counts from 1 again."""

    async def story() -> None:
        plant = Plant(10.0)
        controller = Controller(tmp_path, KEY, plant)
        await controller.start()
        try:
            async with life_of_a_lane(plant, controller) as first:
                await pass_through(first, 0)
            async with life_of_a_lane(plant, controller) as second:
                starts = controller.starts
                controller.kill()
                await second.wait(Lost)
                await until(lambda: controller.starts > starts)
                await second.wait(Ready)
                person = await second.let_in(1)  # she is counted, and the entry shuts behind her
                plant.leave(person)
        finally:
            await controller.stop()
            await plant.close()

    asyncio.run(story())
