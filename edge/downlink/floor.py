"""How new was the newest list that was ever here? Kept apart from the list and its proof, since both may be lost.

A list edited by hand, a damaged manifest, a control key that is gone: then this post holds nothing that it can prove,
and asks for the whole. Whoever brings that about must not bring yesterday's list back with it (G02).
"""

import logging
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from edge.whole import replace
from messages.limits import COUNT_MAX
from messages.manifest import Manifest

CHECK_DIGITS: Final = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Floor:
    """The number of the newest list that was ever taken, and the SHA-256 of its content. 0: there was none."""

    number: int = 0
    digest: bytes = b""

    def admits(self, manifest: Manifest) -> bool:
        """What is newer; or the very list that was taken, once more."""
        return manifest.number > self.number or (manifest.number, manifest.digest) == (self.number, self.digest)


NONE: Final = Floor()


def read_floor(path: Path) -> Floor:
    """NONE where there is none, or a damaged one: a digit that fell over could shut out every honest list (G03)."""
    try:
        number, digest, check = path.read_text("ascii").split()
        floor = Floor(int(number), bytes.fromhex(digest))
    except (OSError, ValueError):
        return NONE
    return floor if check == _check(floor) and 0 < floor.number <= COUNT_MAX else NONE


def write_floor(path: Path, floor: Floor) -> None:
    """On a full disk it is tried again with the next list, or at the next start: until then the manifest says it."""
    try:
        replace(path, f"{floor.number} {floor.digest.hex()} {_check(floor)}\n".encode())
    except OSError as error:
        log.warning("%s was not written: %s", path.name, error.strerror)


def _check(floor: Floor) -> str:
    return sha256(f"{floor.number} {floor.digest.hex()}".encode()).hexdigest()[:CHECK_DIGITS]
