"""A certificate ends, or is taken away, in the middle of it all: rows wait, and nobody else suffers."""

import asyncio
import time
from contextlib import closing
from pathlib import Path

import pytest

from gateway.identity.register import Register
from gateway.state import StateFolder
from tests.faults.clocks import WallClock
from tests.faults.history import account
from tests.faults.region import do, running
from tests.faults.stored import alarms_in, judge, stored_in, until_stored, written_at

RATE = 40.0
EVENTS = 15
LIMIT_S = 45.0
DAYS_31_S = 31 * 86_400
REVOKED = ("post-1", "revoked-key")


def test_e15_a_certificate_that_ended_keeps_rows_waiting_until_it_is_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """31 days go by for the broker and for whoever renews: the grace lets the device come back by itself."""

    async def story() -> None:
        later = WallClock.make(tmp_path)
        later.shift(DAYS_31_S)
        async with running(tmp_path / "region", posts=1, rate=RATE) as region:
            post, wire = region.posts["post-1"], region.links["post-1"].wire
            wire.point_at(region.broker.port)  # nobody sits between who would have to renew as well
            await post.start()
            await post.wait_promises(EVENTS)
            with monkeypatch.context() as time_goes_by:
                for name, value in later.environment.items():
                    time_goes_by.setenv(name, value)
                await asyncio.to_thread(region.broker.restart)
            await post.wait_promises(3 * EVENTS)
            await asyncio.sleep(1.0)
            assert len(stored_in(region.state)) < len(post.promises), "it came in with a certificate that had ended"
            await post.kill()
            renew = ["device", "renew", "--gateway", str(region.state), "--edge", str(post.folder)]
            await do(*renew, environment=later.environment)
            await post.start(1)
            await post.wait_promises(4 * EVENTS)
            assert await region.drain(LIMIT_S) == []
            told = await asyncio.to_thread(judge, region)
            assert told.sentences == []
            assert told.produced == told.stored_unique

    asyncio.run(story())


def test_e15_a_post_without_a_clock_renews_by_itself_when_its_certificate_has_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """31 days go by for its region. It was off meanwhile, and wakes in 1970: by its floor not a day has gone by."""

    async def story() -> None:
        later, dawn = WallClock.make(tmp_path), WallClock.make(tmp_path / "dawn")
        later.shift(DAYS_31_S)
        dawn.shift(-time.time() + 60)
        async with running(tmp_path / "region", posts=1, rate=RATE) as region:
            post = region.posts["post-1"]
            region.links["post-1"].wire.point_at(region.broker.port)
            await do("device", "renew", "--gateway", str(region.state), "--edge", str(post.folder))  # told where
            await post.start()
            await post.wait_promises(EVENTS)
            await post.kill()
            await region.gateway.stop()
            with monkeypatch.context() as time_goes_by:
                for name, value in later.environment.items():
                    time_goes_by.setenv(name, value)
                await asyncio.to_thread(region.broker.restart)
                region.gateway = region.gateway_child()
                await region.start_gateway()
            post.environment, post.renews = dawn.environment, True
            await post.start(1)
            await post.wait_promises(2 * EVENTS)
            assert await region.drain(LIMIT_S) == []
            assert "this device has a new certificate" in post.log.read_text()
            told = await asyncio.to_thread(judge, region)
            assert told.sentences == []
            assert told.produced == told.stored_unique

    asyncio.run(story())


def test_a_post_that_was_cut_off_beyond_the_days_of_its_key_before_holds_up_nothing_and_is_heard_out(
    tmp_path: Path,
) -> None:
    """It changed its key while rows waited, and what they are signed with had ended when they came."""

    async def story() -> None:
        async with running(tmp_path, posts=1, rate=RATE) as region:
            post, wire = region.posts["post-1"], region.links["post-1"].wire
            await wire.cut()
            await post.start()
            await post.wait_promises(EVENTS)
            await post.kill()
            await do("device", "renew", "--gateway", str(region.state), "--edge", str(post.folder), "--new-key")
            with closing(StateFolder(region.state).open_store()) as store:
                assert Register(store).end_retired(int((time.time() + DAYS_31_S) * 1000)) == 1
            waiting = {(one.boot, one.seq) for one in post.promises}
            await wire.heal()
            await post.start(1)
            await until_stored(region, EVENTS, behind=len(waiting))
            assert REVOKED in alarms_in(region.state)
            assert waiting.isdisjoint((one.boot, one.seq) for one in stored_in(region.state))
            await do("device", "hear", "post-1", "--state", str(region.state))
            assert await region.drain(LIMIT_S) == []
            told = await asyncio.to_thread(judge, region, frozenset({"revoked-key"}))
            assert told.sentences == []
            assert told.produced == told.stored_unique

    asyncio.run(story())


def test_d30_a_device_revoked_in_mid_run_is_heard_no_more_and_its_neighbour_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with running(tmp_path, posts=2, rate=RATE) as region:
            await region.start_posts()
            for post in region.posts.values():
                await post.wait_promises(EVENTS)
            await do("device", "revoke", "post-1", "--state", str(region.state))
            async with asyncio.timeout(LIMIT_S):
                while REVOKED not in alarms_in(region.state):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            neighbour = region.posts["post-2"]
            await until_stored(region, len(neighbour.promises) + 1, "post-2")  # with it all that was judged before
            heard = len([one for one in stored_in(region.state) if one.device == "post-1"])
            await neighbour.wait_promises(len(neighbour.promises) + EVENTS)
            await region.posts["post-1"].kill()
            assert await region.drain(LIMIT_S) == []
            stored = await asyncio.to_thread(stored_in, region.state)
            assert len([one for one in stored if one.device == "post-1"]) == heard
            told = account([], written_at([neighbour]), [one for one in stored if one.device == "post-2"])
            assert told.sentences == []
            assert told.produced == told.stored_unique >= 2 * EVENTS

    asyncio.run(story())
