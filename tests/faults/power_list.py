"""The power goes while a list takes another's place: ``power_list.py FOLDER`` takes three, by the real code."""

import hashlib
import os
import sys
from pathlib import Path

from edge.downlink.listing import Listing, Taken
from messages.keys import ControlKey
from messages.manifest import cut, manifest_of, seal_manifest

KEY = ControlKey("control-1", b"\x07" * 32)
REGION, NAME = "utopia", "documents"
NOW_MS, VALID_S = 1_780_000_000_000, 86_400
LISTS = 3
LIST_BYTES = 5_000


def prepare(folder: Path) -> None:
    folder.mkdir()


def words(folder: Path) -> list[str]:
    return [sys.executable, str(Path(__file__)), str(folder)]


def listing_in(folder: Path) -> Listing:
    return Listing(folder, REGION, {KEY.kid: KEY.record()}, lambda name, content: None, lambda: NOW_MS)


def main(folder: Path) -> None:
    listing = listing_in(folder)
    for number in range(1, LISTS + 1):
        content = str(number).encode() * LIST_BYTES
        manifest = manifest_of(NAME, number, content, NOW_MS + number, VALID_S)
        listing.take(seal_manifest(manifest, REGION, KEY))
        taken = [listing.take(chunk) for chunk in cut(content)]
        assert taken[-1] == Taken(NAME, number, "full")
        os.write(1, f"taken {number}\n".encode())


def judge(folder: Path, said: list[str]) -> str:
    """The old list or the new one, whole, and never an older one than was said."""
    listing = listing_in(folder)
    held, path = listing.proof(NAME), listing.path(NAME)
    number = 0 if held is None else held.number
    if number < len(said):
        return f"lost: list {len(said)} was taken, and {number} is here"
    if held is not None and (not path.exists() or hashlib.sha256(path.read_bytes()).digest() != held.digest):
        return f"corrupt: list {number} is not what was signed"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
