"""The clock of a running post jumps by hours, or is in 1970: nothing is lost, nothing runs backwards (D04-D06)."""

import asyncio
import time
from pathlib import Path

import pytest

from tests.faults.clocks import WallClock
from tests.faults.region import running
from tests.faults.stored import judge, stored_in

HOUR_S = 3_600
YEARS_3_S = 3 * 365 * 24 * HOUR_S
EVENTS = 15
DRAIN_LIMIT_S = 45.0
BACK, FORTH, IN_1970 = -3 * HOUR_S, 5 * HOUR_S, "1970"


def offset_of(jump: int | str) -> float:
    return -time.time() + 60 if jump == IN_1970 else float(jump)


@pytest.mark.parametrize("jump", [BACK, FORTH, IN_1970])
def test_d04_d05_d06_a_clock_that_jumps_in_a_running_post_loses_and_reorders_nothing(
    jump: int | str, tmp_path: Path
) -> None:
    async def story() -> None:
        clock = WallClock.make(tmp_path)
        async with running(tmp_path / "region", posts=1, rate=40.0) as region:
            post, wire = region.posts["post-1"], region.links["post-1"].wire
            post.environment = clock.environment
            await post.start()
            await post.wait_promises(EVENTS)
            clock.shift(offset_of(jump))
            await post.wait_promises(2 * EVENTS)
            await wire.cut()  # it has to shake hands with the broker under that clock, too
            await wire.heal()
            await post.wait_promises(3 * EVENTS)
            clock.shift(0)
            await post.wait_promises(4 * EVENTS)
            assert await region.drain(DRAIN_LIMIT_S) == []
            told = await asyncio.to_thread(judge, region, frozenset({"from-the-future"}))
            assert told.sentences == []
            assert told.produced == told.stored_unique >= 4 * EVENTS
            if jump in (BACK, IN_1970):
                assert "unknown" in {one.clock for one in stored_in(region.state)}, (
                    "it told how little its clock is worth"
                )

    asyncio.run(story())


def test_d06_a_post_that_wakes_in_1970_reaches_the_region_and_dates_nothing_there(tmp_path: Path) -> None:
    """No clock battery, no network time yet: the certificate check must not lock the post out for ever."""

    async def story() -> None:
        clock = WallClock.make(tmp_path)
        clock.shift(offset_of(IN_1970))
        async with running(tmp_path / "region", posts=1, rate=40.0) as region:
            region.posts["post-1"].environment = clock.environment
            await region.posts["post-1"].start()
            await region.posts["post-1"].wait_promises(EVENTS)
            assert await region.drain(DRAIN_LIMIT_S) == []
            told = await asyncio.to_thread(judge, region)
            assert told.sentences == []
            assert min(one.time for one in stored_in(region.state)) > "2026"

    asyncio.run(story())


def test_d05_a_post_whose_clock_was_years_ahead_once_comes_back_as_soon_as_it_is_right(tmp_path: Path) -> None:
    """A new device believes its battery clock, and takes every certificate for one of the past; its floor stays."""

    async def story() -> None:
        clock = WallClock.make(tmp_path)
        clock.shift(YEARS_3_S)
        async with running(tmp_path / "region", posts=1, rate=40.0) as region:
            post = region.posts["post-1"]
            post.environment = clock.environment
            await post.start()
            await post.wait_promises(EVENTS)
            await until_said(post.log, "certificate has ended")
            assert stored_in(region.state) == []
            await post.kill()
            clock.shift(0)
            await post.start(1)
            await post.wait_promises(2 * EVENTS)
            assert await region.drain(DRAIN_LIMIT_S) == []
            told = await asyncio.to_thread(judge, region, frozenset({"from-the-future"}))
            assert told.sentences == []
            assert told.produced == told.stored_unique >= 2 * EVENTS

    asyncio.run(story())


async def until_said(log: Path, words: str) -> None:
    async with asyncio.timeout(DRAIN_LIMIT_S):
        while words not in await asyncio.to_thread(log.read_text):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
