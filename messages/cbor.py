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
BYTES: Final = 0x40  # major type 2


def encode(value: object) -> bytes:
    """Deterministic encoding (RFC 8949, 4.2.1): the same value always gives the same bytes."""
    return cbor2.dumps(_in_order(value))


def decode(data: bytes) -> Plain:
    """Read exactly one item that fills ``data`` to its last byte, or raise Refused(not-cbor).

    That it stands in the deterministic encoding is proven by its length: a longer form of any number or length, a tag,
    a byte behind the end: each makes ``data`` longer than the shortest encoding of what was read. Order is looked at.
    """
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
    if _size(value) != len(data):  # Two spellings are one too many.
        raise Refused(Quarantine.NOT_CBOR, "not the deterministic encoding")
    return value  # type: ignore[no-any-return]  # sized above: it is Plain


def byte_string(data: bytes) -> bytes:
    """The encoding of one byte string: for structures that are signed and never sent, made often and of large parts."""
    size = len(data)
    if size < 24:
        return bytes([BYTES + size]) + data
    width = (_head(size) - 1).bit_length() - 1  # 1, 2, 4 or 8 bytes of length
    return bytes([BYTES + 24 + width]) + size.to_bytes(1 << width, "big") + data


def _refuse_tag(_decoder: object, *_value: object) -> NoReturn:
    raise ValueError("a tag")


# Large numbers (2, 3) would pass for plain ones. References to shared values (28, 29) and to texts (256, 25) make a
# list that holds itself, or a small message that unfolds for ever (D13): without them no walk is longer than the input.
NO_TAGS: Final = dict.fromkeys((2, 3, 25, 28, 29, 256), _refuse_tag)


def _size(value: Any) -> int:  # Any: whatever CBOR can hold
    """The bytes of the shortest encoding."""
    kind = type(value)
    if kind is bytes:
        return _head(len(value)) + len(value)
    if kind is str:
        size = len(value) if value.isascii() else len(value.encode())
        return _head(size) + size
    if kind is int:
        return _head(value if value >= 0 else ~value)
    if kind is list:
        return _head(len(value)) + sum(map(_size, value))
    if kind is not dict:  # Tags, floats, booleans, null, dates, big decimals: not in this contract.
        raise Refused(Quarantine.NOT_CBOR, "a type outside the contract")
    _expect_order(value)
    return _head(len(value)) + sum(map(_size, value)) + sum(map(_size, value.values()))


def _head(number: int) -> int:
    """The bytes of a head: the type with a number, or with a length."""
    if number < 24:
        return 1
    return 2 if number < 1 << 8 else 3 if number < 1 << 16 else 5 if number < 1 << 32 else 9


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
