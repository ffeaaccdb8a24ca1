"""What if the n-th write, sync or open of a journey fails, for every n? The real thing under ``strace inject``.

A failure may be said, never hidden: the process goes on, and what it promised before and after stands on the disk.
"""

import atexit
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from tests.faults import power_store
from tests.faults.power_cut import OUTBOX_WRITER, Judge, judge_outbox
from tests.faults.traced import ROOT, RUN_LIMIT_S, NotTraced, strace

ROUNDS, STORE_BATCHES = 2, 4
FAILURES = (
    ("openat", "EMFILE"),
    ("openat", "EIO"),
    ("pread64", "EIO"),
    ("pwrite64", "EIO"),
    ("pwrite64", "ENOSPC"),
    ("fsync", "EIO"),
    ("fdatasync", "EIO"),
    ("fdatasync", "ENOSPC"),
    ("ftruncate", "EIO"),
    ("fallocate", "ENOSPC"),
    ("unlink", "EIO"),
)
INJECTED = re.compile(r"\(INJECTED\)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Journey:
    """A process at work in a folder, and which of its files may fail it. It says ``ended`` when it came to its end."""

    name: str
    prepare: Callable[[Path], None]
    words: Callable[[Path], list[str]]
    judge: Judge
    files: tuple[str, ...]

    def run(self, folder: Path, before: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*before, *self.words(folder)],
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=RUN_LIMIT_S,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class Failure:
    call: str
    error: str
    n: int

    def __str__(self) -> str:
        return f"{self.call} number {self.n} with {self.error}"


@dataclass(slots=True)
class Told:
    journeys: Counter[str] = field(default_factory=Counter)  # by call
    said: int = 0  # journeys in which the outbox told of the failure
    violations: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "journeys": sum(self.journeys.values()),
            "calls": dict(self.journeys),
            "told_of": self.said,
            "violations": self.violations,
        }


def fail(failure: Failure, told: Told, journey: Journey, *, lived: bool = False) -> bool:
    """One journey with one failing call; ``lived``: in a folder where one was made before. False: nothing failed, since
    the journey has not so many calls."""
    with tempfile.TemporaryDirectory(prefix="borderpost-calls-") as name:
        folder, log = Path(name, "it"), Path(name, "log")
        journey.prepare(folder)
        before = journey.run(folder).stdout.splitlines() if lived else []
        ran = journey.run(folder, _strace(failure, [folder / file for file in journey.files], log))
        if not log.exists():
            raise NotTraced(f"strace did not run: {ran.stderr[-300:]}")
        if not INJECTED.search(log.read_text()):
            return False
        lines = ran.stdout.splitlines()
        told.journeys[failure.call] += 1
        told.said += any(line.startswith("refused") for line in lines)
        if lines[-1:] != ["ended"]:
            last = ran.stderr.strip().splitlines()[-1:] or ["nothing"]
            told.violations.append(f"{journey.name}, {failure}: it ended with {ran.returncode} and said: {last[0]}")
        if wrong := journey.judge(folder, before + lines):
            told.violations.append(f"{journey.name}, {failure}: {wrong}")
        return True


def _strace(failure: Failure, files: Sequence[Path], log: Path) -> list[str]:
    """Only calls on these files count, and fail."""
    paths = [word for file in files for word in ("-P", str(file.resolve()))]
    what = f"inject={failure.call}:error={failure.error}:when={failure.n}"
    return [strace(), "-f", "-qq", *paths, "-e", f"trace={failure.call}", "-e", what, "-o", str(log)]


def every(told: Told) -> Iterator[Failure]:
    """Each kind of failure at its first call, its second, ... until a journey has no such call left."""
    for journey, (call, error) in product((OUTBOX, STORE), FAILURES):
        n = 1
        while fail(failure := Failure(call, error, n), told, journey):
            yield failure
            n += 1


def sampled(told: Told, journey: Journey, chance: random.Random, lengths: dict[str, int]) -> None:
    """Each kind of failure once, at a place drawn from a journey of about this length."""
    for call, error in FAILURES:
        if call in lengths:
            fail(Failure(call, error, chance.randint(1, lengths[call])), told, journey)


def _outbox_words(folder: Path) -> list[str]:
    return [sys.executable, str(OUTBOX_WRITER), str(folder), str(ROUNDS), "FULL"]


def _store_words(state: Path) -> list[str]:
    return [sys.executable, str(Path(power_store.__file__)), str(state), str(STORE_BATCHES)]


def _copied_state(state: Path) -> None:
    """A region that was set up once: making its keys takes longer than all the rest."""
    shutil.copytree(_region(), state)


@cache
def _region() -> Path:
    place = Path(tempfile.mkdtemp(prefix="borderpost-region-"))
    atexit.register(shutil.rmtree, place)
    power_store.prepare(place / "state")
    return place / "state"


OUTBOX_ENDS = ("", "-wal", "-journal", ".ballast", ".floor", ".kept", ".reserve")
OUTBOX = Journey("outbox", Path.mkdir, _outbox_words, judge_outbox, (".", *(f"outbox.db{end}" for end in OUTBOX_ENDS)))
OUTBOX_FILE = replace(OUTBOX, files=("outbox.db",))
STORE_FILES = tuple(f"store.sqlite{end}" for end in ("", "-wal", "-shm", "-journal"))
STORE = Journey("store", _copied_state, _store_words, power_store.judge, STORE_FILES)
