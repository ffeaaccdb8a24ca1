"""What do the two ends hold? Read back with the real code: the region's store opened, and each post's own books."""

import asyncio
import hashlib
import json
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from uuid import UUID

from edge.identity.identity import read_identity
from edge.outbox.outbox import Outbox
from edge.outbox.sealer import Sealer
from gateway.intake.vault import Vault, place_of
from gateway.state import StateFolder
from tests.faults.history import Account, Stored, Told, Written, account, broken_promises
from tests.faults.region import LightPost, Region

SUSPICIONS = {"device-cloned", "sequence-conflict", "from-the-future", "revoked-key", "wrong-region"}
CRASHED = "Something failed that should not"
DROPPED = "outbox.dropped.v1"
STORED_LIMIT_S = 60.0


def stored_in(state: Path) -> list[Stored]:
    """Every event of a region, opened."""
    folder = StateFolder(state)
    vault = Vault(folder.store_key())
    with closing(folder.open_store()) as connection:
        rows = connection.execute("SELECT device, boot, seq, id, body FROM told").fetchall()
    return [
        _opened(
            row["device"], row["boot"], row["seq"], str(UUID(row["id"])), vault.open(row["body"], place_of(*row[:3]))
        )
        for row in rows
    ]


async def until_stored(region: Region, count: int, post: str = "post-1", *, behind: int = 0) -> None:
    """At least so many of what this post promised, after its first ``behind``, are in the store."""
    async with asyncio.timeout(STORED_LIMIT_S):
        while True:
            stored = {(one.boot, one.seq) for one in await asyncio.to_thread(stored_in, region.state)}
            promised = [(one.boot, one.seq) for one in region.posts[post].promises[behind : behind + count]]
            if len(promised) >= count and stored.issuperset(promised):
                return
            await asyncio.sleep(0.2)


def alarms_in(state: Path) -> set[tuple[str, str]]:
    """Device and code of every alarm of the gateway's own."""
    with closing(StateFolder(state).open_store()) as connection:
        return {(row["device"], row["code"]) for row in connection.execute("SELECT device, code FROM alarms")}


def _opened(device: str, boot: str, seq: int, identity: str, body: bytes) -> Stored:
    event = json.loads(body)
    digest = hashlib.sha256(body).hexdigest()
    return Stored(
        device, boot, seq, identity, digest, event["time"], event["bpmono"], event["bpclock"], tuple(_drops(event))
    )


def _drops(event: dict) -> Iterable[tuple[str, int]]:
    if event["type"] == DROPPED:
        data = event["data"]
        for first, last in data["seqs"]:
            yield from ((data["boot"], seq) for seq in range(first, last + 1))


def written_at(posts: Iterable[LightPost]) -> Written:
    """Each post's own books; it must have ended. Opening them begins one more boot, in which nothing is written."""
    return {post.name: boots_of(post.folder) for post in posts}


def boots_of(folder: Path) -> list[tuple[str, int]]:
    identity = read_identity(folder / "identity")
    outbox = Outbox.open(folder / "outbox.db", Sealer(identity.topic, identity.device_key, identity.region))
    with closing(outbox):
        assert outbox.moved_aside is None, "the outbox was damaged"
        return outbox.boots()


def _crashes(log: Path) -> Iterable[str]:
    """A gateway that falls by itself is set up again by its supervisor, and must be told of all the same."""
    if CRASHED in log.read_text(errors="replace"):
        yield f"CRASHED: the gateway met an error that it did not expect: see {log.name}"


def _false_alarms(state: Path, deserved: frozenset[str]) -> Iterable[str]:
    """Whoever only suffers from killed processes and bad links has not done these things."""
    for device, code in sorted(alarms_in(state)):
        if code in SUSPICIONS - deserved:
            yield f"FALSE ALARM: {device} is accused of {code}"


def judge(region: Region, deserved: frozenset[str] = frozenset()) -> Account:
    """The whole history of a region whose posts have ended; ``deserved`` are accusations that were earned."""
    promised = [
        Told(post.name, one.boot, one.seq, one.id, one.sha256)
        for post in region.posts.values()
        for one in post.promises
    ]
    written = written_at(region.posts.values())
    result = account(promised, written, stored_in(region.state))
    result.lost += result.blame("forgotten", broken_promises(promised, written))
    result.blame("crashes", _crashes(region.gateway_log))
    result.false_alarms = result.blame("false alarms", _false_alarms(region.state, deserved))
    return result
