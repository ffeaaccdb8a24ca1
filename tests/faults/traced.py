"""What did a process do to its files? ``strace`` looks over its shoulder, and its log becomes deeds on a disk.

Nothing of the process is replaced: it is the real one, with the real SQLite.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.disk import Create, Deed, Grow, Remove, Rename, Resize, Said, Sync, Write

ROOT = Path(__file__).parents[2]
CALLS = (
    "openat,lseek,write,pwrite64,writev,pwritev,fsync,fdatasync,sync_file_range,ftruncate,truncate,fallocate,"
    "unlink,unlinkat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
STRING_MAX_BYTES = 4 << 20
RUN_LIMIT_S = 120.0

LINE = re.compile(r"^(?P<pid>\d+) +(?P<call>\w+)\((?P<words>.*)\) += (?P<result>-?\d+)")
UNFINISHED = re.compile(r"^(?P<pid>\d+) +(?P<head>\w+\(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(?P<pid>\d+) +<\.\.\. \w+ resumed>(?P<rest>.*)$")
FD = re.compile(r"^(?P<fd>\d+)<(?P<path>[^>]*)>")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?')
CREATES, CUTS, APPENDS = "O_CREAT", "O_TRUNC", "O_APPEND"


class NotTraced(Exception):
    """The sentence says what is missing or failed."""


@dataclass(frozen=True, slots=True)
class Call:
    """One system call that ended well. ``fd`` and ``path`` are of its first argument, if that is an open file."""

    name: str
    words: str
    result: int
    fd: int
    path: str

    @property
    def texts(self) -> list[bytes]:
        return [_bytes(text) for text, _ in TEXT.findall(self.words)]

    @property
    def numbers(self) -> list[int]:
        """Those at the end of the arguments."""
        return [int(word) for word in re.findall(r"(?<=, )-?\d+(?=,|$)", self.words)]


def trace(words: Sequence[str], log: Path, options: Sequence[str] = ()) -> str:
    """Run a command under strace, to its end; what it said. Raises NotTraced."""
    command = [strace(), "-f", "-qq", "-y", "-xx", "-s", str(STRING_MAX_BYTES), "-e", f"trace={CALLS}", "-o", str(log)]
    ran = subprocess.run(
        [*command, *options, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=RUN_LIMIT_S,
        check=False,
    )
    if ran.returncode:
        raise NotTraced(f"{' '.join(words[-3:])} ended with {ran.returncode}: {ran.stderr[-500:]}")
    return ran.stdout


def strace() -> str:
    """Where it lies. Raises NotTraced."""
    program = shutil.which("strace")
    if program is None:
        raise NotTraced("strace is not installed (apt-get install strace).")
    return program


def deeds_in(log: Path, folder: Path) -> list[Deed]:
    """What was done below ``folder``, in order, paths relative to it; and every line on standard output."""
    return list(_Reader(folder).read(calls_in(log)))


def calls_in(log: Path) -> Iterator[Call]:
    """Those that ended well; a call of one thread may stand in two lines with another's between them."""
    open_calls: dict[str, str] = {}
    with log.open() as lines:
        for line in lines:
            if unfinished := UNFINISHED.match(line):
                open_calls[unfinished["pid"]] = unfinished["head"]
                continue
            if resumed := RESUMED.match(line):
                line = f"{resumed['pid']} {open_calls.pop(resumed['pid'], '')}{resumed['rest']}"
            whole = LINE.match(line)
            if whole and int(whole["result"]) >= 0:
                first = FD.match(whole["words"])
                fd, path = (int(first["fd"]), _bytes(first["path"]).decode()) if first else (-1, "")
                yield Call(whole["call"], whole["words"], int(whole["result"]), fd, path)


class _Reader:
    """Keeps where each open file stands, for calls that do not say it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._at: dict[int, int] = {}
        self._sizes: dict[str, int] = {}

    def read(self, calls: Iterator[Call]) -> Iterator[Deed]:
        for call in calls:
            if call.name == "write" and call.fd == 1:
                yield from (Said(line) for line in call.texts[0].decode().splitlines())
                continue
            for deed in self._deeds(call):
                if isinstance(deed, Write):
                    self._sizes[deed.path] = max(self._sizes.get(deed.path, 0), deed.at + len(deed.content))
                elif isinstance(deed, Resize):
                    self._sizes[deed.path] = deed.size
                yield deed

    def _deeds(self, call: Call) -> Iterator[Deed]:
        path = self._inside(call.path)
        match call.name:
            case "openat":
                yield from self._open(call)
            case "unlink" | "unlinkat" if (gone := self._named(call, 0)) is not None:
                yield Remove(gone)
            case "rename" | "renameat" | "renameat2":
                yield from self._rename(call)
            case "truncate" if (named := self._named(call, 0)) is not None:
                yield Resize(named, call.numbers[-1])
            case _ if path is None:
                return
            case "pwrite64":
                yield Write(path, call.numbers[-1], call.texts[0][: call.result])
            case "write":
                at = self._at.get(call.fd, 0)
                self._at[call.fd] = at + call.result
                yield Write(path, at, call.texts[0][: call.result])
            case "lseek":
                self._at[call.fd] = call.result
            case "fsync" | "fdatasync":
                yield Sync(path)
            case "ftruncate":
                yield Resize(path, call.numbers[-1])
            case "fallocate":
                _, offset, size = call.numbers[-3:]
                yield Grow(path, offset + size)
            case name:
                raise NotTraced(f"{name} is not understood: the model of the disk has to learn it.")

    def _open(self, call: Call) -> Iterator[Deed]:
        path = self._named(call, 0)
        if path is None or path == ".":
            return
        self._at[call.result] = self._sizes.get(path, 0) if APPENDS in call.words else 0
        if CREATES in call.words:
            yield Create(path)
        if CUTS in call.words:
            yield Resize(path, 0)

    def _rename(self, call: Call) -> Iterator[Deed]:
        path, to = self._named(call, 0), self._named(call, 1)
        if path is not None and to is not None:
            self._sizes[to] = self._sizes.pop(path, 0)
            yield Rename(path, to)

    def _named(self, call: Call, place: int) -> str | None:
        texts = call.texts
        return self._inside(texts[place].decode()) if place < len(texts) else None

    def _inside(self, path: str) -> str | None:
        """Relative to the folder; None for what lies elsewhere. A folder itself is ``.``."""
        try:
            return str(Path(os.path.normpath(path)).relative_to(self._folder))
        except ValueError:
            return None


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))
