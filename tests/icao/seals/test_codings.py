"""How seals write text, days and objects: one way for each value, and anything else is refused."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.seals import c40, dates, strict_json
from icao.seals.objects import MAX_OBJECTS, read_objects, write_object
from icao.tlv import Garbled

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 "


@given(st.text(ALPHABET, max_size=90))
@settings(derandomize=True)
def test_c40_gives_back_what_it_was_given(text: str) -> None:
    assert c40.decode(c40.encode(text)) == text


@given(st.binary(max_size=60))
@settings(derandomize=True)
def test_c40_has_one_way_to_write_a_text(data: bytes) -> None:
    try:
        text = c40.decode(data)
    except Garbled:
        return
    assert c40.encode(text) == data


@pytest.mark.parametrize(
    "data",
    ["EB", "EB0466", "0000", "FFFF", "FE", "FE00", "FE45EB04", "FEFF", "0001", "1339FE3CEB04"],
)
def test_what_is_no_c40_text_is_refused(data: str) -> None:
    with pytest.raises(Garbled):
        c40.decode(bytes.fromhex(data))


@given(st.dates(min_value=date(1, 1, 1)))
@settings(derandomize=True)
def test_a_day_comes_back(day: date) -> None:
    assert dates.decode_date(dates.encode_date(day)) == day
    assert dates.decode_masked_date(dates.encode_masked_date(day.isoformat())) == day.isoformat()


@pytest.mark.parametrize("data", ["000000", "FFFFFF", "0F71", "0F713400", "232048"])
def test_a_day_that_never_was_is_refused(data: str) -> None:
    with pytest.raises(Garbled):
        dates.decode_date(bytes.fromhex(data))


@pytest.mark.parametrize("iso", ["19XX-XX-XX", "1974-08-XX", "XXXX-XX-XX"])
def test_unknown_digits_stay_unknown(iso: str) -> None:
    assert dates.decode_masked_date(dates.encode_masked_date(iso)) == iso


def test_objects_come_back_in_their_order() -> None:
    data = write_object(0xFF, b"last") + write_object(0x1F, bytes(200)) + write_object(3, b"")
    assert [(one.tag, one.value) for one in read_objects(data)] == [(0xFF, b"last"), (0x1F, bytes(200)), (3, b"")]


@pytest.mark.parametrize(
    "data",
    [
        "01",  # no length
        "0105AA",  # longer than what is there
        "01818001",  # the same
        "018101AA",  # not the shortest form
        "0180",  # indefinite
        "0184FFFFFFFF",  # A21: four gigabytes
        "01FF",
        "0101AA0101BB",  # twice
    ],
)
def test_an_object_that_claims_too_much_or_stands_twice_is_refused(data: str) -> None:
    with pytest.raises(Garbled):
        read_objects(bytes.fromhex(data))


def test_ten_thousand_objects_are_refused() -> None:
    data = b"".join(write_object(tag, b"") for tag in range(MAX_OBJECTS + 1))
    with pytest.raises(Garbled):
        read_objects(data)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":{"b":1,"b":1}}',
        '{"a":NaN}',
        '{"a":-Infinity}',
        '{"a":1e9999999999999999999999}',
        '{"a":' + "9" * 5000 + "}",
        "[" * 100_000,
        '{"a":' * 20 + "1" + "}" * 20,
        '{"a"',
        '{"a":"\\',
        "",
    ],
    ids=range(11),
)
def test_json_that_two_readers_might_read_in_two_ways_is_refused(text: str) -> None:
    with pytest.raises(Garbled):
        strict_json.loads(text)


def test_brackets_in_a_string_do_not_count() -> None:
    assert strict_json.loads('{"a":"[[[[[[[[[[[[[[[[\\"[["}') == {"a": '[[[[[[[[[[[[[[[["[['}
