"""What does a signed CBOR body say? One way to write and to read those that are not frames: commands, answers, lists.

A body is a map with its version ``v``; unknown names are ignored, anything else that does not fit is Refused.
"""

from typing import Final, TypeVar

from msgspec import Struct, to_builtins

from messages.cbor import decode, encode
from messages.errors import Quarantine, Refused
from messages.shape import from_plain

VERSION: Final = 1
T = TypeVar("T", bound=Struct)


def write_body(body: Struct) -> bytes:
    """The CBOR map of a struct, if ``read_body`` reads the same from it; else Refused(bad-events)."""
    plain = {"v": VERSION, **to_builtins(body, builtin_types=(bytes,))}
    from_plain(type(body), plain)
    return encode(plain)


def read_body(data: bytes, kind: type[T]) -> T:
    """Refused: not-cbor, unknown-version, or bad-events with the place that is wrong, never the value."""
    plain = decode(data)
    if not isinstance(plain, dict):
        raise Refused(Quarantine.BAD_EVENTS, "not a map")
    match plain.get("v"):
        case int() as version if version == VERSION:
            return from_plain(kind, plain)
        case int():
            raise Refused(Quarantine.UNKNOWN_VERSION)
        case _:
            raise Refused(Quarantine.BAD_EVENTS, "no version")
