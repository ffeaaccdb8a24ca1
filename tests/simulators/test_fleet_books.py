"""The outbox of a simulated device: what it sends first, what it sends again, and what strikes a row off."""

import random
from collections.abc import Iterator
from datetime import date

import pytest

from messages.ack import seal_ack
from messages.errors import Refused
from messages.frame import open_frame, read_events, verify
from messages.keys import DeviceKey, GatewayKey, RegionKey
from messages.topics import Channel, Topic
from simulators.fleet.books import ACK_TIMEOUT_S, BACKLOG_FRAMES, QUEUE_S, WINDOW_FRAMES, Books, Identity
from simulators.fleet.story import story

TOPIC = Topic("utopia", "north-bridge", "lane-1", Channel.EVT)
KEY = DeviceKey("lane-1", b"\x01" * 32)
REGION = RegionKey("region-1", b"\x03" * 32)
GATEWAY = GatewayKey("gateway-1", b"\x02" * 32)
IDENTITY = Identity(TOPIC, KEY, REGION.public, {"gateway-1": GATEWAY.record()})
DAY = date(2026, 11, 24)
NOW_MS = 1_795_000_000_000
NOW_S = 0.0


def books(*, doubled: float = 0.0) -> Books:
    return Books(IDENTITY, story(1, "lane-1", DAY), random.Random(1), doubled, number=7)


def ack(of: Books, *seqs: tuple[int, int], key: GatewayKey = GATEWAY) -> bytes:
    return seal_ack(of.boot, seqs, TOPIC, key)


def firsts(frames: list[bytes]) -> list[int]:
    return [verify(frame, TOPIC, {"lane-1": KEY.record("utopia", "north-bridge")}).first for frame in frames]


def test_a_frame_is_what_the_region_reads() -> None:
    device = books()
    device.make(50, NOW_MS, 5, live=True)
    [frame] = device.due(0.0)
    signed = verify(frame, TOPIC, {"lane-1": KEY.record("utopia", "north-bridge")})
    events = read_events(open_frame(signed, REGION))
    assert [event.seq for event in events] == list(range(1, 51))
    assert {event.type for event in events} >= {"crossing.granted.v1", "crossing.left.v1", "device.telemetry.v1"}


def test_what_happens_now_goes_before_the_backlog_and_leaves_it_a_part_of_the_window() -> None:
    device = books()
    for _ in range(30):
        device.make(1, NOW_MS, 5, live=False)
    for _ in range(10):
        device.make(1, NOW_MS, 5, live=True)
    assert firsts(device.due(0.0)) == [*range(31, 41), *range(1, 1 + BACKLOG_FRAMES)]
    assert device.due(0.1) == []
    assert len(device.acknowledge(ack(device, (1, 2)), NOW_S)) == 2
    assert firsts(device.due(0.2)) == [5, 6]


def answered(device: Books, sent_s: float, after_s: float) -> int:
    """Everything that is due is sent, and answered so much later; how many frames that were."""
    sent = firsts(device.due(sent_s))
    device.acknowledge(ack(device, (1, device.last_seq)), sent_s + after_s)
    return len(sent)


def test_the_backlog_takes_the_window_while_answers_come_soon_and_one_frame_of_it_when_they_come_late() -> None:
    device = books()
    for _ in range(400):
        device.make(1, NOW_MS, 5, live=False)
    soon = [answered(device, number, 0.0) for number in range(20)]
    assert (soon[0], soon[-1]) == (BACKLOG_FRAMES, WINDOW_FRAMES)
    assert soon == sorted(soon)
    late = [answered(device, 100 + 10 * number, 2 * QUEUE_S) for number in range(6)]
    assert late == sorted(late, reverse=True)
    assert late[-1] == 1


def test_something_that_happens_now_goes_at_once_and_the_backlog_yields_until_it_is_answered() -> None:
    device = books()
    for _ in range(320):
        device.make(1, NOW_MS, 5, live=False)
    for number in range(20):
        answered(device, number, 0.0)
    old = firsts(device.due(100.0))
    device.make(1, NOW_MS, 5, live=True)
    assert firsts(device.due(100.1)) == [device.last_seq]
    device.acknowledge(ack(device, (old[0], old[-1] - BACKLOG_FRAMES)), 100.1)
    assert device.due(100.2) == []
    device.acknowledge(ack(device, (device.last_seq, device.last_seq)), 100.2)
    assert len(device.due(100.3)) > BACKLOG_FRAMES


def test_a_row_is_sent_again_until_it_is_acknowledged_and_each_time_later() -> None:
    device = books()
    device.make(1, NOW_MS, 5, live=True)
    [frame] = device.due(0.0)
    assert device.due(ACK_TIMEOUT_S - 0.1) == []
    assert device.due(ACK_TIMEOUT_S) == [frame]
    assert device.due(2 * ACK_TIMEOUT_S) == []
    assert device.due(3 * ACK_TIMEOUT_S) == [frame]
    assert device.tally.resent == 2
    assert [row.first for row in device.acknowledge(ack(device, (1, 1)), NOW_S)] == [1]
    assert (device.waiting, device.tally.acknowledged) == (0, 1)


def test_after_a_lost_connection_all_that_was_on_its_way_is_due() -> None:
    device = books()
    device.make(3, NOW_MS, 5, live=True)
    sent = device.due(0.0)
    device.broken()
    assert device.due(0.1) == sent


def test_a_frame_goes_when_all_of_its_numbers_are_acknowledged() -> None:
    device = books()
    device.make(3, NOW_MS, 5, live=True)
    device.due(0.0)
    assert device.acknowledge(ack(device, (1, 2)), NOW_S) == []
    assert len(device.acknowledge(ack(device, (1, 3)), NOW_S)) == 1


def test_nobody_but_the_gateway_strikes_off() -> None:
    device = books()
    device.make(1, NOW_MS, 5, live=True)
    device.due(0.0)
    with pytest.raises(Refused):
        device.acknowledge(ack(device, (1, 1), key=GatewayKey("gateway-1", b"\x09" * 32)), NOW_S)
    assert device.acknowledge(seal_ack("b" * 32, [(1, 1)], TOPIC, GATEWAY), NOW_S) == []
    assert device.waiting == 1


def test_copies_go_along_with_the_first_and_after_its_end() -> None:
    device = books(doubled=1.0)
    copies = 0
    for seq in range(1, 41):
        device.make(1, NOW_MS, 5, live=True)
        copies += len(device.due(0.0)) - 1
        device.acknowledge(ack(device, (seq, seq)), NOW_S)
    copies += len(device.due(0.0))
    assert copies == device.tally.doubled
    assert 20 < copies < 60


def test_a_row_that_was_forgotten_was_made_all_the_same() -> None:
    device = books()
    device.make(2, NOW_MS, 5, live=True)
    device.forget()
    assert (device.due(0.0), device.waiting, device.last_seq) == ([], 0, 2)


def test_the_same_seed_tells_the_same_story() -> None:
    def told(seed: int) -> list[object]:
        facts: Iterator[object] = story(seed, "lane-1", DAY)
        return [next(facts) for _ in range(50)]

    assert told(1) == told(1)
    assert told(1) != told(2)
