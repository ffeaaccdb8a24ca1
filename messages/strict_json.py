"""What does this JSON object say, if it is one that every reader understands alike?"""

import json
import math
from collections.abc import Iterable

from messages.errors import Quarantine, Refused
from messages.limits import JSON_DEPTH_MAX


def loads(body: bytes, limit_bytes: int) -> dict[str, object]:
    """One UTF-8 JSON object without duplicate names, NaN, infinities, lone surrogates; else Refused(bad-events)."""
    if len(body) > limit_bytes:
        raise Refused(Quarantine.TOO_LARGE, f"JSON over {limit_bytes} bytes")
    try:
        value = json.loads(
            body.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant, parse_float=_finite
        )
        json.dumps(value, ensure_ascii=False).encode("utf-8")  # A lone surrogate breaks whoever stores it.
    except (ValueError, RecursionError):
        # ValueError covers bad UTF-8, bad JSON, a 5,000-digit number and a lone surrogate (UnicodeEncodeError);
        # RecursionError is what 100,000 brackets raise (D16).
        raise Refused(Quarantine.BAD_EVENTS, "not strict JSON") from None
    if not isinstance(value, dict) or _too_deep(value):
        raise Refused(Quarantine.BAD_EVENTS, "not a JSON object, or nested too deeply")
    return value


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(JSON_DEPTH_MAX):
        level = [child for item in level for child in _children(item)]
    return bool(level)


def _children(item: object) -> Iterable[object]:
    match item:
        case dict():
            return item.values()
        case list():
            return item
        case _:
            return ()


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate name")
    return found


def _no_constant(_text: str) -> float:
    raise ValueError("not a number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("out of range")
    return number
