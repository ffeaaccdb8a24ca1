"""Counting with two beams: who goes through is counted, who turns back is not, and doubt counts two."""

import pytest

from firmware.barrier.people import NOBODY, count

PATTERNS = {"-": (False, False), "o": (True, False), "i": (False, True), "b": (True, True)}


def walked(story: str) -> int:
    """The sum of what is counted; ``o`` outer broken, ``i`` inner, ``b`` both, ``-`` clear."""
    pair, total = NOBODY, 0
    for pattern in story:
        pair, change = count(pair, *PATTERNS[pattern])
        total += change
    return total


@pytest.mark.parametrize(
    ("story", "people"),
    [
        ("-obi-", 1),
        ("-ibo-", -1),
        ("-obi-obi-", 2),
        ("-obi-ibo-", 0),
        ("-obo-", 0),  # steps back at the near beam
        ("-obibo-", 0),  # nearly through, and back
        ("-o-", 0),  # an arm
        ("-i-", 0),
        ("-oboboboobi-", 1),  # dithers before the middle
        ("-obibobi-", 2),  # a tailgater so close that the beams never clear: in doubt, two
        ("-ibobibo-", -2),
        ("-obibobibobi-", 3),
        ("-b-", 0),  # both at once is no direction
        ("-bi-", 0),
        ("-ob-", 0),
        ("-oobbii-", 1),  # a level said twice is one edge
    ],
)
def test_a_doorway_counts(story: str, people: int) -> None:
    assert walked(story) == people


def test_after_any_confusion_a_clear_doorway_begins_anew() -> None:
    assert walked("-b-obi-") == 1
    assert walked("-bob-obi-") == 1
