"""The written contract: fresh, whole, and of one mind with the readers."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.cbor import encode
from messages.contract import __main__ as command
from messages.contract.asyncapi import document
from messages.contract.carried import CARRIED
from messages.contract.cddl import grammar
from messages.contract.page import Unmarked, filled, pages, stale
from messages.contract.schemas import event_schemas
from messages.contract.tables import tables
from messages.errors import Quarantine
from messages.events import Event
from messages.facts import KINDS
from messages.topics import Channel, Topic
from tests.messages.test_facts import attempt, json_values
from tests.messages.test_quick import every_event

DOCS = Path(__file__).parents[2] / "docs"
SCHEMAS = event_schemas()


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A copy that may be spoilt."""
    for name in pages(DOCS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(DOCS / name, tmp_path / name)
    return tmp_path


def test_every_page_of_the_contract_says_what_the_types_say() -> None:
    assert stale(DOCS) == [], "run `python -m messages.contract`"


def test_a_page_that_was_changed_by_hand_is_stale_and_is_put_right(
    docs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = (docs / "contract.md").read_text()
    (docs / "contract.md").write_text(told.replace("`too-large` |", "`too-big` |"))
    (docs / "schemas" / "lane.alarm.v1.json").unlink()
    (docs / "schemas" / "lane.weather.v1.json").write_text("{}")
    monkeypatch.setattr(sys, "argv", ["contract", "--docs", str(docs), "--check"])
    assert command.main() == 1
    assert capsys.readouterr().err.count(" is stale: run ") == 3
    (docs / "schemas" / "lane.weather.v1.json").unlink()
    monkeypatch.setattr(sys, "argv", ["contract", "--docs", str(docs)])
    assert command.main() == 0
    assert (docs / "contract.md").read_text() == told
    monkeypatch.setattr(sys, "argv", ["contract", "--docs", str(docs), "--check"])
    assert command.main() == 0


def test_a_page_without_a_place_for_every_table_is_not_written() -> None:
    with pytest.raises(Unmarked, match=r"\['limits'\]"):
        filled("<!-- written by `python -m messages.contract`: limits -->\n<!-- end -->", tables())


def test_the_grammar_says_in_which_order_keys_stand_on_the_wire() -> None:
    """As it is said there: the order in which ``encode`` writes."""
    assert "1, 3, 4, then -1, -2, then texts, a shorter one before a longer one" in grammar()
    keys = ["first", "v", "boot", -2, 4, -1, "seqs", 1, 3, "a"]
    read = cbor2.loads(encode(dict.fromkeys(keys, 0)))
    assert list(read) == [1, 3, 4, -1, -2, "a", "v", "boot", "seqs", "first"]


def test_what_people_wrote_between_the_tables_stays() -> None:
    text = "before\n<!-- written by `python -m messages.contract`: a -->\nold\n<!-- end -->\nafter\n"
    made = filled(text, {"a": "| new |"})
    assert made.startswith("before\n")
    assert made.endswith("<!-- end -->\nafter\n")
    assert "old" not in made
    assert filled(made, {"a": "| new |"}) == made


def test_every_event_every_reason_and_every_message_has_its_row() -> None:
    told = tables()
    assert re.findall(r"^\| `([a-z.-]+\.v\d)` \|", told["events"], re.MULTILINE) == list(KINDS)
    assert re.findall(r"^\| `([a-z-]+)` \|", told["quarantine"], re.MULTILINE) == list(Quarantine)
    assert {row.channel for row in CARRIED} == set(Channel)
    assert all(row.content_type in told["topics"] for row in CARRIED)


def wrong_places(schema: Any, value: Any, root: Any) -> Iterator[str]:
    """As much of a JSON Schema validator as these schemas need, written from the standard and from nothing of ours."""
    if "$ref" in schema:
        yield from wrong_places(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)
        return
    if "anyOf" in schema:
        if all(any(wrong_places(option, value, root)) for option in schema["anyOf"]):
            yield "anyOf"
        return
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None)}
    if "type" in schema and (not isinstance(value, kinds[schema["type"]]) or isinstance(value, bool)):
        yield "type"
        return
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        yield "enum"
    match value:
        case str():
            yield from ["pattern"] * ("pattern" in schema and not re.search(schema["pattern"], value))
            yield from ["maxLength"] * (len(value) > schema.get("maxLength", len(value)))
            yield from ["date"] * (schema.get("format") == "date" and not _is_date(value))
        case int() | float():
            yield from ["range"] * (not schema.get("minimum", value) <= value <= schema.get("maximum", value))
        case dict():
            yield from (f"missing {name}" for name in schema.get("required", ()) if name not in value)
            for name, inner in schema.get("properties", {}).items():
                yield from wrong_places(inner, value[name], root) if name in value else ()
        case list():
            yield from ["items"] * (not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)))
            for inner, item in zip(schema.get("prefixItems", ()), value, strict=False):
                yield from wrong_places(inner, item, root)
            for item in value if schema.get("items") else ():
                yield from wrong_places(schema["items"], item, root)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


@given(every_event)
def test_the_schema_takes_every_event_that_we_write(event: Event) -> None:
    assert list(wrong_places(SCHEMAS[event.type], json.loads(event.to_json()), SCHEMAS[event.type])) == []


@given(st.data(), every_event, json_values)
def test_what_the_reader_takes_the_schema_takes_and_the_other_way_round(
    data: st.DataObject, event: Event, value: object
) -> None:
    """But for what no schema can say: here the order of ranges, and a whole number spelt as a fraction."""
    told = json.loads(event.to_json())
    name = data.draw(st.sampled_from(sorted(told["data"])))
    if name == "seqs":
        return
    told["data"][name] = value
    takes = not isinstance(attempt(event.type, told["data"]), Exception)
    schema = SCHEMAS[event.type]
    assert takes == (not any(wrong_places(schema, told, schema)))


def test_a_schema_refers_to_itself_alone_and_names_a_person_nowhere() -> None:
    for name, schema in SCHEMAS.items():
        text = json.dumps(schema)
        assert schema["$id"] == f"urn:borderpost:event:{name}"
        assert all(
            target.removeprefix("#/$defs/") in schema["$defs"] for target in re.findall(r'"\$ref": "([^"]+)"', text)
        )


def test_the_asyncapi_file_is_whole() -> None:
    told = document()
    assert told["asyncapi"] == "3.0.0"
    assert set(told["channels"]) == set(Channel)
    for target in re.findall(r'"\$ref": "([^"]+)"', json.dumps(told)):
        place: Any = told
        for step in target.removeprefix("#/").split("/"):
            place = place[step]
        assert place
    for channel in told["channels"].values():
        address = channel["address"].format(region="utopia-north", post="harbour", device="lane-1")
        assert str(Topic.parse(address)) == address
    sends = {name for name, operation in told["operations"].items() if operation["action"] == "send"}
    assert sends == {"send-frame", "send-status", "send-answer"}
    assert all(operation["bindings"]["mqtt"]["retain"] is False for operation in told["operations"].values())
    assert told["components"]["securitySchemes"]["mutual-tls"]["type"] == "X509"


def test_the_grammar_defines_every_name_that_it_uses() -> None:
    text = re.sub(r'"(?:[^"\\]|\\.)*"', '""', grammar())
    text = re.sub(r";.*", "", text)
    defined = re.findall(r"^([a-z-]+) = ", text, re.MULTILINE)
    prelude = {"bstr", "tstr", "int", "any"}  # RFC 8610, appendix D
    assert len(defined) == len(set(defined))
    assert {row.rule for row in CARRIED} <= set(defined)
    assert not set(defined) & {*prelude, "text", "bytes", "number", "uint", "nint", "float", "bool", "time", "uri"}
    used = set(re.findall(r"(?<![.\w-])([a-z][a-z-]*)\b(?!:)", text))
    assert used - set(defined) == prelude
