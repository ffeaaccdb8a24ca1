"""Pictures that claim too much never reach a decoder (attack A23)."""

import struct
from contextlib import suppress

import cv2
import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cage.decoding import decoded
from edge.cage.picture import PortraitRefused, Size, size_within_limits
from icao.lds.images import JP2 as JP2_SIGNATURE
from simulators.people.citizens import citizen, portrait

JPEG = portrait(citizen("u02"))


def jpeg_2000(suffix: str = ".jp2") -> bytes:
    encoded, picture = cv2.imencode(suffix, cv2.imdecode(numpy.frombuffer(JPEG, numpy.uint8), cv2.IMREAD_COLOR))
    assert encoded
    return picture.tobytes()


JP2 = jpeg_2000()
CODESTREAM = JP2[JP2.index(b"\xff\x4f\xff\x51") :]


def claiming(picture: bytes, width: int, height: int) -> bytes:
    """The same picture with another size in its header."""
    if picture is JPEG:
        at = picture.index(b"\xff\xc0") + 5
        return picture[:at] + struct.pack(">HH", height, width) + picture[at + 4 :]
    at = picture.index(b"\xff\x4f\xff\x51") + 8
    whole = struct.pack(">6I", width, height, 0, 0, width, height)  # one tile: few numbers are large
    return picture[:at] + whole + picture[at + 24 :]


def refusal(picture: bytes) -> str:
    with pytest.raises(PortraitRefused) as refused:
        size_within_limits(picture)
    return refused.value.reason


@pytest.mark.parametrize("picture", [JPEG, JP2, CODESTREAM])
def test_an_issuers_portrait_has_its_size_and_is_decoded(picture: bytes) -> None:
    assert size_within_limits(picture) == Size(240, 320)
    assert decoded(picture).shape == (320, 240, 3)


@pytest.mark.parametrize("picture", [JPEG, JP2, CODESTREAM])
@pytest.mark.parametrize(("width", "height"), [(9_000, 9_000), (60_000, 60_000), (2_001, 2_000), (1, 65_535 * 64)])
def test_a_claim_of_too_many_pixels_is_refused(picture: bytes, width: int, height: int) -> None:
    if picture is JPEG and height > 65_535:
        height, width = 65_535, 64
    assert refusal(claiming(picture, width, height)) == "too-many-pixels"


def test_the_limit_itself_is_allowed() -> None:
    assert size_within_limits(claiming(JPEG, 2_000, 2_000)) == Size(2_000, 2_000)


@pytest.mark.parametrize("picture", [JPEG, JP2, CODESTREAM])
def test_a_picture_without_pixels_is_refused(picture: bytes) -> None:
    assert refusal(claiming(picture, 0, 100)) == "empty"


def test_a_million_tiny_tiles_are_refused() -> None:
    at = CODESTREAM.index(b"\xff\x51") + 6
    tiny = struct.pack(">6I", 1_000, 1_000, 0, 0, 1, 1)
    assert refusal(CODESTREAM[:at] + tiny + CODESTREAM[at + 24 :]) == "too-many-tiles"


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        (b"", "unknown-format"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "unknown-format"),
        (b"GIF89a" + bytes(64), "unknown-format"),
        (JPEG[:40], "cut-short"),
        (JP2[:30], "cut-short"),
        (CODESTREAM[:20], "cut-short"),
        (JPEG + bytes(1024 * 1024), "too-many-bytes"),
        (b"\xff\xd8\xff\xda\x00\x02", "no-frame-header"),
        (b"\xff\xd8\xff\xc9\x00\x0b\x08\x00\x10\x00\x10\x01", "unknown-coding"),
        (JP2_SIGNATURE + b"\x00\x00\x00\x00abcd", "no-codestream"),
        (JP2_SIGNATURE + b"\x00\x00\x00\x08free" * 100, "no-codestream"),
    ],
)
def test_what_is_no_portrait_is_refused_with_a_reason(picture: bytes, reason: str) -> None:
    assert refusal(picture) == reason


@given(st.sampled_from([JPEG[:700], JP2[:200], CODESTREAM[:120]]), st.integers(0, 699), st.binary(max_size=8))
def test_a_damaged_header_is_refused_or_within_limits(head: bytes, at: int, damage: bytes) -> None:
    damaged = head[: at % len(head)] + damage + head[at % len(head) + len(damage) :]
    try:
        size = size_within_limits(damaged)
    except PortraitRefused:
        return
    assert 0 < size.width_px * size.height_px <= 4_000_000


def test_a_portrait_cut_in_the_middle_is_refused_or_decoded_but_crashes_nothing() -> None:
    for picture in (JPEG, JP2, CODESTREAM):
        with suppress(PortraitRefused):
            assert decoded(picture[: len(picture) // 2]).shape == (320, 240, 3)
