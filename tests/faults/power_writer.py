"""Writes, sends and strikes off at an outbox as an edge does: ``power_writer.py FOLDER ROUNDS SYNCHRONOUS``.

A line for whatever is promised, once it is on the disk; a line before whatever may go.
"""

import hashlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.outbox.clock import Stamp
from edge.outbox.errors import OutboxError
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from messages.events import Clock, Event
from messages.keys import DeviceKey, RegionKey
from messages.topics import Channel, Topic

REGION_KEY = RegionKey("region-1", b"\x03" * 32)
SEALER = Sealer(Topic("utopia", "harbour", "lane-1", Channel.EVT), DeviceKey("lane-1", b"\x01" * 32), REGION_KEY.public)
NOW = datetime(2026, 11, 24, tzinfo=UTC)
ALARM = ("lane.alarm.v1", {"code": "tailgating", "visit": None})
GROUP = 6
TRIES = 50


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def stamp(minute: int) -> Stamp:
    return Stamp(NOW + timedelta(minutes=minute), minute, Clock.SYNCED)


def commit(outbox: Outbox, count: int, minute: int) -> tuple[Event, ...]:
    """Again until the disk takes it, as the edge does."""
    for _ in range(TRIES):
        try:
            events = outbox.commit_group([ALARM] * count, stamp(minute))
        except OutboxError as error:
            say("refused", type(error).__name__)
            continue
        for event in events:
            say("committed", event.boot, event.seq, hashlib.sha256(event.to_json()).hexdigest())
        return events
    sys.exit("the outbox never took it")


def strike(outbox: Outbox, first: int, last: int) -> None:
    say("striking", outbox.boot, first, last)
    for _ in range(TRIES):
        try:
            outbox.strike(outbox.boot, [(first, last)])
        except OutboxError as error:
            say("refused", type(error).__name__)
            continue
        say("struck", outbox.boot, first, last)
        return
    sys.exit("the outbox never struck it off")


def open_outbox(path: Path) -> Outbox:
    for _ in range(TRIES):
        try:
            return Outbox.open(path, SEALER)
        except OutboxError as error:
            say("refused", type(error).__name__)
    sys.exit("the outbox never opened")


def main(folder: Path, rounds: int, synchronous: str) -> None:
    """Two lives, so that the second meets what the first has left."""
    for life in range(2):
        outbox = open_outbox(folder / "outbox.db")
        struck = 0
        for number in range(rounds):
            if synchronous != "FULL":  # to show that the explorer sees what is lost then
                outbox._connection.execute(f"PRAGMA synchronous = {synchronous}")
            commit(outbox, 1, life * 100 + number)
            last = commit(outbox, GROUP, life * 100 + number)[-1].seq
            if number % 2:
                strike(outbox, struck + 1, last - GROUP)
                struck = last - GROUP
        outbox.close()
    say("ended")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
