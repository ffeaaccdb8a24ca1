"""What may be plugged into the face process: a matcher, and a detector of presentation attacks.

A matcher is found by its name in the entry-point group ``borderpost.matchers``, a PAD in ``borderpost.pads``. Both are
classes without arguments. One that is not there or does not load is an error: nothing is compared without it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Image: TypeAlias = NDArray[numpy.uint8]  # height x width x 3, blue-green-red
else:
    Image: TypeAlias = Any  # numpy is heavy, and only the face process needs it.

MATCHERS, PADS = "borderpost.matchers", "borderpost.pads"


class MatcherError(Exception):
    """The matcher cannot work on this machine. The message is a sentence for a technician."""


@dataclass(frozen=True, slots=True)
class Found:
    """One face in a picture. Pixels; the points are right eye, left eye, nose, right and left corner of the mouth."""

    x: float
    y: float
    width: float
    height: float
    points: tuple[tuple[float, float], ...]
    score: float


Compare = Callable[[Image, Found], float]


class Matcher(Protocol):
    """Finds faces and compares two. A higher score is more alike; the threshold belongs to the post's profile."""

    name: str
    version: str
    model_sha256: str

    def load(self) -> None:
        """Bring everything into memory. Raises MatcherError, above all when a model is not the one that was tested."""

    def find(self, image: Image) -> tuple[Found, ...]:
        """All faces, the largest first."""

    def against(self, portrait: Image, face: Found) -> Compare:
        """A comparison of live faces with this portrait. What is kept of the portrait goes when the caller lets go."""


class Liveness(StrEnum):
    GENUINE = "genuine"
    ATTACK = "attack"
    UNDETERMINED = "undetermined"


class Pad(Protocol):
    """Presentation attack detection. None is delivered and no rate claimed: no attack data stood behind any we found.

    It fails closed: an error, or any answer but GENUINE, is never a match.
    """

    name: str

    def load(self) -> None:
        """Raises MatcherError."""

    def judge(self, frames: Sequence[tuple[Image, Found]]) -> Liveness:
        """Of the good frames so far, the one that matched last among them."""


def matcher_named(name: str) -> Matcher:
    return cast(Matcher, _plugged_in(MATCHERS, name))  # The entry-point group is the promise; the tests hold it.


def pad_named(name: str) -> Pad:
    return cast(Pad, _plugged_in(PADS, name))  # as above


def _plugged_in(group: str, name: str) -> object:
    found = [point for point in entry_points(group=group) if point.name == name]
    if len(found) != 1:  # Two of one name: whichever came first would decide who may pass.
        known = ", ".join(sorted({point.name for point in entry_points(group=group)})) or "none"
        raise MatcherError(f"{len(found)} plug-ins of group {group} are named {name!r}; installed: {known}.")
    return found[0].load()()
