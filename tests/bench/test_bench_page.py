"""The page of figures: each beside its goal, and what was not measured this time stays."""

from datetime import date

from tests.bench.goals import GOALS, LEAST, figures
from tests.bench.page import page, table

MACHINE = {
    "cpu": "c",
    "cores": 2,
    "memory_gb": 4.0,
    "system": "s",
    "python": "3",
    "load_before": 0.1,
    "load_after": 0.2,
}
DAY = date(2026, 11, 24)


def told(name: str, measured: object) -> dict[str, object]:
    return {"machine": MACHINE, name: measured}


def test_a_goal_is_reached_or_not_and_a_figure_that_is_missing_is_not() -> None:
    measured = {"seconds": {"p50": GOALS["lane.seconds.p50"], "p95": 25.1}, "machine_seconds": {"p50": None}}
    assert [(one.name, one.reached) for one in figures("lane", measured)] == [
        ("lane.seconds.p50", "yes"),
        ("lane.seconds.p95", "no"),
        ("lane.machine_seconds.p50", "no"),
    ]
    assert any(
        line.split() == ["lane.seconds.p95", "25.1", "<=", "25", "no"]
        for line in table(told("lane", measured)).splitlines()
    )


def test_what_was_not_measured_this_time_stays_with_its_own_day_and_machine() -> None:
    first = page(told("face", {"find_ms": 40}), DAY)
    both = page(told("outbox", {"commits_per_s": 450}), date(2026, 11, 25), first)
    assert "| find_ms | 40 |" in both
    assert both.index("2026-11-25") < both.index("2026-11-24")  # outbox stands before face
    again = page(told("face", {"find_ms": 41}), date(2026, 11, 26), both)
    assert "| find_ms | 41 |" in again
    assert "| find_ms | 40 |" not in again
    assert "| commits_per_s | 450 |" in again
    assert page(told("face", {"find_ms": 41}), date(2026, 11, 26), again) == again


def test_a_figure_that_should_be_large_is_reached_from_its_goal_on() -> None:
    goal = LEAST["delivery.frames.50.ratio_to_raw"]
    measured = {"frames": {"50": {"ratio_to_raw": goal}, "1": {"ratio_to_raw": 0.0}}}
    told_ = {one.name: (one.goal, one.reached) for one in figures("delivery", measured)}
    assert told_["delivery.frames.50.ratio_to_raw"] == (f">= {goal:g}", "yes")
    assert told_["delivery.frames.1.ratio_to_raw"][1] == "no"
