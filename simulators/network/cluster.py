"""A region past one machine, on this one: three NATS nodes, PostgreSQL and N workers, in one folder, on loopback.

``deploy/cluster/run`` starts it for people, and tests kill its parts. Everything is set up by the product's own
commands and by the configuration that is deployed.
"""

import argparse
import json
import os
import queue
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final

from simulators.network.broker import free_port
from simulators.network.daemon import Daemon
from simulators.network.nats import HOST, NatsCluster, NatsFailed
from simulators.network.postgres import Postgres, PostgresFailed

DEVICE_PORTS: Final = (8883, 8884, 8885)  # for people; tests take any that are free
NODES: Final = ("nats-1", "nats-2", "nats-3")
CONFIG: Final = Path(__file__).parents[2] / "deploy" / "cluster" / "nats-server.conf"
WORKERS_MAX: Final = 16
START_LIMIT_S: Final = 40.0
COMMAND_LIMIT_S: Final = 30.0
POLL_S: Final = 0.05


class ClusterFailed(Exception):
    """A part did not start; the message is one sentence."""


class WorkerProcess(Daemon):
    """One ``borderpost gateway run``; it keeps its ports over restarts."""

    def __init__(self, name: str, config: Path) -> None:
        super().__init__(config.parent, f"{config.stem}.log")
        self.name = name
        self.config = config
        self.pages_port = free_port()

    def start(self) -> None:
        with self.log.open("ab") as log:
            words = [sys.executable, "-m", "borderpost", "gateway", "run", "--config", str(self.config)]
            self._process = subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    def get(self, path: str) -> dict[str, object]:
        """An answer of its API; empty while it does not answer."""
        with suppress(OSError, ValueError):
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self.pages_port}{path}", timeout=2) as answer:
                    return dict(json.load(answer))
            except urllib.error.HTTPError as refused:
                with refused:
                    return dict(json.load(refused))
        return {}

    def healthy(self) -> bool:
        """Connected, and it commits. Raises ClusterFailed when it ended."""
        if self._process is not None and not self.running:
            last = self.log.read_text(errors="replace").splitlines()[-1:]
            raise ClusterFailed(f"{self.name} ended: {' '.join(last)}")
        return self.get("/healthz").get("ok") is True


class Cluster:
    """``folder`` holds all of it: ``region/`` (the state folder), ``nodes/``, ``workers/`` and ``postgres/``."""

    def __init__(
        self,
        folder: Path,
        *,
        region: str = "utopia",
        workers: int = 2,
        device_ports: Sequence[int] = (),
        postgres: Postgres | None = None,
    ) -> None:
        self.folder = folder
        self.state = folder / "region"
        self.region = region
        self._device_ports = device_ports
        self._own = postgres is None  # somebody else's is neither started nor stopped
        self.postgres = postgres or Postgres(folder / "postgres")
        self.nats = NatsCluster([])
        self.workers = [
            WorkerProcess(f"gateway-{n}", folder / "workers" / f"gateway-{n}.toml") for n in range(1, workers + 1)
        ]

    def start(self) -> None:
        """Raises ClusterFailed with one sentence; what has started by then is ended."""
        try:
            self._start()
        except (ClusterFailed, NatsFailed, PostgresFailed) as error:
            self.stop()
            raise ClusterFailed(str(error)) from error
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._own:
            self.postgres.start()
        self._set_up()
        self.write_nodes()
        self.nats = NatsCluster([self.folder / "nodes" / name for name in NODES], self._device_ports)
        self.nats.start()
        for worker in self.workers:
            worker.config.parent.mkdir(exist_ok=True)
            worker.config.write_text(self._worker_config(worker))
            worker.config.chmod(0o600)  # the database's password stands in it
            worker.start()
        self.wait()

    def wait(self) -> None:
        """Until every worker that runs is connected and commits."""
        deadline = time.monotonic() + START_LIMIT_S
        while not all(worker.healthy() for worker in self.workers if worker.pid is not None):
            if time.monotonic() > deadline:
                raise ClusterFailed(f"The workers were not all ready within {START_LIMIT_S:.0f} s.")
            time.sleep(POLL_S)

    def admit(self) -> None:
        """Let the nodes know who was enrolled or revoked since."""
        self.write_nodes()
        for node in self.nats.nodes:
            if node.running:
                node.reload()

    def stop(self) -> None:
        """Everything, in the order in which nothing complains."""
        for worker in self.workers:
            worker.stop()
        self.nats.stop()
        if self._own:
            self.postgres.stop()

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _set_up(self) -> None:
        url = self.postgres.url() if self._own else self.postgres.fresh()
        command("gateway", "init", "--state", str(self.state), "--region", self.region, "--store", url)
        for worker in self.workers[1:]:
            command("gateway", "worker", "add", worker.name, "--state", str(self.state))
        self.url = url

    def write_nodes(self) -> None:
        nodes = [word for name in NODES for word in ("--node", name)]
        into = str(self.folder / "nodes")
        command("gateway", "nats", "--state", str(self.state), "--into", into, "--config", str(CONFIG), *nodes)

    def _worker_config(self, worker: WorkerProcess) -> str:
        nodes = ", ".join(f'"{HOST}:{port}"' for port in self.nats.worker_ports)
        return "\n".join(
            (
                f'region = "{self.region}"',
                f'state = "{self.state.resolve()}"',
                f'store = "{self.url}"',
                f'worker = "{worker.name}"',
                "[broker]",
                'kind = "nats"',
                f"nodes = [{nodes}]",
                "[pages]",
                f"port = {worker.pages_port}",
                "[enrolment]",
                "port = 0",
                "",
            )
        )


def command(*words: str) -> None:
    """Run one of ours to its end. Raises ClusterFailed with what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "borderpost", *words],
        capture_output=True,
        text=True,
        timeout=COMMAND_LIMIT_S,
        check=False,
    )
    if ended.returncode:
        raise ClusterFailed((ended.stderr.strip() or ended.stdout.strip()).splitlines()[-1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="deploy/cluster/run", description=__doc__)
    parser.add_argument(
        "--state", type=Path, required=True, metavar="DIR", help="where everything goes; kept for next time"
    )
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="how many workers (2)")
    parser.add_argument("--region", default="utopia", help="name of the region (utopia)")
    args = parser.parse_args()
    if not 1 <= args.workers <= WORKERS_MAX:
        print(f"Between 1 and {WORKERS_MAX} workers.", file=sys.stderr)
        return 2
    try:
        _run(args)
    except ClusterFailed as error:
        print(error, file=sys.stderr)
        return 4
    return 0


def _run(args: argparse.Namespace) -> None:
    told: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _: told.put(got))
    postgres = Postgres(args.state / "postgres")
    if postgres.folder != args.state / "postgres":  # it would be gone at the end, and the region with it
        raise ClusterFailed(f"The user that runs PostgreSQL cannot reach {args.state}. Choose another --state.")
    with Cluster(args.state, region=args.region, workers=args.workers, device_ports=DEVICE_PORTS) as cluster:
        _tell(cluster)
        while told.get() == signal.SIGHUP:
            cluster.admit()


def _tell(cluster: Cluster) -> None:
    devices = ", ".join(f"{HOST}:{node.ports.devices}" for node in cluster.nats.nodes)
    print(f"Devices (MQTT 3.1.1): {devices}")
    for worker in cluster.workers:
        print(f"{worker.name}: pages at http://{HOST}:{worker.pages_port}/")
    print(f"Enrol with: borderpost device enrol --gateway {cluster.state} --edge DIR --post POST --device NAME")
    print(f"and let the nodes know of it with: kill -HUP {os.getpid()}")
    print("Ctrl-C ends all of it.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
