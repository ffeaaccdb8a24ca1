"""How many crossings a second reach the disk, and how much is written for each? With FULL sync, one at a time."""

import tempfile
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.events import Clock
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingGranted,
    Direction,
    FaceMatch,
    ListAsked,
    Person,
    Sex,
    TravelDocument,
    data_of,
)
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic
from tests.bench.spread import spread

COMMITS = 400
GROUP = 50


def measure(commits: int = COMMITS) -> dict[str, Any]:
    sealer = Sealer(
        Topic("utopia", "harbour", "gate-1", Channel.EVT),
        DeviceKey("gate-1", b"\x01" * 32),
        RegionKey("region-1", b"\x03" * 32).public,
    )
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        outbox = Outbox.open(Path(name) / "outbox.db", sealer)
        try:
            return _measured(outbox, commits)
        finally:
            outbox.close()


def _measured(outbox: Outbox, commits: int) -> dict[str, Any]:
    facts = [(CrossingGranted.TYPE, data_of(_crossing())) for _ in range(2 * commits)]
    took_ms: list[float] = []
    written, began_s = _written_bytes(), time.perf_counter()
    for kind, data in facts[:commits]:
        at_s = time.perf_counter()
        outbox.commit(kind, data, _now())
        took_ms.append((time.perf_counter() - at_s) * 1000)
    seconds = time.perf_counter() - began_s
    written = _written_bytes() - written
    frames = outbox.waiting(commits)
    grouped_s = time.perf_counter()
    for first in range(commits, 2 * commits, GROUP):
        outbox.commit_group(facts[first : first + GROUP], _now())
    grouped_s = time.perf_counter() - grouped_s
    return {
        "commits_per_s": round(commits / seconds),
        "commit_ms": spread(took_ms),
        "frame_bytes": round(sum(len(row.frame) for row in frames) / len(frames)),
        "written_bytes_per_event": round(written / commits),
        "events_per_s_in_groups_of_50": round(commits / grouped_s),
    }


def _written_bytes() -> int:
    """What this process gave to the disk, as the kernel counts it."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])


def _now() -> Stamp:
    return Stamp(datetime.now(UTC), time.monotonic_ns() // 1_000_000, Clock.SYNCED)


def _crossing() -> CrossingGranted:
    names = (
        "access",
        "mrz.printed",
        "mrz.match",
        "pa.parse",
        "pa.message_digest",
        "pa.signature",
        "pa.chain",
        "face.match",
    )
    return CrossingGranted(
        crossing=str(uuid4()),
        visit=7,
        direction=Direction.ENTRY,
        document=TravelDocument("P", "UTO", "U12345678", "2032-04-15"),
        person=Person("OBERLIN", "MIRA SOLEDA", "1988-03-14", Sex.FEMALE, "UTO"),
        checks=tuple(CheckMade(name, CheckResult.SUCCESSFUL, CheckMode.MANDATORY, 12.5) for name in names),
        face=FaceMatch("sface", 0.71, 0.363),
        rules="1",
        lists=(ListAsked("documents", "2026-11-24", 30), ListAsked("persons", "2026-11-24", 30)),
        retain_until=date(2029, 11, 24),
    )
