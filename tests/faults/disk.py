"""What may lie on the disk after the power went? A model of it, fed with what a process did to its files.

Whatever was synced is there. Of the rest each file keeps nothing, everything, a beginning, any half, or torn sectors;
names (created, renamed, removed) since the last sync of a folder are kept up to any point, in their order, as a journal
keeps them. File by file and name by name independently: a real disk does no worse, as long as its sync does not lie.
"""

import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512


@dataclass(frozen=True, slots=True)
class Create:
    path: str


@dataclass(frozen=True, slots=True, repr=False)
class Write:
    path: str
    at: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Resize:
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Grow:
    """Room taken (fallocate): never smaller than this."""

    path: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """Of a file or of a folder."""

    path: str


@dataclass(frozen=True, slots=True)
class Rename:
    path: str
    to: str


@dataclass(frozen=True, slots=True)
class Remove:
    path: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line on standard output: a promise to the world, which no power cut takes back."""

    line: str


Naming = Create | Rename | Remove
Deed = Naming | Write | Resize | Grow | Sync | Said
Change = Write | Resize | Grow
Names = dict[str, "File"]
Image = dict[str, bytes]


@dataclass(slots=True, eq=False)
class File:
    safe: bytearray = field(default_factory=bytearray)
    pending: list[Change] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.pending:
            _apply(self.safe, change)
        self.pending.clear()


class Disk:
    """``now`` is what the process sees; ``image`` is what another one might find after a cut at this very moment."""

    def __init__(self) -> None:
        self._now: Names = {}
        self._safe: Names = {}
        self._unsynced: list[tuple[Naming, File | None]] = []

    def lay(self, image: Image) -> None:
        """What lay there, safe, before the process began."""
        for path, content in image.items():
            self._now[path] = self._safe[path] = File(bytearray(content))

    def do(self, deed: Deed) -> None:
        match deed:
            case Create() | Rename() | Remove():
                file = File() if isinstance(deed, Create) else None
                if isinstance(deed, Create) and deed.path in self._now:
                    return
                _rename(self._now, deed, file)
                self._unsynced.append((deed, file))
            case Sync(path):
                if path in self._now:
                    self._now[path].sync()
                else:  # a folder: the journal is written down to this point
                    self._sync_names()
            case Write() | Resize() | Grow():
                if deed.path in self._now:
                    self._now[deed.path].pending.append(deed)
            case Said():
                return

    def _sync_names(self) -> None:
        for naming, file in self._unsynced:
            _rename(self._safe, naming, file)
        self._unsynced.clear()

    @property
    def unsettled(self) -> bool:
        return bool(self._unsynced) or any(file.pending for file in self._now.values())

    def image(self, chance: random.Random) -> Image:
        names = dict(self._safe)
        for naming, file in self._unsynced[: chance.randint(0, len(self._unsynced))]:
            _rename(names, naming, file)
        return {path: _found(file, chance) for path, file in names.items()}


def read_image(folder: Path) -> Image:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_image(image: Image, folder: Path) -> None:
    """``folder`` is empty; paths in the image are relative to it."""
    for path, content in image.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / path, os.O_WRONLY | os.O_CREAT, 0o600)  # keys must be closed to others
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)


def _rename(names: Names, naming: Naming, file: File | None) -> None:
    match naming:
        case Create(path):
            assert file is not None
            names[path] = file
        case Rename(path, to):
            if path in names:
                names[to] = names.pop(path)
        case Remove(path):
            names.pop(path, None)


def _found(file: File, chance: random.Random) -> bytes:
    content = bytearray(file.safe)
    for change in chance.choice(LEFT)(file.pending, chance):
        _apply(content, change)
    return bytes(content)


def _apply(content: bytearray, change: Change) -> None:
    match change:
        case Write(_, at, written):
            if len(content) < at:
                content.extend(bytes(at - len(content)))
            content[at : at + len(written)] = written
        case Resize(_, size):
            del content[size:]
            content.extend(bytes(size - len(content)))
        case Grow(_, size):
            content.extend(bytes(max(0, size - len(content))))


def _torn(pending: list[Change], chance: random.Random) -> list[Change]:
    left: list[Change] = []
    for change in pending:
        if not isinstance(change, Write):
            left += [change] if chance.random() < 0.5 else []
            continue
        for at in range(0, len(change.content), SECTOR_BYTES):
            if chance.random() < 0.5:
                left.append(Write(change.path, change.at + at, change.content[at : at + SECTOR_BYTES]))
    return left


# What is left of the changes that were not synced.
LEFT: tuple[Callable[[list[Change], random.Random], list[Change]], ...] = (
    lambda pending, chance: [],
    lambda pending, chance: pending,
    lambda pending, chance: pending[: chance.randint(0, len(pending))],
    lambda pending, chance: [change for change in pending if chance.random() < 0.5],
    _torn,
)
