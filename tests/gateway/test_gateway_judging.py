"""Frames judged in another process come to the same; it ends with its gateway, and is begun again if it dies alone."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest

from gateway.identity.register import Register
from gateway.intake.judge import judge
from gateway.intake.judging import JudgeProcess
from gateway.intake.meter import Meter
from gateway.intake.prepared import Prepared, prepare
from gateway.intake.recording import store
from gateway.intake.vault import Vault
from gateway.intake.worker import Keys, Message, Worker
from gateway.lanes import Lanes
from gateway.store.sqlite import connect
from messages.facts import OutboxDropped
from tests.gateway.desk import LATER, offer, offer_with_bodies

LIMIT_S = 30.0


def told(frames: list[Prepared]) -> list[Any]:
    """Everything but what chance makes of a sealed body."""
    return [
        (one.where, one.boot, one.number, [(*row.values[:20], row.retain_until) for row in one.rows], one.dropped,
         [(aside.reason, aside.digest, aside.size_bytes, len(aside.body or b"")) for aside in one.aside])
        for one in frames
    ]  # fmt: skip


def test_another_process_judges_as_this_one_does(region: Any) -> None:
    lane, authority = region.lane(), region.authority
    drop = OutboxDropped(lane.boot, ((2, 3),), 2, "disk-full")
    offers = [
        offer(lane, lane.granted(1), lane.left(1), lane.referred(2), lane.tell(drop)),
        offer_with_bodies(lane, [b"poison"], 9),
        (str(lane.topic), b"garbage"),
        ("no/topic", b""),
    ]

    async def story() -> tuple[list[Prepared], list[Prepared]]:
        async with asyncio.timeout(LIMIT_S):
            process, revoked = JudgeProcess(region.state), {}
            with closing(connect(authority.store_path())) as connection:
                keys = Register(connection).snapshot()
                first = await process.judge(offers, keys, LATER)
                again = await process.judge(offers, keys, LATER)  # it remembers the keys
                assert told(first) == told(again)
                Register(connection).revoke("lane-1")
                revoked = Register(connection).snapshot()
            (after,) = await process.judge(offers[:1], revoked, LATER)
            assert [aside.reason.value for aside in after.aside] == ["revoked-key"]
            await process.close()
            verdicts = [judge(topic, payload, keys, authority.region_keys()) for topic, payload in offers]
            return first, prepare(verdicts, Vault(authority.store_key()), LATER)

    there, here = asyncio.run(story())
    assert told(there) == told(here)
    with closing(connect(authority.store_path())) as connection:
        assert store(connection, there, LATER).stored == 4
        assert store(connection, here, LATER).duplicates == 4 + 3


def test_a_judging_process_that_is_killed_is_begun_again_and_loses_nothing(region: Any) -> None:
    lane, path, authority = region.lane(), region.authority.store_path(), region.authority
    frames = [[Message(str(lane.topic), lane.frame([lane.alarm()]))] for _ in range(3)]

    async def story() -> int:
        process = JudgeProcess(region.state)
        with closing(connect(path)) as writer, closing(connect(path)) as reader:
            keys = Keys(authority.region_keys(), authority.ack_key())
            vault, lanes, meter = Vault(authority.store_key()), Lanes(lambda: 0.0), Meter(process.pids)
            worker = Worker(writer, reader, vault, keys, lanes, lambda: LATER, lambda: None, judge=process, meter=meter)
            await worker.take(frames[0])
            told = meter.told()
            assert told["events"] == 1
            assert float(str(told["cpu_s"])) > 0
            os.kill(int(process.pids()[0]), signal.SIGKILL)
            # The next two come at the same time, as the link gives them.
            replies = await asyncio.gather(worker.take(frames[1]), worker.take(frames[2]))
            assert [len(reply) for reply in replies] == [1, 1]
            worker.close()
            await process.close()
            return int(reader.execute("SELECT count(*) FROM events").fetchone()[0])

    assert asyncio.run(asyncio.wait_for(story(), LIMIT_S)) == 3


def test_an_answer_that_nobody_waits_for_any_more_is_not_taken_for_the_next_ones(region: Any) -> None:
    """The broker goes in mid-batch, and whoever asked is cancelled. Found by killing brokers under load."""
    lane = region.lane()
    first, second = ([offer(lane, lane.alarm()) for _ in range(count)] for count in (40, 3))

    async def story() -> list[Prepared]:
        process = JudgeProcess(region.state)
        with closing(connect(region.authority.store_path())) as connection:
            keys = Register(connection).snapshot()
        await process.judge(second, keys, LATER)  # it runs
        gone = asyncio.ensure_future(process.judge(first, keys, LATER))
        await asyncio.sleep(0)  # asked, and not answered yet
        await asyncio.sleep(0)
        gone.cancel()
        answer = await process.judge(second, keys, LATER)
        await process.close()
        return answer

    answer = asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    assert [one.rows[0].seq for one in answer] == [41, 42, 43]


DIES_OVER_ONE_FRAME = """
import os, sys
from pathlib import Path
from gateway.intake import judging
from gateway.state import StateFolder
true = judging.judge
judging.judge = lambda topic, payload, *more: os._exit(1) if payload == b"killer" else true(topic, payload, *more)
judging.serve(StateFolder(Path(sys.argv[1])), sys.stdin.buffer, sys.stdout.buffer)
"""


def test_d09_a_frame_that_kills_its_reader_is_set_aside_and_the_others_flow(
    region: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.intake.judging.AGAIN_S", 0.01)
    lane = region.lane()
    offers = [offer(lane, lane.alarm()), (str(lane.topic), b"killer"), offer(lane, lane.alarm())]

    async def story() -> list[Prepared]:
        process = JudgeProcess(region.state, (sys.executable, "-c", DIES_OVER_ONE_FRAME))
        with closing(connect(region.authority.store_path())) as connection:
            keys = Register(connection).snapshot()
        answer = await process.judge(offers, keys, LATER)
        await process.close()
        return answer

    answer = asyncio.run(asyncio.wait_for(story(), LIMIT_S))
    assert [len(one.rows) for one in answer] == [1, 0, 1]
    (aside,) = answer[1].aside
    assert (aside.reason.value, aside.sender, aside.size_bytes) == ("not-a-frame", "", len(b"killer"))


def test_it_ends_when_its_gateway_does(region: Any) -> None:
    words = [sys.executable, "-m", "gateway.intake.judging", str(region.state)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()  # as the kernel does for a gateway that was killed
        assert process.wait(LIMIT_S) == 0
