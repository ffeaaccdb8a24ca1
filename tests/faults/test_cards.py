"""A card is copied, or an old image of it is put back: the region sees it, and no event goes under for that."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

from tests.faults.region import LightPost, Region, running
from tests.faults.stored import alarms_in, boots_of, stored_in

CLONED = ("post-1", "device-cloned")
EVENTS = 10
LIMIT_S = 45.0


async def a_life(region: Region, post: LightPost, events: int = EVENTS) -> None:
    """It starts, writes so many, sends everything and ends."""
    await post.start(post.lives)
    await post.wait_promises(len(post.promises) + events)
    post.rest()
    async with asyncio.timeout(LIMIT_S):
        await post.end()


@contextlib.asynccontextmanager
async def twin_of(post: LightPost, folder: Path) -> AsyncIterator[LightPost]:
    shutil.copytree(post.folder, folder)
    twin = replace(post, folder=folder, promises=[], said=[], log=folder / "twin.log")
    try:
        yield twin
    finally:
        await twin.kill()


def expect_all_stored(region: Region, posts: list[LightPost]) -> None:
    stored = {(one.boot, one.seq): one.sha256 for one in stored_in(region.state)}
    for post in posts:
        assert {(one.boot, one.seq): one.sha256 for one in post.promises}.items() <= stored.items()


def test_d02_a_copied_card_that_runs_beside_its_original_is_found_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path / "region", posts=1, rate=40.0) as region:
            post = region.posts["post-1"]
            await a_life(region, post)
            assert CLONED not in alarms_in(region.state)
            async with twin_of(post, tmp_path / "twin") as twin:
                await post.start(1)
                await twin.start(2)
                async with asyncio.timeout(LIMIT_S):
                    while CLONED not in alarms_in(region.state):  # noqa: ASYNC110
                        await asyncio.sleep(0.1)
                for one in (post, twin):
                    one.rest()
                async with asyncio.timeout(LIMIT_S):
                    await asyncio.gather(post.end(), twin.end())
                expect_all_stored(region, [post, twin])

    asyncio.run(story())


def test_d03_an_old_image_put_back_on_the_card_is_found_out_and_merged_with_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path / "region", posts=1, rate=40.0) as region:
            post = region.posts["post-1"]
            await a_life(region, post)
            shutil.copytree(post.folder, tmp_path / "image")
            await a_life(region, post)
            assert CLONED not in alarms_in(region.state)
            shutil.rmtree(post.folder)
            shutil.copytree(tmp_path / "image", post.folder)
            await a_life(region, post)
            assert CLONED in alarms_in(region.state)
            expect_all_stored(region, [post])
            assert len({one.boot for one in post.promises}) == 3, "no number of an earlier life is used again"
            assert len(boots_of(post.folder)) == 3  # the image's, the one after it, and that of looking into it

    asyncio.run(story())
