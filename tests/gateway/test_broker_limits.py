"""The largest frame that the contract allows passes device, broker and gateway; the next larger packet is put out."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiomqtt
import pytest

from edge.outbox.clock import Stamp
from edge.uplink.line import UplinkSettings, line, say
from gateway.intake.worker import Message
from gateway.links.broker_link import Address, BrokerLink, client_tls
from gateway.state import StateFolder
from messages.events import Clock, validate
from messages.frame import open_frame, read_events, verify
from messages.limits import FRAME_MAX_BYTES, NAME_MAX_CHARS
from simulators.network.broker import Broker, Certificates
from simulators.network.broker_files import PACKET_LIMIT_BYTES
from tests.largest import EVENTS, frame_of

LIMIT_S = 10.0
LONGEST = "n" * NAME_MAX_CHARS


@pytest.fixture
def region(new_region: Callable[[str], Any]) -> Any:
    return new_region(LONGEST)


@pytest.fixture
def broker(region: Any) -> Iterator[Broker]:
    tls = Certificates.of_region(region.state)
    with Broker(region.folder / "broker", tls, region=LONGEST) as running:
        yield running


class Heard:
    """What the gateway's own link brings."""

    def __init__(self, broker: Broker, region: Any) -> None:
        state = region.state
        tls = client_tls(state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key")
        self.queue = asyncio.Queue[Message]()
        self.link = BrokerLink(
            Address("127.0.0.1", broker.port), "gateway-1", LONGEST, tls, self.take, random.Random(1)
        )

    async def take(self, messages: Sequence[Message]) -> list[Message]:
        for message in messages:
            self.queue.put_nowait(message)
        return []


@asynccontextmanager
async def hearing(broker: Broker, region: Any) -> AsyncIterator[asyncio.Queue[Message]]:
    heard = Heard(broker, region)
    running = asyncio.create_task(heard.link.run())
    try:
        while not heard.link.connected:  # noqa: ASYNC110  # the link tells nobody
            await asyncio.sleep(0.01)
        yield heard.queue
    finally:
        running.cancel()
        await asyncio.wait({running})


def edge_line(broker: Broker, lane: Any, protocol: str) -> aiomqtt.Client:
    """The very client of a post."""
    own = lane.folder
    settings = UplinkSettings(
        "127.0.0.1", broker.port, own / "ca.crt", own / "device.crt", own / "device.key", {}, protocol=protocol
    )
    return line(settings, lane.name, lambda: Stamp(datetime.now(UTC), 0, Clock.SYNCED))


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_a_frame_of_the_largest_size_on_the_longest_topic_is_heard_by_the_gateway(
    region: Any, broker: Broker, protocol: str
) -> None:
    lane = region.lane(LONGEST, LONGEST)
    keys = StateFolder(region.state).region_keys()
    frame = frame_of(FRAME_MAX_BYTES, lane.topic, lane.key, keys.newest.public)

    async def story() -> Message:
        async with (
            asyncio.timeout(LIMIT_S),
            hearing(broker, region) as heard,
            edge_line(broker, lane, protocol) as client,
        ):
            await say(client, lane.topic, frame, qos=1, limit_s=LIMIT_S)
            return await heard.get()

    message = asyncio.run(story())
    assert (message.topic, message.payload) == (str(lane.topic), frame)
    signed = verify(frame, lane.topic, {lane.name: lane.key.record(LONGEST, LONGEST)})
    assert [validate(event).TYPE for event in read_events(open_frame(signed, keys))] == ["lane.alarm.v1"] * EVENTS


def test_a_packet_that_the_broker_lets_in_is_heard_and_one_byte_more_puts_its_sender_out(
    region: Any, broker: Broker
) -> None:
    """What comes in is heard, or its row would be sent again for ever: the intake says of it that it is too large."""
    lane = region.lane(LONGEST, LONGEST)
    around = 2 + len(str(lane.topic)) + 1  # and no properties
    largest = bytes(PACKET_LIMIT_BYTES - 1 - around)
    assert len(largest) > FRAME_MAX_BYTES

    async def story() -> list[int]:
        async with asyncio.timeout(LIMIT_S), hearing(broker, region) as heard:
            async with edge_line(broker, lane, "5") as client:
                await say(client, lane.topic, largest, qos=0, limit_s=LIMIT_S)
                sizes = [len((await heard.get()).payload)]
                saying = asyncio.create_task(say(client, lane.topic, largest + b"x", qos=0, limit_s=LIMIT_S))
                with pytest.raises(aiomqtt.MqttError, match="Disconnected"):
                    await anext(client.messages)
                saying.cancel()  # put out in the middle of it, the client would wait for its end
                await asyncio.gather(saying, return_exceptions=True)
            async with edge_line(broker, lane, "5") as client:
                await say(client, lane.topic, b"next", qos=1, limit_s=LIMIT_S)
                return [*sizes, len((await heard.get()).payload)]

    assert asyncio.run(story()) == [len(largest), len(b"next")]
