"""Are these bytes strict CBOR, and what do they say? Nothing but maps, lists, text, bytes and whole numbers."""

from typing import Any, Final, NoReturn

import cbor2

from messages.errors import Quarantine, Refused
from messages.limits import CBOR_DEPTH_MAX

LEAVES: Final = frozenset({int, str, bytes})


def _refuse_reference(_decoder: object, *_value: object) -> NoReturn:
    """Attack: a list that holds itself, or a small message that unfolds for ever (D13). Then nothing here is shared,
    and no walk can be longer than the input."""
    raise ValueError("a reference")


# Shared values and the references to them (28, 29), and texts that are named by a number (256, 25).
REFERENCES: Final = dict.fromkeys((25, 28, 29, 256), _refuse_reference)

Plain = int | str | bytes | list["Plain"] | dict["int | str", "Plain"]


def encode(value: object) -> bytes:
    """Deterministic encoding (RFC 8949, 4.2.1): the same value always gives the same bytes."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Plain:
    """Read exactly one item that fills ``data`` to its last byte, or raise Refused(not-cbor)."""
    try:
        value = cbor2.loads(
            data,
            max_depth=CBOR_DEPTH_MAX,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=REFERENCES,
        )
    except Exception as error:
        # The boundary to a hostile world, and the only blanket one: built-in tags raise what they like (a decimal
        # exponent gives decimal.InvalidOperation, a date ValueError), and each of it means the same: refused.
        raise Refused(Quarantine.NOT_CBOR, type(error).__name__) from None
    _refuse_what_is_not_plain(value)
    if encode(value) != data:  # Trailing bytes, long forms, other key orders: two spellings are one too many.
        raise Refused(Quarantine.NOT_CBOR, "not the deterministic encoding")
    return value  # type: ignore[no-any-return]  # walked above: it is Plain


def _refuse_what_is_not_plain(root: object) -> None:
    """Walk everything once, and a list of nothing but leaves in one step."""
    stack: list[Any] = [root]  # Any: what CBOR can hold
    while stack:
        value = stack.pop()
        kind = type(value)
        if kind is dict:
            stack += [*value, *value.values()]
        elif kind is list:
            if not LEAVES.issuperset(map(type, value)):
                stack += value
        elif kind not in LEAVES:  # Tags, floats, booleans, null, dates, big decimals: not in this contract.
            raise Refused(Quarantine.NOT_CBOR, "a type outside the contract")
