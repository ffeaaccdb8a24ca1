"""How many events a second reach the disk, how much is written for each, and does it matter how many wait?

Crossings and alarms singly, telemetry in groups of 50; each commit with FULL sync, and each row struck off again.
``amplification`` is what the edge itself tells (edge/outbox/wear.py), the kernel's own count stands beside it.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.rows import place_of
from edge.outbox.sealer import Sealer
from edge.uplink.limits import LIVE_ROWS, WINDOW_ROWS
from messages.events import Clock
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingGranted,
    DeviceTelemetry,
    Direction,
    FaceMatch,
    LaneAlarm,
    ListAsked,
    Person,
    Reading,
    Sex,
    TravelDocument,
    data_of,
)
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic
from tests.bench.spread import spread

Fact = tuple[str, dict[str, object]]

COMMITS = 400
GROUP = 50
GROUPS = 40
STRUCK_TOGETHER = 4  # frames that one acknowledgement names, on a line that is up
BACKLOG = 1_000_000
DISK = "/var/tmp"  # noqa: S108  # where temporary files lie on a disk; elsewhere they may lie in memory, and cost nothing


def measure(commits: int = COMMITS, backlog: int = BACKLOG) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-", dir=DISK) as name:
        crossings = [(CrossingGranted.TYPE, data_of(_crossing())) for _ in range(commits)]
        alarms = [(LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", 7)))] * commits
        return {
            "crossing": _worn(Path(name) / "crossing", [[fact] for fact in crossings]),
            "alarm": _worn(Path(name) / "alarm", [[fact] for fact in alarms]),
            "telemetry": _worn(Path(name) / "telemetry", [[_measured()] * GROUP] * GROUPS),
            "backlog": _backlog(Path(name) / "backlog", backlog),
        }


@contextmanager
def _outbox(folder: Path) -> Iterator[Outbox]:
    topic = Topic("utopia", "harbour", "gate-1", Channel.EVT)
    sealer = Sealer(topic, DeviceKey("gate-1", b"\x01" * 32), RegionKey("region-1", b"\x03" * 32).public)
    outbox = Outbox.open(folder / "outbox.db", sealer)
    try:
        yield outbox
    finally:
        outbox.close()


def _worn(folder: Path, groups: Sequence[Sequence[Fact]]) -> dict[str, Any]:
    """Write each group down and strike it off, as on a line that is up."""
    with _outbox(folder) as outbox:
        took_ms, kernel_bytes, cpu_s = list[float](), _written_bytes(), time.process_time()
        for number, group in enumerate(groups, 1):
            at_s = time.perf_counter()
            events = outbox.commit_group(group, _now())
            took_ms.append((time.perf_counter() - at_s) * 1000)
            if number % STRUCK_TOGETHER == 0:
                outbox.strike(outbox.boot, [(1, events[-1].seq)])
        cpu_s = time.process_time() - cpu_s
        kernel_bytes = _written_bytes() - kernel_bytes
        told = outbox.wear()
        payload_bytes = int(str(told["payload_bytes"]))
        written_bytes = int(str(told["written_bytes"])) + int(str(told["kept_bytes"]))
    count = sum(map(len, groups))
    return {
        "commits_per_s": round(len(groups) / sum(took_ms) * 1000),
        "events_per_s": round(count / sum(took_ms) * 1000),
        "commit_ms": spread(took_ms),
        "cpu_us_per_event": round(cpu_s / count * 1e6),
        "event_bytes": round(payload_bytes / count),
        "amplification": round(written_bytes / payload_bytes, 1),
        "amplification_by_kernel": round(kernel_bytes / payload_bytes, 1),
    }


def _backlog(folder: Path, rows: int) -> dict[str, Any]:
    """Does it matter how much waits? Rows of an earlier boot, all alike: only their number counts here."""
    with _outbox(folder) as outbox:
        outbox.commit(LaneAlarm.TYPE, data_of(LaneAlarm("tailgating", 7)), _now())
    with closing(sqlite3.connect(folder / "outbox.db")) as connection, connection:
        connection.executemany(
            "INSERT INTO frames VALUES (?, ?, ?, 0, ?)",
            ((place_of(1, seq), seq, 1_795_000_000_000, b"\0" * 64) for seq in range(2, rows + 1)),
        )
    before_mb, at_s = _rss_mb(), time.perf_counter()
    with _outbox(folder) as outbox:
        opened_ms = (time.perf_counter() - at_s) * 1000
        at_s = time.perf_counter()
        until = outbox.backlog_until(LIVE_ROWS)
        first = outbox.waiting(WINDOW_ROWS, 0, until)
        outbox.waiting(WINDOW_ROWS, first[-1].place + rows // 2, until)
        asked_ms = (time.perf_counter() - at_s) * 1000
        return {
            "rows": outbox.waiting_count,
            "open_ms": round(opened_ms, 1),
            "three_questions_ms": round(asked_ms, 2),
            "more_rss_mb": round(_rss_mb() - before_mb, 1),
        }


def _rss_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def _written_bytes() -> int:
    """What this process gave to the disk, as the kernel counts it: whole blocks, and the files beside, too."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"])


def _measured() -> Fact:
    names = ("processor-c", "rss-mb", "disk-free-mb", "load", "waiting")
    return DeviceTelemetry.TYPE, data_of(DeviceTelemetry(tuple(Reading(name, 48.3) for name in names)))


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
