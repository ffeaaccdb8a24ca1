"""How is the form of a field said in words? From its type alone, so no page can say something else than the reader."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Final, Union, get_args, get_origin

from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

from messages import shape
from messages.limits import RANGES_MAX

FORMS: Final = {
    shape.PLAIN: "text",
    shape.CODE: "code",
    shape.CODE_OR_NONE: 'code or ""',
    shape.UUID: "UUID",
    shape.BOOT: "32 hex digits",
    shape.COUNTRY: "state",
    shape.DATE: "date, X for what is open",
}
DATES: Final = {date: "YYYY-MM-DD"}
NUMBERS: Final = {
    shape.Measure: "number from 0",
    shape.Offset: "number",
    shape.Score: "number",
    shape.Count: "count",
    shape.Number: "count from 1",
    shape.Ranges: f"[[first, last], ...], rising, at most {RANGES_MAX}",
}


def field_words(kind: type[Struct]) -> str:
    """Every field with its form; one with a question mark may be left out.

    >>> from messages.facts import LaneAlarm
    >>> field_words(LaneAlarm)
    '`code` code; `visit` count or null'
    """
    return "; ".join(f"{_name(field)} {words(field.type)}" for field in fields(kind))


def _name(field: FieldInfo) -> str:
    return f"`{field.encode_name}`" + ("" if field.required else "?")


def words(hint: Any) -> str:  # Any: a type hint
    if hint in NUMBERS:
        return NUMBERS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(arguments)
    if origin is Union or origin is type(int | None):
        some = tuple(argument for argument in arguments if argument is not type(None))
        whole: Any = Union[some]  # noqa: UP007  # made of what was found
        said = NUMBERS[whole] if whole in NUMBERS else " or ".join(map(words, some))
        return said + (" or null" if len(some) < len(arguments) else "")
    if origin is tuple:
        return f"[{words(arguments[0])}, ...]"
    if issubclass(hint, StrEnum):
        return "/".join(f'"{member}"' for member in hint)
    return f"{{{field_words(hint)}}}" if issubclass(hint, Struct) else DATES[hint]


def _annotated(arguments: tuple[Any, ...]) -> str:  # Any: a type hint and its rules
    for rule in arguments[1:]:
        if isinstance(rule, shape.Form):
            return FORMS[rule]
    bounds = next(rule for rule in arguments[1:] if isinstance(rule, Meta))
    return f"{words(arguments[0])}, at most {bounds.max_length}"
