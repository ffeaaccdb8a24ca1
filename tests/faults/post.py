"""A light border post that is made to be killed: ``post.py FOLDER PORT RATE SEED [renews]``.

The real outbox and the real uplink, and no lane. Whatever is committed is told on standard output afterwards, one line
each, unbuffered: a line is a promise that the region must keep. ``rest`` on standard input ends the writing; once every
row is struck off it says ``empty`` and ends.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import random
import sys
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edge.identity.identity import Identity, read_identity
from edge.identity.renewal import Renewal
from edge.outbox.clock import PostClock
from edge.outbox.errors import OutboxError
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from edge.uplink.line import UplinkSettings
from edge.uplink.uplink import Uplink
from messages.events import Event

Facts = list[tuple[str, Mapping[str, object]]]

ACK_TIMEOUT_S = 1.0
KEEPALIVE_S = 2  # a half-open link is found in seconds here
BACKOFF_CEILING_S = 0.5  # a harness has less patience than a border
GROUP_MAX = 12
GATHERED_SHARE = 0.2
EMPTY_POLL_S = 0.02
OFFLINE_MAX_S = 2.0  # a clock in doubt blames its certificate so soon
AGAIN_S = 0.05  # after a commit that the disk refused

TRAVELLER = {
    "direction": "entry",
    "document": {"type": "P", "issuer": "UTO", "number": "U1234567", "expiry": "2031-05-01"},
    "person": {
        "surname": "EXAMPLE",
        "given_names": "ANNA",
        "birth_date": "1980-02-03",
        "sex": "F",
        "nationality": "UTO",
    },
    "checks": [{"id": "pa.chain", "result": "successful", "mode": "mandatory", "ms": 3}],
    "face": {"matcher": "sface", "score": 0.7, "threshold": 0.4},
    "rules": "rules-1",
    "lists": [],
    "retain_until": "2031-12-24",
}
TELEMETRY = ("device.telemetry.v1", {"readings": [{"name": "cpu-temperature", "value": 41.5}]})
TIMINGS = {"timings_ms": {"document": 100, "chip": 900}, "total_ms": 9000}


def say(*words: object) -> None:
    """One write, so that a kill leaves a whole line or none."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())


def story(chance: random.Random) -> Iterator[Facts]:
    """What happens at a post, for ever: crossings of two events, alarms, and telemetry in groups."""
    visit = 0
    while True:
        match chance.randrange(4):
            case 0 | 1:
                visit += 1
                crossing = {"crossing": str(uuid.UUID(int=chance.getrandbits(128))), "visit": visit}
                yield [("crossing.granted.v1", {**crossing, **TRAVELLER})]
                yield [("crossing.left.v1", {**crossing, **TIMINGS})]
            case 2:
                yield [("lane.alarm.v1", {"code": "lingering", "visit": visit})]
            case _:
                yield [TELEMETRY] * chance.randint(2, GROUP_MAX)


def promise(event: Event) -> None:
    say("promise", event.boot, event.seq, event.id, hashlib.sha256(event.to_json()).hexdigest())


async def write(outbox: Outbox, clock: PostClock, rate: float, seed: int, resting: threading.Event) -> None:
    """``rate`` commits a second, whatever the link does."""
    chance = random.Random(f"{seed}/{outbox.boot}")
    for facts in story(chance):
        while not resting.is_set():
            try:
                if chance.random() < GATHERED_SHARE:  # goes with whatever is committed next, and nobody promises it
                    await asyncio.to_thread(outbox.gather, *TELEMETRY, clock.now())
                events = await asyncio.to_thread(outbox.commit_group, facts, clock.now())
            except OutboxError as error:
                say("refused", type(error).__name__)
                await asyncio.sleep(AGAIN_S)
                continue
            for event in events:
                promise(event)
            break
        if resting.is_set():
            return
        await asyncio.sleep(chance.expovariate(rate))


async def live(folder: Path, port: int, rate: float, seed: int, *, renews: bool) -> None:
    identity = read_identity(folder / "identity")
    outbox = Outbox.open(folder / "outbox.db", Sealer(identity.topic, identity.device_key, identity.region))
    say("boot", outbox.boot)
    settings = UplinkSettings(
        *("127.0.0.1", port, identity.ca, identity.cert, identity.key, identity.gateways),
        ack_timeout_s=ACK_TIMEOUT_S,
        backoff_ceiling_s=BACKOFF_CEILING_S,
        status_every_s=1.0,
        keepalive_s=KEEPALIVE_S,
    )
    clock = PostClock(outbox.floor_ms)
    uplink = Uplink(settings, outbox, lambda state: None, lambda channel, order: None, on_alarm=alarm, now=clock.now)
    resting = threading.Event()
    threading.Thread(target=_hear, args=(resting,), daemon=True).start()
    link = asyncio.create_task(uplink.run())
    writing = asyncio.create_task(write(outbox, clock, rate, seed, resting))
    renewal = Renewal(
        folder / "identity",
        clock.now,
        lambda identity: uplink.renew(showing(settings, identity)),
        alarm,
        offline_s=lambda: uplink.state.offline_s,
        spread_s=0.0,
        look_every_s=EMPTY_POLL_S,
        offline_max_s=OFFLINE_MAX_S,
    )
    renewing = asyncio.create_task(renewal.run()) if renews else None
    await asyncio.wait({link, writing}, return_when=asyncio.FIRST_COMPLETED)
    while not link.done() and (outbox.waiting_count or outbox.put_back()):  # noqa: ASYNC110  # nobody tells of nought
        await asyncio.sleep(EMPTY_POLL_S)
    say("empty")
    link.cancel()
    if renewing is not None:
        renewing.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await link
    outbox.close()


def showing(settings: UplinkSettings, identity: Identity) -> UplinkSettings:
    return replace(settings, ca=identity.ca, cert=identity.cert, key=identity.key, gateways=identity.gateways)


def alarm(code: str) -> None:
    say("alarm", code)


def _hear(resting: threading.Event) -> None:
    """Until ``rest`` is said, or nobody is left to say it."""
    sys.stdin.readline()
    resting.set()


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    folder, port, rate, seed, *more = sys.argv[1:]
    asyncio.run(live(Path(folder), int(port), float(rate), int(seed), renews=more == ["renews"]))


if __name__ == "__main__":
    main()
