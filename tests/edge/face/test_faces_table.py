"""The citizens' pictures measured again: simulators/people/faces/README.md rests on this table."""

from itertools import product
from typing import Any

import pytest

from edge.cage.decoding import decoded
from edge.face.protocols import Found
from edge.face.sface import SFaceMatcher
from simulators.people.citizens import LOOK_ALIKES, SIMULATED_THRESHOLD, citizen, citizens, live, portrait

SAME_MIN, DIFFERENT_MAX = 0.60, 0.56
Table = dict[tuple[str, str, int], float]


@pytest.fixture(scope="module")
def scores(matcher: SFaceMatcher, frames: dict[tuple[str, int], tuple[Any, tuple[Found, ...]]]) -> Table:
    """Each picture is described once; shot 0 is the portrait as the chip holds it."""

    def described(image: Any, faces: tuple[Found, ...]) -> Any:
        (face,) = faces  # Nobody is found twice.
        return matcher._embed(image, face)  # once per picture instead of once per pair

    portraits = {one.id: decoded(portrait(one)) for one in citizens()}
    known = {id: described(image, matcher.find(image)) for id, image in portraits.items()}
    seen = {key: described(*looked) for key, looked in frames.items()}
    seen |= {(id, 0): one for id, one in known.items()}
    return {(a, b, shot): float(known[a] @ seen[b, shot]) for a, (b, shot) in product(known, seen)}


def test_everybody_is_found_once_and_there_are_twelve(scores: Table) -> None:
    assert len(scores) == 12 * 12 * 4


def test_good_frames_of_the_holder_match(scores: Table) -> None:
    lowest = min(score for (a, b, shot), score in scores.items() if a == b and shot in (1, 2))
    assert lowest >= SAME_MIN > SIMULATED_THRESHOLD


def test_nobody_else_matches(scores: Table) -> None:
    highest = max(score for (a, b, _), score in scores.items() if a != b)
    assert highest < DIFFERENT_MAX < SIMULATED_THRESHOLD


def test_the_look_alikes_are_alike_and_still_told_apart(scores: Table) -> None:
    a, b = LOOK_ALIKES
    assert 0.4 < scores[a, b, 1] < SIMULATED_THRESHOLD
    assert scores[a, b, 0] == max(score for (x, y, shot), score in scores.items() if x == a and y != a and shot == 0)


def test_a_comparison_says_the_same_as_the_table(matcher: SFaceMatcher, scores: Table) -> None:
    holder = citizen("u01")
    known, seen = decoded(portrait(holder)), decoded(live(holder, 1))
    alike = matcher.against(known, matcher.find(known)[0])
    assert alike(seen, matcher.find(seen)[0]) == pytest.approx(scores["u01", "u01", 1])
