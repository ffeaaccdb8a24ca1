"""Beams between two passes of the loop: edges in their order, levels only when they are still, closing on neither."""

from firmware.barrier import words
from firmware.barrier.app import Doorways

A1, A2, B1, B2 = range(4)
CLEAR = [False] * 4
WAY_IN = [(A1, True), (A2, True), (A1, False), (A2, False)]
WAY_OUT = [(B1, True), (B2, True), (B1, False), (B2, False)]


def test_a_whole_passage_between_two_passes_is_counted() -> None:
    doorways = Doorways(CLEAR)
    assert doorways.hear(WAY_IN, CLEAR, False) == [(words.ENTRY, 1)]
    assert doorways.hear(WAY_OUT, CLEAR, False) == [(words.EXIT, -1)]
    assert doorways.hear([(B2, True), (B1, True), (B2, False), (B1, False)], CLEAR, False) == [(words.EXIT, 1)]


def test_a_beam_broken_and_clear_again_between_two_passes_is_a_broken_beam() -> None:
    doorways = Doorways(CLEAR)
    doorways.hear([(B1, True), (B1, False)], CLEAR, False)
    assert doorways.broken == [False, True]
    doorways.hear([], CLEAR, False)
    assert doorways.broken == [False, False]


def test_a_beam_that_stays_broken_is_broken_in_every_pass() -> None:
    doorways = Doorways([True, False, False, False])
    for _ in range(3):
        assert doorways.hear([], [True, False, False, False], False) == []
        assert doorways.broken == [True, False]


def test_a_missed_edge_is_made_good_by_its_level() -> None:
    doorways = Doorways(CLEAR)
    for levels in ([True, False], [True, True], [False, True], [False, False]):
        moved = doorways.hear([], [*levels, False, False], False)
    assert moved == [(words.ENTRY, 1)]


def test_levels_that_run_ahead_of_their_edges_are_not_taken() -> None:
    """Two edges come in after the ring was emptied: their levels are there before they are."""
    doorways = Doorways(CLEAR)
    moved = doorways.hear([(A1, True)], None, False)
    moved += doorways.hear([(A2, True), (A1, False)], [False, True, False, False], False)
    moved += doorways.hear([(A2, False)], CLEAR, False)
    assert moved == [(words.ENTRY, 1)]


def test_more_edges_than_can_be_kept_count_one_more() -> None:
    assert Doorways(CLEAR).hear([], CLEAR, True) == [(words.ENTRY, 1)]
