"""DG3 and DG4: counted, bounded, and never decoded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.fingers import fingers
from icao.lds.irises import irises
from icao.tlv import Garbled, write
from simulators.issuing.groups import dg3, dg4
from simulators.issuing.records import Standard, finger_record, iris_record

PAIR = [(2, b"\xff\xa0right"), (7, b"\xff\xa0left")]
EYES = [(1, b"\xff\xd8\xffright"), (2, b"\xff\xd8\xffleft")]


def enveloped(group: int, record: bytes) -> bytes:
    return write(group, write(0x7F61, write(0x02, b"\1") + write(0x7F60, write(0xA1, b"") + write(0x5F2E, record))))


@pytest.mark.parametrize("standard", Standard)
def test_fingers_come_with_their_place(standard: Standard) -> None:
    for group in (dg3(PAIR, standard), enveloped(0x63, finger_record(PAIR, standard))):
        found = fingers(group)
        assert [(finger.position, finger.image) for finger in found] == [
            ("right index finger", b"\xff\xa0right"),
            ("left index finger", b"\xff\xa0left"),
        ]
        assert {finger.format for finger in found} <= {"wsq", "unstated"}


def test_whoever_could_give_no_finger_has_none() -> None:
    assert fingers(dg3([])) == ()
    assert irises(dg4([])) == ()


def test_irises_come_with_their_eye() -> None:
    for group in (dg4(EYES), enveloped(0x76, iris_record(EYES))):
        found = irises(group)
        assert [(iris.eye, iris.image, iris.format) for iris in found] == [
            ("right", b"\xff\xd8\xffright", "jpeg"),
            ("left", b"\xff\xd8\xffleft", "jpeg"),
        ]
        assert {(iris.width_px, iris.height_px) for iris in found} == {(640, 480)}


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        dg4(EYES),
        dg3(PAIR * 6),
        dg3([(1, bytes(140_000))]),
        enveloped(0x63, finger_record(PAIR * 6)),
        enveloped(0x63, finger_record(PAIR)[:40]),
        enveloped(0x63, finger_record(PAIR)[:-1]),
        enveloped(0x63, b"FIR\x00030\x00" + bytes(40)),
        enveloped(0x63, write(0xA1, write(0x65, b"\0"))),
        enveloped(0x63, write(0x64, write(0xA1, write(0x30, write(0xA0, b"\x80\0"))))),
    ],
)
def test_fingers_that_are_none_are_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        fingers(bad)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        dg3(PAIR),
        dg4([(1, bytes(140_000))]),
        enveloped(0x76, iris_record(EYES)[:-1]),
        enveloped(0x76, iris_record(EYES)[:50]),
        enveloped(0x76, iris_record(EYES)[:46] + b"\xff\xff" + iris_record(EYES)[48:]),
        enveloped(0x76, write(0xA1, write(0x66, b"\0"))),
    ],
)
def test_irises_that_are_none_are_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        irises(bad)


@given(st.integers(0, 200), st.binary(max_size=5))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_spoilt_fingers_and_irises_raise_nothing_but_garbled(place: int, noise: bytes) -> None:
    for read, good in ((fingers, dg3(PAIR)), (fingers, dg3(PAIR, Standard.ISO_39794)), (irises, dg4(EYES))):
        at = place % len(good)
        try:
            read(good[:at] + noise + good[at + len(noise) :])
        except Garbled:
            continue
