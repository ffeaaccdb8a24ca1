"""A whole border post on this machine: real broker, gateway and edge, and simulated devices behind real wires.

Everything stands in one state folder, listens on loopback only, and ends with ``stop``. The chip answers at the tempo
of a real contactless one (15 ms an APDU, 1 ms for each 53 bytes), sped up like all the rest: no figure flatters.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from simulators.barrier.controller import Controller
from simulators.barrier.plant import Plant
from simulators.camera.camera import CameraSim
from simulators.chip.control import Control
from simulators.chip.pcsc import PcscError, PcscStack, available, end, start_chip
from simulators.chip.tempo import REAL
from simulators.lane import http
from simulators.lane.eyes import Desk, Display
from simulators.lane.folders import LEASE_MS, REGION, Wiring, key_in, set_up, write_edge_config, write_gateway_config
from simulators.lane.processes import CannotStart, Child, Usage, command, whole
from simulators.network.broker import Broker, BrokerFailed, Certificates, free_port
from simulators.network.proxy import Proxy
from simulators.reader.reader import READING_S, ReaderSim


@dataclass(frozen=True, slots=True)
class Settings:
    state: Path
    speed: float = 1.0
    gateway_port: int = 0
    display_port: int = 0
    direct_chip: bool = False  # do not use PC/SC even where it is there


@dataclass(slots=True)
class Post:
    """``start`` makes what is missing in the state folder and starts everything; ``notes`` say what was replaced."""

    settings: Settings
    notes: list[str] = field(default_factory=list)
    before_edge: Callable[[], None] = lambda: None  # what must stand in the edge's folder before it starts
    chip_usage: Usage = field(default_factory=Usage)
    controller_usage: Usage = field(default_factory=Usage)
    broker_usage: Usage = field(default_factory=Usage)
    face_usage: Usage = field(default_factory=Usage)
    chip_url: str = ""
    proxy_port: int = 0
    _chip_environment: dict[str, str] = field(default_factory=dict)
    _chip_pids: list[int] = field(default_factory=list)
    _close: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    # set by start
    broker: Broker = field(init=False)
    proxy: Proxy = field(init=False)
    gateway: Child = field(init=False)
    edge: Child = field(init=False)
    plant: Plant = field(init=False)
    controller: Controller = field(init=False)
    reader: ReaderSim = field(init=False)
    camera: CameraSim = field(init=False)
    chip: Control = field(init=False)
    display: Display = field(init=False)
    desk: Desk = field(init=False)
    gateway_port: int = field(init=False)
    display_port: int = field(init=False)

    @property
    def edge_folder(self) -> Path:
        return self.settings.state / "edge"

    async def start(self) -> None:
        """Raises CannotStart or BrokerFailed with a sentence; whatever had started is ended."""
        try:
            self.gateway_port = self.settings.gateway_port or free_port()
            self.display_port = self.settings.display_port or free_port()
            await set_up(self.settings.state)
            await self._start_region()
            await self._start_devices()
            await self._start_edge()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        self.measure()
        for child in ("edge", "gateway"):  # both at once: together they have as long as one of them
            if hasattr(self, child):
                getattr(self, child).ask_to_end()
        await self._close.aclose()

    async def revive(self) -> list[str]:
        """What a supervisor does at a border: a process that has ended is started again, and that is said."""
        ended = [child for child in (self.gateway, self.edge) if child.pid is None]
        for child in ended:
            await child.start()
        return [f"The {child.name} had ended and was started again: see {child.name}.log." for child in ended]

    def measure(self) -> None:
        for child in ("gateway", "edge"):
            if hasattr(self, child):
                getattr(self, child).measure()
        for usage, pid in self._others():
            if pid is not None:
                usage.see(pid)

    def _others(self) -> list[tuple[Usage, int | None]]:
        return [
            (self.broker_usage, self.broker.pid if hasattr(self, "broker") else None),
            (self.controller_usage, self.controller.pid if hasattr(self, "controller") else None),
            *((self.chip_usage, pid) for pid in self._chip_pids),
            *((self.face_usage, pid) for pid in self._face_pids()),
        ]

    def usages(self) -> dict[str, Usage]:
        return {
            "edge": self.edge.usage,
            "face": self.face_usage,
            "gateway": self.gateway.usage,
            "broker": self.broker_usage,
            "controller": self.controller_usage,
            "chip": self.chip_usage,
        }

    def _face_pids(self) -> list[int]:
        """The face process is the edge's own child."""
        if not hasattr(self, "edge") or self.edge.pid is None:
            return []
        try:
            text = Path(f"/proc/{self.edge.pid}/task/{self.edge.pid}/children").read_text()
        except OSError:
            return []
        return [int(word) for word in text.split()]

    def officer_key(self) -> str:
        return (self.edge_folder / "officer.key").read_text().strip()

    def lists_key(self) -> bytes:
        return key_in(self.edge_folder / "lists.key")

    # --- the region ---
    async def _start_region(self) -> None:
        folder = self.settings.state / "gateway"
        own = folder / "broker"
        certificates = Certificates(
            own / "broker.crt", own / "broker.key", folder / "clients-ca.crt", own / "clients.crl", own / "revoked"
        )
        self.broker = Broker(self.settings.state / "broker", certificates, region=REGION)
        began_s = asyncio.get_running_loop().time()
        self._close.callback(self.broker.stop)
        await whole(self.broker.start)
        self.broker_usage.start_s = round(asyncio.get_running_loop().time() - began_s, 2)
        self.proxy = Proxy(self.broker.port)
        self.proxy_port = await self.proxy.start()
        self._close.push_async_callback(self.proxy.stop)
        write_gateway_config(folder / "gateway.toml", self.broker.port, self.gateway_port)
        self.gateway = Child(
            "gateway",
            command("gateway", "run", "--state", str(folder)),
            self.settings.state / "gateway.log",
            lambda: http.answers(self.gateway_port),
        )
        self._close.push_async_callback(self.gateway.stop)
        await self.gateway.start()

    # --- the devices ---
    async def _start_devices(self) -> None:
        state, speed = self.settings.state, self.settings.speed
        self.plant = Plant(speed)
        self._close.push_async_callback(self.plant.close)
        key = key_in(self.edge_folder / "barrier.key")
        settings = {"lease_ms": LEASE_MS}
        self.controller = Controller(_folder(state / "controller"), key, self.plant, speed, settings=settings)
        began_s = asyncio.get_running_loop().time()
        await self.controller.start()
        await self.plant.until(lambda: bool(self.plant.journal))  # it bolts its doors: the firmware is up
        self.controller_usage.start_s = round(asyncio.get_running_loop().time() - began_s, 2)
        self._close.push_async_callback(self.controller.stop)
        self.reader = ReaderSim(_folder(state / "reader"), reading_s=READING_S / speed)
        self._close.callback(self.reader.close)
        self.camera = CameraSim()
        await self.camera.start()
        self._close.push_async_callback(self.camera.close)
        began_s = asyncio.get_running_loop().time()
        await whole(self._start_chip)
        self.chip_usage.start_s = round(asyncio.get_running_loop().time() - began_s, 2)

    def _start_chip(self) -> None:
        """Behind PC/SC where the machine has it, else behind a direct socket; which one is said."""
        state = self.settings.state.absolute()
        control = state / "chip.control"
        tempo = REAL.faster(self.settings.speed)
        reason = "the direct socket was asked for." if self.settings.direct_chip else str(available() or "")
        if not reason:
            stack = PcscStack()
            try:
                processes = stack.start(state, control, tempo)
            except PcscError as error:
                reason = str(error)
            else:
                self._close.callback(stack.stop)
                self.chip_url, self._chip_environment = stack.url, stack.environment
                self._chip_pids.append(processes.chip)
        if reason:
            self.notes.append(f"The chip is read over a direct socket, not over PC/SC: {reason}")
            address = f"127.0.0.1:{free_port()}"
            log = self._close.enter_context((state / "chip.log").open("ab"))
            process = start_chip(control, ["--listen", address], log, tempo=tempo)
            self._close.callback(end, process)
            self.chip_url = f"socket://{address}"
            self._chip_pids.append(process.pid)
        self.chip = self._close.enter_context(Control(control))

    # --- the edge ---
    async def _start_edge(self) -> None:
        await asyncio.to_thread(self.before_edge)
        write_edge_config(self.edge_folder / "edge.toml", self._wiring())
        self.edge = Child(
            "edge",
            command("edge", "run", "--config", str(self.edge_folder / "edge.toml")),
            self.settings.state / "edge.log",
            lambda: http.answers(self.display_port),
            self._chip_environment,
        )
        self._close.push_async_callback(self.edge.stop)
        self.display = Display(self.display_port)
        self.desk = Desk(self.display_port, self.officer_key())
        for eyes in (self.display, self.desk):
            task = asyncio.ensure_future(eyes.follow())
            self._close.push_async_callback(_cancel, task)
        await self.edge.start()

    def _wiring(self) -> Wiring:
        return Wiring(
            speed=self.settings.speed,
            reader=self.reader.url,
            chip=self.chip_url,
            barrier=str(self.controller.tty),
            camera=self.camera.url,
            broker_port=self.proxy_port,
            pages_port=self.display_port,
        )


async def _cancel(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


__all__ = ["BrokerFailed", "CannotStart", "Post", "Settings"]
