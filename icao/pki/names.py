"""Do two distinguished names mean the same authority? Compared as people read them. (RFC 5280, 7.1; Doc 9303-12, 7.1.1)

States write their own name now in one string type and now in another, in capitals and not, with the parts in either
order. ``comparable`` makes all of those equal; that this confuses two authorities does not matter, because a name
only ever proposes a key, and the signature decides.
"""

import unicodedata
from collections.abc import Iterator
from typing import Final

from icao.der import SEQUENCE, SET, Fields, Part, elements, oid, only
from icao.tlv import Garbled

COUNTRY: Final = "2.5.4.6"
MAX_PARTS: Final = 32  # of a name, and again of one of its parts

# The string types of X.520. TeletexString is read as Latin-1, which is what states put there.
ENCODINGS: Final = {
    0x0C: "utf-8", 0x12: "ascii", 0x13: "latin-1", 0x14: "latin-1", 0x16: "latin-1",
    0x1C: "utf-32-be", 0x1E: "utf-16-be",
}  # fmt: skip


def comparable(name: bytes) -> str:
    """The same text for every way to write the same name. ``name`` is an encoded Name. Raises Garbled."""
    return "\n".join(sorted(f"{kind}={_plain(text)}" for kind, text in _parts(name)))


def country(name: bytes) -> str:
    """Two letters in upper case; empty when the name says none. Raises Garbled."""
    return next((text.strip().upper() for kind, text in _parts(name) if kind == COUNTRY), "")


def _parts(name: bytes) -> Iterator[tuple[str, str]]:
    for relative in elements(only(name, SEQUENCE).value, MAX_PARTS):
        if relative.tag != SET:
            raise Garbled("a name is not a list of sets")
        for pair in elements(relative.value, MAX_PARTS):
            fields = Fields(pair.value)
            kind, value = fields.next(), fields.next()
            if fields.left:
                raise Garbled("a part of a name has more than a kind and a value")
            yield oid(kind), _text(value)


def _text(value: Part) -> str:
    encoding = ENCODINGS.get(value.tag)
    if encoding is None:
        return value.encoded.hex()
    return value.value.decode(encoding, "replace")


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
