"""How do names stand in a machine readable zone, and what may be cut off? (Doc 9303-3, 4.6; Doc 9303-4, 4.2.3)"""

from icao.mrz.alphabets import Language
from icao.mrz.transliteration import transliterated


def read_names(field: str) -> tuple[str, str, bool]:
    """Surname, given names, and whether they may be truncated.

    A letter in the last place is the only sign of truncation that the zone can give.

    >>> read_names("ERIKSSON<<ANNA<MARIA<<<<")
    ('ERIKSSON', 'ANNA MARIA', False)
    """
    surname, _, given = field.partition("<<")
    return _words(surname), _words(given), not field.endswith("<")


def write_names(surname: str, given_names: str, width: int, language: Language = "") -> str:
    """The names field, filled or cut to ``width``; a cut one ends in a letter and keeps a given name's beginning.

    Raises ValueError when there is no surname, or a letter has no spelling in A-Z.

    >>> write_names("Eriksson", "Anna-Maria", 24)
    'ERIKSSON<<ANNA<MARIA<<<<'
    """
    first, second = (transliterated(name, language).replace(" ", "<") for name in (surname, given_names))
    if not first:
        raise ValueError("a surname is missing; a holder with one name has it there")
    if len(f"{first}<<{second}") <= width or (not second and len(first) <= width):
        return (f"{first}<<{second}" if second else first).ljust(width, "<")
    # Where the end hides the cut, one letter less somewhere brings another letter to the last place.
    tries = ((first, second), (_shortened(first), second), (first, _shortened(second)))
    fields = [_cut(*names, width) for names in tries]
    return next((field for field, hidden in fields if not hidden), fields[1][0])


def _cut(first: str, second: str, width: int) -> tuple[str, bool]:
    """The field, and whether its end hides that something is missing, because a filler stands there."""
    kept = first[: width - 3] if second else first[:width]
    field = f"{kept}<<{second}"[:width] if second else kept
    return field, field.endswith("<") or kept.endswith("<")


def _shortened(name: str) -> str:
    """Without the last letter of its longest word, so that what follows moves up by one place."""
    words = name.split("<")
    longest = max(range(len(words)), key=lambda place: len(words[place]))
    words[longest] = words[longest][:-1] or words[longest]
    return "<".join(words)


def _words(text: str) -> str:
    return " ".join(text.replace("<", " ").split())
