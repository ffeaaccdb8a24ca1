"""What if the n-th write, sync or open of a journey fails, for every n? The real outbox under ``strace inject``.

A failure may be said, never hidden: the process goes on, and what it promised before and after stands on the disk.
"""

import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.power_cut import OUTBOX_WRITER, judge_outbox
from tests.faults.traced import ROOT, RUN_LIMIT_S, NotTraced, strace

ROUNDS = 2
FILES = (".", *("outbox.db" + end for end in ("", "-wal", "-journal", ".ballast", ".floor", ".kept", ".reserve")))
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
class Failure:
    call: str
    error: str
    n: int
    files: tuple[str, ...] = FILES

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


def fail(failure: Failure, told: Told, *, lived: bool = False) -> bool:
    """One journey with one failing call; ``lived``: in an outbox that was written to before. False: nothing failed, for
    the journey has not so many calls."""
    with tempfile.TemporaryDirectory(prefix="borderpost-calls-") as name:
        folder, log = Path(name, "edge"), Path(name, "log")
        folder.mkdir()
        before = _run([], folder).stdout.splitlines() if lived else []
        ran = _run(_words(failure, folder, log), folder)
        if not log.exists():
            raise NotTraced(f"strace did not run: {ran.stderr[-300:]}")
        if not INJECTED.search(log.read_text()):
            return False
        lines = ran.stdout.splitlines()
        told.journeys[failure.call] += 1
        told.said += any(line.startswith("refused") for line in lines)
        if lines[-1:] != ["ended"]:
            last = ran.stderr.strip().splitlines()[-1:] or ["nothing"]
            told.violations.append(f"{failure}: the process ended with {ran.returncode} and said: {last[0]}")
        if wrong := judge_outbox(folder, before + lines):
            told.violations.append(f"{failure}: {wrong}")
        return True


def _run(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*words, sys.executable, str(OUTBOX_WRITER), str(folder), str(ROUNDS), "FULL"],
        env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )


def _words(failure: Failure, folder: Path, log: Path) -> list[str]:
    """Only calls on the outbox's own files count, and fail."""
    paths = [word for name in failure.files for word in ("-P", str((folder / name).resolve()))]
    what = f"inject={failure.call}:error={failure.error}:when={failure.n}"
    return [strace(), "-f", "-qq", *paths, "-e", f"trace={failure.call}", "-e", what, "-o", str(log)]


def every(told: Told) -> Iterator[Failure]:
    """Each kind of failure at its first call, its second, ... until a journey has no such call left."""
    for call, error in FAILURES:
        n = 1
        while fail(failure := Failure(call, error, n), told):
            yield failure
            n += 1


def sampled(told: Told, chance: random.Random, lengths: dict[str, int]) -> None:
    """Each kind of failure once, at a place drawn from a journey of about this length."""
    for call, error in FAILURES:
        if call in lengths:
            fail(Failure(call, error, chance.randint(1, lengths[call])), told)
