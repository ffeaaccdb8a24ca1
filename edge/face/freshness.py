"""Does this camera see, or does it repeat itself? Pure: frames in, yes or no out.

Attack B08: a camera that is frozen, or fed with one picture again and again, must not let anybody pass.
"""

from typing import Protocol

REPEATS_LIMIT = 3  # so many in a row are no coincidence


class Stamped(Protocol):
    """What is asked of a frame; reading is enough."""

    @property
    def counter(self) -> int: ...
    @property
    def taken_ns(self) -> int: ...


class Freshness:
    """Remembers the last frame of one camera."""

    __slots__ = ("_last", "_picture", "repeats")

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None
        self._picture = b""
        self.repeats = 0

    def admit(self, frame: Stamped, picture: bytes) -> bool:
        """Whether counter and time have risen, and the picture differs: noise makes each frame of a real sensor new.

        The first frame has nothing to be compared with: it is kept as a measure and not admitted.
        """
        previous, before = self._last, self._picture
        if previous is None or (frame.counter > previous[0] and frame.taken_ns > previous[1] and picture != before):
            self._last, self._picture, self.repeats = (frame.counter, frame.taken_ns), picture, 0
            return previous is not None
        self.repeats += 1
        return False

    @property
    def frozen(self) -> bool:
        return self.repeats >= REPEATS_LIMIT
