"""Are these bytes strict CBOR, and what do they say? Nothing but maps, lists, text, bytes and whole numbers."""

import cbor2

from messages.errors import Quarantine, Refused
from messages.limits import CBOR_DEPTH_MAX

Plain = int | str | bytes | list["Plain"] | dict["int | str", "Plain"]


def encode(value: object) -> bytes:
    """Deterministic encoding (RFC 8949, 4.2.1): the same value always gives the same bytes."""
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes) -> Plain:
    """Read exactly one item that fills ``data`` to its last byte, or raise Refused(not-cbor)."""
    try:
        value = cbor2.loads(data, max_depth=CBOR_DEPTH_MAX, allow_indefinite=False, allow_duplicate_keys=False)
    except Exception as error:
        # The boundary to a hostile world, and the only blanket one: built-in tags raise what they like (a decimal
        # exponent gives decimal.InvalidOperation, a date ValueError), and each of it means the same: refused.
        raise Refused(Quarantine.NOT_CBOR, type(error).__name__) from None
    _refuse_what_is_not_plain(value, len(data))
    if encode(value) != data:  # Trailing bytes, long forms, other key orders: two spellings are one too many.
        raise Refused(Quarantine.NOT_CBOR, "not the deterministic encoding")
    return value  # type: ignore[no-any-return]  # walked above: it is Plain


def _refuse_what_is_not_plain(root: object, size_bytes: int) -> None:
    """Walk everything once. An item costs at least its own bytes, so who walks further than the input is long
    walks shared references (tags 28, 29, 25): cyclic lists, or a small message that unfolds for ever."""
    stack, walked_bytes = [root], 0
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            stack.extend(value)
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, str | bytes):
            walked_bytes += len(value)
        elif type(value) is not int:  # Tags, floats, booleans, null, dates, big decimals: not in this contract.
            raise Refused(Quarantine.NOT_CBOR, "a type outside the contract")
        walked_bytes += 1
        if walked_bytes > size_bytes:
            raise Refused(Quarantine.NOT_CBOR, "shared references")
