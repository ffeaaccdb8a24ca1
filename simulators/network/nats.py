"""Three real NATS nodes on loopback: started from the folders that ``borderpost gateway nats`` wrote, and killed.

The configuration is the very file that is deployed (deploy/cluster/nats-server.conf); what differs between nodes goes
by the environment there, too.
"""

import contextlib
import json
import os
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Final

from simulators.network.broker import free_port
from simulators.network.daemon import Daemon

CONFIG_NAME: Final = "nats-server.conf"
START_LIMIT_S: Final = 40.0  # three nodes on two busy cores choose a leader
POLL_S: Final = 0.05
HOST: Final = "127.0.0.1"


class NatsFailed(Exception):
    """A node did not start, or the nodes did not find each other; the message is one sentence."""


@dataclass(frozen=True, slots=True)
class Ports:
    workers: int
    devices: int
    routes: int
    monitor: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(free_port(), free_port(), free_port(), free_port())


class NatsNode(Daemon):
    """One process. It keeps its ports and what it holds over restarts."""

    def __init__(self, folder: Path, ports: Ports, routes: tuple[int, ...]) -> None:
        super().__init__(folder, "nats-server.log")
        self.ports = ports
        self._routes = routes

    def start(self) -> None:
        """Begin; it serves once ``healthy``. Raises NatsFailed."""
        program = find_program()
        if program is None:
            raise NatsFailed("nats-server is not installed (apt-get install nats-server).")
        with self.log.open("ab") as log:
            # In a session of its own: a Ctrl-C in the terminal is for us, and we stop it in good order.
            self._process = subprocess.Popen(
                [program, "-c", CONFIG_NAME],
                cwd=self.folder,
                env={**os.environ, **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def environment(self) -> dict[str, str]:
        ports = self.ports
        places = {"WORKERS": ports.workers, "DEVICES": ports.devices, "ROUTES": ports.routes, "MONITOR": ports.monitor}
        listening = {f"BP_{name}": f"{HOST}:{port}" for name, port in places.items()}
        routes = {f"BP_ROUTE_{n}": f"nats-route://{HOST}:{port}" for n, port in enumerate(self._routes, 1)}
        return {"BP_NODE": self.folder.name, "BP_STORE": str(self.folder / "data"), **listening, **routes}

    def healthy(self) -> bool:
        """Does it say that it is one of the cluster and holds all that it should? Raises NatsFailed when it ended."""
        if not self.running:
            raise NatsFailed(f"{self.folder.name} ended: {self._last_words()}")
        url = f"http://{HOST}:{self.ports.monitor}/healthz"
        with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=1) as answer:
            return bool(json.load(answer).get("status") == "ok")
        return False

    def reload(self) -> None:
        """Let it read who may do what again; whoever is no longer named is turned out."""
        subprocess.run(["nats-server", "--signal", f"reload={self.pid}"], check=True, capture_output=True)


class NatsCluster:
    """The nodes whose folders these are."""

    def __init__(self, folders: Sequence[Path], device_ports: Sequence[int] = ()) -> None:
        ports = [Ports.free() for _ in folders]
        for at, port in enumerate(device_ports):
            ports[at] = replace(ports[at], devices=port)
        routes = tuple(each.routes for each in ports)
        self.nodes = [NatsNode(path, own, routes) for path, own in zip(folders, ports, strict=True)]

    @property
    def worker_ports(self) -> list[int]:
        return [node.ports.workers for node in self.nodes]

    def start(self) -> None:
        """All of them, until every one says that it is healthy. Raises NatsFailed."""
        for node in self.nodes:
            node.start()
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while not all(node.healthy() for node in self.nodes if node.running):
            if time.monotonic() > deadline:
                raise NatsFailed(f"The nodes did not become a cluster within {START_LIMIT_S:.0f} s.")
            time.sleep(POLL_S)

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def __enter__(self) -> "NatsCluster":
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_program() -> str | None:
    """Debian puts it in /usr/sbin, which is not on everybody's path."""
    return shutil.which("nats-server", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
