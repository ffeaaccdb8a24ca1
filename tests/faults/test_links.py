"""Links that are cut, slow, narrow, torn, deaf or lying, and somebody between: every event arrives once."""

import asyncio
import random
from pathlib import Path

import pytest

from tests.faults.region import Region, running
from tests.faults.stored import judge, until_stored
from tests.faults.weather import MESSAGES, WEATHER

RATE = 40.0
BLOWS = 1
LIMIT_S = 45.0
DONE = 8  # to messages of each post


async def expect_everything_once(region: Region) -> None:
    await region.heal()
    assert await region.drain(LIMIT_S) == []
    told = await asyncio.to_thread(judge, region)
    assert told.sentences == []
    assert told.produced == told.stored_unique > 0


@pytest.mark.parametrize("kind", sorted(set(WEATHER) - set(MESSAGES)))
def test_a_bad_wire_loses_nothing_and_doubles_nothing(kind: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, posts=1, rate=RATE) as region:
            await region.start_posts()
            await until_stored(region, 1)  # weather over a wire that carries nothing yet would harm nothing
            chance = random.Random(kind)
            for _ in range(BLOWS):
                for link in region.links.values():  # the device's way and the gateway's
                    await WEATHER[kind](link, chance)
            await expect_everything_once(region)

    asyncio.run(story())


@pytest.mark.parametrize("kind", MESSAGES)
def test_messages_that_are_lost_doubled_swapped_altered_or_replayed_change_nothing(kind: str, tmp_path: Path) -> None:
    """D01, E17, E18, D27: whoever broke into the broker withholds and confirms, repeats, and plays another's frames."""

    async def story() -> None:
        async with running(tmp_path, posts=2, rate=RATE) as region:
            await region.start_posts()
            for link in region.links.values():
                if link.interloper:
                    setattr(link.interloper.mischief, kind, 0.5)
            between = [link.interloper for link in region.links.values() if link.interloper]
            async with asyncio.timeout(LIMIT_S):
                while min(one.done[kind] for one in between) < DONE:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await expect_everything_once(region)

    asyncio.run(story())


@pytest.mark.parametrize("side", ["up_hole", "down_hole"])
def test_a_half_open_link_is_found_out_and_what_was_said_into_it_is_said_again(side: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, posts=1, rate=RATE) as region:
            await region.start_posts()
            await until_stored(region, 10)  # the link stands, and carries
            wire = region.links["post-1"].wire
            before = wire.connections
            setattr(wire.faults, side, True)
            async with asyncio.timeout(LIMIT_S):  # else the post goes on believing in a link that says nothing
                while wire.connections == before:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            await expect_everything_once(region)

    asyncio.run(story())


def test_a_broker_that_lost_all_it_knew_costs_nothing(tmp_path: Path) -> None:
    """Sessions, queues and subscriptions are gone with its folder: nothing depends on the broker's memory."""

    async def story() -> None:
        async with running(tmp_path, posts=1, rate=RATE) as region:
            await region.start_posts()
            await region.posts["post-1"].wait_promises(10)
            await region.links["gateway"].wire.cut()  # so that the broker holds something for it
            await asyncio.sleep(0.5)
            await asyncio.to_thread(region.broker.kill)
            for file in (region.folder / "broker" / "persistence").iterdir():
                file.unlink()
            await asyncio.to_thread(region.broker.start)
            await expect_everything_once(region)

    asyncio.run(story())
