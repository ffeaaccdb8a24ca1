"""Which form has each text, number and list in an event's ``data``? Declared once; read, written and told from here.

``msgspec`` holds types, bounds and lengths. What a text must look like is held by ``Form``: the same rule for the
reader in a hurry, for the strict one and for the JSON Schema. Unknown field: ignored, so that an older gateway takes
a newer edge. Everything else that does not fit: Refused(bad-events) with the place and never the value.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

from msgspec import Meta, MsgspecError, Struct, ValidationError, convert
from msgspec.structs import fields

from messages.errors import Quarantine, Refused
from messages.limits import CODE_MAX_CHARS, COUNT_MAX, NAME_MAX_CHARS, RANGES_MAX, TEXT_MAX_CHARS

FORMS_KEPT: Final = 1024  # texts of small vocabularies whose form is known already: codes and states, never a person's

T = TypeVar("T", bound=Struct)
Test = Callable[[Any], object]  # Any: whatever the hint says, msgspec has seen to it; anything true means: it holds


@dataclass(frozen=True, slots=True)
class Form:
    """A regular expression for the whole text. ``few``: only few such texts exist, so the answer may be remembered."""

    regex: str
    few: bool = False

    def test(self) -> Test:
        matches = re.compile(self.regex, re.ASCII).fullmatch
        return lru_cache(FORMS_KEPT)(matches) if self.few else matches


@dataclass(frozen=True, slots=True)
class Rising:
    """Ranges [first, last] that rise and do not touch."""


PLAIN: Final = Form(rf"[^\x00-\x1f\x7f]{{0,{TEXT_MAX_CHARS}}}")
CODE: Final = Form(rf"[a-z0-9][a-z0-9._-]{{0,{CODE_MAX_CHARS - 1}}}", few=True)
CODE_OR_NONE: Final = Form(rf"({CODE.regex})?", few=True)
UUID: Final = Form(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
BOOT: Final = Form(r"[0-9a-f]{32}", few=True)
NAME: Final = Form(rf"[a-z0-9][a-z0-9-]{{0,{NAME_MAX_CHARS - 1}}}", few=True)
# Doc 9303: UTO, but D for Germany. A referral also tells of documents that say what they should not: U0O, or nothing.
COUNTRY: Final = Form(r"[A-Z0-9]{0,3}", few=True)
DATE: Final = Form(r"([0-9]{4}|X{4})-([0-9]{2}|XX)-([0-9]{2}|XX)")  # X: what the document leaves open


def told(form: Form, max_chars: int) -> Meta:
    """msgspec sees to the length before any form is asked: what is remembered of a form stays small."""
    return Meta(max_length=max_chars, extra_json_schema={"pattern": f"^{form.regex}$"})


def exactly(form: Form, max_chars: int) -> Meta:
    """For the keys of a map, where nobody else looks; msgspec asks it each time, which is slow."""
    return Meta(max_length=max_chars, pattern=rf"^{form.regex}\Z")


Text = Annotated[str, told(PLAIN, TEXT_MAX_CHARS), PLAIN]
Code = Annotated[str, told(CODE, CODE_MAX_CHARS), CODE]
CodeOrNone = Annotated[str, told(CODE_OR_NONE, CODE_MAX_CHARS), CODE_OR_NONE]
Uuid = Annotated[str, told(UUID, 36), UUID]
Boot = Annotated[str, told(BOOT, 32), BOOT]
Country = Annotated[str, told(COUNTRY, 3), COUNTRY]
DocumentDate = Annotated[str, told(DATE, 10), DATE]
Count = Annotated[int, Meta(ge=0, le=COUNT_MAX)]
Number = Annotated[int, Meta(ge=1, le=COUNT_MAX)]
# Milliseconds, seconds, degrees: a whole number is a number too, and is written as it was read.
Measure = Annotated[int, Meta(ge=0, le=COUNT_MAX)] | Annotated[float, Meta(ge=0, le=COUNT_MAX)]
Offset = Annotated[int, Meta(ge=-COUNT_MAX, le=COUNT_MAX)] | Annotated[float, Meta(ge=-COUNT_MAX, le=COUNT_MAX)]
Name = Annotated[str, told(NAME, NAME_MAX_CHARS), NAME]
Sha256 = Annotated[bytes, Meta(min_length=32, max_length=32)]
Score = Annotated[int, Meta(ge=-(10**6), le=10**6)] | Annotated[float, Meta(ge=-1e6, le=1e6)]
Ranges = Annotated[tuple[tuple[Number, Number], ...], Meta(min_length=1, max_length=RANGES_MAX), Rising()]


def from_plain(kind: type[T], value: object) -> T:
    """Read JSON values as the struct ``kind``, or raise Refused(bad-events)."""
    try:
        fact = convert(value, kind, builtin_types=(bytes,))  # a text is not read as base64
    except (MsgspecError, ValueError) as error:
        raise _bad(*_place(error)) from None
    for where in _flaws(kind, fact, "data"):
        raise _bad(where, "in range")
    return fact


@cache
def form_of(kind: type[Struct]) -> Test | None:
    """A quick test of what msgspec does not know, but for control characters in plain texts (see ``has_texts``)."""
    return _struct_test(kind)


@cache
def has_texts(hint: Any) -> bool:  # Any: a type hint
    """Whether any text without a narrower form stands in it."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return any(has_texts(field.type) for field in fields(hint))
    return hint is PLAIN or any(has_texts(argument) for argument in get_args(hint))


def _test(hint: Any) -> Test | None:  # Any: a type hint
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return None if PLAIN in arguments else _rule_test(arguments) or _test(arguments[0])
    if origin is Union or origin is type(int | None):
        return _optional_test(_test(arguments[0]))
    if origin is tuple:
        return _each_test(arguments[0])
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct_test(hint)
    return None


def _rule_test(arguments: tuple[Any, ...]) -> Test | None:  # Any: type hints
    for rule in arguments[1:]:
        if isinstance(rule, Form):
            return rule.test()
        if isinstance(rule, Rising):
            return _rising
    return None


def _optional_test(test: Test | None) -> Test | None:
    return test and (lambda value: value is None or test(value))


def _each_test(hint: Any) -> Test | None:  # Any: a type hint
    match _field_tests(hint):
        case [(get, test)]:  # Checks, readings: many and small. ``map`` in ``map`` costs half of a function for each.
            return lambda values: all(map(test, map(get, values)))
    each = _test(hint)
    return each and (lambda values: all(map(each, values)))


def _struct_test(kind: type[Struct]) -> Test | None:
    tests = _field_tests(kind)

    def holds(fact: Struct) -> bool:
        for get, test in tests:  # noqa: SIM110  # all() with a generator costs twice as much
            if not test(get(fact)):
                return False
        return True

    return holds if tests else None


def _field_tests(kind: Any, path: str = "") -> list[tuple[Callable[[Any], Any], Test]]:  # Any: a type hint
    """What each field, and each field of the structs inside, is asked."""
    if not isinstance(kind, type) or not issubclass(kind, Struct):
        return []
    found: list[tuple[Callable[[Any], Any], Test]] = []
    for field in fields(kind):
        name = f"{path}{field.name}"
        if inner := _field_tests(field.type, f"{name}."):
            found += inner
        elif test := _test(field.type):
            found.append((attrgetter(name), test))
    return found


def _rising(pairs: tuple[tuple[int, int], ...]) -> bool:
    flat = [number for first, last in pairs for number in (first, last + 1)]
    return all(low < high for low, high in pairwise(flat))


def _flaws(hint: Any, value: Any, where: str) -> Iterator[str]:  # Any: a type hint and its value
    """Where exactly? Asked only when it is known that something is wrong, or when time does not count."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        test = _rule_test(arguments)
        if test is None:
            yield from _flaws(arguments[0], value, where)
        elif not test(value):
            yield where
    elif value is None:
        return
    elif origin is Union or origin is type(int | None):
        yield from _flaws(arguments[0], value, where)
    elif origin is tuple:
        for place, item in enumerate(value):
            yield from _flaws(arguments[0], item, f"{where}[{place}]")
    elif isinstance(hint, type) and issubclass(hint, Struct):
        for field in fields(hint):
            yield from _flaws(field.type, getattr(value, field.name), f"{where}.{field.name}")


def _place(error: Exception) -> tuple[str, str]:
    """msgspec ends its sentence with `` - at `$.person.sex` ``; the rest may repeat a value and is dropped."""
    said = str(error) if isinstance(error, ValidationError) else ""
    at = re.search(r" - at `\$([A-Za-z0-9_.\[\].]*)`$", said)
    where = f"data{at[1] if at else ''}"
    if missing := re.match(r"Object missing required field `([a-z_]+)`", said):
        return f"{where}.{missing[1]}", "present"
    return where, "of the right type, or in range"


def _bad(where: str, expected: str) -> Refused:
    return Refused(Quarantine.BAD_EVENTS, f"{where} is not {expected}")
