"""How do seals write text in two thirds of its bytes? Three characters in two bytes. (Doc 9303-13, 2.5; TR-03137-1, B)

Upper-case letters, digits and the blank; a zone's filler stands as a blank. There is one way to write each text, and
only that one is read: what can be written in two ways can be altered without breaking a signature.
"""

from typing import Final

from icao.tlv import Garbled

# A C40 value is a place in this row; the first three are shifts, which seals do not use.
VALUES: Final = "\0\0\0 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PAD: Final = 0
UNLATCH: Final = 0xFE
WEIGHTS: Final = (1600, 40, 1)


def decode(data: bytes) -> str:
    """The text, blanks where a zone has fillers. Raises Garbled.

    >>> decode(bytes.fromhex("EB0466A9")), decode(bytes.fromhex("EB11FE45"))
    ('XK CD', 'XKCD')
    """
    if len(data) % 2:
        raise Garbled("C40 text has an odd number of bytes")
    text, last = [], len(data) - 2
    for place in range(0, len(data), 2):
        text.append(_pair(data[place], data[place + 1], ends=place == last))
    return "".join(text)


def encode(text: str) -> bytes:
    """Raises ValueError when a character has no place in C40.

    >>> encode("D<<").hex(), encode("XK<CD").hex()
    ('6abc', 'eb0466a9')
    """
    values = [VALUES.index(character, 3) for character in text.replace("<", " ")]
    out = bytearray()
    for place in range(0, len(values), 3):
        group = values[place : place + 3]
        if len(group) == 1:
            out += bytes([UNLATCH, ord(VALUES[group[0]]) + 1])
        else:
            group += [PAD] * (3 - len(group))
            number = 1 + sum(weight * value for weight, value in zip(WEIGHTS, group, strict=True))
            out += number.to_bytes(2, "big")
    return bytes(out)


def _pair(first: int, second: int, *, ends: bool) -> str:
    if first == UNLATCH:
        return _single(second, ends=ends)
    number = (first << 8 | second) - 1
    values = (number // 1600, number // 40 % 40, number % 40)
    kept = values[:2] if ends and values[2] == PAD else values
    if number < 0 or any(not 3 <= value < len(VALUES) for value in kept):
        raise Garbled("a pair of bytes is no C40 text")
    return "".join(VALUES[value] for value in kept)


def _single(code: int, *, ends: bool) -> str:
    """One character left over stands in ASCII, plus one."""
    character = chr(code - 1) if code else ""
    if not ends or not character or character not in VALUES[3:]:
        raise Garbled("C40 text ends before its last byte")
    return character
