"""Misread zones: what is repaired, what is left alone, and what nobody can know."""

import random
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.mrz.compose import compose
from icao.mrz.layout import ALPHABET, LAYOUTS
from icao.mrz.repairs import DIGIT_OF, LETTERS_OF, MAX_REPAIRS, Repair, read_ocr
from icao.mrz.zone import MrzError, bac_key_information, parse
from tests.icao.mrz.test_zone import MRVA, MRVB, TD1, TD1_LONG, TD2, TD2_LONG, TD3, with_at, zones

TODAY = date(2026, 11, 24)
SPECIMENS = (TD1, TD1_LONG, TD2, TD2_LONG, TD3, MRVA, MRVB)


def repaired(lines: tuple[str, ...]) -> tuple[tuple[str, ...], list[tuple[int, int, str, str]]]:
    mrz, repairs = read_ocr(lines, TODAY)
    return mrz.lines, [(repair.line, repair.place, repair.read, repair.repaired) for repair in repairs]


@pytest.mark.parametrize(
    ("true", "line", "place", "read"),
    [
        (TD3, 1, 5, "O"),  # in the number: L8989O2C3
        (TD3, 1, 9, "G"),  # its check digit
        (TD3, 1, 17, "I"),  # in the birth date
        (TD3, 1, 21, "I"),  # in the expiry date
        (TD3, 1, 26, "S"),
        (TD3, 1, 43, "O"),  # the composite digit
        (TD3, 0, 4, "0"),  # UT0
        (TD3, 0, 7, "1"),  # ER1KSSON
        (TD3, 1, 12, "0"),
        (TD3, 1, 28, "2"),  # the optional data begin with a letter before a letter: ZE184226B
        (TD3, 1, 31, "B"),
        (TD1, 0, 13, "O"),  # D23145890
        (TD1, 0, 9, "E"),
        (TD1, 0, 0, "1"),  # a card's I
        (TD1, 2, 2, "1"),
        (TD1_LONG, 0, 13, "O"),
        (TD2, 1, 8, "Q"),
        (TD2_LONG, 1, 8, "O"),
        (MRVA, 1, 6, "O"),
        (MRVA, 1, 7, "I"),
        (MRVB, 1, 7, "I"),
    ],
)
def test_one_misread_character_is_repaired_and_told(true: tuple[str, ...], line: int, place: int, read: str) -> None:
    lines, told = repaired(with_at(true, line, place, read))
    if read == "E":  # looks like no digit
        assert told == []
    else:
        assert (lines, told) == (true, [(line + 1, place + 1, read, true[line][place])])


def test_three_misread_characters_are_repaired_and_four_are_not() -> None:
    spoilt = with_at(with_at(with_at(TD3, 1, 5, "O"), 1, 17, "I"), 0, 4, "0")
    lines, told = repaired(spoilt)
    assert lines == TD3
    assert len(told) == MAX_REPAIRS
    assert told == sorted(told)
    assert repaired(with_at(spoilt, 1, 25, "I"))[1] == []
    dates = with_at(with_at(with_at(with_at(TD3, 1, 15, "O"), 1, 17, "I"), 1, 21, "I"), 1, 26, "S")
    assert repaired(dates) == (dates, [])


@pytest.mark.parametrize("lines", SPECIMENS)
def test_a_zone_that_agrees_is_never_touched(lines: tuple[str, ...]) -> None:
    assert repaired(lines) == (lines, [])
    unlikely = with_at(lines, 0, 0, lines[0])
    assert read_ocr(unlikely, TODAY)[0] == parse(lines, TODAY)


def test_a29_two_swaps_that_keep_every_digit_are_left_for_the_chip() -> None:
    # Under the weights 7 and 3 an O for a 0 adds 8 and 2: the paper still agrees with itself, so nothing is touched.
    honest, swapped = (compose("TD3", **fields(number)) for number in ("001234567", "OO1234567"))
    assert swapped == with_at(honest, 1, 0, "OO")
    assert repaired(swapped) == (swapped, [])
    keys = {bac_key_information(parse(lines, TODAY)) for lines in (honest, swapped)}
    assert len(keys) == 2, "the chip opens to one of them only"


@pytest.mark.parametrize("lines", SPECIMENS)
def test_another_digit_in_the_number_is_no_misreading_and_stays_wrong(lines: tuple[str, ...]) -> None:
    line, start, stop = LAYOUTS[parse(lines, TODAY).format].document_number
    for place in range(start, stop + 1):
        for other in "0123456789":
            if lines[line][place].isdigit() and lines[line][place] != other:
                altered = with_at(lines, line, place, other)
                assert repaired(altered) == (altered, [])


def fields(number: str, optional: str = "") -> dict[str, str]:
    return {
        "document_code": "P", "issuing_state": "UTO", "document_number": number, "surname": "OBERLIN",
        "given_names": "MIRA", "nationality": "UTO", "birth_date": "1988-03-14", "sex": "F",
        "expiry_date": "2035-11-23", "optional_1": optional,
    }  # fmt: skip


def test_two_ways_to_agree_are_no_repair() -> None:
    # The second and the fifth character weigh alike: nobody can say which of the two S is a 5.
    true = compose("TD3", **fields("1534S5789"))
    misread = with_at(true, 1, 1, "S")
    assert repaired(misread) == (misread, [])
    assert repaired(true) == (true, [])


def test_a_code_is_repaired_only_to_the_one_that_exists() -> None:
    assert repaired(with_at(TD3, 1, 10, "UT0"))[1] == [(2, 13, "0", "O")]
    british = compose("TD3", **(fields("123456789") | {"nationality": "GBO"}))
    misread = with_at(british, 1, 12, "0")  # GBO or GBD?
    assert repaired(misread) == (misread, [])
    unknown = with_at(british, 1, 10, "Q0Q")
    assert repaired(unknown) == (unknown, [])


def test_the_letter_that_begins_a_number_is_not_taken_for_a_digit() -> None:
    true = compose("TD3", **fields("D12345678"))
    wrong = with_at(true, 1, 9, str((int(true[1][9]) - 1) % 10))  # a D read as 0 would agree with this digit or not
    assert repaired(wrong)[1] == []
    seldom = compose("TD3", **fields("012345678"))
    assert repaired(with_at(seldom, 1, 0, "O"))[1] == [(2, 1, "O", "0")]


def test_the_optional_data_of_a_card_are_repaired_by_the_composite_digit() -> None:
    card = compose("TD1", **(fields("D23145890", "12345") | {"document_code": "I"}))
    assert repaired(with_at(card, 0, 16, "Z"))[1] == [(1, 17, "Z", "2")]


def test_a_wrong_date_is_not_repaired() -> None:
    wrong = with_at(TD3, 1, 13, "740813")
    assert repaired(wrong) == (wrong, [])


@pytest.mark.parametrize("lines", [("", ""), ("P<UTO",), ("é" * 44, "0" * 44), ("9" * 44, "0" * 44)])
def test_what_is_no_zone_is_refused_as_ever(lines: tuple[str, ...]) -> None:
    with pytest.raises(MrzError):
        read_ocr(lines, TODAY)


def test_a_number_of_nothing_but_lookalikes_ends_soon() -> None:
    # Four thousand ways and no end: counted as ambiguous, not tried for ever.
    number = compose("TD1", **(fields("1O1O1O1O1O1O1O1O1O1O1O") | {"document_code": "I"}))
    wrong = with_at(number, 0, 5, "I1")
    assert len(read_ocr(wrong, TODAY)[1]) <= MAX_REPAIRS


FUZZ = settings(max_examples=60, deadline=None, derandomize=True)


@given(zones)
@FUZZ
def test_garbage_is_repaired_into_a_sound_zone_or_left_alone(lines: list[str]) -> None:
    try:
        mrz, repairs = read_ocr(lines, TODAY)
    except MrzError:
        return
    assert len(repairs) <= MAX_REPAIRS
    assert mrz.ok if repairs else mrz.lines == tuple(lines)


@given(st.sampled_from(SPECIMENS), st.integers(0, 2**32), st.integers(1, 4))
@FUZZ
def test_what_is_repaired_differs_in_lookalikes_only(true: tuple[str, ...], seed: int, count: int) -> None:
    chance, spoilt = random.Random(seed), true
    for _ in range(count):
        line = chance.randrange(len(true))
        spoilt = with_at(spoilt, line, chance.randrange(len(true[line])), chance.choice(sorted(ALPHABET)))
    try:
        mrz, repairs = read_ocr(spoilt, TODAY)
    except MrzError:
        return
    differing = [
        Repair(line + 1, place + 1, read, mrz.lines[line][place])
        for line, text in enumerate(spoilt)
        for place, read in enumerate(text)
        if read != mrz.lines[line][place]
    ]
    assert list(repairs) == differing
    assert all(r.repaired == DIGIT_OF.get(r.read) or r.repaired in LETTERS_OF.get(r.read, "") for r in repairs)
