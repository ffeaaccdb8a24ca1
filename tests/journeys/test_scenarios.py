"""Every traveller of the catalogue crosses a whole lane on real wires, and gets what is right."""

import asyncio
from pathlib import Path

from simulators.lane.scenarios import SCENARIOS, Outcome
from tests.journeys.story import post_with, wrong


def test_each_scenario_ends_as_it_should_and_the_exit_opens_for_a_grant_alone(tmp_path: Path) -> None:
    """Chip, signature, face, lists, rules, one person: each referred scenario lacks one of them."""

    async def story() -> None:
        async with post_with(tmp_path, *SCENARIOS) as (lane, parts):
            passages = []
            for part in parts:
                before = lane.exit_openings()
                passages += await lane.tell(part)
                opened = lane.exit_openings() - before
                assert opened == (part.scenario.right is Outcome.GRANTED), part.scenario.name
            delivery = await lane.settle()
            assert wrong(passages) == []
            assert lane.run.broken == []
            assert (delivery.as_json()["lost"], delivery.as_json()["duplicated"]) == (0, 0)

    asyncio.run(story())
