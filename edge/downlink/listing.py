"""Which lists and rules did the region send, and how do they come onto the disk? Signed, newer, whole, or not at all.

A manifest is believed that a control key signed, with a number above our own; chunks are put together until they are
what it promised; the list is read as the lane reads it; and only then does it take the old one's place. A power cut
leaves the old list or the new one. Whatever is refused leaves what is here.

In ``lists/`` beside the configuration: NAME.json (``rules.toml`` one folder up) and NAME.manifest, which proves it;
NAME.floor, below which none is taken; NAME.wanted and NAME.part, while a newer one is on its way.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from edge.downlink.held import Held
from edge.whole import replace
from messages.errors import Refused
from messages.keys import ControlRecord
from messages.manifest import Chunk, Manifest, read_chunk, renewed, verify_manifest, whole
from messages.signing import TAG

NAMES: Final = ("documents", "persons", "rules")
JUMP_MAX: Final = 10_000  # a number far ahead would shut out every honest one behind it (G03)
SPARE_BYTES: Final = 8_000_000  # beside the list itself, before anything is begun (G16)

Judge = Callable[[str, bytes], None]  # name and content; raises ListRefused when the lane could not use it


class ListRefused(Exception):
    """``cause`` is a code. What is here stays as it is."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Taken:
    """A list took its place. ``how``: full or delta."""

    name: str
    number: int
    how: str


class Listing:
    """``take`` what stands on ``list``, in one thread. ``now_ms`` is the post's own wall clock."""

    def __init__(
        self,
        folder: Path,
        region: str,
        controls: Mapping[str, ControlRecord],
        judge: Judge,
        now_ms: Callable[[], int],
    ) -> None:
        self._folder, self._lists = folder, folder / "lists"
        self._region, self.controls, self._judge, self._now_ms = region, controls, judge, now_ms
        self._wanted: dict[str, Manifest] = {}
        self._lists.mkdir(mode=0o700, exist_ok=True)
        self._held = {name: Held(name, self.path(name), self._lists, partial(self._verify, name)) for name in NAMES}
        for held in self._held.values():
            self._recover(held)

    # --- what it holds ---
    def proof(self, name: str) -> Manifest | None:
        """The manifest of the list that is here; its digest is the content's."""
        return self._held[name].manifest

    def path(self, name: str) -> Path:
        return self._folder / "rules.toml" if name == "rules" else self._lists / f"{name}.json"

    def look(self) -> None:
        """Was a list edited by hand? Then it is the region's no longer, and the status says so."""
        for held in self._held.values():
            held.look()

    def stale(self, name: str) -> bool:
        """G04, G12: whoever holds back the newer ones cannot hide that this one is old."""
        held = self._held[name].manifest
        return held is not None and self._now_ms() > held.issued_ms + held.valid_s * 1000

    def status(self) -> list[dict[str, object]]:
        """As it stands in the device's own status: by it the region knows what to send."""
        return [self._status(name) for name in NAMES]

    def _status(self, name: str) -> dict[str, object]:
        held, wanted = self._held[name].shown, self._wanted.get(name)
        told: dict[str, object] = {
            "name": name,
            "number": 0 if held is None else held.number,
            "age_s": None if held is None else max(0, self._now_ms() - held.issued_ms) // 1000,
            "stale": self.stale(name),
        }
        if wanted is not None:
            told |= {"taking": _sent_digest(wanted).hex(), "at": self._part_size(name)}
        return told

    # --- what comes ---
    def take(self, message: bytes) -> Taken | None:
        """Raises ListRefused or OSError; then the old list stays, and the next status asks anew."""
        try:
            if message.startswith(TAG):
                self._take_manifest(message)
                return None
            return self._take_chunk(read_chunk(message))
        except Refused as refused:
            raise ListRefused(str(refused.reason)) from refused

    def _take_manifest(self, message: bytes) -> None:
        manifest = self._believed(message)
        if manifest == self._wanted.get(manifest.name) or self._held[manifest.name].is_here(manifest):
            return  # it was sent again, or by two workers
        self._expect_fitting(manifest)
        self._wanted.pop(manifest.name, None)
        self._file(manifest.name, "part").unlink(missing_ok=True)
        replace(self._file(manifest.name, "wanted"), message)
        self._wanted[manifest.name] = manifest

    def _believed(self, message: bytes) -> Manifest:
        """The name stands under the signature: it is tried, not believed (G05)."""
        for name in NAMES[:-1]:
            with suppress(Refused):
                return self._verify(name, message)
        return self._verify(NAMES[-1], message)

    def _verify(self, name: str, message: bytes) -> Manifest:
        return verify_manifest(message, self._region, name, self.controls)

    def _expect_fitting(self, manifest: Manifest) -> None:
        held, wanted = self._held[manifest.name], self._wanted.get(manifest.name)
        if not held.floor.admits(manifest) or (wanted is not None and manifest.number < wanted.number):
            raise ListRefused("older")  # G02: signed, and yesterday's
        if held.floor.number and manifest.number > held.floor.number + JUMP_MAX:
            raise ListRefused("too-far-ahead")
        if manifest.base and held.content(manifest.base) is None:
            raise ListRefused("wrong-base")  # G10
        disk = os.statvfs(self._lists)
        if disk.f_bavail * disk.f_frsize < 2 * manifest.size + SPARE_BYTES:
            raise ListRefused("disk-full")

    def _take_chunk(self, chunk: Chunk) -> Taken | None:
        name = next((name for name, wanted in self._wanted.items() if _sent_digest(wanted) == chunk.digest), None)
        if name is None or chunk.at != self._part_size(name):
            return None  # of what is here already, or out of turn: it comes again
        wanted = self._wanted[name]
        size_bytes, end = _sent_size(wanted), chunk.at + len(chunk.content)
        if end > size_bytes:
            self._drop(name)
            raise ListRefused("too-large")  # G06: endless data
        _append(self._file(name, "part"), chunk.content)
        return self._finish(wanted) if end == size_bytes else None

    def _finish(self, wanted: Manifest) -> Taken:
        try:
            content = self._put_together(wanted)
            self._judge(wanted.name, content)
            self._swap(wanted, content)
        except (Refused, ListRefused, OSError):
            self._drop(wanted.name)  # and begin anew, when the region offers it again
            raise
        return Taken(wanted.name, wanted.number, "delta" if wanted.base else "full")

    def _put_together(self, wanted: Manifest) -> bytes:
        part = self._file(wanted.name, "part").read_bytes()
        if not wanted.base:
            return whole(wanted, part)
        base = self._held[wanted.name].content(wanted.base)
        if base is None:
            raise ListRefused("wrong-base")
        return renewed(wanted, base, part)

    # --- onto the disk ---
    def _swap(self, wanted: Manifest, content: bytes) -> None:
        """The list, then its proof. A cut between the two is made good by ``_recover``: the digest tells (G09)."""
        name = wanted.name
        replace(self.path(name), content)
        self._finish_swap(wanted)
        self._file(name, "part").unlink(missing_ok=True)

    def _finish_swap(self, wanted: Manifest) -> None:
        self._held[wanted.name].take(wanted)
        self._wanted.pop(wanted.name, None)

    def _recover(self, held: Held) -> None:
        held.open()
        wanted = held.read("wanted")
        if wanted is not None and held.digest() == wanted.digest:
            self._finish_swap(wanted)
            return
        held.prove()
        if wanted is not None and self._part_size(held.name) < _sent_size(wanted):
            self._wanted[held.name] = wanted  # and go on from where the part ends
        elif wanted is not None:
            self._drop(held.name)

    def _drop(self, name: str) -> None:
        self._wanted.pop(name, None)
        for what in ("wanted", "part"):
            self._file(name, what).unlink(missing_ok=True)

    def _part_size(self, name: str) -> int:
        try:
            return self._file(name, "part").stat().st_size
        except OSError:
            return 0

    def _file(self, name: str, what: str) -> Path:
        return self._held[name].file(what)


def _sent_digest(manifest: Manifest) -> bytes:
    return manifest.delta_digest if manifest.base else manifest.digest


def _sent_size(manifest: Manifest) -> int:
    return manifest.delta_size if manifest.base else manifest.size


def _append(path: Path, content: bytes) -> None:
    """Without sync: what a power cut takes of it, the digest of the whole will tell."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as file:
        file.write(content)
