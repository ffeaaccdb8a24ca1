"""What happens to a region: a slow or failing disk, yesterday's backup. The posts keep what is not stored yet."""

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.faults.region import Region, do, running
from tests.faults.stored import judge, stored_in, until_stored
from tests.faults.traced import strace

RATE = 40.0
DRAIN_LIMIT_S = 60.0
EVENTS = 30
SLOW_US = 250_000
DISK_BYTES = 32 << 20
SICK_FROM, SICK_TO = 3, 6


@contextlib.asynccontextmanager
async def on_a_disk(fault: str, tmp_path: Path) -> AsyncIterator[Region]:
    """A region whose gateway runs on a disk with this fault of its syncs (strace -D: the gateway is our own child)."""
    async with running(tmp_path, posts=1, rate=RATE) as region:
        await region.gateway.stop()
        words = [strace(), "-D", "-f", "-qq", "-e", "trace=fdatasync", "-e", f"inject=fdatasync:{fault}"]
        region.gateway = region.gateway_child(*words, "-o", str(tmp_path / "strace.log"))
        await region.start_gateway()
        yield region


async def expect_everything_once(region: Region) -> None:
    assert await region.drain(DRAIN_LIMIT_S) == []
    told = await asyncio.to_thread(judge, region)
    assert told.sentences == []
    assert told.produced == told.stored_unique >= EVENTS


def test_a_region_on_a_slow_disk_takes_its_time_and_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with on_a_disk(f"delay_enter={SLOW_US}", tmp_path) as region:
            await region.start_posts()
            await region.posts["post-1"].wait_promises(EVENTS)
            await expect_everything_once(region)

    asyncio.run(story())


def test_a_region_whose_disk_fails_for_a_while_acknowledges_nothing_until_it_works_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with on_a_disk(f"error=EIO:when={SICK_FROM}..{SICK_TO}", tmp_path) as region:
            await region.start_posts()
            await region.posts["post-1"].wait_promises(EVENTS)
            await expect_everything_once(region)
            assert "(INJECTED)" in (tmp_path / "strace.log").read_text()
            assert "store refuses to commit" in region.gateway_log.read_text()

    asyncio.run(story())


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Where the region's state will lie: a disk of its own."""
    place = tmp_path / "region" / "gateway"
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def take_the_rest(disk: Path) -> Path:
    other = disk / "other"
    with contextlib.suppress(OSError), other.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4_096))
    return other


@pytest.mark.mounts
def test_a_region_whose_disk_is_full_acknowledges_nothing_until_there_is_room(small_disk: Path) -> None:
    async def story() -> None:
        async with running(small_disk.parent, posts=1, rate=RATE) as region:
            post = region.posts["post-1"]
            await post.start()
            await post.wait_promises(EVENTS)
            other = take_the_rest(small_disk)
            async with asyncio.timeout(DRAIN_LIMIT_S):
                while "store refuses to commit" not in region.gateway_log.read_text():  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            await post.wait_promises(len(post.promises) + EVENTS)
            assert len(stored_in(region.state)) < len(post.promises)
            other.unlink()
            await expect_everything_once(region)

    asyncio.run(story())


@pytest.mark.parametrize("while_away", [0, EVENTS])
def test_a_region_that_goes_on_from_yesterdays_backup_is_sent_what_it_lost(while_away: int, tmp_path: Path) -> None:
    """What was acknowledged after the backup was struck off the outbox; the post kept it all the same, and sends it."""

    async def story() -> None:
        async with running(tmp_path / "region", posts=1, rate=RATE) as region:
            post = region.posts["post-1"]
            await post.start()
            await post.wait_promises(EVENTS)
            await do("gateway", "backup", str(tmp_path / "yesterday"), "--state", str(region.state))
            await post.wait_promises(3 * EVENTS)
            await until_stored(region, 2 * EVENTS)
            await region.gateway.stop()
            await post.wait_promises(len(post.promises) + while_away)
            known = len(stored_in(region.state))
            await do("gateway", "restore", str(tmp_path / "yesterday"), "--state", str(region.state), "--force")
            assert len(stored_in(region.state)) < known, "nothing was lost, so nothing is shown"
            await region.start_gateway()
            await until_stored(region, len(post.promises))
            await expect_everything_once(region)

    asyncio.run(story())
