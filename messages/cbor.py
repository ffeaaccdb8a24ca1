"""Are these bytes strict CBOR, and what do they say? Nothing but maps, lists, text, bytes and whole numbers.

>>> encode({"v": 1, -1: b"x", 24: 0}).hex(" ")
'a3 18 18 00 20 41 78 61 76 01'
"""

from itertools import pairwise
from typing import Any, Final, NoReturn

import cbor2

from messages.errors import Quarantine, Refused
from messages.limits import CBOR_DEPTH_MAX

Plain = int | str | bytes | list["Plain"] | dict["int | str", "Plain"]
LEAVES: Final = frozenset({int, str, bytes})


def encode(value: object) -> bytes:
    """Deterministic encoding (RFC 8949, 4.2.1): the same value always gives the same bytes."""
    return cbor2.dumps(_in_order(value))


def decode(data: bytes) -> Plain:
    """Read exactly one item that fills ``data`` to its last byte, or raise Refused(not-cbor)."""
    try:
        value = cbor2.loads(
            data,
            max_depth=CBOR_DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=NO_TAGS,
        )
    except Exception as error:
        # The boundary to a hostile world, and the only blanket one: built-in tags raise what they like (a decimal
        # exponent gives decimal.InvalidOperation, a date ValueError), and each of it means the same: refused.
        raise Refused(Quarantine.NOT_CBOR, type(error).__name__) from None
    _refuse_what_is_not_plain(value)
    if cbor2.dumps(value) != data:  # Trailing bytes, long forms: two spellings are one too many.
        raise Refused(Quarantine.NOT_CBOR, "not the deterministic encoding")
    return value  # type: ignore[no-any-return]  # walked above: it is Plain


def _refuse_tag(_decoder: object, *_value: object) -> NoReturn:
    raise ValueError("a tag")


# Large numbers (2, 3) would pass for plain ones. References to shared values (28, 29) and to texts (256, 25) make a
# list that holds itself, or a small message that unfolds for ever (D13): without them no walk is longer than the input.
NO_TAGS: Final = dict.fromkeys((2, 3, 25, 28, 29, 256), _refuse_tag)


def _refuse_what_is_not_plain(root: object) -> None:
    """Walk everything once, and a list of nothing but leaves in one step."""
    stack: list[Any] = [root]  # Any: what CBOR can hold
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is dict:
            _expect_order(value)
            stack += value.values()
        elif kind is list:
            if not LEAVES.issuperset(map(type, value)):
                stack += value
        elif kind not in LEAVES:  # Tags, floats, booleans, null, dates, big decimals: not in this contract.
            raise Refused(Quarantine.NOT_CBOR, "a type outside the contract")


def _expect_order(told: dict[Any, Any]) -> None:  # Any: whatever CBOR can hold
    if not {int, str}.issuperset(map(type, told)):
        raise Refused(Quarantine.NOT_CBOR, "a key that is neither number nor text")
    if any(earlier > later for earlier, later in pairwise(map(_rank, told))):
        raise Refused(Quarantine.NOT_CBOR, "keys out of order")


def _in_order(value: Any) -> Any:  # Any: whatever CBOR can hold
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value, key=_rank)}
    return [_in_order(item) for item in value] if isinstance(value, list) else value


def _rank(key: int | str) -> tuple[int, int, bytes]:
    """Keys are sorted by the bytes of their encoding: whole numbers, negative ones, then texts, each by its length."""
    if isinstance(key, str):
        raw = key.encode()
        return 2, len(raw), raw
    return (0, key, b"") if key >= 0 else (1, -1 - key, b"")
