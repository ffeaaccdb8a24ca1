"""How is a stranger's JSON read so that two readers see one thing? Bounded, no key twice, nothing that is no JSON."""

import json
from collections.abc import Callable
from typing import Any, Final, NoReturn

from icao.tlv import Garbled

MAX_DEPTH_LEVELS: Final = 12  # VDS-NC nests six deep
MAX_NUMBER_CHARACTERS: Final = 20

_STRING_ENDS: Final = '"'


def loads(text: str) -> Any:  # Any: JSON
    """Raises Garbled."""
    _measure(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_refuse,
            parse_int=lambda digits: _number(digits, int),
            parse_float=lambda digits: _number(digits, float),
        )
    except ValueError:
        raise Garbled("the text is no JSON") from None


def _measure(text: str) -> None:
    """Count brackets outside strings: whoever nests a thousand of them never reaches the parser."""
    depth, place = 0, 0
    while place < len(text):
        character = text[place]
        if character == '"':
            place = _behind_string(text, place + 1)
            continue
        depth += (character in "[{") - (character in "]}")
        if depth > MAX_DEPTH_LEVELS:
            raise Garbled(f"the JSON nests deeper than {MAX_DEPTH_LEVELS} levels")
        place += 1


def _behind_string(text: str, place: int) -> int:
    while place < len(text) and text[place] != _STRING_ENDS:
        place += 2 if text[place] == "\\" else 1
    return place + 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # Any: JSON
    # Of two members with one name, the signer meant one and the reader shows the other.
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Garbled("a name stands twice in one JSON object")
    return found


def _refuse(word: str) -> NoReturn:
    raise Garbled("the JSON holds a number that is none")


def _number(digits: str, kind: Callable[[str], int | float]) -> int | float:
    if len(digits) > MAX_NUMBER_CHARACTERS:
        raise Garbled("a number in the JSON has too many digits")
    return kind(digits)
