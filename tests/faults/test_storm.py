"""kill -9 of edge, broker, gateway and PostgreSQL at random moments in bad weather: nothing lost, nothing doubled."""

import asyncio
from pathlib import Path

import pytest

from simulators.network.postgres import Postgres
from tests.faults import storm
from tests.faults.__main__ import together

SEED = 20261124
KILLS = {"file": 28, "postgres": 12}


@pytest.mark.parametrize("store", KILLS)
def test_forty_kills_in_bad_weather_lose_nothing_and_double_nothing(store: str, tmp_path: Path) -> None:
    postgres = Postgres(tmp_path / "postgres") if store == "postgres" else None
    story = asyncio.run(storm.run(KILLS[store], SEED, tmp_path / "region", print, postgres))
    told = story.as_json()
    assert story.account.sentences == []
    assert (told["lost"], told["duplicated"], told["order_breaks"]) == (0, 0, 0)
    assert (told["invented"], told["altered"], told["false_alarms"], told["late"]) == (0, 0, 0, [])
    killed = {victim for victim, count in told["kills"].items() if count}
    assert killed == {*storm.VICTIMS, *(["store"] if postgres else [])}
    assert sum(told["kills"].values()) == KILLS[store]
    assert told["stored_unique"] == told["produced"] > KILLS[store]


def test_two_stories_are_told_as_one() -> None:
    one = {"kills": {"edge": 1, "store": 0}, "lost": 1, "violations": ["a"], "cuts": 2}
    other = {"kills": {"edge": 2, "controller": 3}, "lost": 2, "violations": ["b"], "granted": 4}
    assert together(one, other) == {
        "kills": {"edge": 3, "store": 0, "controller": 3},
        "lost": 3,
        "violations": ["a", "b"],
        "cuts": 2,
        "granted": 4,
    }
