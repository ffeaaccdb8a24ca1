"""The processes of a simulated post: started through the command line, watched, measured, ended without remains."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
END_LIMIT_S = 2.0  # then SIGKILL: Ctrl-C must end a demo in under 3 s


@dataclass(slots=True)
class Usage:
    """The most memory, all the time on a core, and the start of one kind of process, over all its lives."""

    rss_mb: float = 0.0
    cpu_s: float = 0.0
    start_s: float = 0.0
    lives: dict[int, float] = field(default_factory=dict)

    with_children: bool = False  # a gateway judges in a process of its own: its time and its memory are the gateway's

    def see(self, pid: int) -> None:
        seen = [self._one(each) for each in (pid, *(_children(pid) if self.with_children else ()))]
        self.rss_mb = max(self.rss_mb, round(sum(seen), 1))
        self.cpu_s = round(sum(self.lives.values()), 2)

    def _one(self, pid: int) -> float:
        """Note the time that one process had; how many megabytes it holds."""
        try:
            status = Path(f"/proc/{pid}/status").read_text()
            words = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        except OSError:
            return 0.0
        self.lives[pid] = (int(words[11]) + int(words[12])) / TICKS_PER_S
        return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0) / 1024


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in path.read_text().split()]
    return found


class Child:
    """One long-lived process: ``start`` returns when ``ready`` says so."""

    def __init__(
        self,
        name: str,
        words: Sequence[str],
        log: Path,
        ready: Callable[[], Awaitable[bool]],
        environment: Mapping[str, str] | None = None,
        limit_s: float = 20.0,
    ) -> None:
        self.name = name
        self.usage = Usage()
        self._words, self._log, self._ready, self._limit_s = list(words), log, ready, limit_s
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Raises CannotStart with a sentence and the last line of the log when it ends or is not ready in time."""
        began = time.monotonic()
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._words, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
        while not await self._ready():
            if self._process.returncode is not None:
                raise CannotStart(self.name, f"it ended with code {self._process.returncode}", self._last_words())
            if time.monotonic() - began > self._limit_s:
                raise CannotStart(self.name, f"it was not ready within {self._limit_s:.0f} s", self._last_words())
            await asyncio.sleep(0.02)
        if not self.usage.start_s:
            self.usage.start_s = round(time.monotonic() - began, 2)

    def kill(self) -> None:
        """As a crash would end it: kill -9."""
        if self.pid is not None:
            self.measure()
            os.kill(self.pid, signal.SIGKILL)

    async def wait_dead(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def ask_to_end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def stop(self) -> None:
        if self._process is None or self._process.returncode is not None:
            return
        self.measure()
        self.ask_to_end()
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def measure(self) -> None:
        if self.pid is not None:
            self.usage.see(self.pid)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "its log is empty"


async def whole(start: Callable[[], None]) -> None:
    """Run it in a thread to its end, also when nobody wants it any more: what it starts must be there to be ended."""
    task = asyncio.ensure_future(asyncio.to_thread(start))
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


class CannotStart(Exception):
    """A sentence for the user: which part, why, and what it said last."""

    def __init__(self, name: str, why: str, last_words: str) -> None:
        super().__init__(f"The {name} process did not start: {why}; it said: {last_words}")
        self.name = name


def command(*words: str) -> list[str]:
    """The command line of this very environment."""
    return [sys.executable, "-m", "borderpost", *words]
