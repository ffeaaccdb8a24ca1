"""Where are the barcodes? For a caged process only: here a stranger's bytes reach OpenCV's and ZXing's decoders.

Looked at as it is first; a small, faint or slanted code is sought again, larger, by another threshold and turned.
"""

from collections.abc import Iterator
from typing import Final, TypeAlias

import cv2
import numpy
import zxingcpp
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[numpy.uint8]  # height x width, grey

FORMATS: Final = zxingcpp.BarcodeFormats(
    [
        zxingcpp.BarcodeFormat.DataMatrix,
        zxingcpp.BarcodeFormat.QRCode,
        zxingcpp.BarcodeFormat.Aztec,
        zxingcpp.BarcodeFormat.PDF417,
    ]
)
DOUBLED_UP_TO_PIXELS: Final = 3_000_000
TURNED_PIXELS: Final = 4_000_000
MAX_TURNS: Final = 4
APART_DEGREES: Final = 4
WHITE: Final = 255


def search(picture: bytes) -> list[bytes] | None:
    """The different contents of the first look that finds any; None when the picture cannot be decoded."""
    try:
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(numpy.frombuffer(picture, numpy.uint8), flags)
    except (cv2.error, MemoryError):
        return None
    if pixels is None:
        return None
    for looked_at, binarizer in _looks(pixels.astype(numpy.uint8, copy=False)):
        found = zxingcpp.read_barcodes(looked_at, formats=FORMATS, binarizer=binarizer)
        if found:
            return list(dict.fromkeys(bytes(code.bytes) for code in found))
    return []


def _looks(pixels: Pixels) -> Iterator[tuple[Pixels, zxingcpp.Binarizer]]:
    local, overall = zxingcpp.Binarizer.LocalAverage, zxingcpp.Binarizer.GlobalHistogram
    yield pixels, local
    yield pixels, overall
    if pixels.size <= DOUBLED_UP_TO_PIXELS:
        doubled = cv2.resize(pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
        yield doubled.astype(numpy.uint8, copy=False), local
        yield doubled.astype(numpy.uint8, copy=False), overall
    for degrees in slants(pixels):
        yield _turned(pixels, degrees), local


def slants(pixels: Pixels) -> list[int]:
    """By how many degrees to turn so that most edges stand upright, the best guess first; a quarter turn is no matter.

    A stacked code is read along its lines only: it must be straight within two degrees or so.
    """
    blurred = cv2.GaussianBlur(pixels, (0, 0), 1.5)
    right, down = (cv2.Sobel(blurred, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    strength, direction = cv2.cartToPolar(right, down, angleInDegrees=True)
    edges, _ = numpy.histogram(direction % 90, bins=90, range=(0, 90), weights=strength)
    edges = edges + numpy.roll(edges, 1) + numpy.roll(edges, -1)
    found: list[int] = []
    for degrees in numpy.argsort(edges)[::-1]:
        if all(abs((degrees - other + 45) % 90 - 45) >= APART_DEGREES for other in found):
            found.append(int(degrees))
        if len(found) == MAX_TURNS:
            break
    return found


def _turned(pixels: Pixels, degrees: int) -> Pixels:
    """On a sheet large enough for its corners, a small picture enlarged, a large one reduced."""
    height, width = pixels.shape
    scale = min(2.0, (TURNED_PIXELS / pixels.size) ** 0.5)
    side = int(scale * (height**2 + width**2) ** 0.5) + 1
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
    turn[:, 2] += ((side - width) / 2, (side - height) / 2)
    turned = cv2.warpAffine(pixels, turn, (side, side), flags=cv2.INTER_CUBIC, borderValue=(WHITE,))
    return turned.astype(numpy.uint8, copy=False)
