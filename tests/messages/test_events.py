"""An event's envelope: strict, bounded, and read alike by everybody."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages.errors import Quarantine, Refused
from messages.events import Clock, Event, validate
from messages.facts import CrossingGranted, LaneAlarm
from messages.limits import EVENT_MAX_BYTES, JSON_DEPTH_MAX

MakeEvent = Callable[..., Event]

milliseconds = st.integers(0, 253_000_000_000_000).map(
    lambda since_ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=since_ms)
)
json_data = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
    st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**63), st.floats(allow_nan=False, allow_infinity=False)),
    max_size=4,
)
every_event = st.builds(
    Event,
    id=st.uuids().map(str),
    source=st.just("bp/1/utopia-north/harbour/lane-1"),
    type=st.just("lane.alarm.v1"),
    time=milliseconds,
    boot=st.binary(min_size=16, max_size=16).map(bytes.hex),
    seq=st.integers(1, 2**53 - 1),
    mono_ms=st.integers(0, 2**53 - 1),
    clock=st.sampled_from(Clock),
    data=json_data,
)


@given(every_event)
def test_an_event_reads_as_it_was_written(event: Event) -> None:
    assert Event.from_json(event.to_json()) == event


@given(st.binary(max_size=100))
def test_garbage_never_raises_anything_but_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        Event.from_json(body)


def test_time_is_written_in_utc(make_event: MakeEvent) -> None:
    event = replace(make_event(), time=datetime(2026, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=2))))
    assert json.loads(event.to_json())["time"] == "2025-12-31T23:00:00.000Z"


def test_the_data_of_an_event_becomes_a_typed_fact(make_event: MakeEvent, granted: CrossingGranted) -> None:
    assert validate(make_event(fact=granted)) == granted
    assert validate(make_event()) == LaneAlarm("tailgating", 3)


def test_no_traveller_stands_in_the_repr_of_an_event(make_event: MakeEvent, granted: CrossingGranted) -> None:
    assert "ERIKSSON" not in repr(make_event(fact=granted))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specversion", "0.3"),
        ("datacontenttype", "text/html"),
        ("id", "1"),
        ("id", 5),
        ("source", "bp/1/utopia-north/harbour"),
        ("source", "bp/1/utopia-north/harbour/lane-1/evt"),
        ("source", None),
        ("type", "granted"),
        ("type", "Crossing.Granted.v1"),
        ("time", "2026-11-24 04:30:15.250Z"),
        ("time", "2026-11-24T04:30:15Z"),
        ("time", "2026-11-24T04:30:15.250+00:00"),
        ("time", "2026-02-31T04:30:15.250Z"),
        ("time", 1_763_958_615),
        ("bpboot", "0123"),
        ("bpboot", "0123456789ABCDEF" * 2),
        ("bpseq", 0),
        ("bpseq", True),
        ("bpseq", 1.0),
        ("bpseq", 2**53),
        ("bpmono", -1),
        ("bpclock", "good"),
        ("bpclock", ["synced"]),
        ("data", None),
        ("data", []),
    ],
)
def test_a_wrong_attribute_is_refused_by_its_name(make_event: MakeEvent, name: str, value: object) -> None:
    told = json.loads(make_event().to_json()) | {name: value}
    with pytest.raises(Refused, match=f"attribute {name}") as refusal:
        Event.from_json(json.dumps(told).encode())
    assert refusal.value.reason is Quarantine.BAD_EVENTS


@pytest.mark.parametrize("name", ["id", "source", "type", "time", "bpboot", "bpseq", "bpmono", "bpclock", "data"])
def test_a_missing_attribute_is_refused(make_event: MakeEvent, name: str) -> None:
    told = json.loads(make_event().to_json())
    del told[name]
    with pytest.raises(Refused, match=f"attribute {name}"):
        Event.from_json(json.dumps(told).encode())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("1" * 5_000, id="D16-a-number-of-5000-digits"),
        pytest.param("[" * 30_000 + "]" * 30_000, id="D16-60000-brackets"),
        pytest.param('{"a":' * (JSON_DEPTH_MAX + 1) + "1" + "}" * (JSON_DEPTH_MAX + 1), id="D16-depth"),
        pytest.param("[" * JSON_DEPTH_MAX + "]" * JSON_DEPTH_MAX, id="D16-depth-of-lists"),
        pytest.param('{"a":1,"a":2}', id="D15-duplicate-names"),
        pytest.param("NaN", id="not-a-number"),
        pytest.param("-Infinity", id="infinity"),
        pytest.param("1e999", id="too-large-for-a-float"),
        pytest.param('"\\ud800"', id="lone-surrogate"),
        pytest.param("{}} {", id="not-json"),
    ],
)
def test_json_that_readers_would_understand_differently_is_refused(make_event: MakeEvent, data: str) -> None:
    body = make_event().to_json().replace(b'"data":{', b'"data":{"more":%s,' % data.encode())
    with pytest.raises(Refused) as refusal:
        Event.from_json(body)
    assert refusal.value.reason is Quarantine.BAD_EVENTS


def test_depth_up_to_the_limit_is_taken(make_event: MakeEvent) -> None:
    body = make_event().to_json().replace(b'"data":{', b'"data":{"more":' + b"[" * 13 + b"]" * 13 + b",")
    told = Event.from_json(body).data
    assert isinstance(told, Mapping)
    assert told["more"]


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"bp"', b"\xff\xfe{}"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        Event.from_json(body)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", object()])
def test_what_is_no_strict_json_is_not_written_either(make_event: MakeEvent, value: object) -> None:
    with pytest.raises(Refused, match="attribute data") as refusal:
        replace(make_event(), data={"more": value}).to_json()
    assert refusal.value.reason is Quarantine.BAD_EVENTS


def test_an_event_that_is_too_large_is_refused_on_both_sides(make_event: MakeEvent) -> None:
    large = replace(make_event(), data={"code": "x" * EVENT_MAX_BYTES})
    with pytest.raises(Refused) as refusal:
        large.to_json()
    assert refusal.value.reason is Quarantine.TOO_LARGE
    with pytest.raises(Refused) as refusal:
        Event.from_json(b" " * (EVENT_MAX_BYTES + 1))
    assert refusal.value.reason is Quarantine.TOO_LARGE


@pytest.mark.parametrize("name", ["bpseq", "bpmono", "visit"])
@pytest.mark.parametrize("spelling", ["3.0", "3e0", "30e-1", "0.3e1"])
def test_a_whole_number_is_written_without_point_or_exponent(make_event: MakeEvent, name: str, spelling: str) -> None:
    table = json.loads(make_event().to_json())
    place = table["data"] if name == "visit" else table
    place[name] = 3
    body = json.dumps(table)
    assert validate(Event.from_json(body.encode())) == LaneAlarm("tailgating", 3)
    with pytest.raises(Refused) as refused:
        validate(Event.from_json(body.replace(f'"{name}": 3', f'"{name}": {spelling}').encode()))
    assert refused.value.reason is Quarantine.BAD_EVENTS


def test_order_blanks_and_unknown_attributes_make_no_difference_and_a_byte_order_mark_is_refused(
    make_event: MakeEvent,
) -> None:
    event = make_event()
    table = json.loads(event.to_json())
    other = dict(reversed([*table.items(), ("traceparent", {"a": [1]})]))
    body = json.dumps(other, indent=2).encode()
    assert validate(Event.from_json(b" \n\t" + body + b"\r\n")) == validate(event)
    with pytest.raises(Refused):
        Event.from_json(b"\xef\xbb\xbf" + body)
