"""The power goes while a gateway commits: ``power_store.py STATE BATCHES`` records frames with the real intake.

A line for each event that could now be acknowledged. Frames come twice, as resends do.
"""

import hashlib
import os
import sys
import uuid
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from gateway.errors import GatewayError
from gateway.identity.authority import Authority, set_up
from gateway.identity.certificates import new_key, request_pem
from gateway.identity.register import Register
from gateway.intake.judge import judge as judge_frame
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from gateway.state import StateFolder
from gateway.store.connection import StoreFault
from messages.events import Clock, Event
from messages.frame import seal_frame
from messages.keys import DeviceKey
from messages.topics import Channel, Topic
from tests.faults.stored import stored_in

Result = TypeVar("Result")

TRIES = 50
BATCHES = 12
FRAME_EVENTS = 4
WAL_PAGES = 24  # so that checkpoints come into so short a story
KEY = DeviceKey("lane-1", b"\x01" * 32)
TOPIC = Topic("utopia", "harbour", "lane-1", Channel.EVT)
BOOT = "b" * 32
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def prepare(state: Path) -> None:
    now = datetime.now(UTC)
    set_up(state, "utopia", now)
    Authority(state).enrol(request_pem("lane-1", new_key()), KEY.public, "harbour", "lane-1", now)


def words(state: Path) -> list[str]:
    return [sys.executable, str(Path(__file__)), str(state), str(BATCHES)]


def event(seq: int) -> Event:
    crossing = {"crossing": str(uuid.UUID(int=seq)), "visit": seq, "cause": "stepped-back"}
    time, identity = NOW + timedelta(seconds=seq), str(uuid.UUID(int=seq + 1))
    return Event(identity, TOPIC.source, "crossing.abandoned.v1", time, BOOT, seq, seq * 1000, Clock.SYNCED, crossing)


def main(state: Path, batches: int) -> None:
    """A store that refuses is asked again, as the gateway and its supervisor do."""
    folder = patiently(lambda: StateFolder(state))
    vault, region = Vault(folder.store_key()), folder.region_key()
    connection = patiently(folder.open_store)
    with closing(connection):
        patiently(lambda: connection.execute(f"PRAGMA wal_autocheckpoint={WAL_PAGES}"))
        keys = patiently(Register(connection).snapshot)
        again: list[bytes] = []
        for first in range(1, batches * FRAME_EVENTS, FRAME_EVENTS):
            events = [event(seq) for seq in range(first, first + FRAME_EVENTS)]
            frame = seal_frame(events, TOPIC, KEY, region.public)
            verdicts = [judge_frame(str(TOPIC), one, keys, region) for one in [*again, frame]]
            patiently(partial(record, connection, vault, verdicts, NOW + timedelta(seconds=first)))
            again = [frame]
            for one in events:
                say("stored", one.boot, one.seq, hashlib.sha256(one.to_json()).hexdigest())
    say("ended")


def patiently(act: Callable[[], Result]) -> Result:
    for _ in range(TRIES):
        try:
            return act()
        except (StoreFault, GatewayError) as error:
            say("refused", type(error).__name__)
    sys.exit("the store never took it")


def say(*words: object) -> None:
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def judge(state: Path, said: list[str]) -> str:
    """Everything that could be acknowledged is in the store, whole and once."""
    lines = [line.split() for line in said if line.startswith("stored")]
    promised = {(boot, int(seq)): digest for _, boot, seq, digest in lines}
    try:
        with closing(StateFolder(state).open_store()) as connection:
            (answer,) = connection.execute("PRAGMA integrity_check(1)").fetchone() or ("",)
        found = {(one.boot, one.seq): one.sha256 for one in stored_in(state)}
    except (GatewayError, StoreFault) as error:
        return f"corrupt: the store does not open ({error})"
    if answer != "ok":
        return f"corrupt: {answer}"
    for place, digest in promised.items():
        if found.get(place, digest) != digest:
            return f"corrupt: {place[1]} holds other bytes"
        if place not in found:
            return f"lost: {place[1]} could be acknowledged and is not there"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
