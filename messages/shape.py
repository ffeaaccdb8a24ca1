"""Does this JSON have the shape of that dataclass? The one reader and writer for everything in an event's ``data``.

Unknown field: ignored, so that an older gateway takes a newer edge. Missing field, wrong type, out of range:
Refused(bad-events) with the place and never the value.
"""

import math
import re
import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from messages.errors import Quarantine, Refused
from messages.limits import CODE_MAX_CHARS, COUNT_MAX, TEXT_MAX_CHARS


@dataclass(frozen=True, slots=True)
class Pattern:
    regex: str


@dataclass(frozen=True, slots=True)
class Bounds:
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AtMost:
    items: int


Text = Annotated[str, Pattern(rf"[^\x00-\x1f\x7f]{{0,{TEXT_MAX_CHARS}}}")]
Code = Annotated[str, Pattern(rf"[a-z0-9][a-z0-9._-]{{0,{CODE_MAX_CHARS - 1}}}")]
Uuid = Annotated[str, Pattern(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")]
# Doc 9303: UTO, but D for Germany. A referral also tells of documents that say what they should not: U0O, or nothing.
Country = Annotated[str, Pattern(r"[A-Z0-9]{0,3}")]
Count = Annotated[int, Bounds(0, COUNT_MAX)]
Measure = Annotated[float, Bounds(0, COUNT_MAX)]  # milliseconds or seconds; a whole number is a number too
Score = Annotated[float, Bounds(-1e6, 1e6)]
DocumentDate = Annotated[str, Pattern(r"(\d{4}|X{4})-(\d\d|XX)-(\d\d|XX)")]  # X: what the document leaves open

T = TypeVar("T")


def to_plain(fact: object) -> Any:  # Any: JSON
    """A dataclass as JSON values; ``from_plain`` of it is the same dataclass again."""
    match fact:
        case StrEnum():
            return fact.value
        case date():
            return fact.isoformat()
        case tuple():
            return [to_plain(item) for item in fact]
        case _ if is_dataclass(fact):
            return {field.name: to_plain(getattr(fact, field.name)) for field in fields(fact)}
        case _:
            return fact


def from_plain(kind: type[T], value: object, where: str = "data") -> T:
    """Read ``value`` as the dataclass ``kind``, or raise Refused(bad-events)."""
    if not isinstance(value, Mapping):
        raise _bad(where, "an object")
    read: dict[str, object] = {}
    for name, hint, required in _fields(kind):  # type: ignore[arg-type]  # a class is hashable; mypy doubts it
        if name in value:
            read[name] = _read(hint, value[name], f"{where}.{name}")
        elif required:
            raise _bad(f"{where}.{name}", "present")
    return kind(**read)


@cache
def _fields(kind: Any) -> tuple[tuple[str, Any, bool], ...]:  # Any: a dataclass, type hints
    hints = get_type_hints(kind, include_extras=True)
    return tuple((field.name, hints[field.name], field.default is MISSING) for field in fields(kind))


def _read(hint: Any, value: object, where: str) -> object:  # Any: a type hint
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _within(arguments[1], _read(arguments[0], value, where), where)
    if origin in (Union, types.UnionType):  # only ever X | None
        return None if value is None else _read(arguments[0], value, where)
    if origin is tuple:
        return _items(arguments[0], value, where)
    if is_dataclass(hint):
        return from_plain(cast(type, hint), value, where)  # is_dataclass proves it, but not to mypy
    return _leaf(hint, value, where)


def _items(hint: Any, value: object, where: str) -> tuple[object, ...]:  # Any: a type hint
    if not isinstance(value, list | tuple):
        raise _bad(where, "a list")
    return tuple(_read(hint, item, f"{where}[{place}]") for place, item in enumerate(value))


def _leaf(kind: type, value: object, where: str) -> object:
    if kind is float and type(value) is int:
        return value
    if kind in (str, int, float):
        if type(value) is not kind and not (kind is str and isinstance(value, str)):
            raise _bad(where, kind.__name__)
        return value
    try:
        return date.fromisoformat(_dashed(value)) if kind is date else kind(value)
    except (TypeError, ValueError):
        raise _bad(where, "a known word" if issubclass(kind, StrEnum) else "a date") from None


def _dashed(value: object) -> str:
    """Only YYYY-MM-DD: ``fromisoformat`` alone would take 20300101 and 2030-W01-1 too."""
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError("not a date")
    return value


def _within(rule: object, value: object, where: str) -> object:
    match rule, value:
        case Pattern(regex), str() if re.fullmatch(regex, value, re.ASCII):
            return value
        case Bounds(low, high), int() | float() if math.isfinite(value) and low <= value <= high:
            return value
        case AtMost(items), tuple() if len(value) <= items:
            return value
        case _:
            raise _bad(where, "in range")


def _bad(where: str, expected: str) -> Refused:
    return Refused(Quarantine.BAD_EVENTS, f"{where} is not {expected}")
