"""The Pi's client against the real firmware at the end of a cable that is pulled, disturbed and lied on."""

import asyncio
import time
from pathlib import Path

import pytest

from firmware.barrier import auth, frame, link, words
from hardware.drivers.barrier import BarrierClient
from hardware.drivers.barrier_events import (
    BarrierEvent,
    DoorState,
    EntryShut,
    ExitPassed,
    ExitShut,
    Lost,
    Mode,
    PeopleCounted,
    PermissionExpired,
    Ready,
    Rejected,
    event_of,
    status_of,
)
from hardware.wires.barrier import Status
from simulators.barrier.controller import Controller
from simulators.barrier.plant import Plant
from tests.simulators.barrier_lane import KEY, BarrierLane, PATIENCE_s, barrier_lane, until


def test_what_happens_while_the_cable_is_out_is_told_when_it_is_back(tmp_path: Path) -> None:
    """She leaves through the closing exit while nobody hears of it: the events are kept until they have arrived."""

    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            person = await lane.let_in(0)
            lane.client.permit_exit(0, PATIENCE_s)
            await until(lane.plant.exit.opened)
            lane.controller.unplug()
            assert await lane.plant.walk(person, 3.2) == 3.2
            await lane.wait(Lost)
            await until(lane.plant.exit.closed)
            lane.controller.plug()
            await lane.wait(ExitPassed)
            await lane.wait(ExitShut)
            assert await lane.wait(Ready) == Ready(people=0, occupied=False)

    asyncio.run(story())


def test_it_unplugs_and_replugs_many_times_and_each_time_it_is_said_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            for _ in range(4):
                lane.controller.unplug()
                lane.controller.unplug()
                await lane.wait(Lost)
                assert lane.client.status.mode is Mode.LOST
                assert lane.client.status.entry is DoorState.UNKNOWN
                lane.controller.plug()
                await lane.wait(Ready)
            told = [type(event) for event in lane.heard if isinstance(event, Lost | Ready)]
            assert told[-8:] == [Lost, Ready] * 4

    asyncio.run(story())


def test_before_there_is_a_device_it_says_lost_once_and_finds_it_when_it_comes(tmp_path: Path) -> None:
    async def story() -> None:
        heard: list[BarrierEvent] = []
        plant = Plant(10.0)
        controller = Controller(tmp_path, KEY, plant)
        running = asyncio.create_task(BarrierClient(str(controller.tty), KEY, heard.append).run())
        await asyncio.sleep(0.5)
        assert heard == [Lost()]
        await controller.start()
        await until(lambda: Ready(people=0, occupied=False) in heard)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await controller.stop()
        await plant.close()

    asyncio.run(story())


def test_c10_a_controller_with_another_key_never_becomes_ready(tmp_path: Path) -> None:
    async def story() -> None:
        heard: list[BarrierEvent] = []
        plant = Plant(10.0)
        controller = Controller(tmp_path, bytes(32), plant)
        await controller.start()
        running = asyncio.create_task(BarrierClient(str(controller.tty), KEY, heard.append).run())
        await until(lambda: Lost() in heard)
        await asyncio.sleep(0.5)
        assert heard == [Lost()]
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await controller.stop()
        await plant.close()

    asyncio.run(story())


def test_on_a_noisy_line_people_still_pass_and_nothing_is_told_twice(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path, settings={"lease_ms": 1000}) as lane:
            lane.controller.corrupt(0.003)
            for passage in range(3):
                person = await lane.let_in(passage)
                lane.client.permit_exit(passage, PATIENCE_s)
                assert await lane.plant.walk(person, 3.2, patience_s=200) == 3.2
                await lane.wait(ExitShut)
                lane.plant.leave(person)
            counts = [event for event in lane.heard if isinstance(event, PeopleCounted | ExitPassed)]
            assert counts == [PeopleCounted(1), PeopleCounted(0), ExitPassed()] * 3

    asyncio.run(story())


def test_c09_forged_permissions_open_nothing_and_are_told(tmp_path: Path) -> None:
    """Somebody sits on the wire, has seen our session, and lacks the key."""

    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            await lane.let_in(0)
            tap = Tap(lane)
            await until(lambda: tap.session() != 0)
            permit = words.pack(words.PERMIT_FORM, words.EXIT, 99, lane.client.status.uptime_ms + 5000)
            for sequence in range(3):
                tap.send(link.write(auth.pads(bytes(32)), words.PERMIT, tap.session(), 1_000_000 + sequence, permit))
            assert (await lane.wait(Rejected)).count >= 1
            await until(lambda: any(event.count >= 3 for event in lane.heard if isinstance(event, Rejected)))
            assert not any(entry.what == "ordered-open" and entry.door == "exit" for entry in lane.plant.journal)
            assert lane.client.status.mode is Mode.READY

    asyncio.run(story())


def test_h13_a_recorded_permission_sent_again_opens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            tap = Tap(lane)
            person = await lane.let_in(0)
            await lane.plant.walk(person, 1.2)
            lane.client.release_inward()
            await lane.plant.walk(person, -0.8, patience_s=200)
            await lane.wait(EntryShut)
            opened = sum(entry.what == "ordered-open" for entry in lane.plant.journal)
            for frames in list(tap.recorded):
                tap.send(frames)
            await lane.wait(Rejected)
            await asyncio.sleep(0.3)
            assert sum(entry.what == "ordered-open" for entry in lane.plant.journal) == opened

    asyncio.run(story())


def test_a_permission_nobody_uses_expires_and_the_same_id_opens_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            lane.client.permit_entry(3, 0.5)
            await lane.wait(PermissionExpired)
            await lane.wait(EntryShut)
            opened = len([entry for entry in lane.plant.journal if entry.what == "ordered-open"])
            lane.client.permit_entry(3, PATIENCE_s)
            await asyncio.sleep(0.4)
            assert len([entry for entry in lane.plant.journal if entry.what == "ordered-open"]) == opened

    asyncio.run(story())


def test_a_revoked_entry_closes_and_a_held_lane_stays_closed_until_it_is_resumed(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            lane.client.permit_entry(0, PATIENCE_s)
            await until(lane.plant.entry.opened)
            lane.client.revoke_entry()
            await lane.wait(EntryShut)
            lane.client.hold()
            await until(lambda: lane.client.status.mode is Mode.HELD)
            lane.client.permit_entry(1, PATIENCE_s)
            await asyncio.sleep(0.3)
            assert lane.plant.entry.closed()
            lane.client.resume()
            await lane.wait(Ready)

    asyncio.run(story())


def test_a_lane_that_knows_that_it_hangs_loses_its_lease(tmp_path: Path) -> None:
    async def story() -> None:
        heard: list[BarrierEvent] = []
        alive = [True]
        plant = Plant(10.0)
        controller = Controller(tmp_path, KEY, plant)
        await controller.start()
        client = BarrierClient(str(controller.tty), KEY, heard.append, alive=lambda: alive[0])
        running = asyncio.create_task(client.run())
        await until(lambda: bool(heard) and isinstance(heard[-1], Ready))
        alive[0] = False
        await asyncio.sleep(0.7)
        alive[0] = True
        await until(lambda: [Lost(), Ready(people=0, occupied=False)] == heard[-2:])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await controller.stop()
        await plant.close()

    asyncio.run(story())


def test_a_loop_that_hangs_loses_its_lease_and_hears_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with barrier_lane(tmp_path) as lane:
            time.sleep(0.9)  # noqa: ASYNC251 - this is the hang
            await lane.wait(Lost)
            await lane.wait(Ready)

    asyncio.run(story())


def test_every_word_of_the_board_has_a_meaning_or_none() -> None:
    codes = {name: value for name, value in vars(words).items() if name.isupper() and isinstance(value, int)}
    silent = {words.STOP_RELEASED, words.STARTED}
    for code in range(1, 16):
        assert (event_of(code, 0, 0) is None) == (code in silent), code
    assert event_of(200, 0, 0) is None
    assert (
        len({codes[name] for name in ("HELLO", "BEAT", "PERMIT", "REVOKE", "RELEASE", "HOLD", "RESUME", "RESET")}) == 8
    )


@pytest.mark.parametrize("mode", range(7))
def test_a_status_is_read_as_it_is_meant(mode: int) -> None:
    told = Status(0, 0, mode, words.SHUT, words.BLOCKED, 1, words.OCCUPIED | words.ESTOP, 0b101, 9, 77, 0, 0)
    status = status_of(told)
    assert status.mode is list(Mode)[1 + mode]
    assert (status.entry, status.exit) == (DoorState.CLOSED, DoorState.OPEN)
    assert status.faults == ("limits-entry", "travel-entry", "stopped")
    assert (status.people, status.occupied, status.boot, status.uptime_ms) == (1, True, 9, 77)


class Tap:
    """Somebody with pliers on the cable: hears what the Pi sends, and can send to the board."""

    def __init__(self, lane: BarrierLane) -> None:
        self.recorded: list[bytes] = []
        self._cable = lane.controller._cable
        self._disturbed = self._cable._disturbed
        self._cable._disturbed = self._hear  # type: ignore[method-assign]  # pliers

    def _hear(self, passing: bytes) -> bytes:
        self.recorded.append(passing)
        return self._disturbed(passing)

    def session(self) -> int:
        """The number of the living session, as it stands in every frame of the Pi."""
        for passing in reversed(self.recorded):
            for body in frame.Decoder().feed(passing):
                if body[1] == words.BEAT:
                    return int.from_bytes(body[2:6], "big")
        return 0

    def send(self, frames: bytes) -> None:
        assert self._cable._board is not None
        self._cable._board.send(frames)
