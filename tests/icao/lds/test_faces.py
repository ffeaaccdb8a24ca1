"""The faces of DG2, after the old standard and the new one, and what issuers write that no standard says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.data_groups import portrait
from icao.lds.faces import faces, oddities
from icao.lds.images import ImageFormat
from icao.tlv import Garbled, write
from simulators.issuing.groups import dg2
from simulators.issuing.records import PLAIN, FaceForm, Standard, face_record
from simulators.people.citizens import citizen
from simulators.people.citizens import portrait as portrait_of

JPEG = portrait_of(citizen("u01"))
OTHER = portrait_of(citizen("u02"))
EYES = (("12.1", 90, 130), ("12.2", 150, 131), ("2.14", 120, 190))
BOTH = [FaceForm(standard, points=EYES) for standard in Standard]


def enveloped(*records: bytes, tag: int = 0x5F2E) -> bytes:
    each = b"".join(write(0x7F60, write(0xA1, b"") + write(tag, record)) for record in records)
    return write(0x75, write(0x7F61, write(0x02, bytes([len(records)])) + each))


@pytest.mark.parametrize("form", BOTH)
def test_a_face_says_the_same_after_either_standard(form: FaceForm) -> None:
    (face,) = faces(dg2(JPEG, "F", form))
    assert face.image == JPEG
    assert (face.format, face.claimed_format) == (ImageFormat.JPEG, "jpeg")
    assert (face.claimed_width_px, face.claimed_height_px) == (240, 320)
    assert tuple((point.code, point.x_px, point.y_px) for point in face.points) == EYES
    assert face.standard.endswith("94-5")
    assert oddities(face) == ()


@pytest.mark.parametrize("form", BOTH)
@pytest.mark.parametrize("tag", [0x5F2E, 0x7F2E])
def test_the_record_is_told_by_its_own_bytes_and_not_by_the_tag_around_it(form: FaceForm, tag: int) -> None:
    record = face_record([JPEG], "F", form)
    assert faces(enveloped(record, tag=tag))[0].image == JPEG


@pytest.mark.parametrize("form", BOTH)
def test_several_faces_come_in_their_order(form: FaceForm) -> None:
    in_envelopes = dg2(JPEG, "F", form, further=[OTHER])
    in_one_record = enveloped(face_record([JPEG, OTHER], "F", form))
    for group in (in_envelopes, in_one_record):
        assert [face.image for face in faces(group)] == [JPEG, OTHER]
        assert portrait(group) == JPEG


@pytest.mark.parametrize("off", [-1, -8, 5])
def test_a_record_that_miscounts_itself_is_read_as_british_and_new_zealands_ones_must_be(off: int) -> None:
    assert portrait(dg2(JPEG, "F", FaceForm(record_length_off=off))) == JPEG


@pytest.mark.parametrize("standard", Standard)
@pytest.mark.parametrize("padding", [b"\0" * 12, b"\xff" * 3, b" "])
def test_padding_behind_the_picture_is_cut_off(standard: Standard, padding: bytes) -> None:
    assert portrait(dg2(JPEG, "F", FaceForm(standard, padding=padding))) == JPEG


def test_what_is_no_padding_stays_with_the_picture() -> None:
    assert portrait(dg2(JPEG, "F", FaceForm(padding=b"\0SCRIPT"))) == JPEG + b"\0SCRIPT"


@pytest.mark.parametrize("standard", Standard)
def test_the_pictures_own_header_is_believed_and_the_records_claims_are_oddities(standard: Standard) -> None:
    form = FaceForm(standard, claimed_format=ImageFormat.JP2, claimed_size=(413, 531))
    (face,) = faces(dg2(JPEG, "F", form))
    assert (face.format, face.claimed_format) == (ImageFormat.JPEG, "jpeg2000")
    assert oddities(face) == ("format-differs", "size-differs")
    (face,) = faces(dg2(JPEG, "F", FaceForm(standard, claimed_size=(0, 0))))
    assert oddities(face) == ("size-not-stated",)
    (face,) = faces(dg2(JPEG[:60], "F", FaceForm(standard, claimed_size=(1, 1))))
    assert oddities(face) == ("image-cut-short",)


def test_two_records_in_one_envelope_are_garbled() -> None:
    """One would be shown and the other compared."""
    record = face_record([JPEG], "F")
    both = write(0x7F60, write(0x5F2E, record) + write(0x7F2E, face_record([OTHER], "F")))
    with pytest.raises(Garbled, match="2 records"):
        faces(write(0x75, write(0x7F61, write(0x02, b"\1") + both)))


@pytest.mark.parametrize(
    "bad",
    [
        enveloped(face_record([], "F")),
        enveloped(face_record([JPEG] * 9, "F")),
        enveloped(*[face_record([JPEG] * 3, "F")] * 3),
        enveloped(face_record([], "F", FaceForm(Standard.ISO_39794))),
        enveloped(face_record([JPEG] * 9, "F", FaceForm(Standard.ISO_39794))),
        enveloped(write(0xA1, write(0x64, b"\0"))),
        enveloped(write(0x65, write(0xA1, write(0x31, b"")))),
        enveloped(write(0x65, write(0xA1, write(0x30, write(0xA1, write(0xA1, b"\0")))))),  # an extension of tomorrow
        dg2(b"GIF89a", "F", FaceForm(claimed_size=(1, 1))),
        dg2(b"GIF89a", "F", FaceForm(Standard.ISO_39794, claimed_size=(1, 1))),
    ],
)
def test_a_group_without_a_readable_face_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        faces(bad)


def test_a_point_of_the_face_that_there_is_none_of_is_garbled() -> None:
    record = face_record([JPEG], "F", FaceForm(Standard.ISO_39794, points=(("12.4", 1, 2),)))
    assert record.count(b"\x80\x01\x57") == 1  # the last of 88
    with pytest.raises(Garbled, match="point"):
        faces(enveloped(record.replace(b"\x80\x01\x57", b"\x80\x01\x58")))


@given(st.integers(0, 10**6), st.binary(max_size=6), st.sampled_from([PLAIN, *BOTH]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_spoilt_group_gives_faces_or_is_garbled(place: int, noise: bytes, form: FaceForm) -> None:
    good = dg2(JPEG[:400] + b"\xff\xd9", "F", FaceForm(form.standard, claimed_size=(1, 1), points=form.points))
    at = place % min(len(good), 240)
    try:
        found = faces(good[:at] + noise + good[at + len(noise) :])
    except Garbled:
        return
    assert all(face.image for face in found)
    assert [oddities(face) for face in found]
