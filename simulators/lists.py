"""Who writes the lists that lanes ask? A region that isn't there: list files by docs/contract.md, 10, and nothing else.

Written from the contract and not from the edge's reader, so that each finds the other's mistakes.
"""

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from string import ascii_uppercase, digits

# Doc 9303-3, 6.A, as far as Utopians and their neighbours need it.
NATIONAL_LETTERS = {
    "Ä": "AE", "Æ": "AE", "Å": "AA", "Ð": "D", "Đ": "D", "Ħ": "H", "Ĳ": "IJ", "Ł": "L", "Ŋ": "N",
    "Ø": "OE", "Ö": "OE", "Œ": "OE", "ẞ": "SS", "Þ": "TH", "Ŧ": "T", "Ü": "UE",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedDocument:
    number: str
    issuer: str

    def texts(self) -> set[str]:
        number = "".join(c for c in self.number.upper() if c in ascii_uppercase + digits)
        return {f"document\x1f{number}\x1f{self.issuer}"}


@dataclass(frozen=True, slots=True)
class ListedPerson:
    """``birth`` is YYYY-MM-DD, or YYYY-MM or YYYY where no more is known."""

    surname: str
    given_names: str
    birth: str

    def texts(self) -> set[str]:
        births = (f"born {self.birth}", f"about {self.birth[:4]}")
        return {f"person\x1f{key}\x1f{birth}" for key in self.keys() for birth in births}

    def keys(self) -> set[str]:
        surname, given = _words(self.surname), _words(self.given_names)
        if not surname and not given:
            raise ValueError("a listed person has a name with letters A to Z")
        joined = "".join(surname)
        keys = {f"all:{' '.join(sorted([*surname, *given]))}"}
        keys.add(f"run:{' '.join(word for word in sorted([joined, ''.join(given)]) if word)}")
        if joined:
            keys |= {f"one:{' '.join(sorted([joined, word]))}" for word in given}
        return keys


def make_list(
    kind: str, listed: Iterable[ListedDocument | ListedPerson], key: bytes, issued_at: datetime, version: str = "1"
) -> bytes:
    """The bytes of a list file; ``kind`` is documents or persons, ``issued_at`` aware, ``key`` the fleet's 32 bytes."""
    texts = {text for one in listed for text in one.texts()}
    entries = {hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16] for text in texts}
    return json.dumps(
        {
            "format": "borderpost-list-1",
            "kind": kind,
            "name": kind,
            "version": version,
            "issued_at": issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "entries": sorted(entries),
        },
        indent=1,
    ).encode()


def write_lists(
    folder: Path,
    documents: Iterable[ListedDocument],
    persons: Iterable[ListedPerson],
    key: bytes,
    issued_at: datetime,
    version: str = "1",
) -> None:
    """``documents.json`` and ``persons.json`` in this folder; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, listed in (("documents", documents), ("persons", persons)):
        half = folder / f"{kind}.json.new"
        half.write_bytes(make_list(kind, listed, key, issued_at, version))
        half.replace(folder / f"{kind}.json")


def _words(name: str) -> list[str]:
    letters = unicodedata.normalize("NFC", name).replace("ß", "SS").upper().replace("-", " ").replace("<", " ")
    spelled = "".join(NATIONAL_LETTERS.get(letter, letter) for letter in letters)
    plain = unicodedata.normalize("NFKD", spelled)
    kept = "".join(letter for letter in plain if letter in f" {ascii_uppercase}")
    return [_folded(word) for word in kept.split()]


def _folded(word: str) -> str:
    return word.replace("AA", "A").replace("AE", "A").replace("OE", "O").replace("UE", "U")
