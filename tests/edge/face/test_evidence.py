"""How scores add up: a match at once, a no-match only after three moments, and no further chances."""

from edge.face.evidence import APART_S, Evidence, is_due, weigh
from edge.face.freshness import REPEATS_LIMIT, Freshness
from edge.gate.events import Face
from hardware.drivers.camera import Frame


def test_the_threshold_itself_is_a_match_and_just_below_is_not() -> None:
    assert weigh(Evidence(0.58), 0.58, 0.0)[1] is Face.MATCH
    assert weigh(Evidence(0.58), 0.5799, 0.0)[1] is None


def test_three_moments_below_are_a_no_match_and_two_are_not() -> None:
    evidence, outcomes = Evidence(0.58), []
    for n in range(3):
        evidence, outcome = weigh(evidence, 0.3 + n / 100, n * APART_S)
        outcomes.append(outcome)
    assert outcomes == [None, None, Face.NO_MATCH]
    assert evidence.best == 0.32


def test_between_two_moments_nothing_is_compared() -> None:
    evidence, _ = weigh(Evidence(0.58), 0.1, 5.0)
    assert is_due(Evidence(0.58), 0.0)
    assert not is_due(evidence, 5.0 + APART_S / 2)
    assert is_due(evidence, 5.0 + APART_S)


def test_a_holder_who_blinked_may_still_match() -> None:
    evidence, _ = weigh(Evidence(0.58), 0.4, 0.0)
    assert weigh(evidence, 0.7, APART_S)[1] is Face.MATCH


def test_the_first_frame_is_only_a_measure_and_the_next_newer_one_is_admitted() -> None:
    freshness = Freshness()
    assert [freshness.admit(Frame(n, n, b""), bytes((n,))) for n in (7, 8, 9)] == [False, True, True]


def test_a_frame_must_be_newer_by_counter_by_time_and_by_sight() -> None:
    for stale, picture in ((Frame(7, 9, b""), b"b"), (Frame(8, 7, b""), b"b"), (Frame(8, 8, b""), b"a")):
        freshness = Freshness()
        freshness.admit(Frame(7, 7, b""), b"a")
        assert not freshness.admit(stale, picture)


def test_a_camera_that_repeats_itself_is_frozen_and_one_that_stumbles_is_not() -> None:
    freshness = Freshness()
    freshness.admit(Frame(1, 1, b""), b"a")
    for _ in range(REPEATS_LIMIT - 1):
        freshness.admit(Frame(1, 1, b""), b"a")
    assert not freshness.frozen
    assert freshness.admit(Frame(2, 2, b""), b"b")
    for _ in range(REPEATS_LIMIT):
        freshness.admit(Frame(2, 2, b""), b"b")
    assert freshness.frozen
