"""A fleet on real wires: what its account says is so, and it can say that something was lost."""

import asyncio
import json
from pathlib import Path

import pytest

from borderpost.__main__ import main
from simulators.fleet.run import Plan, run_fleet


def test_every_event_of_ten_devices_is_stored_once_though_some_are_offered_twice(tmp_path: Path) -> None:
    plan = Plan(devices=10, rate=2.0, seconds=2.0, frames=5, live_frames=1, backlog=12, doubled_share=0.5)
    account = asyncio.run(run_fleet(tmp_path, plan))
    assert account["produced"] == account["stored_unique"] == 10 * (4 + 12)
    assert (account["lost"], account["duplicated"], account["quarantined"], account["refused_acks"]) == (0, 0, 0, 0)
    assert account["unacknowledged_frames"] == 0
    assert account["duplicates_offered"] > 0
    assert account["latency_ms"]["p50"] >= account["received_ms"]["p50"] >= 0
    assert account["gateway_cpu_us_per_event"] > 0
    again = asyncio.run(run_fleet(tmp_path, Plan(devices=10, frames=6, backlog=6, doubled_share=0.0)))
    assert (again["produced"], again["stored_unique"], again["lost"]) == (60, 60, 0)
    assert again["latency_ms"] == {"p50": None, "p99": None}


def test_a_frame_that_a_device_loses_is_told_as_lost(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sim", "fleet", "--devices", "2", "--backlog", "10", "--frames", "2", "--plant-loss", "2", "--json"]
    assert main(words) == 1
    account = json.loads(capsys.readouterr().out)
    assert (account["produced"], account["stored_unique"], account["lost"]) == (20, 16, 4)


def test_nothing_is_lost_when_gateway_and_broker_are_killed_under_way(tmp_path: Path) -> None:
    plan = Plan(devices=4, rate=5.0, seconds=3.0, faults=("gateway", "broker"))
    account = asyncio.run(run_fleet(tmp_path, plan))
    assert account["produced"] == account["stored_unique"] == 60
    assert (account["lost"], account["duplicated"]) == (0, 0)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--devices", "0", "--backlog", "1"], "--devices"),
        (["--devices", "1", "--backlog", "1", "--frames", "51"], "--frames"),
        (["--devices", "1"], "1 to 5000000 events"),
        (["--devices", "1", "--backlog", "1", "--doubled", "2"], "--doubled"),
    ],
)
def test_a_number_that_makes_no_fleet_is_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sim", "fleet", *words]) == 2
    assert sentence in capsys.readouterr().err
