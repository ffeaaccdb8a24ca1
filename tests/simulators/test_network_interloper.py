"""Somebody between device and broker does to messages what he is told, and nothing else; both ends keep their peace."""

import asyncio
from pathlib import Path

import pytest

from simulators.network.interloper import OWN_NUMBERS, Interloper, Papers, Way
from simulators.network.mqtt_packets import (
    Message,
    NotMqtt,
    Packet,
    confirmation,
    confirmed,
    read_packet,
    take_apart,
    version_of,
)

CONNECT_5 = Packet(0x10, b"\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x06lane-1")
FRAME_5 = Packet(0x32, b"\x00\x01t" + b"\x00\x07" + b"\x02\x01\x01" + b"payload")
FRAME_311 = Packet(0x32, b"\x00\x01t" + b"\x00\x07" + b"payload")


class Wire:
    """What was written to one side."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.transport = self

    def write(self, packet: bytes) -> None:
        self.written.append(packet)

    def is_closing(self) -> bool:
        return False


def read(*chunks: bytes) -> list[Packet]:
    async def story() -> list[Packet]:
        reader = asyncio.StreamReader()
        for chunk in chunks:
            reader.feed_data(chunk)
        reader.feed_eof()
        packets = []
        while packet := await read_packet(reader):
            packets.append(packet)
        return packets

    return asyncio.run(story())


def messages_in(written: list[bytes]) -> list[Message]:
    return [take_apart(packet, 5) for packet in read(*written)]


def meddled(name: str, payloads: list[bytes]) -> tuple[list[Message], list[bytes], Interloper]:
    """What comes out at the broker, and what goes back to the device, when ``name`` happens to every message."""
    interloper = Interloper(1, Papers(*[Path()] * 6), seed=1)
    other = Interloper(1, Papers(*[Path()] * 6))
    other.sent.append(b"another's")
    interloper.others = [other]
    if name:
        setattr(interloper.mischief, name, 1.0)
    out, back = Wire(), Wire()

    async def story() -> None:
        way = Way(True, out, back)  # type: ignore[arg-type]  # as much of a stream as is used
        for number, payload in enumerate(payloads, 1):
            interloper._meddle(Message(0x32, b"t", number, b"\x00", payload), way)
        interloper._release(way)

    asyncio.run(story())
    return messages_in(out.written), back.written, interloper


def test_packets_are_read_whole_however_they_are_cut() -> None:
    long = Packet(0x30, b"\x00\x01t" + b"x" * 200_000)
    assert read(bytes(CONNECT_5) + bytes(long)[:7], bytes(long)[7:]) == [CONNECT_5, long]
    assert version_of(CONNECT_5) == 5


def test_a_message_is_taken_apart_and_put_together_in_both_versions() -> None:
    for packet, version in ((FRAME_5, 5), (FRAME_311, 4)):
        message = take_apart(packet, version)
        assert (message.topic, message.number, message.payload) == (b"t", 7, b"payload")
        assert message.packet == packet


def test_a_confirmation_names_its_message() -> None:
    assert confirmed(confirmation(60_001)) == 60_001
    assert bytes(confirmation(7)) == b"\x40\x02\x00\x07"


def test_what_is_no_mqtt_is_said() -> None:
    with pytest.raises(NotMqtt):
        read(b"\x30\xff\xff\xff\xff\xff")


def test_told_nothing_it_passes_everything_on() -> None:
    out, back, interloper = meddled("", [b"one", b"two"])
    assert [message.payload for message in out] == [b"one", b"two"]
    assert (back, interloper.done.total()) == ([], 0)


def test_what_is_withheld_is_confirmed_as_a_rogue_broker_would() -> None:
    out, back, interloper = meddled("drop", [b"one"])
    assert (out, back) == ([], [bytes(confirmation(1))])
    assert interloper.done == {"drop": 1}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("double", [b"one", b"one", b"two", b"two"]),
        ("swap", [b"one", b"two"]),
        ("foreign", [b"another's", b"one", b"another's", b"two"]),
    ],
)
def test_what_is_added_or_held_comes_under_numbers_of_its_own(name: str, expected: list[bytes]) -> None:
    out, _, _ = meddled(name, [b"one", b"two"])
    assert [message.payload for message in out] == expected
    added = [message.number for message in out if message.number in OWN_NUMBERS]
    assert len(added) == len(expected) - 2 == len(set(added))


def test_a_message_held_back_comes_after_the_next_one() -> None:
    interloper = Interloper(1, Papers(*[Path()] * 6))
    out, back = Wire(), Wire()

    async def story() -> None:
        way = Way(True, out, back)  # type: ignore[arg-type]  # as much of a stream as is used
        interloper.mischief.swap = 1.0
        interloper._meddle(Message(0x32, b"t", 1, b"\x00", b"one"), way)
        interloper.mischief.swap = 0.0
        interloper._meddle(Message(0x32, b"t", 2, b"\x00", b"two"), way)

    asyncio.run(story())
    assert [message.payload for message in messages_in(out.written)] == [b"two", b"one"]


def test_an_altered_message_differs_in_one_bit() -> None:
    out, _, _ = meddled("alter", [b"\x00" * 32])
    assert sum(byte.bit_count() for byte in out[0].payload) == 1


def test_an_old_message_is_played_again() -> None:
    out, _, _ = meddled("replay", [b"one", b"two", b"three"])
    assert [message.payload for message in out if message.number not in OWN_NUMBERS] == [b"one", b"two", b"three"]
    assert len(out) == 6
    assert {message.payload for message in out} <= {b"one", b"two", b"three"}
