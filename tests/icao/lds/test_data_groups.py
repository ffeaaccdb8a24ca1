"""DG1 and DG2: what comes out of good ones, and what bad ones say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.data_groups import mrz_lines, portrait
from icao.lds.faces import MAX_PORTRAIT_BYTES
from icao.lds.files import ALL_FILES, data_group
from icao.lds.images import J2K, JP2, JPEG
from icao.mrz.codes import SPECIAL_ISSUERS, SPECIAL_NATIONALITIES, certificate_countries
from icao.tlv import Garbled, write

TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")


def dg1(text: str) -> bytes:
    return write(0x61, write(0x5F1F, text.encode()))


def record(image: bytes, points: int = 0, too_long: int = 0) -> bytes:
    face = points.to_bytes(2, "big") + bytes(14) + bytes(8 * points) + bytes(12) + image
    face = (len(face) + 4 + too_long).to_bytes(4, "big") + face
    return b"FAC\x00010\x00" + (14 + len(face)).to_bytes(4, "big") + b"\0\1" + face


def dg2(*records: bytes, count: int | None = None, tag: int = 0x5F2E) -> bytes:
    faces = b"".join(write(0x7F60, write(0xA1, b"") + write(tag, each)) for each in records)
    return write(0x75, write(0x7F61, write(2, bytes([len(records) if count is None else count])) + faces))


@pytest.mark.parametrize("lines", [TD1, TD3])
def test_the_zone_on_the_chip_comes_in_its_lines(lines: tuple[str, ...]) -> None:
    assert mrz_lines(dg1("".join(lines))) == lines


@pytest.mark.parametrize("bad", [b"", dg1(""), dg1("<" * 87), dg1("é" * 44), write(0x61, b""), write(0x75, b"")])
def test_a_zone_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        mrz_lines(bad)


@pytest.mark.parametrize("magic", [JPEG, JP2, J2K])
@pytest.mark.parametrize("points", [0, 3])
@pytest.mark.parametrize("tag", [0x5F2E, 0x7F2E])
def test_the_portrait_is_told_by_its_own_first_bytes(magic: bytes, points: int, tag: int) -> None:
    image = magic + b"Utopia"
    assert portrait(dg2(record(image, points), tag=tag)) == image


def test_of_several_faces_the_first_is_taken() -> None:
    assert portrait(dg2(record(JPEG + b"1"), record(JPEG + b"2"))) == JPEG + b"1"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        write(0x75, b""),
        dg2(),
        dg2(record(JPEG), count=2),
        dg2(*[record(JPEG)] * 9),
        dg2(record(b"GIF89a")),
        dg2(record(JPEG, too_long=1)),
        dg2(record(JPEG + bytes(MAX_PORTRAIT_BYTES))),
        dg2(b"FAC\x00030\x00"),
        dg2(b"FAC\x00010\x00"),
        dg2(record(JPEG)[:30]),
        dg2(record(JPEG)[:14] + b"\0\0\0\x20\xff\xff" + bytes(40)),
        dg2(record(JPEG), tag=0x5F2D),
    ],
)
def test_a_portrait_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        portrait(bad)


@given(st.binary(max_size=200), st.integers(0, 80), st.integers(0, 255))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_garbage_never_raises_anything_but_garbled(data: bytes, place: int, octet: int) -> None:
    good = bytearray(dg2(record(JPEG + b"Utopia", 1)))
    good[place % len(good)] = octet
    for bad in (data, write(0x75, data), write(0x61, data), bytes(good)):
        for reader in (mrz_lines, portrait):
            try:
                reader(bad)
            except Garbled:
                continue


def test_every_file_has_its_own_names() -> None:
    for names in zip(*((file.name, file.id, file.short_id, file.tag) for file in ALL_FILES), strict=True):
        assert len(set(names)) == len(ALL_FILES) == 19
    assert data_group(16).id_bytes == bytes.fromhex("0110")


def test_every_issuer_is_known_by_two_letters_and_nobody_issues_for_the_stateless() -> None:
    for issuer in SPECIAL_ISSUERS:
        assert all(len(code) == 2 and code.isupper() for code in certificate_countries(issuer))
    assert certificate_countries("CHE") == {"CH"}
    assert certificate_countries("RKS") == {"KS", "XK", "RK"}
    for nobody in (*SPECIAL_NATIONALITIES, "", "DE", "QQQ"):
        assert certificate_countries(nobody) == frozenset()
