"""How does the face process look? A camera that may die, freeze and come back; every frame that comes out is fresh."""

import time
from collections.abc import Callable
from contextlib import suppress

from edge.cage.decoding import decoded
from edge.cage.picture import PortraitRefused
from edge.face.freshness import Freshness
from edge.face.protocols import Image
from hardware.drivers.camera import CameraLost, CameraSource, Frame, open_camera

FRAME_LIMIT_S = 1.0  # twelve frames of the slowest camera worth having
REOPEN_EVERY_S = 0.5


class Eyes:
    """The camera at ``url``. ``changed`` hears when it is lost (and why) and when it is back."""

    def __init__(self, url: str, changed: Callable[[bool, str], None]) -> None:
        self._url = url
        self._changed = changed
        self._camera: CameraSource | None = None
        self._freshness = Freshness()
        self._lost: bool | None = None  # Nobody has been told anything yet.
        self._opened_s = float("-inf")

    def look(self) -> Image:
        """A frame newer than all before. Raises CameraLost, also for a camera that repeats itself."""
        try:
            picture = self._look()
        except CameraLost as lost:
            self.close()
            self._tell(lost=True, why=str(lost))
            raise
        self._tell(lost=False, why="")
        return picture

    def probe(self) -> None:
        """See whether the camera is there, between travellers."""
        with suppress(CameraLost):  # ``changed`` has been told.
            self.look()

    def close(self) -> None:
        if self._camera is not None:
            self._camera.close()
            self._camera = None

    def _look(self) -> Image:
        camera = self._opened()
        while not self._freshness.frozen:
            frame = camera.next_frame(FRAME_LIMIT_S)
            picture = _pixels(frame)
            if self._freshness.admit(frame, picture.tobytes()):
                return picture
        raise CameraLost("the camera repeats the same frame")

    def _opened(self) -> CameraSource:
        if self._camera is None:
            if time.monotonic() - self._opened_s < REOPEN_EVERY_S:
                raise CameraLost("the camera was lost a moment ago")
            self._opened_s = time.monotonic()
            self._camera, self._freshness = open_camera(self._url), Freshness()
        return self._camera

    def _tell(self, *, lost: bool, why: str) -> None:
        if lost is not self._lost:
            self._lost = lost
            self._changed(lost, why)


def _pixels(frame: Frame) -> Image:
    if not isinstance(frame.image, bytes):
        return frame.image
    try:
        return decoded(frame.image)
    except PortraitRefused as refused:
        raise CameraLost(f"the camera sent no picture: {refused.reason}") from None
