"""The wire of a simulated device: packets that come in pieces, answers that never come, and what it says itself."""

import asyncio

import pytest

from simulators.fleet.mqtt import Refusal, Wire
from simulators.network.mqtt_packets import PUBLISH, QOS_1, Message, Packet


class Line(asyncio.Transport):
    """Keeps what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data


def wire() -> tuple[Wire, Line, list[tuple[str, bytes]]]:
    heard: list[tuple[str, bytes]] = []
    line, one = Line(), Wire(lambda topic, payload: heard.append((topic, payload)), lambda: None)
    one.connection_made(line)
    return one, line, heard


def test_messages_that_come_byte_by_byte_are_heard_whole_and_confirmed() -> None:
    one, line, heard = wire()
    long = Message(PUBLISH << 4 | QOS_1, b"bp/ack", 7, b"", b"x" * 300)
    short = Message(PUBLISH << 4, b"bp/cmd", 0, b"", b"y")  # QoS 0: nobody waits for a word
    for byte in bytes(long.packet) + bytes(short.packet):
        one.data_received(bytes([byte]))
    assert heard == [("bp/ack", b"x" * 300), ("bp/cmd", b"y")]
    assert line.written == b"\x40\x02\x00\x07"


def test_a_window_goes_out_in_one_write_with_numbers_of_its_own() -> None:
    one, line, _ = wire()
    one.publish(b"t", [b"a", b"b"])
    assert line.written == b"\x32\x06\x00\x01t\x00\x01a" + b"\x32\x06\x00\x01t\x00\x02b"


@pytest.mark.parametrize("answers", [[b"\x00\x05"], [b"\x00\x00", b"\x00\x01\x80"]])
def test_a_broker_that_refuses_is_heard(answers: list[bytes]) -> None:
    async def greet() -> None:
        one, _, _ = wire()
        greeting = asyncio.ensure_future(one.greet("lane-1", ["t"]))
        for kind, body in zip((2, 9), answers, strict=False):
            await asyncio.sleep(0)
            one.data_received(bytes(Packet(kind << 4, body)))
        await greeting

    with pytest.raises(Refusal, match="lane-1"):
        asyncio.run(greet())


def test_a_connection_that_ends_while_somebody_waits_is_an_error_of_the_network() -> None:
    async def greet() -> None:
        one, _, _ = wire()
        greeting = asyncio.ensure_future(one.greet("lane-1", ["t"]))
        await asyncio.sleep(0)
        one.connection_lost(None)
        await greeting

    with pytest.raises(ConnectionResetError):
        asyncio.run(greet())
