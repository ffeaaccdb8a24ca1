"""What a region finds out about a device by its boots: two cards for one, numbers dropped, clocks that were wrong."""

from typing import Any

import pytest

from gateway.identity.register import Register
from gateway.intake.arrivals import declared_drops, gaps
from messages.events import Clock
from messages.facts import DeviceTelemetry, OutboxDropped, Reading
from messages.keys import RegionPublic
from messages.topics import Channel, Topic
from tests.gateway.desk import Desk, offer, offer_with_bodies
from tests.gateway.test_gateway_order import ALARM, numbered, told

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
READING = DeviceTelemetry((Reading("cpu", 40.5),))


def alarms(desk: Desk) -> list[tuple[Any, ...]]:
    return desk.rows("SELECT device, code, boot FROM alarms ORDER BY 1, 2, 3")


def test_boots_that_follow_one_another_are_one_card(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(numbered(lane, 1, told(lane, ONE, 1, ALARM, 0)), numbered(lane, 2, told(lane, TWO, 1, ALARM, 0)))
    desk.take(numbered(lane, 1, told(lane, ONE, 2, ALARM, 0)), numbered(lane, 3, told(lane, THREE, 1, ALARM, 60)))
    assert alarms(desk) == []


def test_d02_two_boots_that_are_alive_at_once_are_two_cards_and_both_are_named(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(numbered(lane, 1, told(lane, ONE, 1, ALARM, 0)), numbered(lane, 2, told(lane, TWO, 1, ALARM, 60)))
    outcome = desk.take(numbered(lane, 1, told(lane, ONE, 2, ALARM, 61)))  # the first is still alive
    assert outcome.alarms == [("lane-1", "device-cloned")] * 2
    assert alarms(desk) == [("lane-1", "device-cloned", ONE), ("lane-1", "device-cloned", TWO)]
    assert desk.stored() == 3  # nothing is thrown away


def test_d03_a_card_that_was_put_back_begins_a_number_again(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(numbered(lane, 7, told(lane, ONE, 1, ALARM, 0)))
    desk.take(numbered(lane, 7, told(lane, TWO, 1, ALARM, 60)))
    assert alarms(desk) == [("lane-1", "device-cloned", ONE), ("lane-1", "device-cloned", TWO)]


def test_an_older_edge_that_does_not_number_its_boots_is_no_clone(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, told(lane, ONE, 1, ALARM, 60)), offer(lane, told(lane, TWO, 1, ALARM, 0)))
    assert alarms(desk) == []


def test_an_edge_that_learned_to_number_its_boots_is_no_clone_of_its_older_self(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, told(lane, ONE, 1, ALARM, 60)), numbered(lane, 1, told(lane, TWO, 1, ALARM, 0)))
    assert alarms(desk) == []


def test_numbers_that_a_signed_event_declares_dropped_are_no_gap(desk: Desk) -> None:
    lane = desk.region.lane()
    drop = OutboxDropped(ONE, ((2, 3), (5, 6)), 4, "disk-full")
    desk.take(offer(lane, told(lane, ONE, 1, READING, 0)), offer(lane, told(lane, ONE, 8, drop, 7)))
    assert [gap.missing for gap in gaps(desk.connection)] == [((4, 4), (7, 7))]
    assert declared_drops(desk.connection) == 4
    desk.take(offer(lane, told(lane, ONE, 3, READING, 2)))  # it had been sent before it was dropped
    assert declared_drops(desk.connection) == 3
    desk.take(offer(lane, told(lane, ONE, 4, READING, 3)), offer(lane, told(lane, ONE, 7, READING, 6)))
    assert gaps(desk.connection) == []


def test_a_boot_of_which_all_was_dropped_is_declared_too(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, told(lane, TWO, 1, OutboxDropped(ONE, ((1, 9),), 9, "outbox-full"), 0)))
    assert declared_drops(desk.connection) == 9
    assert gaps(desk.connection) == []


@pytest.mark.parametrize("sync_first", [True, False])
def test_d06_one_true_clock_dates_its_whole_boot_again(desk: Desk, sync_first: bool) -> None:
    lane = desk.region.lane()
    dark = [offer(lane, told(lane, ONE, n, READING, -86_400 + n, clock=Clock.UNKNOWN)) for n in (1, 2)]
    synced = offer(lane, told(lane, ONE, 3, READING, 100))
    desk.take(*([synced, *dark] if sync_first else [*dark, synced]))
    true_s = desk.rows("SELECT seq, (true_ms - (SELECT max(time_ms) FROM told)) / 1000 FROM told ORDER BY seq")
    assert true_s == [(1, -2), (2, -1), (3, 0)]
    assert desk.rows("SELECT count(*) FROM told WHERE time_ms < true_ms - 80000000") == [(2,)]  # as told is kept, too


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_true_clocks_the_first_dates_the_boot(desk: Desk, order: tuple[int, int]) -> None:
    lane = desk.region.lane()
    frames = [offer(lane, told(lane, ONE, 2, READING, 100)), offer(lane, told(lane, ONE, 3, READING, 150))]
    desk.take(*(frames[n] for n in order), offer(lane, told(lane, ONE, 1, READING, 0, clock=Clock.HOLDOVER)))
    assert desk.rows("SELECT true_ms - (SELECT min(time_ms) FROM told) FROM told WHERE seq = 1") == [(99_000,)]


def test_d04_d05_a_clock_that_jumps_loses_nothing(desk: Desk) -> None:
    lane = desk.region.lane()
    times = (0, 3 * 86_400, 3 * 86_400 + 1, -86_400)
    outcome = desk.take(*(offer(lane, told(lane, ONE, n, ALARM, at_s)) for n, at_s in enumerate(times, 1)))
    assert outcome.stored == 4


def test_d32_an_event_from_the_future_is_stored_and_flagged_once_for_its_boot(desk: Desk) -> None:
    lane = desk.region.lane()
    desk.take(offer(lane, told(lane, ONE, 1, ALARM, 3600 + 299)))
    assert alarms(desk) == []
    desk.take(offer(lane, told(lane, ONE, 2, ALARM, 3600 + 301)), offer(lane, told(lane, ONE, 3, ALARM, 9000)))
    assert alarms(desk) == [("lane-1", "from-the-future", ONE)]
    assert desk.stored() == 3


def test_d01_whoever_sends_anothers_frame_is_named(desk: Desk) -> None:
    lane, thief = desk.region.lane("lane-1"), desk.region.lane("lane-2")
    outcome = desk.take((str(thief.topic), lane.frame([lane.alarm()])))
    assert outcome.alarms == [("lane-2", "wrong-topic")]
    again = desk.take((str(thief.topic), lane.frame([lane.alarm()])))
    assert again.alarms == []  # said once


def test_d24_a_frame_for_another_region_raises_an_alarm(desk: Desk, other_region: Any) -> None:
    lane = desk.region.lane()
    foreign = RegionPublic("south-1", other_region.lane("lane-9").enrolled.region_public)
    outcome = desk.take(offer_with_bodies(lane, [lane.alarm().to_json()], 1, foreign))
    assert outcome.alarms == [("lane-1", "wrong-region")]


def test_d30_a_revoked_key_that_still_speaks_raises_an_alarm(desk: Desk) -> None:
    lane = desk.region.lane()
    frame = offer(lane, lane.alarm())
    assert Register(desk.connection).revoke("lane-1")
    assert desk.take(frame).alarms == [("lane-1", "revoked-key")]


def test_a_topic_that_is_none_accuses_nobody(desk: Desk) -> None:
    lane = desk.region.lane()
    outcome = desk.take((str(Topic("north", "harbour", "lane-1", Channel.EVT))[:-4], lane.frame([lane.alarm()])))
    assert outcome.alarms == [("", "wrong-topic")]
