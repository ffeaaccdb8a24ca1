"""What does an event cost past one machine? In PostgreSQL, and on its whole way through a cluster on loopback.

CPU time per event, of each kind of process: two cores that play three nodes, a database, workers and devices at once
tell nothing about a rate. Bytes are what lies on the disk afterwards.
"""

import asyncio
import random
import tempfile
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from edge.identity.identity import read_identity
from gateway.intake.judge import judge
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from gateway.store import postgres, sqlite
from messages.frame import seal_frame
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel
from simulators.fleet.mqtt import Wire, device_tls, dial
from simulators.network.cluster import Cluster, command
from simulators.network.postgres import Postgres, cpu_s
from tests.bench.intake import BATCH_FRAMES, DEVICES, NOW, REPEATED, Offer, events, frames

EVENTS = 20_000
LANES = 8
LIMIT_S = 120.0
AGAIN_S = 10.0


def measure() -> dict[str, Any]:
    with _server() as server:
        stored = {str(size): _postgres(server, size) for size in (50, 10, 1)}
    with _server() as server, tempfile.TemporaryDirectory(prefix="borderpost-bench-") as folder:
        cluster = _cluster(Path(folder), server)
    return {"postgres": stored, "sqlite_bytes_per_event": _file(), "cluster": cluster}


@contextmanager
def _server() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as folder:
        Path(folder).chmod(0o755)
        with Postgres(Path(folder) / "postgres") as server:
            yield server


def _postgres(server: Postgres, size: int) -> dict[str, Any]:
    """One worker's intake straight into the database: no broker, no network."""
    count = EVENTS if size > 1 else EVENTS // 5
    region, keys = RegionKey("region-1", b"\x03" * 32), [DeviceKey.generate(f"lane-{n}") for n in range(DEVICES)]
    records = {key.kid: key.record("utopia", "harbour") for key in keys}
    offers = [offer for key in keys for offer in frames(key, region, count // DEVICES, size)]
    offers = _shuffled(offers)
    with closing(postgres.connect(server.fresh())) as store:
        store.migrate()
        vault, began_s, own_s, theirs_s = Vault(b"\x05" * 32), time.perf_counter(), time.process_time(), server.cpu_s()
        offered = 0
        for at in range(0, len(offers), BATCH_FRAMES):
            verdicts = [judge(topic, payload, records, region) for topic, payload in offers[at : at + BATCH_FRAMES]]
            record(store, vault, verdicts, NOW)
            offered += sum(len(verdict.accepted) for verdict in verdicts)
        return {
            "events_per_s": round(offered / (time.perf_counter() - began_s)),
            "worker_cpu_us_per_event": round((time.process_time() - own_s) / offered * 1e6, 1),
            "server_cpu_us_per_event": round((server.cpu_s() - theirs_s) / offered * 1e6, 1),
            **_bytes(store, count),
        }


def _shuffled(offers: list[Offer]) -> list[Offer]:
    chance = random.Random(1)
    offers = offers + chance.sample(offers, int(len(offers) * REPEATED))
    chance.shuffle(offers)
    return offers


def _bytes(store: postgres.PostgresStore, count: int) -> dict[str, int]:
    total = "SELECT sum({}(oid)) FROM pg_class WHERE relkind = 'r' AND relname ~ '^events_[0-9]'"
    one = {"rows": "pg_table_size", "indexes": "pg_indexes_size"}
    found = {name: store.execute(total.format(size)).fetchone() for name, size in one.items()}
    return {f"bytes_per_event_{name}": round(row[0] / count) for name, row in found.items() if row is not None}


def _file() -> int:
    """The same events in a file, all tables and indexes."""
    region, key = RegionKey("region-1", b"\x03" * 32), DeviceKey.generate("lane-0")
    records = {key.kid: key.record("utopia", "harbour")}
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as folder:
        path = Path(folder) / "store.sqlite"
        with closing(sqlite.connect(path)) as store:
            store.migrate()
            empty = path.stat().st_size
            verdicts = [judge(*offer, records, region) for offer in frames(key, region, EVENTS // 4, 50)]
            record(store, Vault(b"\x05" * 32), verdicts, NOW)
        return round((path.stat().st_size - empty) / (EVENTS // 4))


def _cluster(folder: Path, server: Postgres) -> dict[str, Any]:
    """From eight devices over MQTT and TLS, through three nodes, to two workers and their database."""
    with Cluster(folder, workers=2, postgres=server) as cluster:
        names = ("--many", str(LANES), "--edges", str(folder / "edges"), "--post", "harbour")
        command("device", "enrol", "--gateway", str(cluster.state), *names)
        cluster.admit()
        return {str(size): _through(cluster, size) for size in (50, 1)}


def _through(cluster: Cluster, size: int) -> dict[str, Any]:
    nodes = [node.pid for node in cluster.nats.nodes]
    workers = [worker.pid for worker in cluster.workers]
    before = _spent(nodes), _spent(workers), cluster.postgres.cpu_s()
    seconds, events = asyncio.run(_send(cluster, size))
    after = _spent(nodes), _spent(workers), cluster.postgres.cpu_s()
    each = [round((now - then) / events * 1e6, 1) for now, then in zip(after, before, strict=True)]
    names = (f"{name}_cpu_us_per_event" for name in ("nodes", "workers", "server"))
    return {"events_per_s": round(events / seconds), **dict(zip(names, each, strict=True))}


def _spent(pids: Iterable[int | None]) -> float:
    return sum(cpu_s(pid) for pid in pids if pid is not None)


async def _send(cluster: Cluster, size: int) -> tuple[float, int]:
    """Everything is sealed first; what does not arrive is sent again, as outboxes do."""
    wires, packets, each = [], [], (EVENTS if size > 1 else EVENTS // 5) // LANES
    for lane in range(1, LANES + 1):
        own = read_identity(cluster.folder / "edges" / f"lane-{lane}" / "identity")
        tls = device_tls(own.ca, own.cert, own.key)
        port = cluster.nats.nodes[lane % len(cluster.nats.nodes)].ports.devices
        wire = await dial(port, tls, lambda topic, payload: None, lambda: None)
        await wire.greet(own.topic.device, [str(own.topic.to(Channel.ACK))], qos=0)
        boot = uuid.uuid4().hex
        told = events(own.topic, boot, each)
        sealed = [
            seal_frame(told[at : at + size], own.topic, own.device_key, own.region) for at in range(0, each, size)
        ]
        wires.append(wire)
        packets.append((bytes(own.topic), sealed))
    try:
        return await _until_stored(cluster, wires, packets, each * LANES), each * LANES
    finally:
        for wire in wires:
            wire.close()


async def _until_stored(
    cluster: Cluster, wires: list[Wire], packets: list[tuple[bytes, list[bytes]]], more: int
) -> float:
    began_s, sent_s, wanted = time.perf_counter(), -AGAIN_S, _stored(cluster) + more
    while _stored(cluster) < wanted:
        now_s = time.perf_counter() - began_s
        if now_s > LIMIT_S:
            raise TimeoutError("The cluster did not store everything.")
        if now_s - sent_s > AGAIN_S:
            sent_s = now_s
            for wire, (topic, sealed) in zip(wires, packets, strict=True):
                wire.publish(topic, sealed)
        await asyncio.sleep(0.05)
    return time.perf_counter() - began_s


def _stored(cluster: Cluster) -> int:
    with closing(postgres.connect(cluster.url)) as store:
        row = store.execute("SELECT coalesce(sum(events), 0) FROM lanes").fetchone()
        return 0 if row is None else int(row[0])
