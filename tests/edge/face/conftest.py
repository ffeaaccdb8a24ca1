"""One loaded matcher, and every live frame of every citizen looked at once, for all tests of the face."""

import pytest

from edge.cage.decoding import decoded
from edge.face.protocols import Found, Image
from edge.face.sface import SFaceMatcher
from simulators.people.citizens import LIVE_SHOTS, citizens, live

Looked = dict[tuple[str, int], tuple[Image, tuple[Found, ...]]]


@pytest.fixture(scope="session")
def matcher() -> SFaceMatcher:
    matcher = SFaceMatcher()
    matcher.load()
    return matcher


@pytest.fixture(scope="session")
def frames(matcher: SFaceMatcher) -> Looked:
    """By citizen and shot: the picture and the faces in it."""
    images = {(one.id, shot): decoded(live(one, shot)) for one in citizens() for shot in LIVE_SHOTS}
    return {key: (image, matcher.find(image)) for key, image in images.items()}
