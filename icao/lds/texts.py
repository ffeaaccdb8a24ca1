"""What may be shown of a text or a date that a stranger's chip holds? Everything, but so that it shows nothing else.

Attack A28: a name of DG11 may hold characters that move the cursor, turn the reading direction of what stands beside
them, or cannot be seen. ``shown`` makes them visible and keeps each text to itself. Markup is left alone here: the
page or terminal that shows a text escapes what is markup to it, and would do so twice.
"""

import unicodedata
from typing import Final

from icao.tlv import Garbled

MAX_TEXT_BYTES: Final = 4096
MAX_SHOWN_CHARACTERS: Final = 1024
MAX_MARKS: Final = 3  # combining marks on one letter; more climb into the lines above

# Unicode categories of what is not seen: controls, formats (bidi marks, joiners, tags), surrogates, private use,
# unassigned, line and paragraph separators.
UNSEEN: Final = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
BLANKS: Final = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols that nobody sees either
SPACES: Final = "Zs"  # wide, thin and unbreakable ones; only the plain one stays as it is
MARKS: Final = ("Mn", "Me")
RIGHT_TO_LEFT: Final = ("R", "AL", "AN")
FIRST_STRONG_ISOLATE, POP_ISOLATE = "\u2068", "\u2069"
CUT: Final = "\u2026"

UNKNOWN_DIGITS: Final = "<Xx "
UNKNOWN_PART: Final = ("00", "XX")


def text(value: bytes) -> str:
    """UTF-8 as Doc 9303-10 says, or Latin-1, as some issuers write. Raises Garbled when it is longer than any text.

    >>> text("Gr\u00f6ger".encode("latin-1")) == text("Gr\u00f6ger".encode())
    True
    """
    if len(value) > MAX_TEXT_BYTES:
        raise Garbled(f"a text has {len(value)} bytes, and {MAX_TEXT_BYTES} is the most that is read")
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def shown(stranger: str) -> str:
    """One line that a screen, a terminal or a log can take: hidden characters escaped, other directions isolated.

    >>> shown("Anna\\u202eAIRAM")
    'Anna\\\\u202eAIRAM'
    >>> shown("Anna\\nGENUINE")
    'Anna\\\\x0aGENUINE'
    """
    line = "".join(_visible(stranger[:MAX_SHOWN_CHARACTERS])) + (CUT if len(stranger) > MAX_SHOWN_CHARACTERS else "")
    # Arabic and Hebrew names are welcome; they only must not turn what stands beside them.
    if any(unicodedata.bidirectional(character) in RIGHT_TO_LEFT for character in line):
        return FIRST_STRONG_ISOLATE + line + POP_ISOLATE
    return line


def day(value: bytes) -> str:
    """YYYY-MM-DD with X for what is unknown, from eight digits in ASCII or four bytes BCD. Raises Garbled.

    >>> day(b"19740812"), day(bytes.fromhex("19740800")), day(b"1974<<<<")
    ('1974-08-12', '1974-08-XX', '1974-XX-XX')
    """
    digits = _digits(value, 4)
    year = digits[:4]
    parts = ["XXXX" if year in ("0000", "XXXX") else year, *(_part(digits[at : at + 2]) for at in (4, 6))]
    if not _fits(parts[1], 12) or not _fits(parts[2], 31) or "X" in parts[0].strip("X"):
        raise Garbled("a date is none of the calendar")
    return "-".join(parts)


def moment(value: bytes) -> str:
    """YYYY-MM-DDThh:mm:ss, from fourteen digits in ASCII or seven bytes BCD. Raises Garbled.

    >>> moment(b"20260131120000")
    '2026-01-31T12:00:00'
    """
    digits = _digits(value, 7)
    time = [digits[at : at + 2] for at in (8, 10, 12)]
    if not digits.isdigit() or any(part >= limit for part, limit in zip(time, ("24", "60", "61"), strict=True)):
        raise Garbled("a time is none of the clock")
    return f"{day(digits[:8].encode())}T{':'.join(time)}"


def parts(stranger: str) -> tuple[str, ...]:
    """What fillers keep apart: the lines of an address, a place and its country.

    >>> parts("Main street 1<<Utopia City<UTO")
    ('Main street 1', 'Utopia City', 'UTO')
    """
    return tuple(part.strip() for part in stranger.split("<") if part.strip())


def _visible(stranger: str) -> list[str]:
    found: list[str] = []
    marks = 0
    for character in stranger:
        category = unicodedata.category(character)
        marks = marks + 1 if category in MARKS else 0
        hidden = category in UNSEEN or character in BLANKS or (category == SPACES and character != " ")
        found.append(_escaped(character) if hidden or marks > MAX_MARKS else character)
    return found


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _digits(value: bytes, bcd_bytes: int) -> str:
    if len(value) == bcd_bytes:
        digits = value.hex()
    elif len(value) == 2 * bcd_bytes:
        digits = "".join("X" if character in UNKNOWN_DIGITS else character for character in value.decode("latin-1"))
    else:
        raise Garbled("a date has a length that there is none of")
    if not digits.isascii() or digits.strip("0123456789X"):
        raise Garbled("a date is not made of digits")
    return digits


def _part(digits: str) -> str:
    return "XX" if digits in UNKNOWN_PART else digits


def _fits(part: str, most: int) -> bool:
    return part == "XX" or (part.isdigit() and 1 <= int(part) <= most)
