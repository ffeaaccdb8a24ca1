"""A device with a true certificate that turned bad: everything it can publish past a real broker."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import aiomqtt

from edge.identity.identity import Identity, read_identity
from gateway.links.broker_link import client_tls
from messages.ack import verify_ack
from messages.cbor import encode
from messages.events import Clock, Event
from messages.frame import FRAME_TYPE, seal_frame
from messages.keys import DeviceKey, RegionPublic
from messages.sealing import seal
from messages.signing import CONTENT_TYPE, sign
from messages.topics import Channel, Topic
from simulators.lane.folders import POST
from simulators.lane.post import Post
from simulators.lane.processes import command

NAME = "forger-1"
LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Forgery:
    """``signed``: its sender is proven, so that the gateway can acknowledge what it sets aside."""

    reason: str
    signed: bool
    topic: str
    frame: bytes
    seq: int


@dataclass
class Forger:
    identity: Identity
    port: int
    boot: str = "f" * 32
    seq: int = 0
    acknowledged: set[int] = field(default_factory=set)

    @property
    def topic(self) -> Topic:
        return self.identity.topic

    def event(self, data: dict[str, object], topic: Topic) -> Event:
        self.seq += 1
        kind = "lane.alarm.v1"
        return Event(str(uuid4()), topic.source, kind, datetime.now(UTC), self.boot, self.seq, 1, Clock.SYNCED, data)

    def frame(
        self,
        topic: Topic | None = None,
        key: DeviceKey | None = None,
        region: RegionPublic | None = None,
        data: dict[str, object] | None = None,
    ) -> bytes:
        topic = topic or self.topic
        event = self.event({"code": "tailgating", "visit": None} if data is None else data, topic)
        return seal_frame([event], topic, key or self.identity.device_key, region or self.identity.region)

    def other_version(self, *, outside: bool) -> bytes:
        """From a release that nobody has written yet."""
        body = self.event({"code": "tailgating", "visit": None}, self.topic).to_json()
        inside = {"v": 1 if outside else 2, "region": self.topic.region, "post": self.topic.post, "device": NAME}
        told = encode({**inside, "boot": self.boot, "first": self.seq, "events": [body]})
        header = {CONTENT_TYPE: FRAME_TYPE[:-1] + "2" if outside else FRAME_TYPE}
        numbers = {"boot": bytes.fromhex(self.boot), "seqs": [self.seq, self.seq]}
        sealed = seal(told, self.identity.region, bytes(self.topic))
        return sign(sealed, self.identity.device_key, {**header, **numbers}, bytes(self.topic))

    def forgeries(self) -> Iterator[Forgery]:
        own, other_post = self.topic, Topic(self.topic.region, "south-bridge", NAME, Channel.EVT)
        stranger = DeviceKey("nobody", bytes(32))
        altered = self.frame()
        yield self._forgery("bad-signature", False, altered[:-1] + bytes([altered[-1] ^ 1]))
        yield self._forgery("bad-signature", False, self.frame(key=DeviceKey(NAME, bytes(32))))
        nobody = Topic(own.region, own.post, "nobody", Channel.EVT)
        yield self._forgery("unknown-key", False, self.frame(topic=nobody, key=stranger))
        yield self._forgery("unknown-version", False, self.other_version(outside=True))
        yield self._forgery("unknown-version", True, self.other_version(outside=False))
        yield self._forgery("wrong-topic", False, self.frame(topic=other_post), other_post)
        yield self._forgery("not-a-frame", False, b"\xa0 garbage")
        elsewhere = RegionPublic("region-9", self.identity.region.public)
        yield self._forgery("wrong-region", True, self.frame(region=elsewhere))
        yield self._forgery("bad-events", True, self.frame(data={"code": "NOT A CODE"}))

    def _forgery(self, reason: str, signed: bool, frame: bytes, topic: Topic | None = None) -> Forgery:
        return Forgery(reason, signed, str(topic or self.topic), frame, self.seq)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[aiomqtt.Client]:
        known = self.identity
        tls = client_tls(known.ca, known.cert, known.key)
        async with aiomqtt.Client("127.0.0.1", self.port, identifier=NAME, tls_context=tls) as client:
            await client.subscribe(str(self.topic.to(Channel.ACK)), qos=1)
            hearing = asyncio.ensure_future(self._hear(client))
            try:
                yield client
            finally:
                hearing.cancel()
                await asyncio.gather(hearing, return_exceptions=True)

    async def _hear(self, client: aiomqtt.Client) -> None:
        async for message in client.messages:
            assert isinstance(message.payload, bytes)
            ack = verify_ack(message.payload, self.topic, self.identity.gateways)
            self.acknowledged |= {seq for first, last in ack.seqs for seq in range(first, last + 1)}


async def enrolled_forger(post: Post, folder: Path) -> Forger:
    gateway = post.settings.state / "gateway"
    words = ("device", "enrol", "--gateway", str(gateway), "--edge", str(folder), "--post", POST, "--device", NAME)
    process = await asyncio.create_subprocess_exec(*command(*words), stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0
    return Forger(read_identity(folder / "identity"), post.broker.port)


async def set_aside(post: Post) -> list[dict[str, str]]:
    """What `borderpost gateway quarantine` says of the forger, oldest first."""
    words = ("gateway", "quarantine", "--state", str(post.settings.state / "gateway"), "--json")
    process = await asyncio.create_subprocess_exec(*command(*words), stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    rows: list[dict[str, str]] = json.loads(said)["quarantine"]
    return [row for row in reversed(rows) if NAME in row["topic"]]
