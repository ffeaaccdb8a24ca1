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
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.intake.judge import judge
from gateway.intake.recording import record
from gateway.intake.vault import Vault
from gateway.store.sqlite import connect
from messages.events import Clock, Event
from messages.facts import (
    CheckMade,
    CheckMode,
    CheckResult,
    CrossingGranted,
    CrossingLeft,
    DeviceTelemetry,
    Direction,
    FaceMatch,
    Fact,
    ListAsked,
    Person,
    Reading,
    Sex,
    Timings,
    TravelDocument,
)
from messages.frame import seal_frame
from messages.ids import CHANCE_BYTES, new_id
from messages.keys import DeviceKey, KeyRecord, RegionKey
from messages.topics import Channel, Topic

EVENTS = 20_000
DEVICES = 40
BATCH_FRAMES = 64
REPEATED = 0.05  # of the frames come twice
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
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
    boot = uuid.uuid5(uuid.NAMESPACE_URL, key.kid).hex
    told = [event(topic, boot, seq) for seq in range(1, count + 1)]
    public = region.public
    return [(str(topic), seal_frame(told[at : at + size], topic, key, public)) for at in range(0, count, size)]


def event(topic: Topic, boot: str, seq: int) -> Event:
    """Two crossings of two events, then one of telemetry."""
    visit, place = divmod(seq - 1, 5)
    # A granted crossing and its end share one id, made when it began.
    began = seq - place % 2
    crossing = new_id(began * 1000, random.Random(f"{boot}/{began}").randbytes(CHANCE_BYTES))
    fact: Fact
    if place == 4:
        fact = DeviceTelemetry(tuple(Reading(name, 20.5 + seq) for name in ("cpu", "board", "disk", "link")))
    elif place % 2:
        fact = CrossingLeft(crossing, 2 * visit + place // 2 + 1, Timings(112, 940, 4, 720, 11, 830), 9_120)
    else:
        fact = granted(crossing, 2 * visit + place // 2 + 1)
    time = NOW - timedelta(hours=1) + timedelta(seconds=seq)
    return Event(
        new_id(seq * 1000, random.randbytes(CHANCE_BYTES)),
        topic.source,
        fact.TYPE,
        time,
        boot,
        seq,
        seq * 1000,
        Clock.SYNCED,
        fact,
    )


def granted(crossing: str, visit: int) -> CrossingGranted:
    ids = ("mrz.digits", "pa.sod", "pa.chain", "pa.hashes", "ca", "validity", "lists", "face")
    checks = tuple(CheckMade(name, CheckResult.SUCCESSFUL, CheckMode.MANDATORY, 3) for name in ids)
    return CrossingGranted(
        crossing,
        visit,
        Direction.ENTRY,
        TravelDocument("P", "UTO", "L898902C3", "2031-05-01"),
        Person("ERIKSSON", "ANNA MARIA", "1974-08-12", Sex.FEMALE, "UTO"),
        checks,
        FaceMatch("sface", 0.71, 0.4),
        "rules-7",
        (ListAsked("documents", "2026-11-24", 60), ListAsked("persons", "2026-11-24", 60)),
        date(2026, 12, 24),
    )


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else EVENTS), indent=1))
