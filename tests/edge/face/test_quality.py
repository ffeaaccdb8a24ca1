"""Which frames are good enough, and what a traveller is told when one is not."""

from typing import Any

import pytest

from edge.cage.decoding import decoded
from edge.face.protocols import Found
from edge.face.quality import hint_of
from edge.face.sface import SFaceMatcher
from simulators.camera.scenes import Kind, Scene, frames_of
from simulators.people.citizens import citizen, live

STRAIGHT = ((100.0, 100.0), (160.0, 100.0), (130.0, 140.0), (110.0, 170.0), (150.0, 170.0))


def hint(matcher: SFaceMatcher, picture: bytes) -> str:
    image = decoded(picture)
    return hint_of(image, matcher.find(image))


def test_every_citizens_live_frame_is_good_enough(frames: dict[tuple[str, int], tuple[Any, tuple[Found, ...]]]) -> None:
    hints = {key: hint_of(*looked) for key, looked in frames.items()}
    assert {key: said for key, said in hints.items() if said} == {}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (Kind.NOBODY, "nobody"),
        (Kind.TWO, "several"),
        (Kind.DARK, "too-dark"),
        (Kind.BLURRED, "blurred"),
        (Kind.LIVE, ""),
    ],
)
def test_each_scene_gets_its_hint(matcher: SFaceMatcher, kind: Kind, expected: str) -> None:
    assert {hint(matcher, frame) for frame in frames_of(Scene(kind, "u01", "u02"))} == {expected}


def changed(**other: object) -> Found:
    face = {"x": 215.0, "y": 150.0, "width": 110.0, "height": 140.0, "points": STRAIGHT, "score": 0.93} | other
    return Found(**face)  # type: ignore[arg-type]  # each test changes one of them


@pytest.mark.parametrize(
    ("faces", "expected"),
    [
        ((changed(),), ""),
        ((changed(), changed(width=60.0)), "several"),
        ((changed(), changed(width=20.0)), ""),  # somebody behind the glass
        ((changed(width=80.0),), "too-far"),
        ((changed(score=0.6),), "look-straight"),
        ((changed(points=((100.0, 100.0), (150.0, 140.0), *STRAIGHT[2:])),), "look-straight"),  # a head on one side
        ((changed(points=(*STRAIGHT[:2], (155.0, 140.0), *STRAIGHT[3:])),), "look-straight"),  # a head turned away
        ((changed(points=(STRAIGHT[0], STRAIGHT[0], *STRAIGHT[2:])),), "look-straight"),
        ((changed(x=2000.0),), "too-dark"),  # a box outside the picture shows nothing
    ],
)
def test_each_rule_of_the_gate_refuses_alone(faces: tuple[Found, ...], expected: str) -> None:
    assert hint_of(decoded(live(citizen("u03"), 1)), faces) == expected
