"""When are two names the same name, though they were written down by different hands?

A name becomes a few keys; two names are the same if they share one. So only digests of keys need to be stored.
docs/contract.md, 10, has the same rules for whoever writes a list.
"""

import unicodedata
from typing import Final

from icao.mrz.alphabets import SPELLED

# Spellings of one sound that documents mix up (Doc 9303-3, 6.A allows both). Applied in this order, on both sides.
FOLDS: Final = (("AA", "A"), ("AE", "A"), ("OE", "O"), ("UE", "U"))
SEPARATORS: Final = "-<"


def name_keys(surname: str, given_names: str) -> frozenset[str]:
    """What this name may be looked up by.

    ``all``: every part, in any order, so it matters not which part somebody took for the surname.
    ``one``: the surname and any one given name, so a list may know fewer given names than the document, or more.
    ``run``: written together, so it matters not where somebody put a blank or a hyphen.

    >>> shared = name_keys("ERIKSSON", "ANNA MARIA") & name_keys("Eriksson", "Maria-Luise Anna")
    >>> sorted(shared)
    ['one:ANNA ERIKSSON', 'one:ERIKSSON MARIA']
    """
    family, given = parts(surname), parts(given_names)
    if not family and not given:
        return frozenset()
    joined = "".join(family)
    keys = {"all:" + " ".join(sorted(family + given)), "run:" + " ".join(sorted((joined, "".join(given)))).strip()}
    if joined:
        keys.update("one:" + " ".join(sorted((joined, name))) for name in given)
    return frozenset(keys)


def parts(name: str) -> tuple[str, ...]:
    """The words of a name in A-Z, folded; what is no letter of these falls away.

    >>> parts("van den Müller-Strøm"), parts("O'Mally"), parts("MUELLER")
    (('VAN', 'DEN', 'MULLER', 'STROM'), ('OMALLY',), ('MULLER',))
    """
    upper = unicodedata.normalize("NFC", name).replace("ß", "SS").upper()
    spelled = "".join(" " if letter in SEPARATORS else SPELLED.get(letter, letter) for letter in upper)
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", spelled) if "A" <= letter <= "Z" or letter == " "
    )
    return tuple(fold(word) for word in plain.split())


def fold(word: str) -> str:
    for both, one in FOLDS:
        word = word.replace(both, one)
    return word
