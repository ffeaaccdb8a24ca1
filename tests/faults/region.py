"""A region that may be killed piece by piece: broker, gateway, light posts as processes, every link with its faults."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from simulators.lane import http
from simulators.lane.processes import CannotStart, Child, command
from simulators.network.broker import Broker, Certificates, free_port
from simulators.network.interloper import Interloper, Papers
from simulators.network.postgres import Postgres
from simulators.network.proxy import Proxy
from tests.faults.clocks import WallClock

REGION, POST = "utopia", "harbour"
SETUP_LIMIT_S = 60.0
START_LIMIT_S = 60.0
AGAIN_S = 0.2
LIGHT_POST = Path(__file__).parent / "post.py"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Promise:
    """What a post said after the commit: this event stands on my disk."""

    boot: str
    seq: int
    id: str
    sha256: str


@dataclass(slots=True)
class LightPost:
    """One device over all its lives, and everything that it ever promised."""

    name: str
    folder: Path  # of the edge: identity/ and outbox.db
    port: int  # where its link begins
    rate: float
    log: Path
    promises: list[Promise] = field(default_factory=list)
    said: list[str] = field(default_factory=list)  # all other lines
    environment: Mapping[str, str] = field(default_factory=dict)
    renews: bool = False  # by itself, as a lane does
    lives: int = 0
    _process: asyncio.subprocess.Process | None = None
    _hearing: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self, seed: int = 0) -> None:
        self.lives += 1
        words = [sys.executable, str(LIGHT_POST), str(self.folder), str(self.port), str(self.rate), str(seed)]
        words += ["renews"] if self.renews else []
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *words,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**_environment(), **self.environment},
            )
        self._hearing = asyncio.create_task(self._hear(self._process))

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            match line.decode().split():
                case ["promise", boot, seq, identity, sha256] if line.endswith(b"\n"):
                    self.promises.append(Promise(boot, int(seq), identity, sha256))
                case words:
                    self.said.append(" ".join(words))

    async def kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
        await self.end()

    async def end(self) -> None:
        """Wait until it has ended by itself, and everything it said is heard."""
        if self._process is not None and self._hearing is not None:
            await self._process.wait()
            await self._hearing

    def rest(self) -> None:
        """No more events: it sends what it has, says ``empty`` and ends."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write(b"rest\n")

    async def wait_promises(self, count: int) -> None:
        while len(self.promises) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@dataclass(slots=True)
class Link:
    """A device's way to the broker: first a bad wire, then somebody who sits before the broker."""

    wire: Proxy
    interloper: Interloper | None = None

    async def heal(self) -> None:
        await self.wire.heal()
        if self.interloper is not None:
            self.interloper.mischief = type(self.interloper.mischief)()


class Region:
    """``start`` makes and starts everything but the posts; ``stop`` leaves no process."""

    def __init__(
        self,
        folder: Path,
        posts: int = 3,
        rate: float = 20.0,
        seed: int = 0,
        postgres: Postgres | None = None,
        *,
        clocks: bool = False,
    ) -> None:
        """Its store is a file, or lies in ``postgres``, which it then starts and stops; ``clocks``: to be set."""
        self.folder, self.seed, self.postgres = folder, seed, postgres
        self.state = folder / "gateway"
        self.gateway_log = folder / "gateway.log"
        self._names = [f"post-{number}" for number in range(1, posts + 1)]
        self._rate, self._store = rate, ""
        self._close = contextlib.AsyncExitStack()
        self.posts: dict[str, LightPost] = {}
        self.links: dict[str, Link] = {}
        self.clocks: dict[str, WallClock] = {}
        self._with_clocks = clocks

    async def start(self) -> None:
        """Raises CannotStart or BrokerFailed with a sentence."""
        try:
            if self.postgres is not None:
                self._close.callback(self.postgres.stop)
                await asyncio.to_thread(self.postgres.start)
                self._store = await asyncio.to_thread(self.postgres.fresh)
            await self._enrol()
            self._start_broker()
            await asyncio.to_thread(self.broker.start)
            await self._lay_links()
            self._make_gateway()
            await self.start_gateway()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        for post in self.posts.values():
            await post.kill()
        await self._close.aclose()

    async def _enrol(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ["gateway", "init", "--state", str(self.state), "--region", REGION]
        await do(*words, *(["--store", self._store] if self._store else []))
        for name in self._names:
            await do(
                *("device", "enrol", "--gateway", str(self.state), "--edge", str(self.folder / name)),
                *("--post", POST, "--device", name),
            )

    def _start_broker(self) -> None:
        papers = self.state / "broker"
        certificates = Certificates(
            papers / "broker.crt",
            papers / "broker.key",
            self.state / "clients-ca.crt",
            papers / "clients.crl",
            papers / "revoked",
        )
        self.broker = Broker(self.folder / "broker", certificates, region=REGION)
        self._close.callback(self.broker.stop)

    async def _lay_links(self) -> None:
        for number, name in enumerate(self._names):
            interloper = Interloper(self.broker.port, self._papers(name), self.seed + number)
            link = Link(Proxy(await interloper.start(), seed=self.seed + number), interloper)
            self._close.push_async_callback(interloper.stop)
            self._close.push_async_callback(link.wire.stop)
            port = await link.wire.start()
            self.links[name] = link
            self.posts[name] = LightPost(name, self.folder / name, port, self._rate, self.folder / f"{name}.log")
            if self._with_clocks:
                self.clocks[name] = WallClock.make(self.folder / name)
                self.posts[name].environment = self.clocks[name].environment
        every = [link.interloper for link in self.links.values() if link.interloper]
        for one in every:
            one.others = [other for other in every if other is not one]
        self.links["gateway"] = Link(Proxy(self.broker.port, seed=self.seed + 99))
        self._close.push_async_callback(self.links["gateway"].wire.stop)
        await self.links["gateway"].wire.start()

    def _papers(self, name: str) -> Papers:
        broker, identity = self.state / "broker", self.folder / name / "identity"
        return Papers(
            broker / "broker.crt",
            broker / "broker.key",
            self.state / "clients-ca.crt",
            identity / "device.crt",
            identity / "device.key",
            identity / "ca.crt",
        )

    def _make_gateway(self) -> None:
        self.pages_port, self.enrolment_port = free_port(), free_port()
        self.write_config(self.links["gateway"].wire.port)
        self.gateway = self.gateway_child()
        self._close.push_async_callback(lambda: self.gateway.stop())

    def write_config(self, broker_port: int) -> None:
        store = f'store = "{self._store}"\n' if self._store else ""
        (self.state / "gateway.toml").write_text(
            f'region = "{REGION}"\n{store}\n[broker]\nhost = "127.0.0.1"\nport = {broker_port}\n\n'
            f'[pages]\nhost = "127.0.0.1"\nport = {self.pages_port}\n\n'
            f'[enrolment]\nhost = "127.0.0.1"\nport = {self.enrolment_port}\n'
        )

    def gateway_child(self, *before: str) -> Child:
        """The gateway's process, under ``before`` (strace ...)."""
        words = [*before, *command("gateway", "run", "--state", str(self.state))]
        return Child("gateway", words, self.gateway_log, self._gateway_answers, _environment())

    async def _gateway_answers(self) -> bool:
        try:
            await http.get(self.pages_port, "/api/v1/counts")
        except http.Unreachable:
            return False
        return True

    async def start_gateway(self) -> None:
        """As its supervisor does: again, while the store is being repaired. Raises CannotStart when it never comes."""
        deadline_s = asyncio.get_running_loop().time() + START_LIMIT_S
        while True:
            try:
                return await self.gateway.start()
            except CannotStart:
                if asyncio.get_running_loop().time() > deadline_s:
                    raise
                await asyncio.sleep(AGAIN_S)

    # --- the whole of it ---
    async def start_posts(self) -> None:
        for number, post in enumerate(self.posts.values()):
            await post.start(self.seed + number)

    async def heal(self) -> None:
        for link in self.links.values():
            await link.heal()

    async def drain(self, limit_s: float) -> list[str]:
        """Every post sends all it has and ends; the names of those that could not in time (they are killed)."""
        for post in self.posts.values():
            post.rest()
        late = []
        async with contextlib.AsyncExitStack() as stack:
            deadline_s = asyncio.get_running_loop().time() + limit_s
            for post in self.posts.values():
                try:
                    async with asyncio.timeout_at(deadline_s):
                        await post.end()
                except TimeoutError:
                    late.append(post.name)
                    stack.push_async_callback(post.kill)
        return late


@contextlib.asynccontextmanager
async def running(folder: Path, posts: int = 1, rate: float = 20.0, seed: int = 0) -> AsyncIterator[Region]:
    """A region for one test."""
    region = Region(folder, posts, rate, seed)
    await region.start()
    try:
        yield region
    finally:
        await region.stop()


async def do(*words: str, environment: Mapping[str, str] = MappingProxyType({})) -> str:
    """One command of the command line; what it printed. Raises RuntimeError with that when it failed."""
    process = await asyncio.create_subprocess_exec(
        *command(*words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**_environment(), **environment},
    )
    async with asyncio.timeout(SETUP_LIMIT_S):
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words[:2])} ended with {process.returncode}: {said.decode()[-300:]}")
    return said.decode()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
