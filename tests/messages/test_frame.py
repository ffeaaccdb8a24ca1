"""Frames: what a device of Utopia seals, its region reads, and nobody else."""

import dataclasses
from collections.abc import Callable, Mapping

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages.errors import Quarantine, Refused
from messages.events import Event, validate
from messages.facts import CrossingGranted
from messages.frame import Frame, open_frame, read_events, seal_frame, verify
from messages.keys import DeviceKey, KeyRecord, RegionKey, RegionKeys
from messages.limits import EVENTS_PER_FRAME_MAX
from messages.topics import Channel, Topic

MakeEvent = Callable[..., Event]
Keys = Mapping[str, KeyRecord]


@pytest.mark.parametrize("count", [1, 2, EVENTS_PER_FRAME_MAX])
def test_a_frame_reads_as_it_was_written(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, keys: Keys, make_event: MakeEvent, count: int
) -> None:
    events = tuple(make_event(seq) for seq in range(5, 5 + count))
    signed = verify(seal_frame(events, topic, device_key, region_key.public), topic, keys)
    assert (signed.boot, signed.first, signed.last) == (events[0].boot, 5, 4 + count)
    frame = open_frame(signed, region_key)
    assert (frame.region, frame.post, frame.device) == (topic.region, topic.post, topic.device)
    assert (frame.boot, frame.first) == (events[0].boot, 5)
    assert frame.events == tuple(event.to_json() for event in events)
    assert read_events(frame) == events


@pytest.mark.parametrize("number", [0, 1, 2**53 - 1])
def test_a_frame_tells_the_number_of_its_boot(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, keys: Keys, make_event: MakeEvent, number: int
) -> None:
    sealed = seal_frame([make_event()], topic, device_key, region_key.public, number=number)
    assert open_frame(verify(sealed, topic, keys), region_key).number == number


def test_a_frame_signed_with_the_key_that_followed_is_the_same_device_s(
    topic: Topic, region_key: RegionKey, make_event: MakeEvent
) -> None:
    followed = DeviceKey("lane-1.2", b"\x05" * 32)
    keys = {"lane-1.2": followed.record(topic.region, topic.post)}
    signed = verify(seal_frame([make_event()], topic, followed, region_key.public), topic, keys)
    assert (signed.kid, signed.topic.device) == ("lane-1.2", "lane-1")


def test_a_region_opens_with_every_key_it_holds_and_with_no_other(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, keys: Keys, make_event: MakeEvent
) -> None:
    newer = RegionKey.generate("region-2")
    both = RegionKeys.of([region_key, newer])
    for region in (region_key, newer):
        signed = verify(seal_frame([make_event()], topic, device_key, region.public), topic, keys)
        assert open_frame(signed, both).first == 1
    with pytest.raises(Refused) as refusal:
        open_frame(signed, RegionKeys.of([region_key]))
    assert refusal.value.reason is Quarantine.WRONG_REGION


def test_a_crossing_arrives_typed_and_nobody_on_the_way_can_read_it(
    topic: Topic,
    device_key: DeviceKey,
    region_key: RegionKey,
    keys: Keys,
    make_event: MakeEvent,
    granted: CrossingGranted,
) -> None:
    frame = seal_frame([make_event(fact=granted)], topic, device_key, region_key.public)
    for word in (b"ERIKSSON", b"ANNA", b"L898902C3", b"1974", b"crossing", granted.crossing.encode()):
        assert word not in frame
    opened = open_frame(verify(frame, topic, keys), region_key)
    assert validate(read_events(opened)[0]) == granted
    assert "ERIKSSON" not in repr(opened) + repr(verify(frame, topic, keys))


def test_d26_two_frames_share_neither_a_key_nor_a_nonce(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, make_event: MakeEvent
) -> None:
    event = make_event()
    frames = [seal_frame([event], topic, device_key, region_key.public) for _ in range(50)]
    sealed = [cbor2.loads(cbor2.loads(frame).value[2]).value for frame in frames]
    # Each by itself: fresh nonces would hide a key that stays the same, and the other way round.
    points = {recipient[1][-1][-2] for _, _, _, (recipient,) in sealed}
    nonces = {unprotected[5] for _, unprotected, _, _ in sealed}
    assert (len(points), len(nonces)) == (50, 50)


@given(st.binary(max_size=200))
def test_garbage_never_raises_anything_but_refused(data: bytes) -> None:
    for head in (b"", b"\xd2", b"\xd2\x84"):
        with pytest.raises(Refused):
            verify(head + data, Topic("r", "p", "d", Channel.EVT), {})


def test_a_frame_with_one_changed_bit_is_refused_wherever_the_bit_is(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, keys: Keys, make_event: MakeEvent
) -> None:
    frame = seal_frame([make_event()], topic, device_key, region_key.public)
    for place in range(len(frame)):
        damaged = bytearray(frame)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(Refused):
            verify(bytes(damaged), topic, keys)


def test_a_frame_cut_short_anywhere_is_refused(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, keys: Keys, make_event: MakeEvent
) -> None:
    frame = seal_frame([make_event()], topic, device_key, region_key.public)
    for size in range(len(frame)):
        with pytest.raises(Refused):
            verify(frame[:size], topic, keys)


@pytest.mark.parametrize("count", [0, EVENTS_PER_FRAME_MAX + 1])
def test_a_frame_of_none_or_too_many_events_is_not_sealed(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, make_event: MakeEvent, count: int
) -> None:
    with pytest.raises(Refused) as refusal:
        seal_frame([make_event(seq) for seq in range(1, 1 + count)], topic, device_key, region_key.public)
    assert refusal.value.reason is Quarantine.BAD_EVENTS


@pytest.mark.parametrize(
    "second",
    [{"seq": 3}, {"seq": 1}, {"boot": "f" * 32}, {"source": "bp/1/utopia-north/harbour/lane-2"}],
    ids=["gap", "again", "boot", "source"],
)
def test_events_that_do_not_follow_one_another_are_not_sealed(
    topic: Topic,
    device_key: DeviceKey,
    region_key: RegionKey,
    make_event: MakeEvent,
    second: dict[str, str],
) -> None:
    events = [make_event(1), make_event(**{"seq": 2, **second})]
    with pytest.raises(Refused):
        seal_frame(events, topic, device_key, region_key.public)


def test_a_frame_over_its_limit_is_not_sealed(
    topic: Topic, device_key: DeviceKey, region_key: RegionKey, make_event: MakeEvent
) -> None:
    events = [replace(make_event(seq), data={"code": "x" * 60_000}) for seq in range(1, 6)]
    with pytest.raises(Refused) as refusal:
        seal_frame(events, topic, device_key, region_key.public)
    assert refusal.value.reason is Quarantine.TOO_LARGE


@pytest.mark.parametrize("change", [{"boot": "f" * 32}, {"first": 2}, {"device": "lane-2"}, {"post": "airport"}])
def test_an_event_in_another_events_place_is_refused(make_event: MakeEvent, change: dict[str, str]) -> None:
    event = make_event()
    frame = Frame("utopia-north", "harbour", "lane-1", event.boot, 1, (event.to_json(),))
    assert read_events(frame) == (event,)
    with pytest.raises(Refused) as refusal:
        read_events(dataclasses.replace(frame, **change))  # type: ignore[arg-type]  # one field each
    assert refusal.value.reason is Quarantine.BAD_EVENTS
