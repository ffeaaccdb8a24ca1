"""The process that finds barcodes: ``python -m edge.inspection.barcode_process``. A picture in, their contents out.

It answers 0 and each content behind its length in two bytes; or 1 when the picture cannot be decoded.
"""

import os
import sys
from struct import error as StructError
from struct import unpack_from
from typing import Final

from edge.cage import child, limits
from icao.lds.images import JPEG, NoImage, look_at

# One table: of the picture, of what is found in it, and of the process.
PICTURE_LIMIT_BYTES: Final = 24 * 1024 * 1024
PIXELS_LIMIT: Final = 12_000_000
MAX_CODES: Final = 16
MAX_CODE_BYTES: Final = 8 * 1024
CPU_S: Final = 10.0
MEMORY_ROOM_BYTES: Final = 384 * 1024 * 1024

FOUND, UNDECODABLE = 0, 1
LENGTH_BYTES: Final = 2
EXIT_UNABLE: Final = 4  # docs/contract.md, 9

PNG: Final = b"\x89PNG\r\n\x1a\n"
BMP: Final = b"BM"


def refused_by_its_header(picture: bytes) -> str:
    """Why no decoder may see this picture, as a clause; or nothing. (A23)"""
    if len(picture) > PICTURE_LIMIT_BYTES:
        return f"it has more than {PICTURE_LIMIT_BYTES} bytes"
    try:
        width, height = claimed_size_px(picture)
    except (StructError, NoImage):
        return "its header is cut off"
    if not width or not height:
        return "it is no PNG, JPEG or BMP file, or an empty one"
    if width * height > PIXELS_LIMIT:
        return f"it claims {width} x {height} pixels, and {PIXELS_LIMIT} are the most"
    return ""


def claimed_size_px(picture: bytes) -> tuple[int, int]:
    """Width and height as the file says; zeros when it is of another format. Raises NoImage, struct.error.

    >>> claimed_size_px(PNG + bytes(8) + (640).to_bytes(4, "big") + (480).to_bytes(4, "big"))
    (640, 480)
    """
    if picture.startswith(PNG):
        width, height = unpack_from(">II", picture, 16)
    elif picture.startswith(BMP):
        width, height = unpack_from("<ii", picture, 18)
    elif picture.startswith(JPEG):
        header = look_at(picture)
        width, height = header.width_px, header.height_px
    else:
        return 0, 0
    return abs(width), abs(height)


def is_picture(data: bytes) -> bool:
    return data.startswith((PNG, JPEG)) or (data.startswith(BMP) and len(data) > 26)


def answer(picture: bytes) -> bytes:
    from edge.inspection.barcode_search import search

    codes = None if refused_by_its_header(picture) else search(picture)
    if codes is None:
        return bytes([UNDECODABLE])
    kept = [code for code in codes if len(code) <= MAX_CODE_BYTES][:MAX_CODES]
    return bytes([FOUND]) + b"".join(len(code).to_bytes(LENGTH_BYTES, "big") + code for code in kept)


def main() -> int:
    os.environ.update(limits.PICTURE_LIMITS | {"OPENCV_IO_MAX_IMAGE_PIXELS": str(PIXELS_LIMIT)})
    try:
        import edge.inspection.barcode_search  # noqa: F401  (nothing can be loaded once the cage is shut)
    except ImportError:
        return EXIT_UNABLE
    child.serve(answer, cpu_s=CPU_S, memory_room_bytes=MEMORY_ROOM_BYTES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
