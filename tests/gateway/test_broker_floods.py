"""Group E, continued: floods and odd packets, from enrolled devices and from strangers. The others do not feel them."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiomqtt
import pytest

from gateway.links.broker_link import client_tls
from simulators.network.broker import Broker, Certificates
from simulators.network.broker_files import CONNECTIONS_LIMIT
from tests.gateway.hearing import heard_until

ARRIVES_S = 5
STRANGERS = 120
IDLE = 40
TOO_MANY_IDLE = CONNECTIONS_LIMIT + 20


@pytest.fixture
def broker(region: Any) -> Iterator[Broker]:
    tls = Certificates.of_region(region.state)
    with Broker(region.folder / "broker", tls, region="north") as running:
        yield running


def device_tls(lane: Any) -> ssl.SSLContext:
    return client_tls(lane.folder / "ca.crt", lane.folder / "device.crt", lane.folder / "device.key")


@asynccontextmanager
async def connected(broker: Broker, name: str, tls: ssl.SSLContext, **options: Any) -> AsyncIterator[aiomqtt.Client]:
    version = aiomqtt.ProtocolVersion.V5
    async with aiomqtt.Client(
        "127.0.0.1", broker.port, identifier=name, protocol=version, tls_context=tls, timeout=ARRIVES_S, **options
    ) as client:
        yield client


@asynccontextmanager
async def inbox(broker: Broker, region: Any) -> AsyncIterator[aiomqtt.Client]:
    state = region.state
    tls = client_tls(state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key")
    async with connected(broker, "gateway-1", tls) as client:
        await client.subscribe("bp/1/north/+/+/evt", qos=1)
        yield client


# --- packets written by hand, for what no client library would send ---
def text(raw: bytes) -> bytes:
    return len(raw).to_bytes(2) + raw


def packet(kind: int, body: bytes) -> bytes:
    size, length = len(body), b""
    while True:
        size, digit = size >> 7, size & 0x7F
        length += bytes([digit | (0x80 if size else 0)])
        if not size:
            return bytes([kind]) + length + body


def connect(name: bytes, will: tuple[bytes, bytes] | None = None) -> bytes:
    """MQTT 3.1.1, a clean session."""
    flags = 0x02 | (0x0C if will else 0)
    last_words = b"" if will is None else text(will[0]) + text(will[1])
    return packet(0x10, text(b"MQTT") + bytes([4, flags, 0, 30]) + text(name) + last_words)


def publish(topic: bytes, payload: bytes) -> bytes:
    return packet(0x30, text(topic) + payload)


@contextlib.contextmanager
def wire(broker: Broker, lane: Any, greeting: bytes) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(("127.0.0.1", broker.port), timeout=ARRIVES_S) as raw,
        device_tls(lane).wrap_socket(raw, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(greeting)
        assert secured.recv(4) == b"\x20\x02\x00\x00"  # CONNACK
        yield secured


def sent_by_hand(broker: Broker, lane: Any, packets: bytes, greeting: bytes | None = None) -> None:
    """Sent, and then the line is cut without a word (a will would be published now)."""
    with contextlib.suppress(OSError), wire(broker, lane, greeting or connect(lane.name.encode())) as line:
        line.sendall(packets)
        line.settimeout(0.2)
        line.recv(16)  # until the broker has looked at it: it hangs up, or says nothing


def what_arrives(
    region: Any, broker: Broker, lane: Any, other: Any, packets: bytes, greeting: bytes | None = None
) -> list[bytes]:
    """What the gateway hears of it, before it hears an honest neighbour."""

    async def story() -> list[bytes]:
        async with inbox(broker, region) as gateway, connected(broker, "lane-2", device_tls(other)) as neighbour:
            await asyncio.to_thread(sent_by_hand, broker, lane, packets, greeting)
            await neighbour.publish(str(other.topic), b"honest", qos=1)
            return await heard_until(gateway, b"honest")

    return asyncio.run(story())


def test_e02_a_will_on_anothers_topic_is_not_delivered(region: Any, broker: Broker) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")
    for topic, heard in ((b"bp/1/north/harbour/lane-2/evt", []), (b"bp/1/north/harbour/lane-1/evt", [b"last words"])):
        greeting = connect(b"lane-1", (topic, b"last words"))
        arrived = what_arrives(region, broker, lane, other, b"", greeting)
        assert arrived == [*heard, b"honest"]


def test_e10_a_packet_of_a_megabyte_is_refused_and_its_sender_is_put_out(region: Any, broker: Broker) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")
    large = publish(b"bp/1/north/harbour/lane-1/evt", bytes(1_000_000))
    small = publish(b"bp/1/north/harbour/lane-1/evt", b"behind it")
    assert what_arrives(region, broker, lane, other, large + small) == [b"honest"]
    assert what_arrives(region, broker, lane, other, small) == [b"behind it", b"honest"]


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(b"bp/1/north/harbour/lane-1/evt/../../lane-2/evt", id="dots"),
        pytest.param(b"bp/1/north/harbour/../harbour/lane-1/evt", id="dots-within"),
        pytest.param(b"bp/1/north/harbour/lane-1/evt\x00", id="nul"),
        pytest.param(b"bp/1/north/harbour/lane-1/evt/" + b"x" * 65_000, id="64-kilobytes"),
        pytest.param(b"bp/1/north/harbour/" + b"/" * 300, id="levels"),
        pytest.param(b"bp/1/north/harbour/lane-1/+", id="wildcard"),
        pytest.param(b"bp/1/north/harbour/lane-1/evt\xff\xfe", id="not-utf-8"),
        pytest.param(b"", id="empty"),
        pytest.param(b"$SYS/broker/version", id="the-brokers-own"),
    ],
)
def test_e19_odd_topics_reach_nobody(region: Any, broker: Broker, topic: bytes) -> None:
    lane, other = region.lane("lane-1"), region.lane("lane-2")
    assert what_arrives(region, broker, lane, other, publish(topic, b"odd")) == [b"honest"]


def test_e11_a_flood_of_strangers_takes_no_connection_away_and_lets_new_ones_in(region: Any, broker: Broker) -> None:
    lane, late = region.lane("lane-1"), region.lane("lane-2")
    stranger = ssl.create_default_context(cafile=str(region.state / "servers-ca.crt"))

    def knock() -> None:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", broker.port), timeout=ARRIVES_S) as raw,
            stranger.wrap_socket(raw, server_hostname="127.0.0.1") as secured,
        ):
            secured.sendall(connect(b"nobody"))
            secured.recv(4)

    async def story() -> list[bytes]:
        async with inbox(broker, region) as gateway, connected(broker, "lane-1", device_tls(lane)) as client:
            idle = [socket.create_connection(("127.0.0.1", broker.port), timeout=ARRIVES_S) for _ in range(IDLE)]
            flood = [asyncio.create_task(asyncio.to_thread(knock)) for _ in range(STRANGERS)]
            await client.publish(str(lane.topic), b"in the flood", qos=1)
            async with connected(broker, "lane-2", device_tls(late)) as newcomer:
                await newcomer.publish(str(late.topic), b"through the flood", qos=1)
            await asyncio.gather(*flood)
            await client.publish(str(lane.topic), b"behind the flood", qos=1)
            for line in idle:
                line.close()
            return await heard_until(gateway, b"behind the flood")

    assert set(asyncio.run(story())) == {b"in the flood", b"through the flood", b"behind the flood"}


def test_e11_more_silent_strangers_than_the_broker_has_room_for_put_nobody_out_and_hold_newcomers_up(
    region: Any, broker: Broker
) -> None:
    """This is not stopped here; the host's own door lets no single address hold so many (borderpost-doors.nft)."""
    lane, late = region.lane("lane-1"), region.lane("lane-2")

    def let_in(payload: bytes) -> bool:
        with contextlib.suppress(OSError), wire(broker, late, connect(b"lane-2")) as line:
            line.sendall(publish(str(late.topic).encode(), payload))
            return True
        return False

    async def story() -> list[bytes]:
        async with inbox(broker, region) as gateway, connected(broker, "lane-1", device_tls(lane)) as client:
            with contextlib.ExitStack() as idle:
                for _ in range(TOO_MANY_IDLE):
                    idle.enter_context(socket.create_connection(("127.0.0.1", broker.port), timeout=ARRIVES_S))
                assert not await asyncio.to_thread(let_in, b"too late")
                await client.publish(str(lane.topic), b"in time", qos=1)
                heard = await heard_until(gateway, b"in time")
            async with asyncio.timeout(ARRIVES_S):  # the broker hears in its own time that they went
                while not await asyncio.to_thread(let_in, b"there is room"):
                    pass
            return heard + await heard_until(gateway, b"there is room")

    assert asyncio.run(story()) == [b"in time", b"there is room"]
