"""What an event says: it reads as it was written, and each wrong place is named without its value."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import facts
from messages.ack import ranges
from messages.errors import Quarantine, Refused
from messages.facts import CrossingGranted, CrossingLeft, CrossingReferred, Fact, Timings, data_of, fact_of

texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
codes = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True)
uuids = st.uuids().map(str)
counts = st.integers(0, 2**53 - 1)
measures = st.one_of(counts, st.floats(0, 1e9))
scores = st.floats(-1, 1)
numbers = st.integers(1, 2**53 - 1)
offsets = st.one_of(st.integers(-(2**53) + 1, 2**53 - 1), st.floats(-1e9, 1e9))
boots = st.binary(min_size=16, max_size=16).map(bytes.hex)
ranges_told = st.sets(st.integers(1, 40), min_size=1, max_size=8).map(ranges)
dates = st.dates().map(date.isoformat)
countries = st.from_regex(r"[A-Z0-9]{0,3}", fullmatch=True)
documents = st.builds(facts.TravelDocument, texts, countries, texts, st.one_of(dates, st.just("XXXX-XX-XX")))
persons = st.builds(
    facts.Person, texts, texts, st.one_of(dates, st.just("1974-XX-XX")), st.sampled_from(facts.Sex), countries
)
checks = st.lists(
    st.builds(
        facts.CheckMade,
        codes,
        st.sampled_from(facts.CheckResult),
        st.sampled_from(facts.CheckMode),
        st.none() | measures,
    ),
    max_size=4,
).map(tuple)
every_fact: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        CrossingGranted,
        uuids,
        counts,
        st.sampled_from(facts.Direction),
        documents,
        persons,
        checks,
        st.builds(facts.FaceMatch, texts, scores, scores),
        texts,
        st.lists(st.builds(facts.ListAsked, texts, texts, measures), max_size=3).map(tuple),
        st.dates(),
    ),
    st.builds(CrossingLeft, uuids, counts, st.builds(Timings, *[measures] * 6), measures),
    st.builds(facts.CrossingAbandoned, uuids, counts, codes),
    st.builds(
        CrossingReferred,
        uuids,
        counts,
        st.sampled_from(facts.Where),
        st.lists(codes, max_size=3).map(tuple),
        st.none() | documents,
        st.none() | persons,
        checks,
        st.dates(),
    ),
    st.builds(facts.LaneAlarm, codes, st.none() | counts),
    st.builds(facts.LaneState, st.sampled_from(facts.LanePosition), texts),
    st.builds(facts.DeviceStarted, numbers, texts, st.none() | st.builds(facts.Wear, counts, counts)),
    st.builds(facts.DeviceTelemetry, st.lists(st.builds(facts.Reading, codes, offsets), max_size=3).map(tuple)),
    st.builds(facts.DeviceClock, codes, offsets),
    st.builds(facts.OutboxDropped, boots, ranges_told, numbers, codes),
    st.builds(facts.DeviceCommand, counts, codes, codes, codes | st.just("")),
    st.builds(facts.ListTaken, codes, numbers, codes),
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=5,
)


def attempt(kind: str, told: object) -> Fact | Refused:
    try:
        return fact_of(kind, told)
    except Refused as refused:
        return refused


@given(every_fact)
def test_a_fact_reads_as_it_was_written(fact: Fact) -> None:
    assert fact_of(fact.TYPE, data_of(fact)) == fact


@given(every_fact, st.dictionaries(st.text(max_size=5).map("x-{}".format), json_values, max_size=2))
def test_an_unknown_field_is_ignored(fact: Fact, more: dict[str, object]) -> None:
    assert fact_of(fact.TYPE, data_of(fact) | more) == fact


@given(st.data(), every_fact, json_values)
def test_a_field_with_any_value_is_read_or_refused(data: st.DataObject, fact: Fact, value: object) -> None:
    told = data_of(fact)
    name = data.draw(st.sampled_from(sorted(told)))
    read = attempt(fact.TYPE, told | {name: value})
    if isinstance(read, Refused):
        assert read.reason is Quarantine.BAD_EVENTS
        assert read.detail.startswith(f"data.{name}")
    else:
        assert data_of(read)[name] == (tuple(value) if isinstance(value, list) else value) or isinstance(value, dict)


@given(st.data(), every_fact)
def test_a_missing_field_is_refused_by_its_name(data: st.DataObject, fact: Fact) -> None:
    told = data_of(fact)
    name = data.draw(st.sampled_from(sorted(told)))
    del told[name]
    with pytest.raises(Refused, match=re.escape(f"data.{name} is not present")):
        fact_of(fact.TYPE, told)


def test_a_part_of_the_machine_that_was_not_needed_may_be_left_out() -> None:
    told = {"crossing": "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88", "visit": 1, "timings_ms": {"chip": 2}, "total_ms": 3}
    assert fact_of("crossing.left.v1", told) == CrossingLeft(str(told["crossing"]), 1, Timings(chip=2), 3)


@pytest.mark.parametrize(
    "change",
    [
        lambda told: told["person"].update(surname="ERIKSSON\nADMIN"),
        lambda told: told["person"].update(surname="E" * 201),
        lambda told: told["person"].update(surname=None),
        lambda told: told["person"].update(birth_date="12.08.1974"),
        lambda told: told["person"].update(birth_date="1974-08-1\u0662"),
        lambda told: told["person"].update(sex="f"),
        lambda told: told["person"].update(nationality="utopia"),
        lambda told: told.update(retain_until="20290101"),
        lambda told: told.update(retain_until="2029-02-31"),
        lambda told: told.update(retain_until=20290101),
        lambda told: told.update(visit=True),
        lambda told: told.update(visit=-1),
        lambda told: told.update(visit=2**53),
        lambda told: told.update(visit=1.0),
        lambda told: told.update(direction="out"),
        lambda told: told.update(direction=["entry"]),
        lambda told: told.update(crossing="7"),
        lambda told: told.update(checks={}),
        lambda told: told.update(checks=told["checks"] * 65),
        lambda told: told["checks"][0].update(result="aborted!"),
        lambda told: told["checks"][0].update(ms=float("nan")),
        lambda told: told["face"].update(score=float("inf")),
        lambda told: told["face"].update(score="0.7"),
        lambda told: told.update(face=None),
        lambda told: told.update(person=[]),
        lambda told: told["checks"][0].update(id="Bad"),
        lambda told: told["checks"][0].update(id="a\n"),
        lambda told: told["lists"][0].update(name="a\tb"),
    ],
)
def test_a_wrong_value_is_refused_and_never_repeated(
    granted: CrossingGranted, change: Callable[[dict[str, Any]], None]
) -> None:
    told = data_of(granted)
    change(told)
    with pytest.raises(Refused) as refusal:
        fact_of(granted.TYPE, told)
    assert refusal.value.reason is Quarantine.BAD_EVENTS
    assert not re.search(r"ERIKSSON|ADMIN|EEE|1974|L898902C3|2029", str(refusal.value))


@pytest.mark.parametrize(
    ("kind", "told", "place"),
    [
        (
            "device.telemetry.v1",
            {"readings": [{"name": "a", "value": 1}, {"name": "A", "value": 1}]},
            "readings[1].name",
        ),
        ("outbox.dropped.v1", {"boot": "0" * 32, "seqs": [[1, 2], [3, 4]], "count": 4, "cause": "disk-full"}, "seqs"),
        ("outbox.dropped.v1", {"boot": "0" * 31, "seqs": [[1, 2]], "count": 2, "cause": "disk-full"}, "boot"),
        ("device.started.v1", {"number": 1, "software": "0.1\x7f", "wear": None}, "software"),
        ("device.command.v1", {"counter": 1, "command": "hold", "result": "done", "cause": "Late"}, "cause"),
    ],
)
def test_the_place_of_a_wrong_form_is_named(kind: str, told: dict[str, Any], place: str) -> None:
    with pytest.raises(Refused, match=re.escape(f"data.{place} is not in range")):
        fact_of(kind, told)


@pytest.mark.parametrize("kind", ["crossing.granted.v2", "crossing.granted", "lane.weather.v1", ""])
def test_a_type_that_the_contract_does_not_hold_is_an_unknown_version(kind: str) -> None:
    with pytest.raises(Refused) as refusal:
        fact_of(kind, {})
    assert refusal.value.reason is Quarantine.UNKNOWN_VERSION


def test_no_person_and_no_number_stands_in_a_repr(granted: CrossingGranted) -> None:
    assert not re.search("ERIKSSON|ANNA|1974|L898902C3|2032", repr(granted))
    referred = CrossingReferred(
        granted.crossing, 1, facts.Where.INSIDE, (), granted.document, granted.person, (), granted.retain_until
    )
    assert not re.search("ERIKSSON|ANNA|1974|L898902C3|2032", repr(replace(referred, visit=2)))
