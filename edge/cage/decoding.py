"""What are the pixels of this picture? For a caged process only: here a stranger's bytes reach OpenCV's decoders."""

from typing import TypeAlias

import cv2
import numpy
from numpy.typing import NDArray

from edge.cage.picture import PortraitRefused, size_within_limits

Pixels: TypeAlias = NDArray[numpy.uint8]  # height x width x 3, blue-green-red


def decoded(picture: bytes) -> Pixels:
    """The pixels of a JPEG or JPEG 2000 whose claims are within limits. Raises PortraitRefused."""
    size_within_limits(picture)
    try:
        # Attack: an orientation mark turns a face upside down for one reader and not for another; it is ignored.
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), flags)
    except (cv2.error, MemoryError):
        raise PortraitRefused("undecodable") from None
    if pixels is None:
        raise PortraitRefused("undecodable")
    return pixels.astype(numpy.uint8, copy=False)


def no_larger_than(pixels: Pixels, side_px: int) -> Pixels:
    """The same picture, its longer side no longer than that."""
    height, width = pixels.shape[:2]
    if max(height, width) <= side_px:
        return pixels
    scale = side_px / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(numpy.uint8, copy=False)
