"""DG11, DG12, DG16 and what stands plainly in the other groups; and the traps that genuine ones hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.contacts import parse_dg16
from icao.lds.data_groups import content, displayed_portraits, displayed_signatures
from icao.lds.personal_details import parse_dg11, parse_dg12
from icao.tlv import Garbled, write
from simulators.issuing import groups

DG11 = {
    0x5F0E: "OBERLIN<<MIRA<SOLEDA",
    0x5F10: "880314-1234",
    0x5F2B: bytes.fromhex("19880314"),
    0x5F11: "UTOPIA<CITY<UTO",
    0x5F42: "1 HILL ROAD<UTOPIA CITY",
    0x5F12: "+999 1234",
    0x5F13: "ARCHITECT",
    0x5F14: "DR",
    0x5F15: "NONE",
    0x5F16: b"\xff\xd8\xff\xd9",
    0x5F17: "U1234<U5678",
    0x5F18: "NONE",
}
DG12 = {
    0x5F19: "MINISTRY OF THE INTERIOR",
    0x5F26: "20240301",
    0x5F1B: "NO ENDORSEMENTS",
    0x5F1C: "EXIT TAX PAID",
    0x5F1D: b"\xff\xd8\xff\xd9",
    0x5F55: "20240301101500",
    0x5F56: "SN-77",
}


def test_dg11_says_more_of_the_holder() -> None:
    found = parse_dg11(groups.dg11(DG11, other_names=["SOLEDA<<MIRA", "M<<O"]))
    assert (found.full_name, found.other_names) == ("OBERLIN<<MIRA<SOLEDA", ("SOLEDA<<MIRA", "M<<O"))
    assert (found.birth_date, found.personal_number) == ("1988-03-14", "880314-1234")
    assert found.place_of_birth == ("UTOPIA", "CITY", "UTO")
    assert found.address == ("1 HILL ROAD", "UTOPIA CITY")
    assert (found.telephone, found.profession, found.title) == ("+999 1234", "ARCHITECT", "DR")
    assert found.other_documents == ("U1234", "U5678")
    assert found.citizenship_proof == b"\xff\xd8\xff\xd9"
    assert found.odd == ()
    assert "MIRA" not in repr(found)


def test_dg12_says_more_of_the_document() -> None:
    found = parse_dg12(groups.dg12(DG12, other_persons=["LINDMOOR<<JUNA"]))
    assert (found.issuing_authority, found.issue_date) == ("MINISTRY OF THE INTERIOR", "2024-03-01")
    assert (found.personalised_at, found.personalisation_system) == ("2024-03-01T10:15:00", "SN-77")
    assert found.other_persons == ("LINDMOOR<<JUNA",)
    assert (found.front, found.rear) == (b"\xff\xd8\xff\xd9", b"")
    assert found.odd == ()


@pytest.mark.parametrize("date", [b"19880314", bytes.fromhex("19880314")])
def test_a_date_may_be_written_in_digits_or_packed(date: bytes) -> None:
    assert parse_dg11(groups.dg11({0x5F2B: date})).birth_date == "1988-03-14"
    assert parse_dg12(groups.dg12({0x5F26: date})).issue_date == "1988-03-14"


@pytest.mark.parametrize("moment", [b"20240301101500", bytes.fromhex("20240301101500")])
def test_the_tag_that_belgium_writes_is_the_one_that_it_means(moment: bytes) -> None:
    """5F85 announces a third byte of tag by the rules, and would swallow the length."""
    right = groups.dg12({0x5F19: "UTO", 0x5F55: moment, 0x5F56: "SN"})
    found = parse_dg12(right.replace(b"\x5f\x55", b"\x5f\x85"))
    assert (found.personalised_at, found.personalisation_system) == ("2024-03-01T10:15:00", "SN")
    assert found.odd == ()


def test_a_date_that_nobody_can_read_takes_nothing_from_the_fields_beside_it() -> None:
    for bad in (b"19881314", b"14.03.88", b"1988", b"\x19\x88\x0a\x14", b"198803140"):
        found = parse_dg11(groups.dg11({0x5F0E: "OBERLIN<<MIRA", 0x5F2B: bad}))
        assert (found.full_name, found.birth_date, found.odd) == ("OBERLIN<<MIRA", "", ("birth-date-unreadable",))


def test_a_field_of_length_zero_is_not_there() -> None:
    found = parse_dg11(groups.dg11({0x5F0E: "OBERLIN<<MIRA", 0x5F10: b"", 0x5F2B: b""}))
    assert (found.personal_number, found.birth_date, found.odd) == ("", "", ())


def test_texts_are_read_in_utf_8_and_in_latin_1() -> None:
    for encoding in ("utf-8", "latin-1"):
        assert parse_dg11(groups.dg11({0x5F0E: "GRÖGER<<ZOË".encode(encoding)})).full_name == "GRÖGER<<ZOË"


def test_a_list_that_lies_is_an_oddity_and_hides_nothing() -> None:
    name = write(0x5F0E, b"OBERLIN<<MIRA")
    several = write(0xA0, write(0x02, b"\1") + write(0x5F0F, b"M<<O"))
    for body, odd in {
        name: ("list-missing",),
        write(0x5C, b"\x5f\x0e\x5f\x10") + name: ("list-differs",),
        write(0x5C, b"\x5f\x10") + name: ("list-differs",),
        write(0x5C, b"\x5f\x0e") * 2 + name: ("list-doubled",),
        write(0x5C, b"\x5f\x0e\xa0") + name + several: (),
        write(0x5C, b"\x5f\x0e\x5f\x0f") + name + several: (),
        write(0x5C, b"\x5f\x0e") + name + several: ("list-differs",),
        write(0x5C, b"\x5f\x0e\xa0") + name + several.replace(b"\2\1\1", b"\2\1\5"): ("count-differs",),
    }.items():
        found = parse_dg11(write(0x6B, body))
        assert (found.full_name, found.odd) == ("OBERLIN<<MIRA", odd)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        write(0x6C, b""),
        groups.dg11({0x5F0E: "A" * 5000}),
        groups.dg11({}, other_names=["A"] * 33),
        write(0x6B, write(0x5C, bytes(65))),
        write(0x6B, b"\x5f\x0e\x05A"),
        write(0x6B, b"\x5f\x85"),
        write(0x6B, b"\x5f\x0e\x00" * 300),
        write(0x6B, bytes(300_000)),
    ],
)
def test_details_beyond_every_limit_are_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        parse_dg11(bad)


def test_dg16_names_whom_to_call() -> None:
    person = {0x5F50: "20240301", 0x5F51: "LINDMOOR<<ELSE", 0x5F52: "+999 1", 0x5F53: "2 HILL ROAD<UTOPIA CITY"}
    first, second = parse_dg16(groups.dg16([person, {0x5F51: "SERRAKIN<<TOMO"}]))
    assert (first.recorded, first.name, first.telephone) == ("2024-03-01", "LINDMOOR<<ELSE", "+999 1")
    assert first.address == ("2 HILL ROAD", "UTOPIA CITY")
    assert (second.recorded, second.name, second.address) == ("", "SERRAKIN<<TOMO", ())
    for bad in (b"", write(0x70, write(0x02, b"\2") + write(0xA1, b"")), groups.dg16([{0x5F50: "tomorrow"}])):
        with pytest.raises(Garbled):
            parse_dg16(bad)


def test_what_is_shown_is_read_and_counted() -> None:
    assert displayed_portraits(groups.dg5(b"\xff\xd8\xff", b"2")) == (b"\xff\xd8\xff", b"2")
    assert displayed_signatures(groups.dg7(b"\xff\xd8\xff")) == (b"\xff\xd8\xff",)
    for bad in (groups.dg5(*[b"1"] * 9), groups.dg5(bytes(140_000)), write(0x65, write(0x02, b"\1")), groups.dg7(b"1")):
        with pytest.raises(Garbled):
            displayed_portraits(bad)


def test_a_raw_group_need_not_be_made_of_objects() -> None:
    assert content(13, groups.raw(13, b"\x5f\xb0A")) == b"\x5f\xb0A"
    assert content(14, groups.dg14(b"\x31\x00")) == b"\x31\x00"
    assert content(15, groups.dg15(b"\x30\x00")) == b"\x30\x00"
    for bad in (groups.raw(8, b"") + b"\0", groups.raw(9, b""), b"", write(0x68, bytes(300_000))):
        with pytest.raises(Garbled):
            content(8, bad)


@given(st.integers(0, 400), st.binary(max_size=5))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_spoilt_details_raise_nothing_but_garbled(place: int, noise: bytes) -> None:
    person = {0x5F50: "20240301", 0x5F51: "LINDMOOR<<ELSE"}
    readers = {
        parse_dg11: groups.dg11(DG11, other_names=["M<<O"]),
        parse_dg12: groups.dg12(DG12, other_persons=["M<<O"]),
        parse_dg16: groups.dg16([person, person]),
        displayed_portraits: groups.dg5(b"\xff\xd8\xff"),
    }
    for read, good in readers.items():
        at = place % len(good)
        try:
            read(good[:at] + noise + good[at + len(noise) :])
        except Garbled:
            continue
