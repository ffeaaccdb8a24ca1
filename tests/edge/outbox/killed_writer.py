"""Writes to an outbox until it is killed: ``killed_writer.py FOLDER KILLS``. Started by test_outbox_crashes.py.

Child ``n`` kills itself with SIGKILL right before SQLite's n-th statement; a line is printed for each commit that
returned and for each strike that returned. Nothing is buffered, so a line is a promise. Telemetry is measured beside
it, of which little may wait: rows of it are dropped all the time.
"""

import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from edge.outbox import limits
from edge.outbox.clock import Stamp
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.events import Clock
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

SEALER = Sealer(
    Topic("utopia-north", "harbour", "lane-1", Channel.EVT),
    DeviceKey("lane-1", b"\x01" * 32),
    RegionKey("region-1", b"\x03" * 32).public,
)
ALARM = ("lane.alarm.v1", {"code": "tailgating", "visit": None})
MEASURED = ("device.telemetry.v1", {"readings": [{"name": "rss-mb", "value": 61.5}]})
NOW = Stamp(datetime(2026, 11, 24, tzinfo=UTC), 0, Clock.SYNCED)


def promise(n: int, word: str, boot: str, seq: int) -> None:
    os.write(1, f"{n} {word} {boot} {seq}\n".encode())


def write_until_killed(path: Path, n: int) -> None:
    limits.TELEMETRY_MAX = 8  # type: ignore[misc]  # Final, but for this process
    outbox = Outbox.open(path, SEALER)
    left = n

    def count_down(_statement: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    outbox._connection.set_trace_callback(count_down)
    while True:
        for _ in range(3):
            last = outbox.commit(*ALARM, NOW).seq
            promise(n, "committed", outbox.boot, last)
            outbox.gather(*MEASURED, NOW)
            outbox.flush()
        group = outbox.commit_group([ALARM] * 3, NOW)
        promise(n, "committed", outbox.boot, group[-1].seq)
        outbox.strike(outbox.boot, [(last, last)])
        promise(n, "struck", outbox.boot, last)


def main(folder: Path, kills: int) -> None:
    """Each child takes over the outbox that the one before was killed in."""
    for n in range(1, kills + 1):
        child = os.fork()
        if child == 0:
            write_until_killed(folder / "outbox.db", n)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"child {n} was not killed: {status}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
