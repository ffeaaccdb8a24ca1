"""The clock of a post: never backwards, and honest about itself (D04-D06)."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.outbox.clock import Changed, PostClock, Stamp
from edge.outbox.kernel_clock import is_kept
from edge.outbox.limits import CHANGES_MAX, EARLIEST_MS, NEW_MAX_MS, OFF_MAX_MS, STEP_MAX_MS
from messages.events import Clock

NOW_MS = EARLIEST_MS + 1_000_000_000
DAY_MS = 86_400_000


@dataclass
class World:
    """What the device's two clocks show, and whether somebody set the wall clock right."""

    wall_ms: int = NOW_MS
    mono_ms: int = 5_000
    synced: bool = True

    def clock(self, floor_ms: int = 0, signed_ms: int = 0) -> PostClock:
        return PostClock(
            floor_ms,
            signed_ms=signed_ms,
            wall_ms=lambda: self.wall_ms,
            mono_ms=lambda: self.mono_ms,
            synced=lambda: self.synced,
        )

    def passes(self, ms: int) -> None:
        self.wall_ms += ms
        self.mono_ms += ms


def ms_of(stamp: Stamp) -> int:
    return round(stamp.time.timestamp() * 1000)


def test_a_synchronised_clock_is_believed() -> None:
    world = World()
    clock = world.clock()
    assert clock.now() == Stamp(datetime.fromtimestamp(NOW_MS / 1000, UTC), 0, Clock.SYNCED)
    world.passes(1_234)
    assert clock.now() == Stamp(datetime.fromtimestamp((NOW_MS + 1_234) / 1000, UTC), 1_234, Clock.SYNCED)


def test_a_clock_that_nobody_synchronised_runs_on_and_says_so() -> None:
    world = World(synced=False)
    assert world.clock(floor_ms=NOW_MS - DAY_MS).now().clock is Clock.HOLDOVER


def test_d04_a_clock_set_back_three_days_does_not_take_the_events_with_it() -> None:
    world = World()
    clock = world.clock()
    clock.now()
    world.passes(1_000)
    world.wall_ms -= 3 * DAY_MS
    stamp = clock.now()
    assert (ms_of(stamp), stamp.clock) == (NOW_MS + 1_000, Clock.UNKNOWN)


def test_d05_a_clock_that_jumps_ahead_is_believed_only_when_it_was_synchronised() -> None:
    world = World(synced=False)
    clock = world.clock()
    clock.now()
    world.wall_ms += 5 * DAY_MS
    stamp = clock.now()
    assert (ms_of(stamp), stamp.clock) == (NOW_MS, Clock.UNKNOWN)
    world.synced = True
    stamp = clock.now()
    assert (ms_of(stamp), stamp.clock) == (NOW_MS + 5 * DAY_MS, Clock.SYNCED)


def test_d05_a_small_step_ahead_is_taken() -> None:
    world = World(synced=False)
    clock = world.clock()
    clock.now()
    world.wall_ms += STEP_MAX_MS
    assert clock.now().clock is Clock.HOLDOVER


def test_d06_a_device_that_wakes_in_1970_goes_on_from_its_newest_event() -> None:
    world = World(wall_ms=10_000, synced=False)
    clock = world.clock(floor_ms=NOW_MS)
    world.passes(2_000)
    stamp = clock.now()
    assert (ms_of(stamp), stamp.clock) == (NOW_MS + 2_000, Clock.UNKNOWN)


def test_d06_a_new_device_that_wakes_in_1970_starts_when_this_software_was_made() -> None:
    stamp = World(wall_ms=0, synced=False).clock().now()
    assert (ms_of(stamp), stamp.clock) == (EARLIEST_MS, Clock.UNKNOWN)


def test_a_battery_clock_that_has_gone_mad_is_not_believed_until_it_is_kept() -> None:
    world = World(wall_ms=NOW_MS + OFF_MAX_MS + 1, synced=False)
    clock = world.clock(floor_ms=NOW_MS)
    assert (ms_of(clock.now()), clock.now().clock) == (NOW_MS, Clock.UNKNOWN)
    world.wall_ms, world.synced = NOW_MS + DAY_MS, True
    assert (ms_of(clock.now()), clock.now().clock) == (NOW_MS + DAY_MS, Clock.SYNCED)


def test_a_battery_clock_that_is_years_ahead_raises_no_floor() -> None:
    world = World(wall_ms=NOW_MS + 3 * 365 * DAY_MS, synced=False)
    for signed_ms in (0, NOW_MS - DAY_MS):
        stamp = world.clock(NOW_MS, signed_ms).now()
        assert (ms_of(stamp), stamp.clock, stamp.in_doubt) == (NOW_MS, Clock.UNKNOWN, True)


def test_a_device_that_lay_a_year_in_a_store_and_was_enrolled_anew_goes_by_its_battery_clock() -> None:
    world = World(wall_ms=NOW_MS + 365 * DAY_MS, synced=False)
    stamp = world.clock(NOW_MS, signed_ms=world.wall_ms - DAY_MS).now()
    assert (ms_of(stamp), stamp.clock) == (world.wall_ms, Clock.HOLDOVER)


def test_a_device_that_remembers_nothing_believes_its_battery_clock_within_ten_years() -> None:
    world = World(wall_ms=EARLIEST_MS + NEW_MAX_MS, synced=False)
    assert world.clock().now().clock is Clock.HOLDOVER
    world.wall_ms += 1
    assert world.clock().now().clock is Clock.UNKNOWN


def test_behind_a_floor_that_a_wrong_clock_raised_dates_are_judged_by_the_clock_that_is_kept() -> None:
    world, floor_ms = World(), NOW_MS + 40 * DAY_MS
    clock = world.clock(floor_ms)
    stamp = clock.now()
    assert (ms_of(stamp), stamp.clock, stamp.in_doubt) == (floor_ms, Clock.UNKNOWN, False)
    assert stamp.judging == datetime.fromtimestamp(NOW_MS / 1000, UTC)
    world.synced = False
    stamp = clock.now()
    assert (stamp.judging, stamp.in_doubt) == (stamp.time, True)  # nobody vouches for what the wall clock shows


def test_d04_a_kept_clock_that_shows_less_than_can_be_judges_nothing() -> None:
    assert World(wall_ms=10_000).clock(NOW_MS).now().in_doubt
    signed_ms = NOW_MS - 5 * DAY_MS
    assert not World(wall_ms=signed_ms).clock(NOW_MS, signed_ms).now().in_doubt
    assert World(wall_ms=signed_ms - 1).clock(NOW_MS, signed_ms).now().in_doubt


@pytest.mark.parametrize("synced", [True, False])
def test_d04_no_clock_is_believed_that_shows_less_than_the_devices_own_certificate(synced: bool) -> None:
    for floor_ms in (0, NOW_MS - 300 * DAY_MS):
        stamp = World(wall_ms=NOW_MS - 250 * DAY_MS, synced=synced).clock(floor_ms, NOW_MS).now()
        assert (ms_of(stamp), stamp.clock, stamp.in_doubt, stamp.certain) == (NOW_MS, Clock.UNKNOWN, True, False)
        assert stamp.judging == stamp.time


def test_d04_with_each_renewal_a_time_server_can_be_set_back_less_far() -> None:
    world = World()
    clock = world.clock(NOW_MS, NOW_MS - DAY_MS)
    world.mono_ms += 300 * DAY_MS
    world.wall_ms += 300 * DAY_MS
    assert clock.now().clock is Clock.SYNCED
    clock.signed(NOW_MS + 290 * DAY_MS)
    clock.signed(NOW_MS)  # an older one takes nothing back
    world.wall_ms = NOW_MS + 290 * DAY_MS - 1
    assert clock.now().in_doubt
    world.wall_ms += 1
    assert not clock.now().in_doubt


def test_how_far_the_stamps_are_ahead_is_told_once_so_that_the_region_can_date_them_again() -> None:
    world, floor_ms = World(), NOW_MS + 40 * DAY_MS
    clock = world.clock(floor_ms)
    for _ in range(3):
        stamp = clock.now()
        assert ms_of(stamp) - 40 * DAY_MS == world.wall_ms
        world.passes(60_000)
    assert clock.changes() == [Changed("ahead", -40 * DAY_MS, Clock.UNKNOWN)]
    world.wall_ms += DAY_MS
    clock.now()
    assert clock.changes() == [
        Changed("stepped", DAY_MS, Clock.UNKNOWN),
        Changed("ahead", -39 * DAY_MS, Clock.UNKNOWN),
    ]
    for moved_ms in (39 * DAY_MS, -39 * DAY_MS):  # caught up, and ahead by as much again
        world.wall_ms += moved_ms
        clock.now()
    assert [(one.cause, one.offset_ms) for one in clock.changes()] == [
        ("synced", 39 * DAY_MS),
        ("lost", -39 * DAY_MS),
        ("ahead", -39 * DAY_MS),
    ]


def test_a_clock_set_back_a_little_goes_at_half_speed_until_it_is_caught_up() -> None:
    world = World()
    clock = world.clock()
    clock.now()
    world.wall_ms -= 10_000
    shown = []
    for _ in range(25):
        world.passes(1_000)
        shown.append(clock.now())
    times = [ms_of(stamp) - NOW_MS for stamp in shown]
    assert times[:3] == [500, 1_000, 1_500]
    assert times[-1] == world.wall_ms - NOW_MS
    assert shown[0].clock is Clock.HOLDOVER
    assert shown[-1].clock is Clock.SYNCED
    assert [(one.cause, one.offset_ms) for one in clock.changes()] == [("lost", -10_000), ("synced", 0)]


def test_each_change_of_the_clock_is_told_once_with_what_it_was_moved_by() -> None:
    world = World(synced=False)
    clock = world.clock()
    clock.now()
    assert clock.changes() == []  # however far a device was off: its start is no change
    world.wall_ms += STEP_MAX_MS
    clock.now()
    assert clock.changes() == [Changed("stepped", STEP_MAX_MS, Clock.HOLDOVER)]
    world.wall_ms += 5 * DAY_MS
    clock.now()
    assert clock.changes() == [Changed("lost", 5 * DAY_MS, Clock.UNKNOWN)]
    world.wall_ms -= 5 * DAY_MS
    clock.now()
    world.synced = True
    clock.now()
    assert clock.changes() == [
        Changed("regained", -5 * DAY_MS, Clock.HOLDOVER),
        Changed("synced", 0, Clock.SYNCED),
    ]
    world.synced = False
    clock.now()
    assert clock.changes() == [Changed("lost", 0, Clock.HOLDOVER)]
    for _ in range(2 * CHANGES_MAX):
        world.wall_ms += 2_000
        clock.now()
    assert len(clock.changes()) == CHANGES_MAX


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-10 * DAY_MS, 10 * DAY_MS), st.booleans()), max_size=20))
def test_time_never_runs_backwards_whatever_the_wall_clock_does(steps: list[tuple[int, int, bool]]) -> None:
    world = World()
    clock = world.clock(floor_ms=NOW_MS)
    stamps = [clock.now()]
    for passed_ms, jumped_ms, synced in steps:
        world.passes(passed_ms)
        world.wall_ms, world.synced = world.wall_ms + jumped_ms, synced
        stamps.append(clock.now())
    assert stamps == sorted(stamps, key=lambda stamp: (stamp.time, stamp.mono_ms))


def test_the_clock_of_this_machine_can_be_read() -> None:
    clock = PostClock(0)
    first, second = clock.now(), clock.now()
    assert first.time <= second.time
    assert first.mono_ms <= second.mono_ms


def test_the_kernel_can_be_asked_whether_its_clock_is_kept() -> None:
    assert is_kept() in (True, False)
