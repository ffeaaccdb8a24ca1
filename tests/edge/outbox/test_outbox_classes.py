"""Border events and telemetry: what is gathered, what goes first, and that every drop is declared."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from edge.outbox.clock import Stamp
from edge.outbox.errors import StoreBroken, Unfit
from edge.outbox.outbox import Outbox
from messages.events import Event, validate
from messages.facts import DeviceTelemetry, OutboxDropped, Reading, data_of
from messages.keys import RegionKey
from tests.edge.outbox.reading import events_in, frames_in

Open = Callable[..., Outbox]
Fact = tuple[str, dict[str, object]]
MEASURED: Fact = (DeviceTelemetry.TYPE, data_of(DeviceTelemetry((Reading("rss-mb", 61.5),))))


def dropped(events: list[Event]) -> list[OutboxDropped]:
    return [fact for event in events if isinstance(fact := validate(event), OutboxDropped)]


def test_what_is_gathered_is_written_as_one_frame(open_outbox: Open, now: Stamp, region_key: RegionKey) -> None:
    outbox = open_outbox()
    assert [outbox.gather(*MEASURED, now) for _ in range(3)] == [1, 2, 3]
    assert (outbox.produced(), outbox.waiting_count) == (0, 0)
    assert outbox.flush() == 3
    assert [(row.first, row.last) for row in outbox.waiting(10)] == [(1, 3)]
    assert outbox.flush() == 0


def test_what_was_gathered_before_a_border_event_goes_with_it_in_one_transaction(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey
) -> None:
    outbox = open_outbox()
    outbox.gather(*MEASURED, now)
    outbox.gather(*MEASURED, replace(now, time=now.time + timedelta(seconds=1)))
    assert outbox.commit(*alarm, now).seq == 2
    assert [(row.first, row.last) for row in outbox.waiting(10)] == [(1, 1), (2, 2)]
    outbox.flush()  # what is measured later stays later: no event is behind an earlier one
    times = [event.time for event in events_in(outbox, region_key)]
    assert times == sorted(times)
    assert outbox.produced() == 3


def test_readings_that_come_out_of_turn_are_written_once_each_and_in_the_order_of_their_times(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey
) -> None:
    outbox = open_outbox()
    later, earlier = (replace(now, time=now.time + timedelta(seconds=seconds)) for seconds in (1, -1))
    for stamp in (later, earlier):
        outbox.gather(*MEASURED, stamp)
    outbox.commit(*alarm, now)
    outbox.flush()
    assert [event.time for event in events_in(outbox, region_key)] == [earlier.time, now.time, later.time]


def test_more_than_a_frame_holds_becomes_several(open_outbox: Open, now: Stamp, region_key: RegionKey) -> None:
    outbox = open_outbox()
    for _ in range(120):
        outbox.gather(*MEASURED, now)
    assert outbox.flush() == 120
    assert [(row.first, row.last) for row in outbox.waiting(10)] == [(1, 50), (51, 100), (101, 120)]


def test_a_reading_that_breaks_the_contract_does_not_spoil_its_group(open_outbox: Open, now: Stamp) -> None:
    outbox = open_outbox()
    with pytest.raises(Unfit):
        outbox.gather(DeviceTelemetry.TYPE, {"readings": [{"name": "No Code", "value": 1}]}, now)
    outbox.gather(*MEASURED, now)
    assert outbox.flush() == 1


def test_without_room_for_more_telemetry_its_oldest_goes_and_is_declared(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    monkeypatch.setattr("edge.outbox.limits.TELEMETRY_MAX", 20)
    for _ in range(20):
        outbox.commit(*alarm, now)
        outbox.gather(*MEASURED, now)
        outbox.flush()
    outbox.gather(*MEASURED, now)
    outbox.flush()
    events = events_in(outbox, region_key)
    [told] = dropped(events)
    assert (told.boot, told.count, told.cause) == (outbox.boot, 20, "outbox-full")
    numbers = {number for first, last in told.seqs for number in range(first, last + 1)}
    assert numbers == set(range(2, 41, 2))
    assert {event.seq for event in events} == set(range(1, 43)) - numbers
    assert (outbox.waiting_count, outbox.produced()) == (22, 42)


def test_a_full_outbox_gives_up_telemetry_before_it_takes_nobody_new(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    for _ in range(10):
        outbox.commit_group([MEASURED], now)
    monkeypatch.setattr("edge.outbox.limits.EVENTS_MAX", 10)
    assert outbox.obstacle() is None
    events = events_in(outbox, region_key)
    assert [told.seqs for told in dropped(events)] == [((1, 10),)]
    for _ in range(9):
        assert outbox.obstacle() is None
        outbox.commit(*alarm, now)
    obstacle = outbox.obstacle()
    assert obstacle is not None
    assert obstacle.code == "outbox-full"
    outbox.gather(*MEASURED, now)
    assert outbox.flush() == 0  # refused: there is no room
    assert outbox.strike(outbox.boot, [(11, 20)])
    outbox.gather(*MEASURED, now)
    assert outbox.flush() == 1
    told = dropped(events_in(outbox, region_key))[-1]
    assert (told.seqs, told.count) == (((21, 21),), 1)  # the refused reading took a number, and is declared
    assert outbox.produced() == 23


def test_telemetry_of_an_earlier_boot_is_declared_in_its_name(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_outbox()
    for _ in range(9):
        first.commit_group([MEASURED] * 2, now)
    outbox = open_outbox()
    monkeypatch.setattr("edge.outbox.limits.TELEMETRY_MAX", 18)
    outbox.commit(*alarm, now)
    [told] = dropped(events_in(outbox, region_key))
    assert (told.boot, told.seqs, told.count) == (first.boot, ((1, 18),), 18)
    assert outbox.boots() == [(first.boot, 18), (outbox.boot, 2)]
    assert outbox.waiting_count == 2
    assert open_outbox().waiting_count == 2


def test_telemetry_of_several_boots_is_declared_boot_by_boot_in_one_row(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_outbox()
    first.commit_group([MEASURED] * 3, now)
    second = open_outbox()
    for _ in range(9):
        second.commit_group([MEASURED], now)
    outbox = open_outbox()
    monkeypatch.setattr("edge.outbox.limits.TELEMETRY_MAX", 12)
    outbox.commit(*alarm, now)
    told = dropped(events_in(outbox, region_key))
    assert [(one.boot, one.seqs) for one in told] == [(first.boot, ((1, 3),)), (second.boot, ((1, 9),))]
    assert [(row.first, row.last) for row in outbox.waiting(10)] == [(1, 2), (3, 3)]


def test_a_row_that_was_dropped_on_its_way_may_still_be_acknowledged(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    for _ in range(8):
        outbox.commit_group([MEASURED], now)
    on_the_way = outbox.waiting(10)
    monkeypatch.setattr("edge.outbox.limits.TELEMETRY_MAX", 8)
    outbox.commit(*alarm, now)
    assert outbox.strike(outbox.boot, [(1, 8)]) == []
    assert outbox.again([row.place for row in on_the_way]) == []
    assert [row.first for row in outbox.waiting(10)] == [9, 10]
    assert outbox.waiting_count == 2


def test_what_cannot_be_written_stays_gathered_and_has_no_number(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey
) -> None:
    outbox = open_outbox()
    outbox.gather(*MEASURED, now)
    outbox._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreBroken):
        outbox.flush()
    with pytest.raises(StoreBroken):
        outbox.commit(*alarm, now)
    outbox._connection.execute("PRAGMA query_only = OFF")
    assert outbox.commit(*alarm, now).seq == 2
    assert dropped(events_in(outbox, region_key)) == []


def test_a_store_that_breaks_while_room_is_made_closes_the_post_and_not_the_edge(
    open_outbox: Open, now: Stamp, alarm: Fact, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = open_outbox()
    for _ in range(10):
        outbox.commit_group([MEASURED], now)
    monkeypatch.setattr("edge.outbox.limits.EVENTS_MAX", 10)
    outbox._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreBroken):
        outbox.commit(*alarm, now)
    obstacle = outbox.obstacle()
    assert obstacle is not None
    assert obstacle.code == "outbox-broken"
    outbox._connection.execute("PRAGMA query_only = OFF")
    assert outbox.obstacle() is None
    assert outbox.commit(*alarm, now).seq == 12  # the declaration took one


def test_numbers_of_boots_rise_even_when_the_outbox_is_begun_anew(
    open_outbox: Open, now: Stamp, alarm: Fact, tmp_path: Path
) -> None:
    assert [open_outbox().number for _ in range(3)] == [1, 2, 3]
    outbox = open_outbox()
    outbox.commit(*alarm, now)
    outbox.close()
    (tmp_path / "outbox.db").write_bytes(b"no database, whatever it may have been before")
    outbox = open_outbox()
    assert outbox.moved_aside is not None
    assert outbox.number == 5  # else the region would take the device for its own clone
    assert outbox.floor_ms == round(now.time.timestamp() * 1000)


def test_each_frame_tells_which_boot_of_the_device_it_is_of(
    open_outbox: Open, now: Stamp, alarm: Fact, region_key: RegionKey
) -> None:
    open_outbox()
    outbox = open_outbox()
    outbox.commit(*alarm, now)
    assert [frame.number for frame in frames_in(outbox, region_key)] == [2]


def test_a_strike_leaves_every_later_commit_synced(open_outbox: Open, now: Stamp, alarm: Fact) -> None:
    outbox = open_outbox()
    outbox.commit(*alarm, now)
    outbox.strike(outbox.boot, [(1, 1)])
    assert outbox._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_wear_of_the_card_is_told_for_single_events_and_groups(open_outbox: Open, now: Stamp, alarm: Fact) -> None:
    outbox = open_outbox()
    assert outbox.wear_before() is None
    assert outbox.wear()["amplification"] == {"single": None, "group": None}
    for _ in range(300):
        outbox.commit(*alarm, now)
    outbox.commit_group([MEASURED] * 50, now)
    outbox.strike(outbox.boot, [(1, 300)])
    outbox.commit(*alarm, now)
    told = outbox.wear()
    amplification = told["amplification"]
    assert isinstance(amplification, dict)
    assert 1 < amplification["group"] < 7
    assert 1 < amplification["single"] < 35
    later = open_outbox()
    before = later.wear_before()
    assert before is not None
    assert before[0] == told["payload_bytes"]


def test_what_the_log_takes_is_counted_page_by_page(open_outbox: Open, now: Stamp, alarm: Fact, tmp_path: Path) -> None:
    outbox = open_outbox()
    before_bytes = (tmp_path / "outbox.db-wal").stat().st_size
    for _ in range(5):
        outbox.commit(*alarm, now)
    grown_bytes = (tmp_path / "outbox.db-wal").stat().st_size - before_bytes
    assert outbox.wear()["written_bytes"] == grown_bytes > 0
