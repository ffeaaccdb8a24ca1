"""Attack A28: what stands in a name stays in that name, and is seen."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds.summary import Field, summary
from icao.lds.texts import MAX_SHOWN_CHARACTERS, day, moment, parts, shown, text
from icao.tlv import Garbled
from simulators.issuing import groups

TODAY = date(2026, 11, 24)
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")


@pytest.mark.parametrize(
    ("hidden", "seen"),
    [
        ("A\x1b[2JB", "A\\x1b[2JB"),  # clears a terminal
        ("A\nRESULT: successful", "A\\x0aRESULT: successful"),  # a line of its own
        ("A\u202eKO", "A\\u202eKO"),  # turns what follows
        ("A\u2066B\u2069", "A\\u2066B\\u2069"),
        ("A\u200bB\u200dC\ufeff", "A\\u200bB\\u200dC\\ufeff"),  # two names that look like one
        ("A\u00adB", "A\\xadB"),
        ("A\u2028B\u0085", "A\\u2028B\\x85"),
        ("A\U000e0041", "A\\U000e0041"),  # a tag: text that nobody sees
        ("A\ue000", "A\\ue000"),
        ("A\u3164B\u2800", "A\\u3164B\\u2800"),
        ("A\u00a0B", "A\\xa0B"),
        ("A\0", "A\\x00"),
    ],
)
def test_what_is_not_seen_is_shown_escaped(hidden: str, seen: str) -> None:
    assert shown(hidden) == seen


def test_what_people_are_called_stays_as_it_is() -> None:
    for name in ("GRÖGER", "O'NEILL-SØRENSEN", "ΝΙΚΟΛΑΟΥ", "山田 太郎", "Nguyễn Thị Ánh", "N\u0303u"):
        assert shown(name) == name


def test_a_name_that_is_read_from_the_right_turns_nothing_beside_it() -> None:
    assert shown("محمد") == "\u2068محمد\u2069"
    assert shown("\u05d3\u05d5\u05d3 5") == "\u2068\u05d3\u05d5\u05d3 5\u2069"
    # An isolate that the name brings along cannot close ours.
    assert shown("\u2069محمد").count("\u2069") == 1


def test_marks_do_not_climb_over_the_line_above() -> None:
    line = shown("A" + "\u0301" * 50)
    assert line.count("\u0301") == 3
    assert line.count("\\u0301") == 47


def test_a_text_without_end_is_cut() -> None:
    assert len(shown("A" * 10_000)) == MAX_SHOWN_CHARACTERS + 1
    with pytest.raises(Garbled):
        text(b"A" * 10_000)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_nothing_unseen_is_ever_shown(stranger: str) -> None:
    inner = shown(stranger).removeprefix("\u2068").removesuffix("\u2069")
    assert not [
        each for each in inner if unicodedata.category(each)[0] in "C" or unicodedata.category(each) in ("Zl", "Zp")
    ]


@given(st.binary(max_size=16))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_date_is_one_of_the_calendar_or_garbled(value: bytes) -> None:
    text(value)
    for read, length in ((day, 10), (moment, 19)):
        try:
            assert len(read(value)) == length
        except Garbled:
            continue


@pytest.mark.parametrize(
    ("value", "iso"),
    [
        (b"19740812", "1974-08-12"),
        (b"1974<<<<", "1974-XX-XX"),
        (b"00000000", "XXXX-XX-XX"),
        (b"197408XX", "1974-08-XX"),
    ],
)
def test_unknown_parts_of_a_date_are_crossed_out(value: bytes, iso: str) -> None:
    assert day(value) == iso


@pytest.mark.parametrize("bad", [b"1X740812", b"19741301", b"19740832", b"1974081", b"", b"\xb2\xb2740812"])
def test_a_date_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        day(bad)


@pytest.mark.parametrize(
    "bad", [b"20240301240000", b"20240301106000", b"202403011015<<", b"20240301", b"20241301000000"]
)
def test_a_moment_that_is_none_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        moment(bad)


def test_parts_are_what_fillers_keep_apart() -> None:
    assert parts("<<A < B<<<") == ("A", "B")
    assert parts("") == ()


def test_an_officer_is_shown_the_fields_and_no_trick_among_them() -> None:
    files = {
        1: groups.dg1(TD3),
        2: b"",
        11: groups.dg11({0x5F0E: "ERIKSSON<<ANNA\nMARIA", 0x5F11: "ZENITH<UTOPIA"}, other_names=["SMITH<<A", "محمد"]),
        12: b"\x6c\x05",
    }
    fields = summary(files, TODAY)
    assert Field(1, "surname", "ERIKSSON") in fields
    assert Field(11, "full_name", "ERIKSSON, ANNA\\x0aMARIA") in fields
    assert Field(11, "place_of_birth", "ZENITH; UTOPIA") in fields
    assert Field(11, "other_names", "SMITH, A; \u2068محمد\u2069") in fields
    assert [(field.group, field.name) for field in fields][-1] == (12, "unreadable")
    assert "ERIKSSON" not in repr(fields)


def test_a_zone_that_is_none_is_one_line() -> None:
    assert [field.name for field in summary({1: groups.dg1(["<"])}, TODAY)] == ["unreadable"]
    assert summary({}, TODAY) == ()
