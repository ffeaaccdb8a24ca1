"""A real mosquitto on loopback, with the settings that withstood the attacks: start, kill, restart, stop."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from random import SystemRandom

from simulators.network.broker_files import CONNECTIONS_LIMIT, write_files
from simulators.network.broker_files import Certificates as Certificates
from simulators.network.daemon import Daemon

START_LIMIT_S = 10.0
POLL_S = 0.02
PORTS = range(20_000, 32_768)  # Linux gives away 32768 and above (ip_local_port_range)
CHANCE = SystemRandom()  # two runs on one machine, with one seed, want two ports
RELOADED = re.compile(rb"Reloading config")
READY = re.compile(rb"mosquitto version \S+ running")


class BrokerFailed(Exception):
    """The broker did not start; the message is one sentence."""


class Broker(Daemon):
    """One mosquitto process. It keeps its port over restarts, as its devices expect."""

    stop_limit_s = 3.0

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        region: str,
        workers: tuple[str, ...] = ("gateway-1",),
        port: int = 0,
        connections_limit: int = CONNECTIONS_LIMIT,
    ) -> None:
        super().__init__(folder, "mosquitto.log")
        self.port = port or free_port()
        self._certificates = certificates
        self._region = region
        self._workers = workers
        self._connections_limit = connections_limit

    def start(self) -> None:
        """Write the files, start mosquitto and wait until it listens. Raises BrokerFailed."""
        if self.running:
            raise BrokerFailed("This broker runs already.")
        program = find_program()
        if program is None:
            raise BrokerFailed("mosquitto is not installed (apt-get install mosquitto).")
        if _answers(self.port):
            raise BrokerFailed(f"Port {self.port} is taken by another process; the broker needs it.")
        config = self._write_files()
        with self.log.open("ab") as log:  # our own handle: a daemon that drops its rights might not open it
            told_before = log.tell()  # before it starts: the child's writing moves this handle too
            self._process = subprocess.Popen(
                [program, "-c", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait_until_it_says(READY, self._process, told_before)

    def read_again(self) -> None:
        """New lists of whom it lets in, while it runs: SIGHUP, as ``systemctl reload mosquitto`` does.

        mosquitto reads both lists before it looks at any connection again; none that stands is closed.
        """
        self._write_files()
        if self._process is not None:
            told_before = self.log.stat().st_size
            self._process.send_signal(signal.SIGHUP)
            self._wait_until_it_says(RELOADED, self._process, told_before)

    def _write_files(self) -> Path:
        limit = self._connections_limit
        return write_files(self.folder, self.port, self._certificates, self._region, self._workers, limit)

    def _wait_until_it_says(self, words: re.Pattern[bytes], process: subprocess.Popen[bytes], told_before: int) -> None:
        """It listens before it has read its key, so a port that answers is not enough: it must say that it runs."""
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self._process = None
                raise BrokerFailed(f"mosquitto ended at once: {self._last_words()}")
            if words.search(self.log.read_bytes(), told_before):
                return
            time.sleep(POLL_S)
        self.kill()
        raise BrokerFailed(f"mosquitto did not serve port {self.port} within {START_LIMIT_S:.0f} s.")


def find_program() -> str | None:
    """Where mosquitto lies; Debian puts it in /usr/sbin, which is not on everybody's path."""
    return shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"]))


def free_port() -> int:
    """For somebody who will listen there later, and again after he was killed. The kernel itself gives none of these to
    whoever connects or asks for any: that one would hold it then."""
    while True:
        port = CHANCE.choice(PORTS)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
        return True
    return False
