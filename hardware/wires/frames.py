"""How does a camera send its frames over TCP? Header and JPEG, one for each that is asked for (docs/contract.md, 4).

The reader asks for a frame with one byte; the camera answers with its next fresh one. So a slow reader never looks at
the past, and a camera nobody asks sleeps.
"""

from dataclasses import dataclass
from struct import Struct

ASK = b"\x01"
HEADER = Struct(">IQQ")  # length of the JPEG, counter, monotonic time in ns
JPEG_LIMIT_BYTES = 2 * 1024 * 1024


class FrameGarbledError(Exception):
    """The other end does not speak this wire."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    length_bytes: int
    counter: int
    taken_ns: int


def encode_frame(counter: int, taken_ns: int, jpeg: bytes) -> bytes:
    return HEADER.pack(len(jpeg), counter, taken_ns) + jpeg


def decode_header(header: bytes) -> FrameHeader:
    """Raises FrameGarbledError when the length cannot be true: nothing is reserved on a stranger's word."""
    length_bytes, counter, taken_ns = HEADER.unpack(header)
    if not 0 < length_bytes <= JPEG_LIMIT_BYTES:
        raise FrameGarbledError(f"a frame of {length_bytes} bytes: at most {JPEG_LIMIT_BYTES} are allowed")
    return FrameHeader(length_bytes, counter, taken_ns)
