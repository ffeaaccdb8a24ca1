"""kill -9 in mid-passage: the doors stay safe, nobody is granted without a record, and every event arrives once."""

import asyncio
from pathlib import Path

import pytest

from simulators.lane.kills import KILLS, strike
from simulators.lane.scenarios import Outcome
from tests.journeys.story import post_with


@pytest.mark.parametrize("victim", sorted(KILLS))
def test_a_process_killed_in_mid_passage_harms_nobody_and_loses_nothing(victim: str, tmp_path: Path) -> None:
    async def story() -> None:
        moments = ("enter", "look", "go")
        async with post_with(tmp_path, *("honest" for _ in moments), "honest") as (lane, parts):
            for part, moment in zip(parts, moments, strict=False):
                killing = asyncio.ensure_future(strike(lane.post, victim, moment))
                await lane.tell(part)
                assert await killing, f"{moment} was never shown"
            (after,) = await lane.tell(parts[-1])
            delivery = await lane.settle()
            assert after.got is Outcome.GRANTED, "the lane recovers"
            assert lane.post.plant.violations == []
            assert [sentence for sentence in lane.run.broken if "held" in sentence or "ordered open" in sentence] == []
            assert (delivery.as_json()["lost"], delivery.as_json()["duplicated"]) == (0, 0)
            assert delivery.produced > 0

    asyncio.run(story())


def test_a_granted_crossing_comes_to_its_end_though_the_lane_died_in_it(tmp_path: Path) -> None:
    """She walks through while nobody records it; the controller kept it, and the next life writes it down."""

    async def story() -> None:
        async with post_with(tmp_path, "honest") as (lane, parts):
            killing = asyncio.ensure_future(strike(lane.post, "edge", "go"))
            (passage,) = await lane.tell(*parts)
            assert await killing
            assert await lane.shown("ready")
            kinds = await lane.ended()
            assert kinds.count("crossing.granted.v1") == 1
            assert kinds.count("crossing.left.v1") + kinds.count("crossing.abandoned.v1") == 1
            assert kinds.count("crossing.left.v1") == (passage.got is Outcome.GRANTED)

    asyncio.run(story())
