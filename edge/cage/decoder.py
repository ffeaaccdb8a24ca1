"""The decoder process: ``python -m edge.cage.decoder``. Pictures in, plain pixels out, and nothing else.

Asked with two bytes for the longest side of the answer, then the picture (``question``). It answers 0, width, height
and the pixels, red-green-blue; or 1 and the reason why there are none.
"""

import os
import sys
from struct import pack
from typing import Final

from edge.cage import child, limits
from edge.cage.picture import PortraitRefused

DECODED, REFUSED = 0, 1
SIDE_BYTES: Final = 2
CPU_S: Final = 3.0
MEMORY_ROOM_BYTES: Final = (
    192 * 1024 * 1024
)  # 4 million pixels of JPEG 2000 with all that the decoder keeps beside them
EXIT_UNABLE: Final = 4  # docs/contract.md, 9


def question(picture: bytes, side_px: int) -> bytes:
    """What the decoder is asked."""
    return side_px.to_bytes(SIDE_BYTES, "big") + picture


def answer(asked: bytes) -> bytes:
    """What it answers. Raises nothing, as far as its decoders let it live."""
    from edge.cage.decoding import decoded, no_larger_than

    side_px = int.from_bytes(asked[:SIDE_BYTES], "big")
    try:
        pixels = no_larger_than(decoded(asked[SIDE_BYTES:]), max(side_px, 1))
        height, width = pixels.shape[:2]
        return pack(">BHH", DECODED, width, height) + pixels[:, :, ::-1].tobytes()
    except MemoryError:
        return bytes([REFUSED]) + b"undecodable"
    except PortraitRefused as refused:
        return bytes([REFUSED]) + refused.reason.encode("ascii")


def main() -> int:
    os.environ.update(limits.PICTURE_LIMITS)  # before OpenCV wakes up and reads them
    try:
        import edge.cage.decoding  # noqa: F401  (nothing can be loaded once the cage is shut)
    except ImportError:
        return EXIT_UNABLE
    child.serve(answer, cpu_s=CPU_S, memory_room_bytes=MEMORY_ROOM_BYTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
