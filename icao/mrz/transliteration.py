"""How is a name of any script spelled in A-Z, and which name may a spelling stand for? (Doc 9303-3, section 6)

Only the Arabic table can be read backwards, and ``arabic`` does so. From Latin and Cyrillic too much is lost: MUELLER
is Müller or Mueller. So the way back is a question with both names in it: ``may_stand_for``.
"""

import unicodedata
from typing import Final

from icao.mrz.alphabets import (
    ALSO_SPELLED,
    ARABIC,
    CYRILLIC,
    CYRILLIC_NATIONAL,
    FARSI_YEH,
    FARSI_YEH_ALSO,
    NOT_ENCODED,
    SHADDA,
    SPELLED,
    TEH_MARBUTA,
    TEH_MARBUTA_LAST,
    UKRAINIAN_FIRST,
    Language,
)

# Doc 9303-3, 4.6: a hyphen and a comma divide a name, an apostrophe and any other sign leave no trace.
DIVIDERS: Final = "<,"
APOSTROPHES: Final = "`\u00b4\u02b9\u02bb\u02bc"
LEAVES_NO_TRACE: Final = ("P", "Cf", "Sk")  # Unicode categories: signs, and what is not to be seen

MAX_NAME_CHARACTERS: Final = 1000
UNKNOWN: Final = "a name holds a character that has no place in a machine readable zone"

Spellings = tuple[str, ...]  # of one letter; the recommended one comes first

_ARABIC_LETTERS: Final = {code: chr(letter) for letter, code in reversed(ARABIC.items())} | {
    TEH_MARBUTA_LAST: TEH_MARBUTA
}


def transliterated(name: str, language: Language = "") -> str:
    """The recommended spelling in A-Z, words divided by one blank. Raises ValueError for a letter of no table.

    >>> transliterated("D'Artagnan-Müller"), transliterated("Щукин Юрий"), transliterated("Юрій", "uk")
    ('DARTAGNAN MUELLER', 'SHCHUKIN IURII', 'YURII')
    >>> transliterated("محمد")
    'MXHMD'
    """
    return " ".join("".join(letter[0] for letter in word) for word in _spelled(name, language))


def may_stand_for(printed: str, name: str, language: Language = "") -> bool:
    """Whether the zone's ``printed`` is ``name`` in one of the spellings that the tables allow.

    Raises ValueError as ``transliterated`` does. A truncated name stands for nothing: ask its beginning instead.

    >>> [may_stand_for(printed, "Müller") for printed in ("MUELLER", "MULLER", "MUXXLLER", "MILLER")]
    [True, True, True, False]
    """
    printed = " ".join(printed.replace("<", " ").split())
    letters = [letter for word in _spelled(name, language) for letter in ((" ",), *word)][1:]
    reached = {0}
    for letter in letters:
        reached = {at + len(way) for at in reached for way in letter if printed.startswith(way, at)}
    return len(printed) in reached


def arabic(printed: str) -> str:
    """The Arabic letters that a transliterated name stands for. Raises ValueError when it was not made by table 6.C.

    Two equal letters in a row are read as one with a shadda, which is how the table writes it.

    >>> arabic("MXHMD BN ZKRYA")
    'محمد بن زكريا'
    """
    return " ".join(_arabic_word(word) for word in printed.replace("<", " ").split())


def _arabic_word(word: str) -> str:
    letters: list[str] = []
    while word:
        # No code begins another, so at most one length fits.
        code = next((word[:length] for length in (1, 2, 3) if word[:length] in _ARABIC_LETTERS), None)
        if code is None:
            raise ValueError("this is no transliteration of Arabic letters")
        letter, word = _ARABIC_LETTERS[code], word[len(code) :]
        letters.append(SHADDA if letters and letters[-1] == letter else letter)
    return "".join(letters)


def _spelled(name: str, language: Language) -> list[list[Spellings]]:
    """For each word, for each of its letters, how it may be spelled."""
    if len(name) > MAX_NAME_CHARACTERS:
        raise ValueError("a name is longer than any name may be")
    words = (_letters(word, language) for word in _words(name))
    return [word for word in words if any(letter != ("",) for letter in word)]


def _words(name: str) -> list[str]:
    """Composed upper case letters, without signs. Presentation forms and ligatures become their letters."""
    kept = "".join(letter for letter in name if letter not in APOSTROPHES)
    upper = unicodedata.normalize("NFC", unicodedata.normalize("NFKC", kept).upper())
    return "".join(_divided(letter) for letter in upper).split()


def _divided(letter: str) -> str:
    category = unicodedata.category(letter)
    if letter in DIVIDERS or category == "Pd":
        return " "
    silent = letter in NOT_ENCODED or letter in APOSTROPHES or category.startswith(LEAVES_NO_TRACE)
    return "" if silent else letter


def _letters(word: str, language: Language) -> list[Spellings]:
    letters: list[Spellings] = []
    for place, letter in enumerate(word):
        if letter == SHADDA and letters:
            letters[-1] = tuple(way * 2 for way in letters[-1]) + letters[-1]  # often left out in writing
        elif language == "uk" and place == 0 and letter in UKRAINIAN_FIRST:
            letters.append((UKRAINIAN_FIRST[letter],))
        elif letter == TEH_MARBUTA:
            ways = (ARABIC[ord(letter)], TEH_MARBUTA_LAST)
            letters.append(ways[::-1] if place == len(word) - 1 else ways)
        else:
            letters.append(_spellings(letter, language))
    return letters


def _spellings(letter: str, language: Language) -> Spellings:
    if "A" <= letter <= "Z":
        return (letter,)
    if letter in CYRILLIC:
        national = CYRILLIC_NATIONAL.get(language, {})
        return tuple(dict.fromkeys((national.get(letter, CYRILLIC[letter]), CYRILLIC[letter])))
    if ord(letter) in ARABIC:
        return (ARABIC[ord(letter)], *(FARSI_YEH_ALSO if letter == FARSI_YEH else ()))
    return (SPELLED.get(letter) or _without_marks(letter, language), *ALSO_SPELLED.get(letter, ()))


def _without_marks(letter: str, language: Language) -> str:
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    if plain in ("", letter):
        if plain and not unicodedata.combining(letter):
            raise ValueError(UNKNOWN)
        return ""  # a mark that composes with nothing
    return "".join(_spellings(part, language)[0] for part in plain)
