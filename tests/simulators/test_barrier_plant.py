"""The real firmware in a process of its own, under both Pythons, with people walking: what really happened?"""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from hardware.drivers.barrier_events import (
    Door,
    EntryShut,
    EvacuationBegan,
    EvacuationEnded,
    ExitPassed,
    ExitShut,
    Fault,
    Forced,
    Lost,
    Mode,
    Obstructed,
    PeopleCounted,
    Ready,
    Tailgating,
)
from simulators.barrier import pins
from simulators.barrier.bodies import ENTRY_m, EXIT_m
from simulators.barrier.controller import Runner
from simulators.barrier.pins import Sensor
from tests.simulators.barrier_lane import RUNNERS, BarrierLane, PATIENCE_s, barrier_lane, until

LEASE_s = 0.5  # to the millisecond: tests/firmware, by a clock that nobody holds up
SLACK_s = 1.5  # for a machine that does other work meanwhile
both_runners = pytest.mark.parametrize("runner", RUNNERS)


@both_runners
def test_travellers_pass_one_by_one(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            for passage in range(3):
                person = await lane.let_in(passage)
                lane.client.permit_exit(passage, PATIENCE_s)
                assert await lane.plant.walk(person, 3.2, patience_s=200) == 3.2
                await lane.wait(ExitPassed)
                assert await lane.wait(ExitShut) == ExitShut(people=0, occupied=False)
                lane.plant.leave(person)
            ordered = [entry.door for entry in lane.plant.journal if entry.what == "ordered-open"]
            assert ordered == ["entry", "exit"] * 3

    asyncio.run(story())


@both_runners
def test_h1_no_door_closes_onto_a_person(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            person = lane.plant.arrive(-0.8)
            for passage in range(20):  # on a busy machine it may be over before she comes to the door
                lane.client.permit_entry(passage, 0.3)
                if await lane.plant.walk(person, -0.05, patience_s=5) == -0.05:
                    break
            await asyncio.sleep(0.6)  # her permission is long over, and she stands in the doorway
            assert lane.plant.entry.opened()
            await lane.plant.walk(person, 0.3)
            await until(lane.plant.entry.closed)
            assert lane.plant.violations == []

    asyncio.run(story())


@both_runners
def test_h5_when_the_pi_falls_silent_the_lane_is_safe_within_its_lease(tmp_path: Path, runner: Runner) -> None:
    """The cable is pulled while the exit stands open: it shuts, and the button opens the way back."""

    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            person = await lane.let_in(0)
            lane.client.permit_exit(0, PATIENCE_s)
            await until(lane.plant.exit.opened)
            lane.controller.unplug()
            pulled_s = time.monotonic()
            await until(lambda: lane.plant.outputs.closes(pins.Door.EXIT))
            assert time.monotonic() - pulled_s <= LEASE_s + SLACK_s + pins.LOOK_LIMIT_s
            await lane.wait(Lost)
            await until(lambda: lane.plant.outputs.locked(pins.Door.EXIT))
            lane.plant.press_egress()
            assert await lane.plant.walk(person, -0.8, patience_s=200) == -0.8
            await until(lane.plant.entry.closed)
            lane.controller.plug()
            assert await lane.wait(Ready) == Ready(people=0, occupied=False)

    asyncio.run(story())


@both_runners
def test_h6_a_program_that_hangs_is_reset_and_the_lane_comes_back(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            person = await lane.let_in(0)
            lane.controller.freeze()
            await lane.wait(Lost)
            assert await lane.wait(Ready) == Ready(people=0, occupied=True)
            assert lane.controller.starts == 2
            lane.plant.press_egress()
            assert await lane.plant.walk(person, -0.8, patience_s=200) == -0.8

    asyncio.run(story())


@both_runners
def test_h12_kill_9_with_a_door_open_leaves_no_two_doors_open_and_nobody_held(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            person = await lane.let_in(0)
            lane.client.permit_exit(0, PATIENCE_s)
            await until(lane.plant.exit.opened)
            lane.controller.kill(restart_s=0.3)
            await until(lambda: not lane.plant.outputs.opens(pins.Door.EXIT))
            assert not await lane.plant.push_entry(person)  # the exit is not closed, so the entry does not give way
            await lane.wait(Lost)
            await lane.wait(Ready)
            assert lane.plant.exit.closed()
            assert lane.client.status.people == 0  # nobody counted by this life of the board
            assert lane.client.status.occupied
            lane.client.permit_exit(1, PATIENCE_s)
            assert await lane.wait(Fault) == Fault("permission-refused")
            lane.plant.press_egress()
            assert await lane.plant.walk(person, -0.8, patience_s=200) == -0.8

    asyncio.run(story())


def test_with_the_board_dead_the_entry_can_be_pushed_open_from_inside(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            person = await lane.let_in(0)
            assert not await lane.plant.push_entry(person)  # bolted, as long as the board lives
            lane.controller.kill(restart_s=30)
            await until(lambda: not lane.plant.outputs.locked(pins.Door.ENTRY))
            assert await lane.plant.push_entry(person)
            assert await lane.plant.walk(person, -0.8) == -0.8

    asyncio.run(story())


@both_runners
def test_h3_fire_opens_both_doors_until_it_is_reset(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            person = await lane.let_in(0)
            lane.plant.fire(True)
            await lane.wait(EvacuationBegan)
            await until(lambda: lane.plant.entry.opened() and lane.plant.exit.opened())
            lane.client.reset_evacuation()  # while it burns: refused
            assert await lane.plant.walk(person, 3.2) == 3.2
            assert lane.client.status.evacuating
            lane.plant.fire(False)
            lane.client.reset_evacuation()
            await lane.wait(EvacuationEnded)
            assert await lane.wait(Ready) == Ready(people=0, occupied=False)
            assert not lane.plant.evacuating

    asyncio.run(story())


@both_runners
def test_h9_a_tailgater_is_counted_and_both_leave_by_the_way_they_came(tmp_path: Path, runner: Runner) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, runner=runner) as lane:
            first, second = lane.plant.arrive(-0.8), lane.plant.arrive(-1.2)
            lane.client.permit_entry(0, PATIENCE_s)
            await asyncio.gather(
                lane.plant.walk(first, 1.3, patience_s=200), lane.plant.walk(second, 0.8, patience_s=200)
            )
            await lane.wait(Tailgating)
            assert await lane.wait(EntryShut) == EntryShut(people=2, occupied=True)
            lane.client.permit_exit(0, PATIENCE_s)
            assert await lane.wait(Fault) == Fault("permission-refused")
            lane.client.release_inward()
            await asyncio.gather(
                lane.plant.walk(second, -1.2, patience_s=200), lane.plant.walk(first, -0.8, patience_s=200)
            )
            assert await lane.wait(EntryShut) == EntryShut(people=0, occupied=False)
            assert lane.plant.exit.closed()

    asyncio.run(story())


def test_who_steps_back_is_counted_out_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            person = lane.plant.arrive(-0.8)
            lane.client.permit_entry(0, PATIENCE_s)
            await lane.plant.walk(person, 0.35, patience_s=200)
            await lane.plant.walk(person, -0.8, patience_s=200)
            assert await lane.wait(EntryShut) == EntryShut(people=0, occupied=False)
            counts = [event.people for event in lane.heard if isinstance(event, PeopleCounted)]
            assert counts == [1, 0]

    asyncio.run(story())


def test_h10_a_forced_door_is_told_and_shut_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            lane.plant.force(pins.Door.EXIT, 0.3)
            assert await lane.wait(Forced) == Forced(Door.EXIT)
            await until(lambda: lane.plant.outputs.locked(pins.Door.EXIT) and lane.plant.exit.closed())

    asyncio.run(story())


def test_h7_a_beam_that_stays_broken_keeps_the_door_open_and_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            lane.plant.hold(Sensor.BEAM_A1, True)
            lane.client.permit_entry(0, 0.5)
            await until(lane.plant.entry.opened)
            assert await lane.wait(Obstructed) == Obstructed(Door.ENTRY)
            assert lane.plant.entry.opened()
            lane.plant.hold(Sensor.BEAM_A1, None)
            await until(lane.plant.entry.closed)

    asyncio.run(story())


def test_h4_the_emergency_stop_stands_until_somebody_resumes(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            lane.plant.stop(True)
            assert await lane.wait(Fault) == Fault("stopped")
            lane.plant.stop(False)
            assert lane.client.status.mode is Mode.STOPPED
            lane.client.resume()
            await lane.wait(Ready)

    asyncio.run(story())


def test_nobody_passes_a_door_that_is_not_open(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            person = lane.plant.arrive(-2.0)
            assert ENTRY_m - 0.5 < await lane.plant.walk(person, 1.0) < ENTRY_m - 0.15
            lane.plant.leave(person)
            person = lane.plant.arrive(1.0)
            assert EXIT_m - 0.5 < await lane.plant.walk(person, 3.0) < EXIT_m - 0.15

    asyncio.run(story())


def test_an_idle_plant_does_not_tick_and_the_board_costs_little(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            await until(lambda: not lane.plant._moving())
            pid = lane.controller.pid
            before = _cpu_s(os.getpid()), _cpu_s(pid)
            await asyncio.sleep(1.0)
            after = _cpu_s(os.getpid()), _cpu_s(pid)
            assert after[0] - before[0] < 0.2
            assert after[1] - before[1] < 0.4

    asyncio.run(story())


def test_at_the_end_nothing_is_left(tmp_path: Path) -> None:
    async def story() -> BarrierLane:
        async with barrier_lane(tmp_path) as lane:
            assert lane.controller.tty.is_symlink()
            pid = lane.controller.pid
            assert pid is not None
            os.kill(pid, 0)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
        return lane

    lane = asyncio.run(story())
    assert not lane.controller.tty.is_symlink()
    assert (tmp_path / "flash" / "link.key").stat().st_mode & 0o777 == 0o600


def _cpu_s(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
