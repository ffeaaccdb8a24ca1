"""What must a restore not undo? What was erased, revoked or ended, and what devices got: in a file that none replaces.

One line of JSON each, appended and synced before the store itself is changed. It names crossings and devices, never
a person: the id of a crossing is random.
"""

import errno
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.identity.keyfiles import SECRET_MODE
from gateway.store.connection import StoreFault
from gateway.store.folders import sync_folder

LEDGER_NAME: Final = "ledger.jsonl"
Kind = Literal["erased", "revoked", "ended", "key", "certificate", "epoch"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``subject`` is a crossing of the device (erased), why it was revoked, its key (name, post, 64 digits), or its
    certificate (serial number, end in seconds). Of no device are a control key that was ended (its name) and an epoch
    (its number and its name)."""

    kind: Kind
    device: str
    subject: str
    at_ms: int


def write_down(state: Path, *told: Entry) -> None:
    """On the disk when this returns; StoreFault when it is full or lost. A line that was torn is not read, and its deed
    was not done yet."""
    try:
        _append(state / LEDGER_NAME, b"".join(json.dumps(asdict(entry)).encode() + b"\n" for entry in told))
    except OSError as error:
        raise StoreFault(errno.errorcode.get(error.errno or 0, "ledger")) from error


def _append(path: Path, lines: bytes) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, SECRET_MODE)
    try:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        torn = end > 0 and os.pread(descriptor, 1, end - 1) != b"\n"
        lines = (b"\n" if torn else b"") + lines
        if os.write(descriptor, lines) < len(lines):
            raise OSError(errno.ENOSPC, "not all of it was written")
        os.fsync(descriptor)
        if end == 0:  # it was made just now: its name must outlive a power cut, too
            sync_folder(path.parent)
    finally:
        os.close(descriptor)


def merge(state: Path, other: Path) -> None:
    """What stands in ``other`` and not in the state folder's own: behind that and not in its place, for somebody may
    revoke a device at this moment. Which line stands first matters to nobody (``at_ms`` tells)."""
    known = set(_whole_lines(state / LEDGER_NAME))
    if missing := [line for line in _whole_lines(other) if line not in known]:
        _append(state / LEDGER_NAME, b"".join(missing))


def _whole_lines(path: Path) -> list[bytes]:
    try:
        return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    except FileNotFoundError:
        return []


def entries(state: Path, kind: Kind) -> tuple[Entry, ...]:
    """All of one kind, oldest first."""
    return tuple(read_entries(state, kind))


def read_entries(state: Path, kind: Kind) -> Iterator[Entry]:
    """As ``entries``, one by one: of certificates there are many."""
    try:
        with (state / LEDGER_NAME).open("rb") as lines:
            yield from (entry for entry in _read(lines, f'"{kind}"'.encode()) if entry.kind == kind)
    except FileNotFoundError:
        return


def _read(lines: Iterable[bytes], word: bytes) -> Iterator[Entry]:
    for line in lines:
        if word not in line:  # a look into each would take seconds after some years
            continue
        try:
            yield Entry(**json.loads(line))
        except (ValueError, TypeError):
            continue  # torn by a power cut
