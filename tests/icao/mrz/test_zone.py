"""Golden zones: the specimens of Doc 9303-4 to 9303-7, and what is wrong with others."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from icao.mrz import dates
from icao.mrz.check_digit import check_digit
from icao.mrz.compose import compose, compose_td3
from icao.mrz.layout import ALPHABET, LAYOUTS, Format
from icao.mrz.names import read_names, write_names
from icao.mrz.zone import Mrz, MrzError, bac_key_information, parse, tidied

TODAY = date(2026, 11, 24)

TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")
TD1_LONG = ("I<UTOD23145890<7349<<<<<<<<<<<", "3407127M9507122UTO<<<<<<<<<<<2", "STEVENSON<<PETER<JOHN<<<<<<<<<")
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
TD2_LONG = ("I<UTOSTEVENSON<<PETER<JOHN<<<<<<<<<<", "D23145890<UTO3407127M95071227349<<<8")
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
MRVA = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L8988901C4XXX4009078F96121096ZE184226B<<<<<<")
MRVB = ("V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "L8988901C4XXX4009078F9612109<<<<<<<<")

GOLDEN: dict[tuple[str, ...], dict[str, object]] = {
    TD1: {"format": "TD1", "document_number": "D23145890", "birth_date": "1974-08-12", "expiry_date": "2012-04-15"},
    TD1_LONG: {
        "format": "TD1",
        "document_number": "D23145890734",
        "optional_1": "",
        "surname": "STEVENSON",
        "sex": "M",
    },
    TD2: {"format": "TD2", "document_code": "I", "issuing_state": "UTO", "given_names": "ANNA MARIA", "sex": "F"},
    TD2_LONG: {"format": "TD2", "document_number": "D23145890734", "birth_date": "1934-07-12"},
    TD3: {"format": "TD3", "document_number": "L898902C3", "optional_1": "ZE184226B", "names_truncated": False},
    MRVA: {"format": "MRVA", "nationality": "XXX", "optional_1": "6ZE184226B", "expiry_date": "1996-12-10"},
    MRVB: {"format": "MRVB", "document_code": "V", "birth_date": "1940-09-07", "optional_2": ""},
}


@pytest.mark.parametrize("lines", GOLDEN, ids=lambda lines: lines[0][:1] + str(len(lines[0])))
def test_specimens_of_doc_9303_are_read_and_agree(lines: tuple[str, ...]) -> None:
    mrz = parse(lines, TODAY)
    assert mrz.ok
    assert mrz.lines == lines
    for name, value in GOLDEN[lines].items():
        assert getattr(mrz, name) == value


@pytest.mark.parametrize(
    ("lines", "digits"),
    [
        (TD1, {"document_number", "birth_date", "expiry_date", "composite"}),
        (TD2, {"document_number", "birth_date", "expiry_date", "composite"}),
        (TD3, {"document_number", "birth_date", "expiry_date", "optional_1", "composite"}),
        (MRVA, {"document_number", "birth_date", "expiry_date"}),
        (MRVB, {"document_number", "birth_date", "expiry_date"}),
    ],
)
def test_each_format_has_its_own_check_digits(lines: tuple[str, ...], digits: set[str]) -> None:
    assert parse(lines, TODAY).check_digits.keys() == digits


def with_at(lines: tuple[str, ...], line: int, place: int, text: str) -> tuple[str, ...]:
    changed = list(lines)
    changed[line] = lines[line][:place] + text + lines[line][place + len(text) :]
    return tuple(changed)


@pytest.mark.parametrize(
    ("place", "digit"),
    [(0, "document_number"), (14, "birth_date"), (22, "expiry_date"), (28, "optional_1"), (43, "composite")],
)
def test_a_wrong_digit_is_an_answer_and_names_its_field(place: int, digit: str) -> None:
    mrz = parse(with_at(TD3, 1, place, "3"), TODAY)
    assert mrz.check_digits[digit] is False
    assert not mrz.ok


@pytest.mark.parametrize("lines", GOLDEN)
def test_no_single_altered_digit_of_a_number_or_date_passes(lines: tuple[str, ...]) -> None:
    layout = LAYOUTS[parse(lines, TODAY).format]
    for line, start, stop in (layout.document_number, layout.birth_date, layout.expiry_date):
        for place in range(start, stop):
            for other in "0123456789":
                if lines[line][place].isdigit() and lines[line][place] != other:
                    assert not parse(with_at(lines, line, place, other), TODAY).ok


def test_the_last_character_of_the_personal_number_may_have_a_filler_as_its_digit_only_when_it_is_empty() -> None:
    empty = with_at(TD3, 1, 28, "<<<<<<<<<<<<<<<")
    assert parse(empty, TODAY).check_digits["optional_1"]
    assert parse(with_at(empty, 1, 42, "0"), TODAY).check_digits["optional_1"]
    assert not parse(with_at(TD3, 1, 42, "<"), TODAY).check_digits["optional_1"]


def test_both_readings_of_a_long_numbers_digit_are_accepted_and_no_third() -> None:
    number, tail = "123456789", "01"
    with_filler, without = check_digit(f"{number}<{tail}"), check_digit(number + tail)
    assert with_filler != without
    verdicts = {}
    for digit in "0123456789":
        mrz = parse(with_at(TD1, 0, 5, f"{number}<{tail}{digit}<<<"), TODAY)
        verdicts[digit] = mrz.check_digits["document_number"]
        assert mrz.document_number == number + tail
        assert bac_key_information(mrz).startswith(number + tail + digit)
    assert {digit for digit, right in verdicts.items() if right} == {with_filler, without}


def test_what_follows_a_long_number_is_the_optional_data() -> None:
    assert parse(with_at(TD1, 0, 15, "7349<ABC"), TODAY).document_number == "D23145890"
    assert parse(with_at(TD1_LONG, 0, 15, "7349<ABC"), TODAY).optional_1 == "ABC"


def test_a_filler_for_the_digit_alone_makes_no_long_number() -> None:
    for tail in ("<<<<", "7<<<"):
        mrz = parse(with_at(TD1_LONG, 0, 15, tail), TODAY)
        assert mrz.document_number == "D23145890"
        assert not mrz.check_digits["document_number"]


def test_a_passport_has_no_long_number() -> None:
    assert parse(with_at(TD3, 1, 9, "<"), TODAY).document_number == "L898902C3"


@pytest.mark.parametrize(
    ("printed", "meant"),
    [
        ("740812", "1974-08-12"),
        ("7408<<", "1974-08-XX"),
        ("74<<<<", "1974-XX-XX"),
        ("<<<<<<", "XXXX-XX-XX"),
        ("<<0812", "XXXX-08-12"),
        ("740000", "1974-XX-XX"),
        ("261124", "2026-11-24"),
        ("261125", "1926-11-25"),
        ("26<<<<", "2026-XX-XX"),
        ("000229", "2000-02-29"),
    ],
)
def test_birth_dates_lie_in_the_past_and_may_be_unknown_in_part(printed: str, meant: str) -> None:
    assert dates.birth_date(printed, TODAY) == meant
    mrz = parse(with_at(TD3, 1, 13, printed + check_digit(printed)), TODAY)
    assert (mrz.birth_date, mrz.check_digits["birth_date"]) == (meant, True)


@pytest.mark.parametrize(
    ("printed", "meant"), [("751231", "2075-12-31"), ("760101", "1976-01-01"), ("<<<<<<", "XXXX-XX-XX")]
)
def test_expiry_dates_lie_within_fifty_years(printed: str, meant: str) -> None:
    assert dates.expiry_date(printed, TODAY) == meant


@pytest.mark.parametrize("printed", ["741301", "740230", "74O812", "7<0812", "010229"])
def test_a_day_that_does_not_exist_is_a_fault_even_when_its_digit_agrees(printed: str) -> None:
    mrz = parse(with_at(TD3, 1, 13, printed + check_digit(printed)), TODAY)
    assert mrz.birth_date == "XXXX-XX-XX"
    assert mrz.faults == ("birth_date",)
    assert not mrz.ok


@pytest.mark.parametrize(
    ("line", "place", "text", "fault"),
    [
        (0, 2, "U1O", "issuing_state"),
        (0, 5, "<<<<<<<<", "surname"),
        (0, 5, "ER1KSSON", "surname"),
        (1, 0, "<<<<<<<<<0", "document_number"),
        (1, 10, "<<<", "nationality"),
        (1, 20, "Q", "sex"),
        (1, 21, "121332", "expiry_date"),
    ],
)
def test_a_field_that_cannot_be_what_it_claims_is_a_fault(line: int, place: int, text: str, fault: str) -> None:
    assert fault in parse(with_at(TD3, line, place, text), TODAY).faults


def test_an_unspecified_sex_is_x() -> None:
    assert parse(with_at(TD3, 1, 20, "<"), TODAY).sex == "X"


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("",),
        TD3[:1],
        (*TD3, TD3[0]),
        (TD3[0], TD3[1][:-1]),
        ("1" + TD3[0][1:], TD3[1]),
        (TD3[0], TD3[1].lower()),
        (TD3[0], "é" * 44),
    ],
)
def test_what_is_no_zone_raises_without_quoting_it(lines: tuple[str, ...]) -> None:
    with pytest.raises(MrzError) as caught:
        parse(lines, TODAY)
    assert "ERIKSSON" not in str(caught.value)
    assert "L898902C3" not in str(caught.value)


def test_a_zone_does_not_show_in_a_log_and_can_be_a_key() -> None:
    mrz = parse(TD3, TODAY)
    assert repr(mrz) == "Mrz(TD3)"
    assert {mrz: 1}[parse(TD3, TODAY)] == 1
    assert mrz != replace(mrz, surname="OTHER")


@pytest.mark.parametrize(
    "text", ["\n".join(TD3).lower(), "".join(TD3), f" {TD3[0]} \r\n\r\n{TD3[1][:20]} {TD3[1][20:]}\r"]
)
def test_typed_zones_are_tidied(text: str) -> None:
    assert tidied(text) == TD3


def test_joined_cards_are_cut_up() -> None:
    assert tidied("".join(TD1)) == TD1
    assert tidied("".join(TD2)) == TD2
    assert tidied("  ") == ()
    assert tidied("abc") == ("ABC",)


# --- names ---
@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("ERIKSSON<<ANNA<MARIA<<", ("ERIKSSON", "ANNA MARIA", False)),
        ("ARKFREITH<<<<<<", ("ARKFREITH", "", False)),
        ("VAN<DER<MUELLEN<<PI", ("VAN DER MUELLEN", "PI", True)),
        ("BENNELONG<WOOLOOMOO", ("BENNELONG WOOLOOMOO", "", True)),
    ],
)
def test_names_are_cut_at_the_double_filler(field: str, names: tuple[str, str, bool]) -> None:
    assert read_names(field) == names


@pytest.mark.parametrize(
    ("surname", "given", "field"),
    [
        ("O'Connor", "Enya Siobhan", "OCONNOR<<ENYA<SIOBHAN<<<<<<<<<<<<<<<<<<"),
        ("Müller-Weiß", "Jörg", "MUELLER<WEISS<<JOERG<<<<<<<<<<<<<<<<<<<"),
        ("Nguyễn", "Đỗ", "NGUYEN<<DO<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
        ("Papandropoulous", "Jonathon Alec Alexander Christof", "PAPANDROPOULOUS<<JONATHON<ALEC<ALEXANDE"),
        ("Arkfreith", "", "ARKFREITH<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<"),
        ("A" * 60, "Anna", "A" * 36 + "<<A"),
        ("A" * 60, "", "A" * 39),
    ],
)
def test_names_are_spelled_and_cut_as_doc_9303_says(surname: str, given: str, field: str) -> None:
    assert write_names(surname, given, 39) == field


def test_a_cut_name_ends_in_a_letter_so_that_the_cut_shows() -> None:
    # A plain cut would end at the filler between two names and hide that anything is missing.
    assert write_names("ABCDEFGHIJ", "KLMNOP QRST", 19).endswith("Q")
    assert write_names("ABCDE", "KLM QR", 11) == "ABCD<<KLM<Q"
    assert write_names("ABC DEF", "GHI", 7) == "AB<D<<G"
    assert write_names("ABC DEF", "", 4) == "AB<D"
    assert write_names("A", "BCDE FGH IJ", 12) == "A<<BCD<FGH<I"


def test_a_holder_with_one_name_has_it_as_the_surname() -> None:
    with pytest.raises(ValueError, match="one name"):
        write_names("", "Arkfreith", 39)


@pytest.mark.parametrize("name", ["Ελένη", "A1", "山田"])
def test_letters_without_a_place_in_the_zone_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        write_names(name, "Anna", 39)


# --- writing ---
ERIKSSON = {
    "document_code": "P", "issuing_state": "UTO", "document_number": "L898902C3", "surname": "Eriksson",
    "given_names": "Anna Maria", "nationality": "UTO", "birth_date": "1974-08-12", "sex": "F",
    "expiry_date": "2012-04-15", "optional_1": "ZE184226B",
}  # fmt: skip


def test_the_specimen_passport_is_written_as_it_is_printed() -> None:
    assert compose_td3(**ERIKSSON) == TD3


@pytest.mark.parametrize("lines", GOLDEN)
def test_what_is_read_is_written_again(lines: tuple[str, ...]) -> None:
    assert compose(**fields(parse(lines, TODAY))) == lines


def fields(mrz: Mrz) -> dict[str, object]:
    kept = (*ERIKSSON, "optional_2", "format")
    return {name: getattr(mrz, name) for name in kept}


@pytest.mark.parametrize(
    "wrong",
    [
        {"document_number": "L898902C34"},
        {"birth_date": "1974-02-30"},
        {"birth_date": "740812"},
        {"sex": "FEMALE"},
        {"surname": "山田"},
        {"optional_1": "é"},
        {"format": "TD3", "optional_2": "A"},
        {"format": "TD1", "document_number": "é234567890"},
    ],
)
def test_what_does_not_fit_is_not_written(wrong: dict[str, str]) -> None:
    with pytest.raises(MrzError):
        compose(**({"format": "TD3"} | ERIKSSON | wrong))


FUZZ = settings(max_examples=60, deadline=None, derandomize=True)

words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=20)
names = st.lists(words, min_size=1, max_size=4).map(" ".join)
numbers = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=14)


@given(
    format=st.sampled_from(sorted(LAYOUTS)),
    surname=names,
    given_names=names,
    number=numbers,
    born=st.dates(date(1930, 1, 1), date(2025, 12, 31)),
    known=st.sampled_from((10, 7, 4, 0)),
    expires=st.dates(date(1980, 1, 1), date(2070, 12, 31)),
    sex=st.sampled_from("MFX"),
    optional=st.tuples(*[st.text("ABCXYZ0189", max_size=7)] * 2),
)
@FUZZ
def test_zones_come_back_from_paper_as_they_went(
    format: Format,
    surname: str,
    given_names: str,
    number: str,
    born: date,
    known: int,
    expires: date,
    sex: str,
    optional: tuple[str, str],
) -> None:
    written = {
        "document_code": "V" if format.startswith("M") else "I",
        "issuing_state": "UTO",
        "surname": surname,
        "given_names": given_names,
        "document_number": number if format in ("TD1", "TD2") else number[:9],
        "nationality": "UTO",
        "birth_date": born.isoformat()[:known] + "XXXX-XX-XX"[known:],
        "sex": sex,
        "expiry_date": expires.isoformat(),
        "optional_1": "" if format == "TD2" and len(number) > 9 else optional[0],
        "optional_2": optional[1] if format == "TD1" else "",
    }
    mrz = parse(compose(format, **written), TODAY)
    assert mrz.ok
    for name, value in written.items():
        if name in ("surname", "given_names") and mrz.names_truncated:
            # A letter may be missing within, so that the cut shows at the end.
            assert all(map(str.startswith, value.split(), getattr(mrz, name).split()))
        else:
            assert getattr(mrz, name) == value


zones = st.sampled_from(sorted(LAYOUTS.values(), key=lambda layout: layout.format)).flatmap(
    lambda layout: st.lists(
        st.text(sorted(ALPHABET), min_size=layout.width, max_size=layout.width),
        min_size=layout.lines,
        max_size=layout.lines,
    )
)


@given(st.one_of(zones, st.lists(st.text(max_size=50), max_size=4)))
@FUZZ
def test_garbage_never_raises_anything_but_mrz_error(lines: list[str]) -> None:
    try:
        mrz = parse(lines, TODAY)
    except MrzError:
        return
    assert len(mrz.birth_date) == len(mrz.expiry_date) == 10
    assert bac_key_information(mrz)


@given(st.text())
@FUZZ
def test_tidying_never_fails(text: str) -> None:
    assert all(line == "".join(line.split()) for line in tidied(text))


@given(names, names, st.integers(4, 39))
@FUZZ
def test_a_names_field_always_fits(surname: str, given_names: str, width: int) -> None:
    field = write_names(surname, given_names, width)
    assert len(field) == width
    assume(len(surname) + len(given_names) + 2 > width)
    assert read_names(field)[2] or all(len(word) == 1 for word in f"{surname} {given_names}".split())


parts = st.tuples(
    *(st.sampled_from(("<<", *(f"{part:02}" for part in span))) for span in (range(27), range(1, 13), range(1, 29)))
)


@given(parts.map("".join))
@FUZZ
def test_dates_that_are_read_are_written_again(printed: str) -> None:
    assert dates.yymmdd(dates.birth_date(printed, date(2026, 12, 31)) or "") == printed
