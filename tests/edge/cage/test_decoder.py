"""A stranger's picture costs a process, and nothing more (attacks A23, A24)."""

import os
import signal
import struct
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from edge.cage.child import Caged, CageError
from edge.cage.decoder import CPU_S, answer, question
from edge.cage.picture import PortraitRefused
from edge.inspection.portrait import DecodeLimits, Decoder, Picture, PortraitAborted, decode, examine
from icao.checks import Result
from simulators.people.citizens import citizen, portrait

JPEG = portrait(citizen("u03"))
PATIENCE = DecodeLimits(time_s=30.0)


def encoded(format: str, side_px: int | None = None, **options: object) -> bytes:
    out = BytesIO()
    with Image.open(BytesIO(JPEG)) as face:
        (face.resize((side_px, side_px)) if side_px else face).save(out, format, **options)
    return out.getvalue()


JP2 = encoded("JPEG2000")
J2K = encoded("JPEG2000", no_jp2=True)


def claiming(picture: bytes, width: int, height: int) -> bytes:
    if picture.startswith(b"\xff\xd8"):
        at = picture.index(b"\xff\xc0") + 5
        return picture[:at] + struct.pack(">HH", height, width) + picture[at + 4 :]
    at = picture.index(b"\xff\x4f\xff\x51") + 8
    return picture[:at] + struct.pack(">6I", width, height, 0, 0, width, height) + picture[at + 24 :]


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as decoder:
        yield decoder


def colours(picture: Picture) -> tuple[float, ...]:
    with Image.open(BytesIO(picture.png())) as image:
        assert image.mode == "RGB"
        return tuple(ImageStat.Stat(image).mean)


@pytest.mark.parametrize("image", [JPEG, JP2, J2K, encoded("JPEG", progressive=True), JP2 + bytes(40)])
def test_a_portrait_comes_out_as_plain_pixels(decoder: Decoder, image: bytes) -> None:
    picture = decoder.decode(image, PATIENCE)
    assert (picture.width_px, picture.height_px, len(picture.rgb)) == (240, 320, 240 * 320 * 3)
    with Image.open(BytesIO(JPEG)) as face:
        truth = tuple(ImageStat.Stat(face.convert("RGB")).mean)
    assert colours(picture) == pytest.approx(truth, abs=2.0)  # red is red, and blue is blue
    assert "rgb" not in repr(picture)


def test_a_grey_portrait_is_one_too(decoder: Decoder) -> None:
    out = BytesIO()
    with Image.open(BytesIO(JPEG)) as face:
        face.convert("L").save(out, "JPEG")
    assert decoder.decode(out.getvalue(), PATIENCE).width_px == 240


def test_a_large_portrait_is_handed_out_small(decoder: Decoder) -> None:
    packed = {"quality_mode": "rates", "quality_layers": [60]}
    for large in (encoded("JPEG", side_px=2_000), encoded("JPEG2000", side_px=2_000, **packed)):
        assert decoder.decode(large, PATIENCE).width_px == 1_024
    picture = decoder.decode(JPEG, DecodeLimits(time_s=30.0, side_px=100))
    assert (picture.width_px, picture.height_px) == (75, 100)


@pytest.mark.parametrize("image", [JPEG, JP2, J2K])
@pytest.mark.parametrize("side_px", [9_000, 60_000])
def test_a23_too_many_pixels_are_refused_and_no_process_sees_them(image: bytes, side_px: int) -> None:
    with Decoder() as decoder:
        with pytest.raises(PortraitRefused, match="too-many-pixels"):
            decoder.decode(claiming(image, side_px, side_px))
        assert decoder.starts == 0


def test_a23_the_decoder_counts_the_pixels_again() -> None:
    """Whoever takes over the first look has still to pass the second."""
    assert answer(question(claiming(JP2, 9_000, 9_000), 100)) == b"\x01too-many-pixels"


@pytest.mark.parametrize("image", [JPEG, JP2, J2K])
def test_a24_a_picture_cut_short_is_refused_or_drawn_as_far_as_it_goes(decoder: Decoder, image: bytes) -> None:
    starts = decoder.starts
    for end in (len(image) // 2, len(image) - 100, 300):
        check, picture = examine(image[:end], decoder, PATIENCE)
        assert check.result is (Result.FAILED if picture is None else Result.SUCCESSFUL)
    assert decoder.decode(image, PATIENCE).height_px == 320
    assert decoder.starts == max(starts, 1)


def test_a24_the_death_of_a_decoder_is_an_aborted_check_and_the_next_picture_has_a_new_one() -> None:
    with Decoder() as decoder:
        decoder.decode(JPEG, PATIENCE)
        assert decoder.pid is not None
        os.kill(decoder.pid, signal.SIGSTOP)
        check, picture = examine(JPEG, decoder, DecodeLimits(time_s=0.2))
        assert (check.result, check.code, picture) == (Result.ABORTED, "portrait-aborted", None)
        assert "late" in check.detail
        check, picture = examine(JPEG, decoder, PATIENCE)
        assert (check.result, check.code) == (Result.SUCCESSFUL, "")
        assert picture is not None
        assert decoder.starts == 2


def test_a_decoder_that_died_between_two_pictures_is_replaced() -> None:
    with Decoder() as decoder:
        decoder.decode(JPEG, PATIENCE)
        pid = decoder.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        while os.path.exists(f"/proc/{pid}/stat") and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            time.sleep(0.01)
        assert decoder.decode(JPEG, PATIENCE).width_px == 240
        assert decoder.starts == 2


def test_a_refused_picture_is_a_failed_check(decoder: Decoder) -> None:
    check, picture = examine(claiming(JPEG, 9_000, 9_000), decoder)
    assert (check.result, check.code, picture) == (Result.FAILED, "portrait-refused", None)


def strange(tmp_path: Path, body: str) -> tuple[str, ...]:
    """A decoder of another kind: what a codestream makes of ours that finds a hole in it."""
    program = tmp_path / "strange.py"
    program.write_text("import os, sys, time\nmouth = os.fdopen(1, 'wb', buffering=0)\n" + textwrap.dedent(body))
    return sys.executable, str(program)


HEARD = "mouth.write(bytes(4)); sys.stdin.buffer.read(9); "  # ready, and asked


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "decoder-died"),  # before it was ready
        ("mouth.write(bytes(4)); os.abort()", "decoder-died"),
        ("mouth.write(bytes(4)); sys.stdin.buffer.read(4); os.kill(os.getpid(), 11)", "decoder-died"),
        ("mouth.write(bytes(4)); time.sleep(60)", "decoder-late"),
        (
            HEARD + "mouth.write(b'\\xff' * 4); time.sleep(60)",
            "decoder-garbled",
        ),
        (
            HEARD + "mouth.write(b'\\0\\0\\0\\1a' * 2); time.sleep(60)",
            "decoder-garbled",
        ),
        ("mouth.write(b'\\0\\0\\0\\1a'); time.sleep(60)", "decoder-garbled"),
        (
            HEARD + "mouth.write(b'\\0\\0\\x0c\\x08\\0\\4\\1\\0\\1' + bytes(3075))",
            "decoder-garbled",
        ),
        (
            HEARD + "mouth.write(b'\\0\\0\\0\\6\\0\\0\\1\\0\\1a')",
            "decoder-garbled",
        ),
        (HEARD + "mouth.write(b'\\0\\0\\0\\5\\1<b>!')", "decoder-garbled"),
        (HEARD + "mouth.write(bytes(4))", "decoder-garbled"),
    ],
)
def test_a_decoder_that_was_taken_over_gives_no_picture_and_no_words(tmp_path: Path, body: str, reason: str) -> None:
    with Decoder(*strange(tmp_path, body)) as decoder, pytest.raises(PortraitAborted) as aborted:
        decoder.decode(JPEG, DecodeLimits(time_s=2.0))
    assert aborted.value.reason == reason


def test_a_decoder_that_cannot_be_started_is_an_aborted_check() -> None:
    with Decoder("/nowhere/decoder") as decoder:
        assert examine(JPEG, decoder)[0].result is Result.ABORTED


def caged(body: str) -> Caged:
    lines = "from edge.cage.child import serve\nimport os, resource, time\ndef answer(asked):\n"
    program = (
        lines + textwrap.indent(textwrap.dedent(body), "    ") + "\nserve(answer, cpu_s=0.5, memory_room_bytes=2**26)"
    )
    return Caged(sys.executable, "-c", program, answer_limit_bytes=1_000_000)


def test_a_caged_process_has_no_memory_beyond_its_room() -> None:
    body = "try:\n    return bytes(len(bytearray(2**27)))\nexcept MemoryError:\n    return b'full'"
    with caged(body) as process:
        assert process.ask(b"", 20.0) == b"full"


def test_a_caged_process_has_no_time_beyond_its_own() -> None:
    with caged("while True: pass") as process, pytest.raises(CageError, match="died"):
        process.ask(b"", 20.0)


def test_a_caged_process_writes_no_file_and_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BORDERPOST_SECRET", "hush")
    file = tmp_path / "written"
    body = f"try:\n    open({str(file)!r}, 'wb', buffering=0).write(b'x')\nexcept OSError:\n    return b'no'"
    with caged(body) as process:
        assert process.ask(b"", 20.0) == b"no"
    assert file.read_bytes() == b""
    with caged("return os.environ.get('BORDERPOST_SECRET', '').encode()") as process:
        assert process.ask(b"", 20.0) == b""


def test_a_long_question_and_a_long_answer_pass_each_other() -> None:
    body = "return asked[::-1]"
    with caged(body) as process:
        long = bytes(range(256)) * 3_000
        assert process.ask(long, 20.0) == long[::-1]
        assert process.ask(b"abc", 20.0) == b"cba"
        assert process.starts == 1


def test_two_threads_ask_one_after_the_other() -> None:
    answers: list[bytes] = []
    with caged("time.sleep(0.01)\nreturn asked") as process:
        threads = [threading.Thread(target=lambda n=n: answers.append(process.ask(bytes([n]), 20.0))) for n in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [bytes([n]) for n in range(5)]


def test_nothing_is_left_behind() -> None:
    with Decoder() as decoder:
        decoder.decode(JPEG, PATIENCE)
        pid = decoder.pid
    assert not os.path.exists(f"/proc/{pid}")
    assert decode(JPEG, PATIENCE).width_px == 240
    assert CPU_S < 5
