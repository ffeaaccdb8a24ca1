"""The gate in motion, on the real loop: visits, limits, and reports that come late."""

import asyncio
import logging

import pytest

from edge.gate import states
from edge.gate.effects import Effect, PermitExit, RecordAbandoned, RecordLeft
from edge.gate.events import (
    BarrierReady,
    Decided,
    DeviceLost,
    DocumentPlaced,
    DocumentRead,
    DocumentRemoved,
    EntryShut,
    Event,
    ExitPassed,
    ExitShut,
    Face,
    FaceCompared,
    OfficerHeld,
    PeopleCounted,
    Recorded,
)
from edge.gate.run import INBOX_MAX_REPORTS, Gate
from edge.gate.states import Closed, Comparing, Leaving, PutBack, Reading, Ready, Recording, ReferredOutside, State
from edge.gate.table import SPECIMEN

READY = BarrierReady(0, occupied=False)
ENTERED = EntryShut(1, occupied=True)
MATCH = FaceCompared(Face.MATCH)


class Lane:
    """Keeps what was ordered and seen; a gate needs no more of a lane than this."""

    def __init__(self, *, time_scale: float = 1.0) -> None:
        self.orders: list[tuple[Effect, int]] = []
        self.seen: list[tuple[State, int]] = []
        self.changed = asyncio.Event()
        self.gate = Gate(self.begin, self.change, time_scale=time_scale)

    def begin(self, effect: Effect, visit: int) -> None:
        self.orders.append((effect, visit))

    def change(self, state: State, visit: int) -> None:
        self.seen.append((state, visit))
        self.changed.set()

    def kinds(self) -> list[type[Effect]]:
        return [type(effect) for effect, _ in self.orders]

    async def hears(self, *events: Event, visit: int | None = None) -> None:
        for event in events:
            self.gate.report(event, visit)
        async with asyncio.timeout(5):
            await self.gate.settled()

    async def until(self, kind: type[State]) -> None:
        async with asyncio.timeout(5):
            while not isinstance(self.gate.state, kind):
                self.changed.clear()
                await self.changed.wait()

    async def walk_in(self) -> int:
        """An admitted traveller stands in the mantrap; the visit."""
        await self.hears(DocumentPlaced())
        visit = self.gate.visit
        await self.hears(DocumentRead(SPECIMEN), Decided(admit=True), visit=visit)
        await self.hears(DocumentRemoved(), PeopleCounted(1), ENTERED)
        assert isinstance(self.gate.state, Comparing)
        return visit


def in_motion(test):  # type: ignore[no-untyped-def]  # wraps a test
    def run() -> None:
        async def main() -> None:
            lane = Lane(time_scale=test.time_scale if hasattr(test, "time_scale") else 1.0)
            running = asyncio.create_task(lane.gate.run())
            try:
                await lane.hears(READY)
                await test(lane)
                assert not running.done()
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


def faster(times: float):  # type: ignore[no-untyped-def]  # wraps a test
    def mark(test):  # type: ignore[no-untyped-def]  # wraps a test
        test.time_scale = times
        return test

    return mark


@in_motion
async def test_an_honest_traveller_passes_and_every_order_carries_the_visit(lane: Lane) -> None:
    visit = await lane.walk_in()
    await lane.hears(MATCH, visit=visit)
    await lane.hears(Recorded(), visit=visit)
    await lane.hears(PeopleCounted(0), ExitPassed(), ExitShut(0, occupied=False))
    assert lane.gate.state == Ready()
    assert [kind.__name__ for kind in lane.kinds() if kind.__name__ != "Ignored"] == [
        "ReadDocument", "Decide", "PermitEntry", "CompareFace", "RecordGranted", "PermitExit", "RecordLeft",
    ]  # fmt: skip
    assert {visit for _, visit in lane.orders} == {1}


@in_motion
async def test_a_late_match_does_not_open_the_exit_for_the_next_traveller(lane: Lane) -> None:
    first = await lane.walk_in()
    await lane.hears(EntryShut(0, occupied=False))  # the first one steps back before the match is there
    second = await lane.walk_in()
    assert second == first + 1
    await lane.hears(MATCH, Recorded(), visit=first)
    assert isinstance(lane.gate.state, Comparing)
    assert PermitExit not in lane.kinds()
    assert lane.gate.late_reports == 2


@in_motion
async def test_a_late_record_does_not_open_the_exit_for_the_next_traveller(lane: Lane) -> None:
    first = await lane.walk_in()
    await lane.hears(MATCH, visit=first)
    await lane.hears(EntryShut(0, occupied=False))
    second = await lane.walk_in()
    await lane.hears(MATCH, visit=second)
    await lane.hears(Recorded(), visit=first)
    assert isinstance(lane.gate.state, Recording)
    assert PermitExit not in lane.kinds()


@in_motion
async def test_the_records_of_a_visit_do_not_move_to_the_next_one(lane: Lane) -> None:
    """The next document lies there already when this crossing ends, and begins a visit of its own."""
    visit = await lane.walk_in()
    await lane.hears(MATCH, visit=visit)
    await lane.hears(Recorded(), visit=visit)
    await lane.hears(DocumentPlaced(), ExitShut(0, occupied=False))
    assert (RecordLeft(), visit) in lane.orders
    await lane.until(Reading)
    assert lane.gate.visit == visit + 1


@in_motion
@faster(1000)
async def test_a_state_that_outlives_its_limit_is_timed_out(lane: Lane) -> None:
    await lane.hears(DocumentPlaced(), DocumentRemoved())
    await lane.until(Ready)
    assert (RecordAbandoned("took-document"), 1) in lane.orders


@in_motion
@faster(100)
async def test_a_reminder_comes_again_after_a_whole_limit(lane: Lane) -> None:
    visit = await lane.walk_in()
    await lane.hears(MATCH, visit=visit)
    began = asyncio.get_running_loop().time()
    await lane.hears(Recorded(), visit=visit)
    await lane.until(states.ReferredInside)
    limit_s = states.LIMIT_S[Leaving] / 100
    assert 2 * limit_s <= asyncio.get_running_loop().time() - began + 0.01
    alarms = [effect.code for effect, _ in lane.orders if hasattr(effect, "code")]
    assert alarms == ["lingering"]


@in_motion
@faster(10)
async def test_people_are_given_less_time_in_a_fast_simulation_and_machines_are_not(lane: Lane) -> None:
    await lane.hears(DocumentPlaced())
    assert lane.gate.limit_s() == states.LIMIT_S[Reading]
    await lane.hears(DocumentRemoved())
    assert lane.gate.limit_s() == states.LIMIT_S[PutBack] / 10


@in_motion
async def test_a_note_taken_meanwhile_does_not_prolong_the_limit(lane: Lane) -> None:
    await lane.walk_in()
    since = lane.gate.since
    await asyncio.sleep(0.01)
    await lane.hears(DeviceLost("reader"), DocumentPlaced())
    assert lane.gate.since == since


@in_motion
async def test_whoever_watches_hears_of_every_new_state_and_of_the_first(lane: Lane) -> None:
    await lane.hears(DocumentPlaced(), OfficerHeld(), DocumentRemoved())
    assert [type(state) for state, _ in lane.seen] == [Closed, Ready, Reading, ReferredOutside, Closed]
    assert [visit for _, visit in lane.seen] == [0, 0, 1, 1, 1]


@in_motion
async def test_a_log_tells_the_kind_of_what_happened_and_nothing_personal(lane: Lane) -> None:
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.append(record.getMessage())  # type: ignore[method-assign]  # to listen
    log = logging.getLogger("edge.gate.run")
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        first = await lane.walk_in()
        await lane.hears(MATCH, visit=first - 1)
    finally:
        log.removeHandler(handler)
        log.setLevel(logging.NOTSET)
    said = "\n".join(records)
    assert "late report dropped: FaceCompared of visit 0 in visit 1" in said
    assert "Reading, DocumentRead -> Deciding" in said
    assert "ERIKSSON" not in said


def test_an_inbox_that_nobody_empties_is_an_error_and_not_a_silent_loss() -> None:
    async def main() -> None:
        gate = Gate(lambda effect, visit: None)
        for _ in range(INBOX_MAX_REPORTS):
            gate.report(DocumentPlaced())
        with pytest.raises(asyncio.QueueFull):
            gate.report(DocumentPlaced())

    asyncio.run(main())


def test_a_gate_needs_nobody_who_watches() -> None:
    async def main() -> None:
        orders: list[Effect] = []
        gate = Gate(lambda effect, visit: orders.append(effect), state=Ready(), visit=7)
        running = asyncio.create_task(gate.run())
        gate.report(DocumentPlaced())
        await gate.settled()
        assert (gate.state, gate.visit) == (Reading(), 8)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
