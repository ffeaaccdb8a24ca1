"""How does a post see? A ``CameraSource`` gives one fresh frame when asked; a URL chooses which.

``frames://HOST:PORT`` a frame server (hardware/wires/frames.py), ``picamera2:0`` a Raspberry Pi camera,
``v4l2:/dev/video0`` any other. Nothing is buffered: a frame from before the traveller came would be somebody else's.
Sources are plain and blocking: the face process has nothing else to do (``contextlib.closing`` lets one go).
"""

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from hardware.wires.frames import ASK, HEADER, FrameGarbledError, decode_header

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

CONNECT_LIMIT_S = 1.0
FRAME_WIDTH_PX, FRAME_HEIGHT_PX = 640, 480
PICAMERA_BUFFERS = 2  # The fewest that stream: each more is an older picture.


class CameraLost(Exception):
    """The camera cannot be opened, or gives no frame in time. The cause is in the message; it is ours to repair."""


@dataclass(frozen=True, slots=True, repr=False)
class Frame:
    """One picture: a JPEG, or blue-green-red pixels. The counter and the camera's clock rise with every fresh one."""

    counter: int
    taken_ns: int
    image: "bytes | NDArray[numpy.uint8]"

    def __repr__(self) -> str:  # No face in a log.
        return f"Frame({self.counter})"


class CameraSource(Protocol):
    """Belongs to the face process."""

    def next_frame(self, limit_s: float) -> Frame:
        """A frame taken after the call. Raises CameraLost, also when none comes within ``limit_s``."""

    def close(self) -> None:
        """Let the device go. Never raises."""


def open_camera(url: str) -> CameraSource:
    """The camera behind ``url``. Raises CameraLost; ValueError for a URL of no known kind."""
    kind, _, rest = url.partition(":")
    makers: dict[str, Callable[[str], CameraSource]] = {
        "frames": FrameServer,
        "picamera2": PiCamera,
        "v4l2": VideoDevice,
    }
    if kind not in makers:
        raise ValueError(f"no camera of kind {kind!r}: write frames://HOST:PORT, picamera2:0 or v4l2:/dev/video0")
    return makers[kind](rest)


class FrameServer:
    """A camera at the other end of a TCP connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        try:
            self._line = socket.create_connection((parts.hostname or "", parts.port or 0), CONNECT_LIMIT_S)
        except OSError as error:
            raise CameraLost(f"no frame server at {address}: {type(error).__name__}") from error
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def next_frame(self, limit_s: float) -> Frame:
        until_s = time.monotonic() + limit_s
        try:
            self._line.sendall(ASK)
            header = decode_header(self._exactly(HEADER.size, until_s))
            return Frame(header.counter, header.taken_ns, self._exactly(header.length_bytes, until_s))
        except (OSError, FrameGarbledError) as error:
            raise CameraLost(f"the frame server gave no frame: {type(error).__name__}") from error

    def close(self) -> None:
        self._line.close()

    def _exactly(self, size_bytes: int, until_s: float) -> bytes:
        received = bytearray()
        while len(received) < size_bytes:
            # A camera that trickles a byte now and then must not hold the traveller: one limit for the whole frame.
            self._line.settimeout(max(until_s - time.monotonic(), 0.001))
            portion = self._line.recv(size_bytes - len(received))
            if not portion:
                raise ConnectionResetError("hung up")
            received += portion
        return bytes(received)


class PiCamera:
    """A Raspberry Pi camera through picamera2, number ``index``. Written against its API; no Pi has run it yet."""

    def __init__(self, index: str) -> None:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraLost("picamera2 is not installed: apt install python3-picamera2") from error
        try:
            self._camera: Any = Picamera2(int(index or 0))  # Any: picamera2 carries no types.
            layout = {"format": "RGB888", "size": (FRAME_WIDTH_PX, FRAME_HEIGHT_PX)}  # RGB888 is B, G, R in memory.
            self._camera.configure(
                self._camera.create_video_configuration(main=layout, buffer_count=PICAMERA_BUFFERS, queue=False)
            )
            self._camera.start()
        except (RuntimeError, IndexError, OSError) as error:
            raise CameraLost(f"Pi camera {index} does not start: {type(error).__name__}") from error
        self._counter = 0

    def next_frame(self, limit_s: float) -> Frame:
        job = self._camera.capture_request(wait=False, flush=True)  # flush: exposed after this moment
        try:
            request = self._camera.wait(job, timeout=limit_s)
        except Exception as error:  # picamera2 raises its own and its backends' errors, TimeoutError among them.
            raise CameraLost(f"the Pi camera gave no frame: {type(error).__name__}") from error
        try:
            self._counter += 1
            return Frame(self._counter, int(request.get_metadata()["SensorTimestamp"]), request.make_array("main"))
        finally:
            request.release()

    def close(self) -> None:
        self._camera.close()


class VideoDevice:
    """A V4L2 device through OpenCV."""

    def __init__(self, path: str) -> None:
        import cv2

        self._capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
        if not self._capture.isOpened():
            self._capture.release()
            raise CameraLost(f"no camera at {path}")
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, FRAME_WIDTH_PX)
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, FRAME_HEIGHT_PX)
        self._time = cv2.CAP_PROP_POS_MSEC
        self._counter = 0

    def next_frame(self, limit_s: float) -> Frame:
        asked_s = time.monotonic()
        self._capture.grab()  # The one in the buffer is from before.
        taken, pixels = self._capture.read()
        # V4L2 waits by its own limit (10 s): the frame that came too late is refused here, the wait ends at the client.
        if not taken or time.monotonic() - asked_s > limit_s:
            raise CameraLost("the camera gave no frame")
        self._counter += 1
        return Frame(self._counter, int(self._capture.get(self._time) * 1e6), pixels.astype("uint8", copy=False))

    def close(self) -> None:
        self._capture.release()
