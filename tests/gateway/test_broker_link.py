"""What the link promises a broker: it confirms what is stored and nothing else, and a broker that goes is one state."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from gateway.intake.worker import Message
from gateway.links.broker_link import Address, BrokerLink
from gateway.links.mqtt import packets
from gateway.links.mqtt.client import Lost, open_client

LIMIT_S = 10.0
CONNACK, SUBACK = bytes.fromhex("20060000" + "03" + "210002"), bytes.fromhex("9004" + "0001" + "00" + "01")
PUBLISH = bytes.fromhex("320b0001740007" + "00") + b"frame"
Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def broker(play: Play, story: Callable[[int], Awaitable[Any]]) -> Any:
    """Run ``story`` beside a broker that ``play`` s with each connection."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server, asyncio.timeout(LIMIT_S):
        return await story(server.sockets[0].getsockname()[1])


def link(port: int, take: Callable[[Sequence[Message]], Awaitable[list[Message]]]) -> BrokerLink:
    tls: Any = None  # what stands above TLS is what is looked at
    return BrokerLink(Address("127.0.0.1", port), "gateway-1", "north", tls, take, random.Random(1))


def test_a_message_is_confirmed_when_it_is_stored_and_not_before() -> None:
    stored, heard = asyncio.Event(), asyncio.Queue[bytes]()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(37)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK + PUBLISH)
        while data := await reader.read(1000):
            heard.put_nowait(data)

    async def take(messages: Sequence[Message]) -> list[Message]:
        assert [message.payload for message in messages] == [b"frame"]
        await stored.wait()
        return [Message("a", b"ack"), Message("b", b"ack"), Message("c", b"ack")]

    async def story(port: int) -> bytes:
        running = asyncio.create_task(link(port, take).run())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(heard.get(), 0.2)  # nothing is said while the store is waited for
        stored.set()
        said = await heard.get()
        running.cancel()
        await asyncio.wait({running})
        return said

    said = asyncio.run(broker(play, story))
    # The broker takes two at a time: the third waits for its word.
    assert said == packets.puback(7) + packets.publish(2, "a", b"ack") + packets.publish(3, "b", b"ack")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        (bytes.fromhex("20030087" + "00"), "refused with 0x87"),
        (CONNACK + bytes.fromhex("9004" + "0001" + "00" + "87"), "does not let us hear"),
        (CONNACK + bytes.fromhex("e0018e"), "sent away with 0x8e"),
        (bytes.fromhex("1000"), "a packet that no broker sends"),
        (b"", "cut"),
    ],
)
def test_a_broker_that_does_not_serve_us_is_lost_with_a_reason(says: bytes, why: str) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(says)

    async def story(port: int) -> None:
        tls: Any = None
        client = await open_client("127.0.0.1", port, tls, LIMIT_S)
        await client.begin("gateway-1", ["a"])
        await client.batch(1, 1)

    with pytest.raises(Lost, match=why):
        asyncio.run(broker(play, story))


def test_a_broker_that_falls_silent_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(37)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK)
        await reader.read()

    async def story(port: int) -> None:
        tls: Any = None
        client = await open_client("127.0.0.1", port, tls, LIMIT_S)
        await client.begin("gateway-1", ["a"])
        monkeypatch.setattr("gateway.links.mqtt.client.KEEPALIVE_S", 0.1)
        await client.keep_alive()

    with pytest.raises(Lost, match="silent"):
        asyncio.run(broker(play, story))


def test_a_fault_of_ours_ends_the_link_and_is_not_swallowed() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(37)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK + PUBLISH)
        await reader.read()

    async def take(messages: Sequence[Message]) -> list[Message]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        asyncio.run(broker(play, lambda port: link(port, take).run()))


def test_what_came_with_qos_0_is_bounded_and_the_oldest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.links.mqtt.client.WINDOW", 1)
    monkeypatch.setattr("gateway.links.mqtt.client.UNASKED_MAX", 2)
    statuses = b"".join(bytes.fromhex("3005000174" + "00") + bytes([n]) for n in range(9))

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(37)
        writer.write(CONNACK)
        await reader.read(1000)
        writer.write(SUBACK + PUBLISH + statuses)
        await reader.read()

    async def story(port: int) -> list[bytes]:
        tls: Any = None
        client = await open_client("127.0.0.1", port, tls, LIMIT_S)
        await client.begin("gateway-1", ["a"])
        while len(found := await client.batch(99, 99)) != 3:
            pass
        client.close()
        return [message.payload for message in found]

    assert asyncio.run(broker(play, story)) == [b"frame", b"\x07", b"\x08"]
