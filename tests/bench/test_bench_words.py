"""A bench that does not exist is answered in a sentence that names those that do."""

import json

import pytest

from tests.bench.__main__ import NAMES, main, told


def test_a_bench_that_nobody_knows_is_answered_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense", "face"]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == f"There is no bench nonsense. Choose from: {', '.join(NAMES)}.\n"
    assert main(["nonsense", "--json"]) == 2
    answer = json.loads(capsys.readouterr().out)["error"]
    assert (answer["code"], answer["message"]) == ("no-bench", "There is no bench nonsense.")
    assert all(name in answer["cure"] for name in NAMES)


def test_an_option_that_nobody_knows_is_answered_in_a_sentence_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--travellers", "many", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "usage"


def test_whoever_asks_for_one_bench_finds_its_figures_at_the_top_too() -> None:
    figures = {"raw_broker_msgs_per_s": 9, "frames": {"1": {"events_per_s": 3}}}
    assert told({"machine": {"cores": 2}, "delivery": figures}) == {
        "machine": {"cores": 2},
        "delivery": figures,
        **figures,
    }
    assert told({"machine": {}, "delivery": figures, "face": {}}) == {"machine": {}, "delivery": figures, "face": {}}
