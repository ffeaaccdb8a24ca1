"""A seal is found in a picture however it lies there, one and only one; and no picture harms more than its process."""

import zlib
from struct import pack

import cv2
import numpy
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.inspection import barcode, barcode_process, barcode_search
from edge.inspection.barcode import NoSealFound, find_seal, only_seal
from edge.inspection.barcode_process import PIXELS_LIMIT, refused_by_its_header
from icao.seals import reader

CONTENT = bytes.fromhex("DC03") + bytes(range(256))[:140]
SYMBOLOGIES = ("DataMatrix", "QRCode", "Aztec", "PDF417")
Pixels = barcode_search.Pixels


def code(content: bytes | str, symbology: str = "DataMatrix", scale: int = 4) -> Pixels:
    made = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, symbology))
    return numpy.asarray(made.to_image(scale=scale)).copy()


def sheet(*codes: Pixels, degrees: float = 0, scale: float = 1, contrast: float = 1, blur: float = 0) -> Pixels:
    """A sheet of grey paper with the codes in a row on it."""
    paper = numpy.full((1200, 1200 * len(codes)), 230, numpy.uint8)
    for number, each in enumerate(codes):
        height, width = each.shape
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, scale)
        turn[:, 2] += (600 - width / 2, 600 - height / 2)
        faint = (255 - (255 - each.astype(float)) * contrast).astype(numpy.uint8)
        part = slice(1200 * number, 1200 * (number + 1))
        paper[:, part] = cv2.warpAffine(faint, turn, (1200, 1200), flags=cv2.INTER_AREA, borderValue=(230,))
    return cv2.GaussianBlur(paper, (0, 0), blur).astype(numpy.uint8) if blur else paper


def file(pixels: Pixels, suffix: str = ".png") -> bytes:
    return bytes(cv2.imencode(suffix, pixels)[1].tobytes())


# --- finding ---
@pytest.mark.parametrize("symbology", SYMBOLOGIES)
@pytest.mark.parametrize(
    "lying",
    [
        {},
        {"degrees": 90},
        {"degrees": 180},
        {"degrees": 33},
        {"degrees": -71},
        {"scale": 0.5},
        {"scale": 0.35},
        {"contrast": 0.1},
        {"degrees": 20, "contrast": 0.3, "blur": 1},
    ],
    ids=str,
)
def test_a_code_is_found_however_it_lies(symbology: str, lying: dict[str, float]) -> None:
    assert barcode_search.search(file(sheet(code(CONTENT, symbology), **lying))) == [CONTENT]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
def test_the_seal_in_a_picture_file_is_found_by_the_caged_process(suffix: str) -> None:
    assert find_seal(file(sheet(code(CONTENT)), suffix)) == CONTENT


def test_bytes_and_text_come_out_as_they_went_in() -> None:
    text = '{"data":{"hdr":{"t":"icao.vacc"}},"é":"ü"}'
    for content in (bytes(range(256)), b"\xdc" + bytes(50), text.encode()):
        for symbology in SYMBOLOGIES:
            assert barcode_search.search(file(code(content, symbology))) == [content]
    assert barcode_search.search(file(code("RDB1AANKUTO234567"))) == [b"RDB1AANKUTO234567"]


# --- one, and only one ---
def test_two_seals_in_view_are_refused() -> None:
    """A32."""
    picture = file(sheet(code(CONTENT), code(CONTENT[:-1], "QRCode")))
    with pytest.raises(NoSealFound, match="two seals") as refused:
        find_seal(picture)
    assert refused.value.code == "two-seals"


def test_the_same_seal_twice_and_other_codes_beside_it_are_no_second_seal() -> None:
    picture = file(sheet(code(CONTENT), code(CONTENT, "Aztec"), code("M1ERIKSSON/ANNA", "PDF417")))
    assert only_seal(tuple(barcode_search.search(picture) or ())) == CONTENT


@pytest.mark.parametrize(("codes", "why"), [((), "no-barcode"), ((b"M1ERIKSSON/ANNA",), "not-a-seal")])
def test_where_there_is_no_seal_none_is_found(codes: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(NoSealFound) as refused:
        only_seal(codes)
    assert refused.value.code == why


def test_an_empty_sheet_holds_nothing() -> None:
    assert barcode_search.search(file(numpy.full((300, 300), 200, numpy.uint8))) == []


def test_whatever_begins_like_a_seal_is_taken_for_one() -> None:
    for begun in (b"\xdc", b"RDB1", b"NDB1", b" {"):
        assert barcode.looks_like_seal(begun)
        with pytest.raises(reader.Garbled) as garbled:
            reader.parse(begun)
        assert not isinstance(garbled.value, reader.NotASeal)


def test_where_the_libraries_are_not_installed_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(barcode, "LIBRARIES", ("cv2", "no_such_library"))
    with pytest.raises(NoSealFound, match="extra `seals`") as refused:
        find_seal(file(code(CONTENT)))
    assert refused.value.code == "no-decoder"


# --- hostile pictures ---
def png_claiming(width: int, height: int) -> bytes:
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    made = [pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body)) for kind, body in chunks]
    return barcode_process.PNG + b"".join(made)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (9_000, 9_000), (PIXELS_LIMIT + 1, 1), (0, 5)])
def test_a_picture_that_claims_too_many_pixels_is_seen_by_no_decoder(width: int, height: int) -> None:
    """A23."""
    assert refused_by_its_header(png_claiming(width, height))
    with pytest.raises(NoSealFound) as refused:
        find_seal(png_claiming(width, height))
    assert refused.value.code == "picture-refused"


def test_the_process_itself_looks_at_the_header_too() -> None:
    large = file(numpy.full((4001, 3000), 200, numpy.uint8))
    assert barcode_process.answer(large) == bytes([barcode_process.UNDECODABLE])
    assert barcode_process.answer(file(numpy.full((400, 300), 200, numpy.uint8))) == bytes([barcode_process.FOUND])


@pytest.mark.parametrize(
    "picture", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"BM", b"\xff\xd8\xff", b"BM" + bytes(30), b"\xff\xd8\xff\xe0AB"]
)
def test_what_is_no_picture_is_refused(picture: bytes) -> None:
    assert refused_by_its_header(picture)


def test_a_picture_that_breaks_off_is_refused_and_the_next_one_read() -> None:
    """A24."""
    whole = file(sheet(code(CONTENT)), ".jpg")
    for broken in (whole[:700], png_claiming(500, 500)):
        with pytest.raises(NoSealFound):
            find_seal(broken)
    assert find_seal(whole) == CONTENT


@pytest.mark.parametrize("answer", [b"", b"\x01", b"\x00\xff\xff", b"\x00\x00\x01", b"\x07" + bytes(20)])
def test_an_answer_that_cannot_be_true_finds_no_seal(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has just decoded a stranger's picture: it may have changed sides."""
    monkeypatch.setattr(barcode.Caged, "ask", lambda *asked: answer)
    with pytest.raises(NoSealFound):
        find_seal(file(code(CONTENT)))


@given(st.binary(max_size=200))
@settings(derandomize=True)
def test_garbage_is_refused_by_its_header_or_not_but_never_raises(data: bytes) -> None:
    for prefix in (b"", barcode_process.PNG, b"BM", b"\xff\xd8\xff"):
        refused_by_its_header(prefix + data)
