"""What may the next boot not fall below? A number and a time, in a file of their own that outlives the outbox.

Boot numbers rise for ever: an outbox that was damaged and begun anew would else count from 1 again, and the region
would take the device for its own clone. The time is the least that the next clock shows.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Floor:
    number: int = 0
    time_ms: int = 0


def read_floor(path: Path) -> Floor:
    """Nothing, or nothing that can be read: the outbox itself knows."""
    try:
        found = json.loads(path.read_bytes())
        return Floor(int(found["number"]), int(found["time_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Floor()


def keep_floor(path: Path, floor: Floor) -> None:
    """Replaced whole, or not at all: on a full disk the one before stays."""
    fresh = path.with_name(path.name + ".new")
    with suppress(OSError):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            os.write(descriptor, json.dumps({"number": floor.number, "time_ms": floor.time_ms}).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
    fresh.unlink(missing_ok=True)
