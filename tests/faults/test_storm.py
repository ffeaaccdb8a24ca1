"""kill -9 of edge, broker and gateway at random moments under bad weather: nothing is lost, nothing doubled."""

import asyncio
from pathlib import Path

from tests.faults import storm

KILLS = 40


def test_forty_kills_in_bad_weather_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    story = asyncio.run(storm.run(KILLS, 20261124, tmp_path, print))
    told = story.as_json()
    assert story.account.sentences == []
    assert (told["lost"], told["duplicated"], told["order_breaks"]) == (0, 0, 0)
    assert (told["invented"], told["altered"], told["late"]) == (0, 0, [])
    assert sum(told["kills"].values()) == KILLS
    assert min(told["kills"][victim] for victim in storm.VICTIMS) >= KILLS // 4
    assert told["stored_unique"] == told["produced"] > KILLS
