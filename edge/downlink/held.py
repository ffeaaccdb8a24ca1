"""Which list lies here, and is it what the region signed? Its manifest says so, and a floor says if it is an old one.

What was edited by hand, or damaged on the card, is proven by nothing: then the region hears that there is none, and
sends the whole. A delta would never fit it again.
"""

import logging
from collections.abc import Callable
from hashlib import file_digest, sha256
from pathlib import Path

from edge.downlink.floor import Floor, read_floor, write_floor
from edge.whole import sync_folder
from messages.errors import Refused
from messages.manifest import Manifest

log = logging.getLogger(__name__)

Verify = Callable[[bytes], Manifest]  # raises Refused


class Held:
    """One list of the region at ``path``; what belongs to it stands as ``lists/NAME.manifest`` and ``.floor``.

    ``manifest`` is what a control key signed, and nothing newer was ever here; ``proven``: the list is what it says.
    """

    def __init__(self, name: str, path: Path, lists: Path, verify: Verify) -> None:
        self.name, self.path, self._lists, self._verify = name, path, lists, verify
        self.manifest: Manifest | None = None
        self.proven = False
        self.floor = read_floor(self.file("floor"))
        self._seen = (0, 0)

    def file(self, what: str) -> Path:
        return self._lists / f"{self.name}.{what}"

    def open(self) -> None:
        """Its manifest, as it lies on the disk at the start; ``prove`` comes next."""
        manifest = self.read("manifest")
        if manifest is not None:
            self._hold(manifest)

    def read(self, what: str) -> Manifest | None:
        """None: there is none, it is not the region's, or an older one was put back (G02)."""
        try:
            found = self._verify(self.file(what).read_bytes())
        except OSError:
            return None
        except Refused as refused:  # a control key that is gone, a damaged card
            log.error("%s proves nothing: %s", self.file(what).name, refused.reason)
            return None
        if not self.floor.admits(found):
            log.error("%s is older than what was here: it is not believed", self.file(what).name)
            return None
        return found

    @property
    def shown(self) -> Manifest | None:
        """What the region is told to be here."""
        return self.manifest if self.proven else None

    def is_here(self, manifest: Manifest) -> bool:
        shown = self.shown
        return shown is not None and (manifest.number, manifest.digest) == (shown.number, shown.digest)

    def content(self, number: int) -> bytes | None:
        """The list of this number, if exactly that is here."""
        if self.manifest is None or self.manifest.number != number:
            return None
        try:
            content = self.path.read_bytes()
        except OSError:
            content = b""
        return content if self._note(self.manifest, sha256(content).digest()) else None

    def take(self, manifest: Manifest) -> None:
        """The list has taken its place, and ``NAME.wanted`` becomes its manifest. The floor comes last: what is held is
        never below it but by somebody's hand."""
        self.file("wanted").replace(self.file("manifest"))
        sync_folder(self._lists)
        self._hold(manifest)
        self.proven = True

    def digest(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                return file_digest(file, "sha256").digest()
        except OSError:
            return b""

    def look(self) -> None:
        """Was it edited since it was proven?"""
        if self._outside() != self._seen:
            self.prove()

    def prove(self) -> None:
        self._seen = self._outside()
        if self.manifest is not None:
            self._note(self.manifest, self.digest())

    def _hold(self, manifest: Manifest) -> None:
        self.manifest = manifest
        floor = Floor(manifest.number, manifest.digest)
        if floor != self.floor:
            self.floor = floor
            write_floor(self.file("floor"), floor)

    def _note(self, manifest: Manifest, digest: bytes) -> bool:
        self.proven = digest == manifest.digest
        if not self.proven:
            log.error("%s is not what the region sent: the whole is asked for", self.path.name)
        return self.proven

    def _outside(self) -> tuple[int, int]:
        try:
            status = self.path.stat()
        except OSError:
            return (0, 0)
        return status.st_mtime_ns, status.st_size
