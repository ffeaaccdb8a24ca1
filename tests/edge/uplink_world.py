"""What stands around an uplink in its tests: a real broker with mutual TLS, and a region that does as it is told."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import aiomqtt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink, UplinkState
from messages.ack import Epoch, seal_ack
from messages.events import Clock, Event
from messages.facts import LaneAlarm, data_of
from messages.frame import open_frame, read_events, verify
from messages.keys import DeviceKey, GatewayKey, RegionKey
from messages.status import verify_status
from messages.topics import Channel, Topic

TOPIC = Topic("utopia-north", "harbour", "lane-1", Channel.EVT)
DEVICE_KEY = DeviceKey("lane-1", b"\x01" * 32)
REGION_KEY = RegionKey("region-1", b"\x03" * 32)
GATEWAY_KEY = GatewayKey("gateway-1", b"\x04" * 32)
SEALER = Sealer(TOPIC, DEVICE_KEY, REGION_KEY.public)
NOW = Stamp(datetime(2026, 11, 24, 4, 30, tzinfo=UTC), 0, Clock.SYNCED)
ALARM = (LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", 3)))
LIMIT_S = 20.0


async def until(holds: Callable[[], bool], limit_s: float = LIMIT_S) -> None:
    async with asyncio.timeout(limit_s):
        while not holds():  # noqa: ASYNC110  # several things may make it true, in threads too
            await asyncio.sleep(0.01)


# --- certificates ---
class Authority:
    """A CA with a folder; ``issue`` writes NAME.crt and NAME.key there. As RFC 5280 has it: Python 3.13 is strict."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / f"{name}.crt"
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        public = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        made = (
            self._builder(name, self._key)
            .add_extension(x509.BasicConstraints(True, 0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(public, critical=False)
        )
        self.certificate.write_bytes(made.sign(self._key, SHA256()).public_bytes(Encoding.PEM))

    def issue(self, name: str, usage: x509.ObjectIdentifier, *, begins_days: int = 0) -> tuple[Path, Path]:
        """For two days, one of them before now; ``begins_days`` moves both."""
        key = ec.generate_private_key(ec.SECP256R1())
        loopback = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
        made = (
            self._builder(name, key, timedelta(days=begins_days))
            .add_extension(loopback, critical=False)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )
        paths = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        paths[0].write_bytes(made.public_bytes(Encoding.PEM))
        paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return paths

    def _builder(
        self, name: str, key: ec.EllipticCurvePrivateKey, later: timedelta = timedelta()
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC) + later
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._name)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
        )


class Pki:
    """Two CAs, and a certificate for each who takes part."""

    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH

    def __init__(self, folder: Path) -> None:
        self.servers = servers = Authority(folder, "servers")
        self.clients = clients = Authority(folder, "clients")
        self.servers_ca, self.clients_ca = servers.certificate, clients.certificate
        self.broker = servers.issue("broker", ExtendedKeyUsageOID.SERVER_AUTH)
        self.device = clients.issue("lane-1", ExtendedKeyUsageOID.CLIENT_AUTH)
        self.gateway = clients.issue("gateway-1", ExtendedKeyUsageOID.CLIENT_AUTH)


# --- the far end ---
@dataclass
class Region:
    """Reads every frame and acknowledges it, unless it is told otherwise."""

    client: aiomqtt.Client
    answers: bool = True
    epoch: Epoch = field(default_factory=lambda: Epoch("0" * 16, 1))
    never: set[int] = field(default_factory=set)  # numbers it does not acknowledge
    stored: dict[tuple[str, int], Event] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)  # of first arrival
    offered: int = 0
    statuses: list[dict[str, object]] = field(default_factory=list)
    answers_heard: list[bytes] = field(default_factory=list)

    async def listen(self) -> None:
        keys = {"lane-1": DEVICE_KEY.record(TOPIC.region, TOPIC.post)}
        async for message in self.client.messages:
            topic, payload = Topic.parse(str(message.topic)), message.payload
            assert isinstance(payload, bytes)
            if topic.device != TOPIC.device:
                continue
            if topic.channel is Channel.RES:
                self.answers_heard.append(payload)
                continue
            if topic.channel is Channel.TEL:
                self.statuses.append(verify_status(payload, topic, keys))
                continue
            signed = verify(payload, topic, keys)
            self.offered += 1
            for event in read_events(open_frame(signed, REGION_KEY)):
                if (event.boot, event.seq) not in self.stored:
                    self.order.append(event.seq)
                self.stored[event.boot, event.seq] = event
            if self.answers and signed.first not in self.never:
                await self.acknowledge(signed.boot, signed.first, signed.last)

    async def acknowledge(self, boot: str, first: int, last: int, key: GatewayKey = GATEWAY_KEY) -> None:
        await self.say(Channel.ACK, seal_ack(boot, [(first, last)], TOPIC, key, epoch=self.epoch))

    async def say(self, channel: Channel, payload: bytes, *, retain: bool = False) -> None:
        await self.client.publish(str(TOPIC.to(channel)), payload, qos=1, retain=retain)


@asynccontextmanager
async def region_at(port: int, pki: Pki) -> AsyncIterator[Region]:
    context = ssl.create_default_context(cafile=pki.servers_ca)
    context.load_cert_chain(*pki.gateway)
    client = aiomqtt.Client(
        "127.0.0.1",
        port,
        identifier="gateway-1",
        tls_context=context,
        timeout=5.0,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    async with client:
        region = Region(client)
        await client.subscribe([("bp/1/utopia-north/+/+/evt", 1), ("bp/1/utopia-north/+/+/tel", 1)])
        await client.subscribe("bp/1/utopia-north/+/+/res", qos=1)
        listening = asyncio.create_task(region.listen())
        try:
            yield region
        finally:
            while not listening.done():  # asyncio.wait_for may lose one cancellation: see Uplink.run
                listening.cancel()
                await asyncio.wait({listening}, timeout=0.2)
            if not listening.cancelled() and (error := listening.exception()) is not None:
                assert isinstance(error, aiomqtt.MqttError), error


# --- the near end ---
@dataclass
class Post:
    """An uplink that runs, and everything it has said."""

    outbox: Outbox
    uplink: Uplink
    states: list[UplinkState] = field(default_factory=list)
    commands: list[tuple[Channel, bytes]] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)

    def commit(self, count: int = 1) -> None:
        for _ in range(count):
            self.outbox.commit(*ALARM, NOW)

    async def connected(self) -> None:
        await until(lambda: self.uplink.state.connected)

    async def drained(self) -> None:
        await until(lambda: self.outbox.waiting_count == 0)


def settings_for(port: int, pki: Pki) -> UplinkSettings:
    return UplinkSettings(
        host="127.0.0.1",
        port=port,
        ca=pki.servers_ca,
        cert=pki.device[0],
        key=pki.device[1],
        gateways={"gateway-1": GATEWAY_KEY.record()},
        ack_timeout_s=0.5,
        backoff_first_s=0.05,
        backoff_ceiling_s=0.3,
        status_every_s=0.2,
    )


@asynccontextmanager
async def post_at(outbox: Outbox, settings: UplinkSettings) -> AsyncIterator[Post]:
    states: list[UplinkState] = []
    commands: list[tuple[Channel, bytes]] = []
    alarms: list[str] = []
    uplink = Uplink(
        settings,
        outbox,
        states.append,
        lambda channel, payload: commands.append((channel, payload)),
        on_alarm=alarms.append,
        status=lambda: {"state": "Idle"},
    )
    running = asyncio.create_task(uplink.run())
    try:
        yield Post(outbox, uplink, states, commands, alarms)
        assert not running.done()  # Whatever happened outside, it goes on.
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def expect_all_stored_once(region: Region, post: Post, count: int) -> None:
    assert sorted(region.stored) == [(post.outbox.boot, seq) for seq in range(1, count + 1)]
