"""The bytes of MQTT 5 as the specification prints them, and nothing but Garbled from whatever is none."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.links.mqtt import packets
from gateway.links.mqtt.packets import Came, Confirmed, Dismissed, Garbled, Pong, Reader, Welcome


def read(data: bytes) -> list[object]:
    return list(Reader().feed(data))


def test_what_we_say_stands_as_in_the_specification() -> None:
    connect = packets.connect("gateway-1", 15, 86_400, 256)
    assert connect.hex() == (
        "1023"
        + "00044d515454"
        + "05"
        + "00"
        + "000f"
        + "0d"
        + "1100015180"
        + "210100"
        + "27000493e0"
        + "0009676174657761792d31"
    )
    assert packets.subscribe(1, ["a/+"]).hex() == "82090001000003612f2b01"
    assert packets.publish(7, "a/b", b"xy").hex() == "320a0003612f6200070078" + "79"
    assert packets.puback(258).hex() == "40020102"


@pytest.mark.parametrize(
    ("data", "packet"),
    [
        ("20030000" + "00", Welcome(0, 65_535)),
        ("20060000" + "03" + "210014", Welcome(0, 20)),
        ("20050000" + "0a" + "2100", None),  # properties that end too early
        ("20060000" + "03" + "210000", None),  # nobody may say anything
        ("20050000" + "02" + "ff00", None),  # a property that nobody knows
        ("200c0000" + "09" + "1200032d2d2d" + "210014", Welcome(0, 20)),
        ("200800000524" + "01" + "210014", Welcome(0, 20)),
        ("20030087" + "00", Welcome(0x87, 65_535)),
        ("300700016100" + "787979", Came("a", b"xyy", 0)),
        ("32070001610009" + "0078", Came("a", b"x", 9)),
        ("320c0001610009" + "052600014100" + "78", Came("a", b"x", 9)),  # properties: nobody reads them
        ("32070001610009" + "05" + "01", None),  # they end too early
        ("40020009", Confirmed(9, (0,))),
        ("4003000910", Confirmed(9, (0x10,))),
        ("900500010001" + "87", Confirmed(1, (1, 0x87))),
        ("d000", Pong()),
        ("e000", Dismissed(0)),
        ("e0018e", Dismissed(0x8E)),
        ("34070001610009" + "0078", None),  # QoS 2: nobody asked for it
        ("32070001610000" + "0078", None),  # number 0
        ("10020000", None),  # what a broker never says
    ],
)
def test_what_we_hear_is_read_or_garbled(data: str, packet: object) -> None:
    if packet is None:
        with pytest.raises(Garbled):
            read(bytes.fromhex(data))
    else:
        assert read(bytes.fromhex(data)) == [packet]


def test_a_packet_over_the_limit_is_refused_before_it_is_there() -> None:
    with pytest.raises(Garbled, match="over the limit"):
        read(b"\x30" + bytes.fromhex("ffff7f"))
    with pytest.raises(Garbled, match="five bytes"):
        read(b"\x30" + bytes.fromhex("ffffffff7f"))


TALK = [Came("bp/1/n/p/d/evt", b"x" * 300, 5), Confirmed(9, (0,)), Pong(), Came("t", b"", 0)]


@settings(derandomize=True, database=None, max_examples=60)
@given(cuts=st.lists(st.integers(0, 340), max_size=8))
def test_packets_come_out_whole_however_the_bytes_are_cut(cuts: list[int]) -> None:
    data = (
        packets.publish(5, TALK[0].topic, TALK[0].payload)
        + packets.puback(9)
        + bytes.fromhex("d000" + "3004" + "000174" + "00")
    )
    reader, found, at = Reader(), [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += list(reader.feed(data[at:cut]))
        at = max(at, cut)
    assert found == TALK


@settings(derandomize=True, database=None, max_examples=300)
@given(data=st.binary(max_size=64))
def test_garbage_is_garbled_and_nothing_else(data: bytes) -> None:
    with contextlib.suppress(Garbled):
        read(data)
