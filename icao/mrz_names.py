"""How do names stand in a machine readable zone, and what may be cut off? (Doc 9303-3, 4.6; Doc 9303-4, 4.2.3)"""

import unicodedata
from typing import Final

# Doc 9303-3, 6.A: letters that decomposition does not turn into the recommended ones.
SPELLED: Final = {
    "Ä": "AE", "Æ": "AE", "Å": "AA", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ł": "L", "Ŋ": "N",
    "Ø": "OE", "Ö": "OE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ŧ": "T", "Ü": "UE",
}  # fmt: skip
DROPPED: Final = (
    "'`.,\u2019\u02bc"  # Doc 9303-3, 4.6: apostrophes are left out; commas and full stops never stand in the zone.
)


def read_names(field: str) -> tuple[str, str, bool]:
    """Surname, given names, and whether they may be truncated.

    A letter in the last place is the only sign of truncation that the zone can give.

    >>> read_names("ERIKSSON<<ANNA<MARIA<<<<")
    ('ERIKSSON', 'ANNA MARIA', False)
    """
    surname, _, given = field.partition("<<")
    return _words(surname), _words(given), not field.endswith("<")


def write_names(surname: str, given_names: str, width: int) -> str:
    """The names field, filled or cut to ``width``; a cut one ends in a letter and keeps a given name's beginning.

    >>> write_names("Eriksson", "Anna-Maria", 24)
    'ERIKSSON<<ANNA<MARIA<<<<'
    """
    first, second = _spelled(surname), _spelled(given_names)
    whole = f"{first}<<{second}" if second else first
    if len(whole) <= width:
        return whole.ljust(width, "<")
    kept = len(first) if not second else min(len(first), width - 3)
    while True:  # Ends at the latest with one letter of the surname: names are not made of fillers.
        field = (f"{first[:kept].rstrip('<')}<<{second}" if second else first[:kept])[:width]
        if len(field) == width and not field.endswith("<"):
            return field
        kept -= 1
        if kept == 0:
            return whole[:width].rstrip("<").ljust(width, "<")


def _words(text: str) -> str:
    return " ".join(text.replace("<", " ").split())


def _spelled(name: str) -> str:
    """A-Z and single fillers. Raises ValueError when a character has no recommended transliteration here."""
    spelled = "".join(
        SPELLED.get(letter, letter) for letter in unicodedata.normalize("NFC", name).replace("ß", "SS").upper()
    )
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(letter))
    words = "".join(" " if letter in "-<" else letter for letter in plain if letter not in DROPPED).split()
    if not all(word.isascii() and word.isalpha() for word in words):
        raise ValueError("a name holds a character that has no place in a machine readable zone")
    return "<".join(words)
