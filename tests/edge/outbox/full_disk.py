"""Fills a disk of 6 MB for real, and prints what the outbox did: ``full_disk.py FOLDER STORY``.

Started by test_outbox_full_disk.py.

Runs in a mount namespace of its own, so that no other process sees the small disk and nothing is left of it.
"""

import json
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from edge.outbox.clock import Stamp
from edge.outbox.errors import DiskFull
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.events import Clock, validate
from messages.facts import DeviceTelemetry, Fact, LaneAlarm, OutboxDropped
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic
from tests.edge.outbox.reading import events_in

REGION = RegionKey("region-1", b"\x03" * 32)
SEALER = Sealer(
    Topic("utopia-north", "harbour", "lane-1", Channel.EVT),
    DeviceKey("lane-1", b"\x01" * 32),
    REGION.public,
)
ALARM = (LaneAlarm.TYPE, {"code": "tailgating", "visit": None})
MEASURED = (DeviceTelemetry.TYPE, {"readings": [{"name": "rss-mb", "value": 61.5}]})
NOW = Stamp(datetime(2026, 11, 24, tzinfo=UTC), 0, Clock.SYNCED)


def take_the_rest(folder: Path) -> None:
    """Somebody else's file takes the last of the room."""
    with suppress(OSError), (folder / "other").open("ab", buffering=0) as other:
        while True:
            other.write(bytes(4_096))


def fill(outbox: Outbox) -> str:
    """Write until the disk says no; the sentence."""
    try:
        while True:
            outbox.commit_group([ALARM] * 50, NOW)
    except DiskFull as error:
        return str(error)


def rows_struck_off(folder: Path) -> dict[str, object]:
    """The post stops taking travellers, nothing is lost, and it recovers."""
    outbox = Outbox.open(folder / "outbox.db", SEALER)
    told: dict[str, object] = {"could_record_at_first": outbox.obstacle() is None}
    while outbox.obstacle() is None:
        outbox.commit(*ALARM, NOW)
    told["refused_with"] = getattr(outbox.obstacle(), "code", None)
    told["still_recorded_for_passages_under_way"] = outbox.commit(*ALARM, NOW).seq == outbox.produced()
    take_the_rest(folder)
    told["sentence"] = fill(outbox)
    written = outbox.produced()
    told["last_row_is_the_last_number"] = outbox.waiting(100_000)[-1].last == written
    told["struck_off_on_the_full_disk"] = len(outbox.strike(outbox.boot, [(1, 100)]))
    take_the_rest(folder)
    fill(outbox)
    written = outbox.produced()
    outbox.close()

    outbox = Outbox.open(folder / "outbox.db", SEALER)  # and the device is started again on the full disk
    told["could_record_after_restart"] = outbox.obstacle() is None
    told["nothing_lost"] = outbox.produced() == written
    outbox.strike(outbox.boots()[0][0], [(1, written)])
    told["waiting_after_strike"] = outbox.waiting_count
    told["ballast_is_back"] = (folder / "outbox.db.ballast").stat().st_size
    (folder / "other").unlink()
    told["can_record_again"] = outbox.obstacle() is None
    told["next_number"] = outbox.commit(*ALARM, NOW).seq
    outbox.close()
    return told


def telemetry_given_up(folder: Path) -> dict[str, object]:
    """Half of the disk is telemetry, and somebody else takes the rest."""
    outbox = Outbox.open(folder / "outbox.db", SEALER)
    for _ in range(300):
        outbox.commit(*ALARM, NOW)
        outbox.commit_group([MEASURED] * 10, NOW)
    take_the_rest(folder)
    told: dict[str, object] = {"could_record_though_the_disk_was_full": outbox.obstacle() is None}
    promised = 300
    while outbox.obstacle() is None:
        outbox.commit(*ALARM, NOW)
        promised += 1
    told["went_on_for_alarms"] = promised - 300 > 300
    outbox.gather(*MEASURED, NOW)
    told["measured_without_room"] = outbox.flush()
    try:
        while True:  # passages that were under way, and more
            outbox.commit(*ALARM, NOW)
            promised += 1
    except DiskFull:
        told["reserve_is_used"] = not (folder / "outbox.db.reserve").exists()
    told["nothing_but_telemetry_is_missing"] = _of_type(outbox, ALARM[0]) == promised
    waiting = _of_type(outbox, MEASURED[0])
    declared = sum(fact.count for fact in _facts(outbox) if isinstance(fact, OutboxDropped))
    told["each_is_waiting_or_declared"] = waiting + declared == 3_001  # one was refused, too
    told["numbers_agree"] = outbox.produced() == outbox.waiting_count + declared
    outbox.close()
    return told


def _facts(outbox: Outbox) -> list[Fact]:
    return [validate(event) for event in events_in(outbox, REGION)]


def _of_type(outbox: Outbox, kind: str) -> int:
    return sum(kind == fact.TYPE for fact in _facts(outbox))


STORIES = {story.__name__: story for story in (rows_struck_off, telemetry_given_up)}


if __name__ == "__main__":
    folder, story = Path(sys.argv[1]), STORIES[sys.argv[2]]
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=True)
    sys.stdout.write(json.dumps(story(folder)))
