"""May this picture go to a decoder? Judged by its own header (``icao.lds.images``), before any decoder believes it.

JPEG and JPEG 2000 (file or bare codestream), as Doc 9303-10 allows in DG2.
"""

from dataclasses import dataclass

from icao.lds.images import ImageHeader, NoImage, look_at

PORTRAIT_LIMIT_BYTES = 1024 * 1024
PIXELS_LIMIT = 4_000_000  # twenty times an issuer's largest portrait; decoded, 12 MB
COMPONENTS_LIMIT = 4
TILES_LIMIT = 1024


class PortraitRefused(Exception):
    """This picture goes to no decoder. ``reason`` is a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Size:
    width_px: int
    height_px: int


def size_within_limits(picture: bytes) -> Size:
    """The claimed size. Raises PortraitRefused for what is too large, of another format, or broken."""
    if len(picture) > PORTRAIT_LIMIT_BYTES:
        raise PortraitRefused("too-many-bytes")
    try:
        header = look_at(picture)
    except NoImage as none:
        raise PortraitRefused(none.reason) from None
    _judge(header)
    return Size(header.width_px, header.height_px)


def _judge(header: ImageHeader) -> None:
    if not 1 <= header.components <= COMPONENTS_LIMIT:
        raise PortraitRefused("too-many-components")
    if min(header.width_px, header.height_px) < 1:
        raise PortraitRefused("empty")
    # Attack A23 again: tiles of one pixel cost a decoder memory and time without a single large number in sight.
    if header.tiles > TILES_LIMIT:
        raise PortraitRefused("too-many-tiles")
    # Attack A23: a few hundred bytes that claim 9,000 x 9,000 pixels cost the decoder gigabytes.
    if header.width_px * header.height_px > PIXELS_LIMIT:
        raise PortraitRefused("too-many-pixels")
