"""What does a gateway spend on an event, from sealed bytes to the committed store? No broker, no network.

Frames are made beforehand, then judged and recorded as a worker does it. CPU time is the process's own, so that a busy
machine does not spoil it; ``commit_s`` is what went by while the disk was waited for.
"""

import json
import random
import resource
import sys
import tempfile
import time
import uuid
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from gateway.intake.judge import judge
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from gateway.store.sqlite import connect
from messages.events import Clock, Event
from messages.facts import Fact
from messages.frame import seal_frame
from messages.ids import CHANCE_BYTES, new_id
from messages.keys import DeviceKey, KeyRecord, RegionKey
from messages.topics import Channel, Topic
from simulators.fleet.story import story

EVENTS = 20_000
DEVICES = 40
BATCH_FRAMES = 64
REPEATED = 0.05  # of the frames come twice
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BEGAN = NOW - timedelta(hours=12)
Offer = tuple[str, bytes]


def measure(events: int = EVENTS) -> dict[str, Any]:
    return {str(size): _measured(size, events if size > 1 else events // 5) for size in (50, 10, 1)}


def _measured(size: int, events: int) -> dict[str, Any]:
    region = RegionKey("region-1", b"\x03" * 32)
    keys = {f"lane-{n}": DeviceKey.generate(f"lane-{n}") for n in range(DEVICES)}
    records = {name: key.record("utopia", "harbour") for name, key in keys.items()}
    offers = [offer for key in keys.values() for offer in frames(key, region, events // DEVICES, size)]
    chance = random.Random(1)
    offers += chance.sample(offers, int(len(offers) * REPEATED))
    chance.shuffle(offers)
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as folder:
        return _taken(Path(folder) / "store.sqlite", offers, records, region, size)


def _taken(
    path: Path, offers: list[Offer], records: dict[str, KeyRecord], region: RegionKey, size: int
) -> dict[str, Any]:
    with closing(connect(path)) as store:
        store.migrate()
        store.expect_many()
        vault, spent_s, judged_s, offered, stored = Vault(b"\x05" * 32), 0.0, 0.0, 0, 0
        began_s = time.perf_counter()
        for at in range(0, len(offers), BATCH_FRAMES):
            from_s = time.process_time()
            verdicts = [judge(topic, payload, records, region) for topic, payload in offers[at : at + BATCH_FRAMES]]
            judged_s += time.process_time() - from_s
            outcome = record(store, vault, verdicts, NOW)
            spent_s += time.process_time() - from_s
            offered += sum(len(verdict.accepted) for verdict in verdicts)
            stored += outcome.stored
        return {
            "events_per_s": round(offered / (time.perf_counter() - began_s)),
            "cpu_us_per_event": round(spent_s / offered * 1e6, 1),
            "judging_us_per_event": round(judged_s / offered * 1e6, 1),
            "stored": stored,
            "offered": offered,
            "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        }


def frames(key: DeviceKey, region: RegionKey, count: int, size: int) -> list[Offer]:
    """A device's first ``count`` events in frames of ``size``."""
    topic = Topic("utopia", "harbour", key.kid, Channel.EVT)
    told = events(topic, uuid.uuid5(uuid.NAMESPACE_URL, key.kid).hex, count)
    public = region.public
    return [(str(topic), seal_frame(told[at : at + size], topic, key, public)) for at in range(0, count, size)]


def events(topic: Topic, boot: str, count: int) -> list[Event]:
    """What a simulated device of the fleet tells, one event a second."""
    facts, chance = islice(story(1, topic.device, NOW.date()), count), random.Random(boot)
    return [_event(topic, boot, seq, fact, chance) for seq, fact in enumerate(facts, 1)]


def _event(topic: Topic, boot: str, seq: int, fact: Fact, chance: random.Random) -> Event:
    time = BEGAN + timedelta(seconds=seq)
    name = new_id(int(time.timestamp() * 1000), chance.randbytes(CHANCE_BYTES))
    return Event(name, topic.source, fact.TYPE, time, boot, seq, seq * 1000, Clock.SYNCED, fact)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS), indent=1))
