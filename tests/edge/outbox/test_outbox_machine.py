"""Whatever is done to an outbox in whatever order, each number is waiting, struck off, or declared: no third thing.

The process dies at any point: what the next one opens is a copy of the files as they lie on the disk at that moment.
"""

import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge.outbox import limits
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.ack import ranges
from messages.events import Clock, Event, validate
from messages.facts import DeviceTelemetry, LaneAlarm, OutboxDropped, Reading, data_of
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic
from tests.edge.outbox.reading import events_in

TOPIC = Topic("utopia-north", "harbour", "lane-1", Channel.EVT)
REGION = RegionKey("region-1", b"\x03" * 32)
SEALER = Sealer(TOPIC, DeviceKey("lane-1", b"\x01" * 32), REGION.public)
ALARM = (LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", 3)))
MEASURED = (DeviceTelemetry.TYPE, data_of(DeviceTelemetry((Reading("rss-mb", 61.5),))))
BEGAN = Stamp(datetime(2026, 11, 24, tzinfo=UTC), 0, Clock.SYNCED)

Number = tuple[str, int]


class Lives(RuleBasedStateMachine):
    """An outbox that is written, struck off and killed; beside it the numbers that the region has heard of."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = limits.EVENTS_MAX, limits.TELEMETRY_MAX
        limits.EVENTS_MAX, limits.TELEMETRY_MAX = 60, 12  # type: ignore[misc]  # Final, but for this machine
        self.folder = Path(tempfile.mkdtemp(prefix="borderpost-"))
        self.outbox = Outbox.open(self.folder / "0" / "outbox.db", SEALER)
        self.lives, self.seconds = 0, 0
        self.border: set[Number] = set()  # promised: a commit of it has returned
        self.struck: set[Number] = set()
        self.declared: set[Number] = set()

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)
        limits.EVENTS_MAX, limits.TELEMETRY_MAX = self.kept  # type: ignore[misc]  # as above

    def now(self) -> Stamp:
        self.seconds += 1
        return replace(BEGAN, time=BEGAN.time + timedelta(seconds=self.seconds), mono_ms=1_000 * self.seconds)

    # --- what happens to it ---
    @rule(count=st.integers(1, 3))
    def something_happens(self, count: int) -> None:
        self.border |= {(event.boot, event.seq) for event in self.outbox.commit_group([ALARM] * count, self.now())}

    @rule(count=st.integers(1, 9))
    def something_is_measured(self, count: int) -> None:
        for _ in range(count):
            self.outbox.gather(*MEASURED, self.now())

    @rule()
    def the_group_is_written(self) -> None:
        self.outbox.flush()

    @rule(count=st.integers(1, 4))
    def measured_and_written_singly(self, count: int) -> None:
        for _ in range(count):
            self.outbox.commit(*MEASURED, self.now())

    @rule()
    def somebody_asks_for_room(self) -> None:
        self.outbox.obstacle()

    @rule(data=st.data())
    def the_region_acknowledges(self, data: st.DataObject) -> None:
        rows = self.outbox.waiting(100)
        if not rows:
            return
        chosen = data.draw(st.lists(st.sampled_from(rows), min_size=1, max_size=8, unique_by=lambda row: row.place))
        for boot in sorted({row.boot for row in chosen}):
            seqs = [seq for row in chosen if row.boot == boot for seq in range(row.first, row.last + 1)]
            self.heard(self.read())
            self.outbox.strike(boot, ranges(seqs))
            self.struck |= {(boot, seq) for seq in seqs}

    @rule()
    def the_process_is_killed(self) -> None:
        self.lives += 1
        shutil.copytree(self.folder / str(self.lives - 1), self.folder / str(self.lives))
        self.outbox.close()
        self.outbox = Outbox.open(self.folder / str(self.lives) / "outbox.db", SEALER)

    # --- what always holds ---
    def read(self) -> list[Event]:
        return events_in(self.outbox, REGION)

    def heard(self, events: list[Event]) -> None:
        """Declarations count from the moment they stand in the outbox."""
        for event in events:
            fact = validate(event)
            if isinstance(fact, OutboxDropped):
                numbers = {(fact.boot, seq) for first, last in fact.seqs for seq in range(first, last + 1)}
                assert len(numbers) == fact.count
                self.declared |= numbers

    @invariant()
    def each_number_waits_or_was_struck_off_or_is_declared(self) -> None:
        events = self.read()
        self.heard(events)
        waiting = {(event.boot, event.seq) for event in events}
        numbered = {(boot, seq) for boot, last in self.outbox.boots() for seq in range(1, last + 1)}
        assert waiting | self.struck | self.declared == numbered
        assert not waiting & (self.struck | self.declared)
        assert self.outbox.waiting_count == len(waiting)
        assert not self.border & self.declared  # no border event is ever dropped
        times = [event.time for event in events]
        assert times == sorted(times)


Lives.TestCase.settings = settings(max_examples=40, stateful_step_count=22, deadline=None, derandomize=True)
test_lives_of_an_outbox = Lives.TestCase
