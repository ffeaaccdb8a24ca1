"""What a picture says of itself, before any decoder sees it."""

from io import BytesIO

import pytest
from PIL import Image

from icao.lds.images import ImageFormat, ImageHeader, NoImage, image_format, look_at, without_padding


def picture(format: str, **options: object) -> bytes:
    out = BytesIO()
    Image.effect_mandelbrot((60, 80), (-2, -1, 1, 1), 50).convert("RGB").save(out, format, **options)
    return out.getvalue()


JP2 = picture("JPEG2000")
J2K = picture("JPEG2000", no_jp2=True)
JPEG = picture("JPEG")


@pytest.mark.parametrize(
    ("data", "header"),
    [
        (JPEG, ImageHeader(ImageFormat.JPEG, 60, 80, 3)),
        (picture("JPEG", progressive=True), ImageHeader(ImageFormat.JPEG, 60, 80, 3)),
        (JP2, ImageHeader(ImageFormat.JP2, 60, 80, 3)),
        (J2K, ImageHeader(ImageFormat.J2K, 60, 80, 3)),
        (picture("JPEG2000", tile_size=(32, 32)), ImageHeader(ImageFormat.JP2, 60, 80, 3, tiles=6)),
    ],
)
def test_format_and_size_stand_in_the_header(data: bytes, header: ImageHeader) -> None:
    assert look_at(data) == header
    assert image_format(data) is header.format


@pytest.mark.parametrize("data", [JPEG, JP2, J2K])
def test_only_padding_is_taken_off(data: bytes) -> None:
    for padding in (b"", b"\0", b"\0" * 500, b"\xff\xff"):
        assert without_padding(data + padding) == data
    assert without_padding(data + b"\0<script>") == data + b"\0<script>"
    assert without_padding(data[:-2]) == data[:-2]


def test_a_picture_cut_anywhere_in_its_header_says_why() -> None:
    for data in (JPEG, JP2, J2K):
        for end in range(40):
            with pytest.raises(NoImage) as refused:
                look_at(data[:end])
            assert refused.value.reason in ("unknown-format", "cut-short", "no-codestream", "no-frame-header")


def test_a_length_of_sixteen_bytes_leads_to_the_codestream_too() -> None:
    at = JP2.index(b"jp2c") - 4
    long = b"\0\0\0\1jp2c" + (len(JP2) - at + 8).to_bytes(8, "big")
    assert look_at(JP2[:at] + long + JP2[at + 8 :]).width_px == 60


def test_a_length_beyond_every_machine_leads_nowhere() -> None:
    at = JP2.index(b"ftyp") - 4
    with pytest.raises(NoImage, match="cut-short"):
        look_at(JP2[:at] + b"\0\0\0\1ftyp" + b"\xff" * 8 + JP2[at:])
