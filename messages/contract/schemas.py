"""What is each event, for a reader that was not written here? A JSON Schema (2020-12) of the whole event.

A schema cannot say everything: duplicate names, the depth, lone surrogates and the order of ranges are in the text.
"""

import inspect
from typing import Any, Final

from msgspec.json import schema

from messages import shape
from messages.facts import KINDS, Fact
from messages.quick import TIME, Wire

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
Schema = dict[str, Any]  # Any: JSON


def event_schema(name: str, kind: type[Fact]) -> Schema:
    """Self-contained: every definition it refers to stands in its own ``$defs``."""
    raw = schema(Wire[kind])  # type: ignore[valid-type]  # a class at run time, which is all msgspec asks for
    definitions: Schema = raw["$defs"]
    envelope = definitions.pop(raw["$ref"].rpartition("/")[2])
    properties = envelope["properties"]
    properties["type"] = {"const": name}
    properties["time"] |= {"format": "date-time", "pattern": f"^{TIME.pattern}$"}
    properties["source"] |= {"pattern": "^bp/1/" + "/".join([shape.NAME.regex] * 3) + "$"}
    return {
        "$schema": DIALECT,
        "$id": f"urn:borderpost:event:{name}",
        "title": name,
        "description": " ".join((inspect.getdoc(kind) or "").split()).replace("``", ""),
        "type": "object",
        "properties": properties,
        "required": envelope["required"],
        "$defs": definitions,
    }


def event_schemas() -> dict[str, Schema]:
    return {name: event_schema(name, kind) for name, kind in KINDS.items()}
