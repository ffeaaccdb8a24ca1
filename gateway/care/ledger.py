"""What must a restored backup not bring back? What was erased or revoked since, in a file that no restore replaces.

One line of JSON each, appended and synced before the store itself is changed. It names crossings and devices, never
a person: the id of a crossing is random.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.identity.keyfiles import SECRET_MODE

LEDGER_NAME: Final = "ledger.jsonl"
Kind = Literal["erased", "revoked"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``subject`` is a crossing of the device (erased), or why it was revoked."""

    kind: Kind
    device: str
    subject: str
    at_ms: int


def write_down(state: Path, entry: Entry) -> None:
    """On the disk when this returns. A line that a power cut tore is not read, and its deed was not done yet."""
    descriptor = os.open(state / LEDGER_NAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, SECRET_MODE)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
        os.write(descriptor, (b"\n" if torn else b"") + json.dumps(asdict(entry)).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def entries(state: Path, kind: Kind) -> tuple[Entry, ...]:
    """All of one kind, oldest first."""
    try:
        lines = (state / LEDGER_NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    return tuple(entry for entry in _read(lines) if entry.kind == kind)


def _read(lines: list[bytes]) -> Iterator[Entry]:
    for line in lines:
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue  # torn by a power cut
