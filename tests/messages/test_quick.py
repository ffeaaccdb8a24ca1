"""The quick reader and the strict one never disagree: what the one takes, the other reads alike."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import events
from messages.events import Clock, Event, validate
from messages.facts import (
    CrossingGranted,
    DeviceTelemetry,
    Fact,
    LaneAlarm,
    OutboxDropped,
    Person,
    Reading,
    Sex,
    data_of,
)
from tests.messages.test_facts import every_fact

MakeEvent = Callable[..., Event]

every_event = st.builds(
    lambda fact, seq, mono_ms, clock, time: Event(
        "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88",
        "bp/1/utopia-north/harbour/lane-1",
        fact.TYPE,
        time.replace(microsecond=time.microsecond // 1000 * 1000, tzinfo=UTC),
        "0123456789abcdef" * 2,
        seq,
        mono_ms,
        clock,
        fact,
    ),
    every_fact,
    st.integers(1, 2**53 - 1),
    st.integers(0, 2**53 - 1),
    st.sampled_from(Clock),
    st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)),  # noqa: DTZ001  # made aware above
)
SPOILT = [
    (b",", b" ,"),
    (b":", b": "),
    (b'"visit":', b'"visit":1,"visit":'),
    (b'"data":{', b'"data":{"more":1,'),
    (b'"bpseq":', b'"bpseq":0'),
    (b'"bpseq":', b'"bpseq":-'),
    (b"entry", b"\\u0065ntry"),
    (b"lane", b"l\\u0061ne"),
    (b'":"', b'":"\\ud800'),
    (b'":"', b'":"\x7f'),
    (b'":"', b'":"\xc3\xa9'),
    (b'":"', b'":"\xff'),
    (b"0", b"1e0"),
    (b"0", b"0.0"),
    (b".0", b".00"),
    (b"1", b"NaN"),
    (b"1", b"1" * 5_000),
    (b"1", b"9" * 17),
    (b'"id"', b'"type":"lane.alarm.v1","id"'),
    (b'","type":"', b'","type":"x","type":"'),
    (b'"time":"', b'"time":"9'),
    (b"-01", b"-31"),
    (b"T", b" "),
    (b"2026-11-24", b"2026-02-31"),
    (b"Z", b"z"),
    (b"null", b"[" * 5_000 + b"]" * 5_000),
    (b"null", b'{"a":' * 17 + b"1" + b"}" * 17),
    (b"}", b"},"),
    (b"}}", b"}} "),
    (b"{", b"\xef\xbb\xbf{"),
    (b"v1", b"v2"),
    (b"synced", b"Synced"),
]


def read_by(reader: Callable[[bytes], Event | None], body: bytes) -> tuple[Event, Fact] | None:
    """The event, its data apart, or nothing: why one did not take it is the strict reader's to say."""
    try:
        event = reader(body)
        return None if event is None else (replace(event, data={}), validate(event))
    except events.Refused:
        return None


def agree(body: bytes) -> bool:
    quick, strict = read_by(events._quickly, body), read_by(events._strictly, body)
    assert read_by(Event.from_json, body) == strict
    return quick is None or quick == strict


@given(every_event)
def test_what_is_written_is_read_quickly_and_by_both_alike(event: Event) -> None:
    body = event.to_json()
    quick, strict = read_by(events._quickly, body), read_by(events._strictly, body)
    assert strict == (replace(event, data={}), event.data)
    assert quick == strict or b"\\" in body


@given(every_event)
def test_a_fact_and_its_plain_form_are_written_alike(event: Event) -> None:
    plain = replace(event, data=data_of(event.data)).to_json()  # type: ignore[arg-type]  # it is a fact
    assert json.loads(plain) == json.loads(event.to_json())
    assert read_by(Event.from_json, plain) == read_by(Event.from_json, event.to_json())


@settings(max_examples=300)
@given(every_event, st.sampled_from(["", "A", "a" * 201, "x.y", "1974-08-12", "f" * 32, "\x7f"]), st.integers(0, 60))
def test_what_is_written_as_we_write_is_taken_by_both_or_by_neither(event: Event, text: str, place: int) -> None:
    """Any text of an event replaced by another: but for a backslash or a DEL, nobody has to read it strictly."""
    parts = re.split(r'(?<=:)"[^"\\]*"', event.to_json().decode())
    at = place % (len(parts) - 1)
    told = re.findall(r'(?<=:)"[^"\\]*"', event.to_json().decode())
    told[at] = f'"{text}"'
    body = "".join(part + said for part, said in zip(parts, [*told, ""], strict=True)).encode()
    assert (read_by(events._quickly, body) is None) == (read_by(events._strictly, body) is None) or b"\\" in body


@settings(max_examples=300)
@given(every_event, st.sampled_from(SPOILT), st.integers(0, 8))
def test_both_agree_about_what_was_spoilt(event: Event, change: tuple[bytes, bytes], place: int) -> None:
    old, new = change
    parts = event.to_json().split(old)
    at = place % max(1, len(parts) - 1)
    assert agree(old.join(parts[: at + 1]) + (new + old.join(parts[at + 1 :]) if parts[at + 1 :] else b""))


@settings(max_examples=300)
@given(every_event, st.integers(0, 5_000), st.binary(max_size=3), st.integers(0, 3))
@example(Event("", "", LaneAlarm.TYPE, datetime.now(UTC), "", 1, 1, Clock.SYNCED, LaneAlarm("x", 1)), 0, b"", 0)
def test_both_agree_about_any_other_bytes(event: Event, place: int, new: bytes, gone: int) -> None:
    try:
        body = event.to_json()
    except events.Refused:
        return
    at = place % len(body)
    assert agree(body[:at] + new + body[at + gone :])


@pytest.mark.parametrize(("old", "new"), SPOILT)
def test_every_way_to_spoil_it_is_tried_on_a_crossing(
    make_event: MakeEvent, granted: CrossingGranted, old: bytes, new: bytes
) -> None:
    body = make_event(fact=granted).to_json().replace(b"12.5", b"null")
    for place in range(body.count(old)):
        parts = body.split(old)
        assert agree(old.join(parts[: place + 1]) + new + old.join(parts[place + 1 :]))


def test_names_with_quotes_and_accents_are_read_as_they_were_written(
    make_event: MakeEvent, granted: CrossingGranted
) -> None:
    person = Person('O"CONNOR\\', "ÅSA ☃ 😀", "1974-08-12", Sex.FEMALE, "UTO")
    event = make_event(fact=replace(granted, person=person))
    assert validate(Event.from_json(event.to_json())) == event.data


@pytest.mark.parametrize(
    "fact",
    [
        LaneAlarm("Tailgating", 3),
        LaneAlarm("tailgating", -1),
        LaneAlarm("tailgating", 2**53),
        LaneAlarm("x\ny", 1),
        DeviceTelemetry((Reading("load", float("nan")),)),
        DeviceTelemetry((Reading("load", float("inf")),)),
        DeviceTelemetry((Reading("load", 1),) * 33),
        OutboxDropped("0" * 32, ((1, 2), (3, 4)), 4, "disk-full"),
        OutboxDropped("0" * 32, ((2, 1),), 2, "disk-full"),
        OutboxDropped("0" * 32, (), 1, "disk-full"),
        OutboxDropped("0" * 32, ((5, 6), (1, 2)), 4, "disk-full"),
        OutboxDropped("0" * 31, ((5, 6),), 2, "disk-full"),
    ],
)
def test_a_fact_that_the_region_would_refuse_is_not_written(make_event: MakeEvent, fact: Fact) -> None:
    with pytest.raises(events.Refused):
        make_event(fact=fact).to_json()


def test_a_fact_of_another_type_than_the_event_says_is_not_written(make_event: MakeEvent) -> None:
    with pytest.raises(events.Refused):
        replace(make_event(), type=DeviceTelemetry.TYPE).to_json()


def test_a_nan_that_would_be_written_as_null_is_not_written(make_event: MakeEvent, granted: CrossingGranted) -> None:
    made = replace(granted.checks[0], ms=float("nan"))
    with pytest.raises(events.Refused):
        make_event(fact=replace(granted, checks=(made,))).to_json()
