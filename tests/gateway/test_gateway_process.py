"""The gateway as a process behind a real broker: killed, told to end, watched, and searched for a traveller."""

import asyncio
import contextlib
import hashlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from gateway.links.broker_link import client_tls
from gateway.store.sqlite import connect
from messages.ack import verify_ack
from messages.events import Event
from messages.keys import GatewayRecord
from messages.status import sign_status
from messages.topics import Channel
from simulators.network.broker import Broker, Certificates, free_port

LIMIT_S = 30.0
RESEND_S = 0.5
MEMORY_LIMIT_MB = 100
START_CPU_LIMIT_S = 1.5
END_LIMIT_S = 2.0


@dataclass
class Running:
    """One gateway process, its ports and its log."""

    region: Any
    broker: Broker
    pages_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return Path(self.region.folder / "gateway.log")

    def start(self, *, well: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gateway", self.region.state], stdout=log, stderr=log
            )
        until(lambda: self.answers() and (self.get("/healthz")["ok"] or not well))

    def end(self, number: int = signal.SIGTERM) -> float:
        """Send the signal and return how long the process took to go."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(LIMIT_S)
        self.process = None
        return time.monotonic() - began

    def get(self, path: str) -> dict[str, Any]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.pages_port}{path}", timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                told = json.load(error)
        return told

    def answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.pages_port), timeout=1):
            return True
        return False


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory, new_region_in: Callable[[Path, str], Any]
) -> Iterator[Running]:
    """One region for the whole file: starting a gateway is what takes time. Each test has a lane of its own."""
    region = new_region_in(tmp_path_factory.mktemp("process"), "north")
    tls = Certificates.of_region(region.state)
    with Broker(region.folder / "broker", tls, region="north") as broker:
        port = free_port()
        config = f'region = "north"\n[broker]\nport = {broker.port}\n[pages]\nport = {port}\n'
        (region.state / "gateway.toml").write_text(config)
        gateway = Running(region, broker, port)
        yield gateway
        if gateway.process is not None:
            gateway.end(signal.SIGKILL)


@pytest.fixture
def running(everything: Running) -> Running:
    if not everything.broker.running:
        everything.broker.start()
    if everything.process is None:
        everything.start()
    return everything


@pytest.fixture
def lane(everything: Running, request: pytest.FixtureRequest) -> Any:
    digest = hashlib.sha256(request.node.nodeid.encode()).hexdigest()
    return everything.region.lane(f"lane-{digest[:8]}")


@dataclass
class Post:
    """The least a lane must do: keep every event until the gateway's own signed word strikes it off."""

    lane: Any
    port: int
    waiting: dict[int, Event]
    acknowledged: set[int] = field(default_factory=set)

    async def deliver(self) -> None:
        """Connect, send, hear; again and again until nothing waits."""
        while self.waiting:
            with contextlib.suppress(aiomqtt.MqttError):
                async with self.client() as client:
                    await client.subscribe(str(self.lane.topic.to(Channel.ACK)), qos=1)
                    async with asyncio.TaskGroup() as tasks:
                        hearing = tasks.create_task(self._hear(client))
                        tasks.create_task(self._send(client, hearing))
            await asyncio.sleep(0.05)

    def client(self) -> aiomqtt.Client:
        folder = self.lane.folder
        tls = client_tls(folder / "ca.crt", folder / "device.crt", folder / "device.key")
        return aiomqtt.Client(
            "127.0.0.1", self.port, identifier=self.lane.name, tls_context=tls, timeout=5, clean_session=True
        )

    async def _send(self, client: aiomqtt.Client, hearing: "asyncio.Task[None]") -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            while self.waiting:
                for start in range(1, max(self.waiting) + 1, 5):
                    events = [self.waiting[seq] for seq in range(start, start + 5) if seq in self.waiting]
                    if events:
                        await client.publish(str(self.lane.topic), self.lane.frame(events), qos=1)
                await asyncio.sleep(RESEND_S)
        hearing.cancel()

    async def _hear(self, client: aiomqtt.Client) -> None:
        keys = {"gateway-1": GatewayRecord("gateway-1", self.lane.enrolled.gateway_public)}
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in client.messages:
                assert isinstance(message.payload, bytes)
                ack = verify_ack(message.payload, self.lane.topic, keys)
                for first, last in ack.seqs:
                    for seq in range(first, last + 1):
                        self.acknowledged.add(seq)
                        self.waiting.pop(seq, None)


def post(running: Running, lane: Any, events: list[Event]) -> Post:
    return Post(lane, running.broker.port, {event.seq: event for event in events})


def stored(region: Any, lane: Any) -> list[int]:
    with closing(connect(region.authority.store_path())) as connection:
        rows = connection.execute("SELECT seq FROM events WHERE device = ? ORDER BY seq", (lane.name,))
        return [seq for (seq,) in rows]


def risen(running: Running, before: dict[str, Any]) -> dict[str, int]:
    """By how much each count rose, without those that stayed."""
    after = running.get("/api/v1/counts")
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}


def test_a_crossing_arrives_is_acknowledged_and_stands_on_the_api(running: Running, lane: Any) -> None:
    before, row = running.get("/api/v1/counts"), running.get("/api/v1/events?after=0&limit=1000")["next"]
    events = [lane.granted(1), lane.left(1), lane.referred(2)]
    asyncio.run(asyncio.wait_for(post(running, lane, events).deliver(), LIMIT_S))
    rose = risen(running, before)
    rose.pop("duplicates_offered", None)  # a slow machine makes the post send again
    assert rose == {"events": 3, "crossings": 2, "granted": 1, "referred": 1, "left": 1}
    told = running.get(f"/api/v1/events?after={row + 1}&limit=1")
    assert told["next"] == row + 2
    (event,) = told["events"]
    assert (event["type"], event["seq"], event["crossing"]) == ("crossing.left.v1", 2, lane.crossing(1))
    assert event["timings_ms"]["chip"] == 900
    assert running.get("/api/v1/gaps") == {"gaps": []}
    assert "CANARYSSON" not in json.dumps(running.get("/api/v1/events"))


def test_a_gateway_killed_in_mid_stream_stores_every_event_once(running: Running, lane: Any) -> None:
    before = running.get("/api/v1/counts")
    events = [event for visit in range(1, 61) for event in (lane.granted(visit), lane.left(visit))]
    sender = post(running, lane, events)

    async def kill_often() -> None:
        for share in (0.2, 0.7):
            async with asyncio.timeout(LIMIT_S):
                while len(sender.acknowledged) < share * len(events):  # noqa: ASYNC110 (polls with a limit)
                    await asyncio.sleep(0.005)
            await asyncio.to_thread(running.end, signal.SIGKILL)
            committed = set(stored(running.region, lane))
            assert sender.acknowledged <= committed  # nothing was struck off that is not on the disk
            await asyncio.to_thread(running.start)

    async def story() -> None:
        await asyncio.gather(sender.deliver(), kill_often())

    asyncio.run(asyncio.wait_for(story(), 3 * LIMIT_S))
    assert stored(running.region, lane) == [event.seq for event in events]
    rose = risen(running, before)
    rose.pop("duplicates_offered", None)
    assert rose == {"events": 120, "crossings": 60, "granted": 60, "left": 60}


def test_a_broker_killed_in_mid_stream_loses_nothing(running: Running, lane: Any) -> None:
    sender = post(running, lane, [lane.alarm() for _ in range(100)])

    async def kill_once() -> None:
        while len(sender.acknowledged) < 10:  # noqa: ASYNC110 (polls with a limit)
            await asyncio.sleep(0.005)
        await asyncio.to_thread(running.broker.restart)

    async def story() -> None:
        await asyncio.gather(sender.deliver(), kill_once())

    asyncio.run(asyncio.wait_for(story(), 2 * LIMIT_S))
    assert stored(running.region, lane) == list(range(1, 101))


def test_while_the_disk_refuses_nothing_is_acknowledged_and_then_everything_is(running: Running, lane: Any) -> None:
    sender = post(running, lane, [lane.granted(1), lane.left(1)])
    assert running.process is not None
    pid = running.process.pid
    as_before = resource.prlimit(pid, resource.RLIMIT_FSIZE)

    async def story() -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, as_before[1]))  # no file of this process may be written
        delivering = asyncio.create_task(sender.deliver())
        await asyncio.to_thread(until, lambda: not running.get("/healthz")["store"])
        assert (sender.acknowledged, stored(running.region, lane)) == (set(), [])
        resource.prlimit(pid, resource.RLIMIT_FSIZE, as_before)
        await delivering

    asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    assert stored(running.region, lane) == [1, 2]
    assert running.get("/healthz")["ok"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_gateway_ends_at_once_even_with_open_streams(running: Running, number: int) -> None:
    with socket.create_connection(("127.0.0.1", running.pages_port), timeout=5) as reader:
        reader.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert reader.recv(4096).startswith(b"HTTP/1.1 200")
        assert running.end(number) < END_LIMIT_S


def test_a_broker_that_hangs_does_not_hold_up_the_end(running: Running) -> None:
    running.end()
    assert running.broker.pid is not None
    os.kill(running.broker.pid, signal.SIGSTOP)
    try:
        running.start(well=False)
        told = {"ok": False, "broker": False, "store": True, "region": "north", "failing": []}
        assert running.get("/healthz") == told
        assert running.end() < END_LIMIT_S
    finally:
        os.kill(running.broker.pid, signal.SIGCONT)


def test_the_gateway_is_small_and_starts_fast(running: Running) -> None:
    assert running.process is not None
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    resident_kb = int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
    assert resident_kb < MEMORY_LIMIT_MB * 1024
    times = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    cpu_s = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
    assert cpu_s < START_CPU_LIMIT_S  # CPU time: the machine may be busy


def test_a_lane_that_speaks_is_shown_live_and_a_stream_hears_of_it(running: Running, lane: Any) -> None:
    status = {"boot": lane.boot, "mono_ms": 1, "state": "comparing", "screen": "look", "people": 1, "waiting": 4}
    with socket.create_connection(("127.0.0.1", running.pages_port), timeout=10) as reader:
        reader.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

        async def speak() -> None:
            async with post(running, lane, []).client() as client:
                topic = lane.topic.to(Channel.TEL)
                await client.publish(str(topic), sign_status(status, topic, lane.key), qos=1)

        asyncio.run(asyncio.wait_for(speak(), LIMIT_S))
        heard, deadline = b"", time.monotonic() + LIMIT_S
        while not re.search(rb'"[1-9]\d* of \d+ heard', heard):
            assert time.monotonic() < deadline, "the stream never told of it"
            heard += reader.recv(65_536)


def test_no_traveller_is_found_in_logs_or_in_what_the_broker_keeps(running: Running, lane: Any) -> None:
    good = [lane.granted(1), lane.left(1)]
    asyncio.run(asyncio.wait_for(post(running, lane, good).deliver(), LIMIT_S))
    before = running.get("/api/v1/counts")
    running.end()

    async def send_for_later() -> None:
        """What comes while the gateway is away waits in the broker, and then on its disk."""
        async with post(running, lane, []).client() as client:
            await client.publish(str(lane.topic), lane.frame([lane.referred(2)]), qos=1)
            await client.publish(str(lane.topic), b"garbage", qos=1)

    asyncio.run(asyncio.wait_for(send_for_later(), LIMIT_S))
    running.broker.stop()
    kept = (running.broker.folder / "persistence" / "mosquitto.db").read_bytes()
    assert str(lane.topic).encode() in kept  # the search would have found something
    assert_nobody(kept)
    running.broker.start()
    running.start()
    until(lambda: risen(running, before).get("events") == 1 and risen(running, before).get("quarantined") == 1)
    running.end()
    assert b"quarantine" in running.log.read_bytes()
    for path in (running.log, running.broker.log, *running.region.state.glob("store.sqlite*")):
        assert_nobody(path.read_bytes())


def assert_nobody(content: bytes) -> None:
    for secret in (b"CANARYSSON", b"UCANARY42", b"1980-02-03", b"ANNA"):
        assert secret not in content


def refusal(state: Path) -> str:
    again = subprocess.run([sys.executable, "-m", "gateway", state], capture_output=True, timeout=LIMIT_S, check=False)
    assert again.returncode == 4
    assert again.stderr.decode().count("\n") == 1
    return again.stderr.decode()


def test_a_second_gateway_on_the_same_folder_is_told_so(running: Running) -> None:
    assert "A gateway is at work in" in refusal(running.region.state)  # before the port: that is taken as well


def test_a_taken_port_is_said_in_one_sentence(running: Running, new_region: Callable[[str], Any]) -> None:
    other, settings = new_region("south").state, (running.region.state / "gateway.toml").read_text()
    (other / "gateway.toml").write_text(settings.replace(f'"{running.region.authority.config.region}"', '"south"'))
    assert f"127.0.0.1:{running.pages_port}" in refusal(other)
