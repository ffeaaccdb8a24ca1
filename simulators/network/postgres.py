"""A real PostgreSQL on loopback, in a folder of its own: start, kill, restart, stop, and a fresh database a test.

PostgreSQL refuses root, so a root starts it as Debian's ``postgres``; and that user cannot reach a folder below a
closed home, so the data then lie in a temporary folder that goes when this goes.
"""

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from simulators.network.broker import free_port
from simulators.network.broker_files import may_reach
from simulators.network.daemon import Daemon

DAEMON_USER: Final = "postgres"
OWNER: Final = "borderpost"
START_LIMIT_S: Final = 30.0  # a crashed one reads its log again first
POLL_S: Final = 0.02
READY: Final = b"database system is ready to accept connections"
SECRET_BYTES: Final = 16
ACCESS_NAME: Final = "access.json"  # port and password, for the next run in the same folder
INSTALLED: Final = Path("/usr/lib/postgresql")
SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "synchronous_commit": "on",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "autovacuum_naptime": "10s",
    "log_min_messages": "log",
    "log_statement": "none",  # a statement may hold what no log may (values are never written into one, and yet)
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


class PostgresFailed(Exception):
    """The database did not start; the message is one sentence."""


class Postgres(Daemon):
    """One PostgreSQL. It keeps its port and its data over restarts; ``folder`` is where both data and log lie.

    ``synced=False`` is for tests that kill processes: what these wrote is the kernel's by then, and no power goes.
    """

    stop_limit_s = 10.0
    stop_signal = signal.SIGINT  # whoever is connected is turned out

    def __init__(self, folder: Path, port: int = 0, *, synced: bool = True) -> None:
        self._synced = synced
        self._user = DAEMON_USER if os.geteuid() == 0 else None
        self._temporary = self._user is not None and not may_reach(folder, self._user)
        super().__init__(
            Path(tempfile.mkdtemp(prefix="borderpost-postgres-")) if self._temporary else folder, "postgres.log"
        )
        kept = self._kept()
        self.port = port or kept.get("port") or free_port()
        self._secret = str(kept.get("secret") or secrets.token_hex(SECRET_BYTES))

    def url(self, database: str = OWNER) -> str:
        """Its password stands in it: it belongs into a file or an environment, never into a list of processes."""
        return f"postgresql://{OWNER}:{self._secret}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Make the database at the first time, start it and wait until it answers. Raises PostgresFailed."""
        if self.running:
            raise PostgresFailed("This PostgreSQL runs already.")
        programs = find_programs()
        if not (self.folder / "data" / "PG_VERSION").exists():
            self._make(programs)
        words = [str(programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        for name, value in {**SETTINGS, "fsync": "on" if self._synced else "off"}.items():
            words += ["-c", f"{name}={value}"]
        with self.log.open("ab") as log:
            told_before = log.tell()
            # In a session of its own: a Ctrl-C in the terminal is for us, and we stop it in good order.
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd="/",
                user=self._user,
                group=self._user,
                extra_groups=None if self._user is None else [],
            )
        self._wait_until_it_serves(self._process, told_before)

    def kill(self) -> None:
        """End all its processes as a power cut would: the first one first, so that it tidies nothing up."""
        if self._process is not None:
            ours = [self._process.pid, *_children(self._process.pid)]
            for pid in ours:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self._process.wait()
            while any(_lives(pid) for pid in ours[1:]):  # a new one refuses to start over memory that they still hold
                time.sleep(POLL_S)
            self._process = None

    def cpu_s(self) -> float:
        """What all its processes of this moment have spent."""
        return 0.0 if self.pid is None else cpu_s(self.pid)

    def fresh(self) -> str:
        """The URL of a new, empty database."""
        import psycopg  # here alone: whoever only starts and kills it needs no driver

        name = f"region_{secrets.token_hex(6)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _make(self, programs: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        password = self.folder / "password"
        password.write_text(self._secret)
        password.chmod(0o600)
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            for path in (self.folder, password):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        initdb = [str(programs / "initdb"), "--pgdata", str(self.folder / "data"), "--username", OWNER]
        initdb += ["--pwfile", str(password), "--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale"]
        made = self._run([*initdb, "--no-sync"])
        password.unlink()
        access = self.folder / ACCESS_NAME
        access.touch(0o600)
        access.write_text(json.dumps({"port": self.port, "secret": self._secret}))
        if made.returncode:
            raise PostgresFailed(f"initdb could not make a database: {made.stderr.strip().splitlines()[-1]}")
        # A database of the owner's name, before anybody may connect.
        single = [str(programs / "postgres"), "--single", "-D", str(self.folder / "data"), "postgres"]
        self._run(single, f"CREATE DATABASE {OWNER}\n")

    def _kept(self) -> dict[str, Any]:  # what an earlier run in this folder wrote
        access = self.folder / ACCESS_NAME
        return dict(json.loads(access.read_text())) if access.exists() else {}

    def _run(self, words: list[str], told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words,
            input=told,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            user=self._user,
            group=self._user,
            extra_groups=None if self._user is None else [],
        )

    def _wait_until_it_serves(self, process: subprocess.Popen[bytes], told_before: int) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                self._process = None
                raise PostgresFailed(f"PostgreSQL ended at once: {self._last_words()}")
            if READY in self.log.read_bytes()[told_before:]:
                return
            time.sleep(POLL_S)
        self.kill()
        raise PostgresFailed(f"PostgreSQL did not serve port {self.port} within {START_LIMIT_S:.0f} s.")


def cpu_s(pid: int) -> float:
    """Seconds on a core, of a process and of all that it has started, those that it has seen end among them."""
    own = sum(map(int, _state(pid)[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_s(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    """Each of them is the leader of a group of its own, so a signal to the first one's group would not reach them."""
    everybody = (int(path.name) for path in Path("/proc").glob("[0-9]*"))
    return [child for child in everybody if _state(child)[1:2] == [str(pid)]]


def _lives(pid: int) -> bool:
    return _state(pid)[:1] not in ([], ["Z"])


def _state(pid: int) -> list[str]:
    """Its state, its parent and more, as the kernel tells; nothing when it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return []


def find_programs() -> Path:
    """The newest of Debian's, else whatever is on the path. Raises PostgresFailed."""
    for folder in sorted(INSTALLED.glob("*/bin"), key=lambda path: -float(path.parent.name)):
        if (folder / "postgres").exists():
            return folder
    if found := shutil.which("postgres"):
        return Path(found).parent
    raise PostgresFailed("PostgreSQL is not installed (apt-get install postgresql).")
