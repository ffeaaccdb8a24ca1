"""How is foreign ASN.1 read without surprises? Bounded before it is parsed, and one exception afterwards.

asn1crypto reads what real states write, BER and DER, and is lazy: an error may come as late as the access to a
field, and as any of the exceptions below. Everything that touches its objects therefore stands in ``reading``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from icao.tlv import Garbled

BROKEN: Final = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn the parser's complaints into Garbled, without what they quote of the input."""
    try:
        yield
    except BROKEN as error:
        raise Garbled(f"{what} is not made as its standard says ({type(error).__name__})") from None
