"""A region past one machine, on this one: parts are killed while frames flow, and hostile devices get nothing.

One cluster for the whole file: three real NATS nodes, a real PostgreSQL, two workers. Names carry attack ids.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import nats
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoServersError

from edge.identity.identity import Identity, read_identity
from edge.outbox.clock import PostClock
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink
from gateway.links.broker_link import client_tls
from gateway.store.postgres import connect
from messages.limits import FRAME_MAX_BYTES
from messages.topics import Channel
from simulators.network.cluster import Cluster, command
from simulators.network.postgres import Postgres
from tests.faults.post import TIMINGS, TRAVELLER
from tests.largest import BOOT, EVENTS, frame_of

LANES = 4
LIMIT_S = 60.0
VISITS = 30
NEVER_S = 0.5  # what was sent before a marker that has come cannot come any more; for the rest, so long
HOST = "127.0.0.1"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    with Cluster(folder, region="north", postgres=postgres) as running:
        names = ("--many", str(LANES), "--edges", str(folder / "edges"), "--post", "harbour")
        command("device", "enrol", "--gateway", str(running.state), *names)
        running.admit()
        yield running


@pytest.fixture
def whole(cluster: Cluster) -> Cluster:
    """Every part is up, whatever an earlier test did to it."""
    for node in cluster.nats.nodes:
        if not node.running:
            node.start()
    cluster.nats.wait()
    for worker in cluster.workers:
        if worker.pid is None:
            worker.start()
    cluster.wait()
    return cluster


def identity(cluster: Cluster, lane: int) -> Identity:
    return read_identity(cluster.folder / "edges" / f"lane-{lane}" / "identity")


# --- delivery ---
@dataclass
class Post:
    """The real outbox and the real uplink of one lane."""

    outbox: Outbox
    uplink: Uplink

    async def cross(self, visits: int, pause_s: float) -> None:
        clock = PostClock(self.outbox.floor_ms)
        for visit in range(1, visits + 1):
            crossing = {"crossing": f"00000000-0000-4000-8000-{visit:012d}", "visit": visit}
            for kind, data in (("granted", TRAVELLER), ("left", TIMINGS)):
                fact = (f"crossing.{kind}.v1", {**crossing, **data})
                await asyncio.to_thread(self.outbox.commit_group, [fact], clock.now())
            await asyncio.sleep(pause_s)

    async def drained(self) -> None:
        while self.outbox.waiting_count:  # noqa: ASYNC110 (nobody tells when a count is nought)
            await asyncio.sleep(0.02)


def open_post(cluster: Cluster, lane: int, folder: Path) -> Post:
    own = identity(cluster, lane)
    outbox = Outbox.open(folder / f"lane-{lane}.db", Sealer(own.topic, own.device_key, own.region))
    first, *others = [(HOST, node.ports.devices) for node in cluster.nats.nodes]
    settings = UplinkSettings(
        *first, own.ca, own.cert, own.key, own.gateways,
        ack_timeout_s=1.0, backoff_ceiling_s=0.5, protocol="3.1.1", more=others,
    )  # fmt: skip
    return Post(outbox, Uplink(settings, outbox, lambda state: None, lambda channel, order: None))


async def traffic(cluster: Cluster, folder: Path, disturb: Any) -> dict[tuple[str, str], int]:
    """Every lane crosses while ``disturb`` runs; then everything is struck off. How many events each boot wrote."""
    posts = [open_post(cluster, lane, folder) for lane in range(1, LANES + 1)]
    lines = [asyncio.create_task(post.uplink.run()) for post in posts]
    try:
        async with asyncio.timeout(LIMIT_S):
            async with asyncio.TaskGroup() as tasks:
                for post in posts:
                    tasks.create_task(post.cross(VISITS, 0.05))
                tasks.create_task(disturb())
            await asyncio.gather(*(post.drained() for post in posts))
    finally:
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)
        for post in posts:
            post.outbox.close()
    return {(f"lane-{lane}", post.outbox.boot): 2 * VISITS for lane, post in enumerate(posts, 1)}


def stored(cluster: Cluster) -> dict[tuple[str, str], list[int]]:
    found: dict[tuple[str, str], list[int]] = {}
    with closing(connect(cluster.url)) as store:
        for row in store.execute("SELECT device, boot, seq FROM told WHERE type LIKE 'crossing%' ORDER BY 1, 2, 3"):
            found.setdefault((row["device"], row["boot"]), []).append(row["seq"])
    return found


def test_every_event_arrives_once_while_a_node_and_a_worker_are_killed_and_come_back(
    whole: Cluster, tmp_path: Path
) -> None:
    node, worker = whole.nats.nodes[0], whole.workers[0]

    async def disturb() -> None:
        await asyncio.sleep(0.4)
        await asyncio.to_thread(node.kill)
        await asyncio.sleep(0.4)
        await asyncio.to_thread(worker.kill)
        await asyncio.sleep(0.4)
        await asyncio.to_thread(node.start)
        await asyncio.to_thread(worker.start)

    written = asyncio.run(traffic(whole, tmp_path, disturb))
    found = {boot: seqs for boot, seqs in stored(whole).items() if boot in written}
    # ``device.started`` is the first event of a boot, so the crossings may begin with the second.
    assert {boot: len(seqs) for boot, seqs in found.items()} == written
    assert all(len(set(seqs)) == len(seqs) for seqs in found.values())
    whole.nats.wait()
    whole.wait()
    counts = whole.workers[1].get("/api/v1/counts")
    assert (counts["lost"], counts["quarantined"]) == (0, 0)


def test_both_workers_took_a_share(whole: Cluster, tmp_path: Path) -> None:
    """They share one consumer, so whoever asks gets the next batch."""

    def frames() -> list[int]:
        return [int(str(worker.get("/api/v1/metrics")["frames"])) for worker in whole.workers]

    async def nothing() -> None:
        return

    before = frames()
    asyncio.run(traffic(whole, tmp_path, nothing))
    assert all(after > earlier for after, earlier in zip(frames(), before, strict=True))


def test_a_frame_of_the_largest_size_passes_the_nodes_and_is_stored(whole: Cluster) -> None:
    own = identity(whole, 3)
    frame = frame_of(FRAME_MAX_BYTES, own.topic, own.device_key, own.region)

    async def story() -> None:
        async with device(whole, 3) as client:
            await client.publish(str(own.topic), frame, qos=1)
            with closing(connect(whole.url)) as store:
                count = "SELECT count(*) AS found FROM told WHERE boot = ?"
                await until(lambda: store.execute(count, (BOOT,)).fetchone()["found"] == EVENTS)

    asyncio.run(story())


# --- attacks ---
@asynccontextmanager
async def device(cluster: Cluster, lane: int, *, node: int = 0, name: str = "") -> AsyncIterator[aiomqtt.Client]:
    own = identity(cluster, lane)
    client = aiomqtt.Client(
        HOST, cluster.nats.nodes[node].ports.devices, identifier=name or f"lane-{lane}",
        protocol=aiomqtt.ProtocolVersion.V311, clean_session=True, timeout=5,
        tls_context=client_tls(own.ca, own.cert, own.key),
    )  # fmt: skip
    await client.__aenter__()
    try:
        yield client
    finally:
        with contextlib.suppress(aiomqtt.MqttError):  # whoever was turned out cannot say goodbye
            await client.__aexit__(None, None, None)


@asynccontextmanager
async def as_worker(cluster: Cluster, *, node: int = 0) -> AsyncIterator[Client]:
    state = cluster.state
    context = client_tls(state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key")
    url = f"tls://{HOST}:{cluster.nats.worker_ports[node]}"
    client = await nats.connect(url, tls=context, inbox_prefix=b"_INBOX.gateway-1")
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def worker_hearing(cluster: Cluster) -> AsyncIterator[list[tuple[str, bytes]]]:
    """What comes to a worker on ``tel`` and ``res``."""
    heard: list[tuple[str, bytes]] = []

    async def hear(message: Msg) -> None:
        heard.append((message.subject, message.data))

    async with as_worker(cluster, node=1) as client:
        for channel in ("tel", "res"):
            await client.subscribe(f"bp.1.north.*.*.{channel}", cb=hear)
        await client.flush()
        yield heard


async def reaches_lane_1(worker: Client, lane: aiomqtt.Client) -> None:
    """Said until it is heard: a node may hear of a subscription at another one a moment later."""

    async def say() -> None:
        while True:
            await worker.publish("bp.1.north.harbour.lane-1.cmd", b"secret")
            await asyncio.sleep(0.05)

    saying = asyncio.create_task(say())
    try:
        message = await asyncio.wait_for(anext(lane.messages), LIMIT_S)
        assert message.payload == b"secret"
    finally:
        saying.cancel()


async def until(condition: Any) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110 (a list that another task fills)
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "topic", ["bp/1/north/harbour/lane-1/{}", "bp/1/north/airport/lane-2/{}", "bp/1/north/+/lane-2/{}"]
)
def test_e01_a_device_cannot_publish_under_anything_but_its_own_topic(whole: Cluster, topic: str) -> None:
    async def story() -> list[tuple[str, bytes]]:
        async with worker_hearing(whole) as heard, device(whole, 2) as hostile, device(whole, 1) as honest:
            with contextlib.suppress(aiomqtt.MqttError, ValueError):
                await hostile.publish(topic.format(Channel.TEL), b"forged", qos=1)
                await hostile.publish(topic.format(Channel.RES), b"forged", qos=0)
            await asyncio.sleep(NEVER_S)
            await honest.publish("bp/1/north/harbour/lane-1/res", b"marker", qos=1)
            await until(lambda: ("bp.1.north.harbour.lane-1.res", b"marker") in heard)
            return heard

    assert [payload for _, payload in asyncio.run(story()) if payload == b"forged"] == []


@pytest.mark.parametrize(
    "hostile_filter", ["bp/1/north/harbour/lane-1/cmd", "#", "bp/1/north/+/+/ack", "$MQTT/sub/#", "$SYS/#"]
)
@pytest.mark.parametrize("qos", [0, 1])
def test_e04_e05_a_device_reads_nothing_but_its_own_topics(whole: Cluster, hostile_filter: str, qos: int) -> None:
    async def story() -> None:
        async with as_worker(whole, node=2) as worker, device(whole, 1) as honest, device(whole, 2, node=1) as hostile:
            await honest.subscribe("bp/1/north/harbour/lane-1/cmd", qos=0)
            refused = False
            try:
                granted = await hostile.subscribe(hostile_filter, qos=qos)
                refused = all(int(getattr(code, "value", code)) == 0x80 for code in granted)
            except aiomqtt.MqttError:
                refused = True  # thrown out altogether
            assert refused
            await reaches_lane_1(worker, honest)
            await asyncio.sleep(NEVER_S)
            assert len(hostile.messages) == 0

    asyncio.run(story())


def test_e12_tls_1_2_is_refused_at_both_doors(whole: Cluster) -> None:
    own = identity(whole, 1)
    for node in whole.nats.nodes:
        context = ssl.create_default_context(cafile=own.ca)
        context.load_cert_chain(own.cert, own.key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises(ssl.SSLError):
            asyncio.run(_shake_hands(node.ports.devices, context))


def test_e13_e14_nobody_comes_in_without_a_certificate_of_the_clients_ca(whole: Cluster) -> None:
    context = ssl.create_default_context(cafile=whole.state / "servers-ca.crt")
    node = whole.folder / "nodes" / "nats-1"
    servers = ssl.create_default_context(cafile=whole.state / "servers-ca.crt")
    servers.load_cert_chain(node / "node.crt", node / "node.key")  # E16: a node is no client of the other doors
    for stranger in (context, servers):
        with pytest.raises((ssl.SSLError, OSError)):
            asyncio.run(_shake_hands(whole.nats.nodes[0].ports.devices, stranger))


async def _shake_hands(port: int, context: ssl.SSLContext) -> None:
    """TLS 1.3 tells of a refused certificate at the first read alone."""
    reader, writer = await asyncio.open_connection(HOST, port, ssl=context)
    try:
        writer.write(bytes.fromhex("101000044d5154540402003c00066c616e652d31"))  # CONNECT as lane-1
        if await asyncio.wait_for(reader.read(1), LIMIT_S) == b"":
            raise ConnectionResetError
    finally:
        writer.close()
        with contextlib.suppress(ssl.SSLError, OSError):
            await writer.wait_closed()


def test_a_device_does_not_pass_for_a_worker_nor_a_worker_for_a_device(whole: Cluster) -> None:
    own, state = identity(whole, 1), whole.state

    async def device_as_worker() -> None:
        client = await nats.connect(
            f"tls://{HOST}:{whole.nats.worker_ports[0]}",
            tls=client_tls(own.ca, own.cert, own.key),
            allow_reconnect=False,
            connect_timeout=5,
        )
        await client.close()

    async def worker_as_device() -> None:
        context = client_tls(state / "servers-ca.crt", state / "gateway-1.crt", state / "secrets" / "gateway-1.key")
        port = whole.nats.nodes[0].ports.devices
        async with aiomqtt.Client(HOST, port, identifier="gateway-1", tls_context=context, timeout=5):
            return

    with pytest.raises((NoServersError, nats.errors.Error)):
        asyncio.run(device_as_worker())
    with pytest.raises(aiomqtt.MqttError):
        asyncio.run(worker_as_device())


def test_e07_under_anothers_client_id_a_device_hears_nothing_of_the_others_and_the_other_comes_back(
    whole: Cluster,
) -> None:
    """The cluster lets a client id be taken over: that turns a device out for a moment and gives the thief nothing."""

    async def story() -> None:
        async with as_worker(whole) as worker:
            async with device(whole, 1) as victim:
                await victim.subscribe("bp/1/north/harbour/lane-1/cmd", qos=0)
                await reaches_lane_1(worker, victim)
                async with device(whole, 2, node=1, name="lane-1") as thief:
                    await worker.publish("bp.1.north.harbour.lane-1.cmd", b"secret")
                    await worker.flush()
                    await asyncio.sleep(NEVER_S)
                    assert len(thief.messages) == 0
            async with asyncio.timeout(LIMIT_S):
                while not await comes_back(worker):
                    pass

    async def comes_back(worker: Client) -> bool:
        """At once, or after the wait that the cluster makes for whoever was turned out."""
        with contextlib.suppress(aiomqtt.MqttError):
            async with device(whole, 1) as victim:
                await victim.subscribe("bp/1/north/harbour/lane-1/cmd", qos=0)
                await reaches_lane_1(worker, victim)
                return True
        return False

    asyncio.run(story())


def test_a_revoked_device_is_turned_out_when_the_nodes_read_again(whole: Cluster) -> None:
    command("device", "enrol", "--gateway", str(whole.state), "--edge", str(whole.folder / "edges" / "lane-9"),
            "--post", "harbour", "--device", "lane-9")  # fmt: skip
    whole.admit()

    async def story() -> None:
        async with device(whole, 9) as revoked:
            command("device", "revoke", "lane-9", "--state", str(whole.state))
            whole.admit()
            with pytest.raises(aiomqtt.MqttError):
                async with asyncio.timeout(LIMIT_S):
                    await anext(revoked.messages)
        with pytest.raises(aiomqtt.MqttError):
            async with device(whole, 9):
                pass

    asyncio.run(story())
