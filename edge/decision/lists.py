"""Is this document or person on a list? A list on disk holds keyed digests, so the file shows no number and no name.

An unkeyed digest of a nine-digit number is undone in minutes; the key comes from the device and not from the file.
The format is in docs/contract.md, 10.
"""

import hashlib
import hmac
import json
import re
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final  # Any: what JSON may hold, until it is parsed here

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from edge.decision.names import name_keys
from icao.mrz.zone import Mrz

FORMAT: Final = "borderpost-list-1"
KINDS: Final = ("documents", "persons")
FIELDS: Final = frozenset({"format", "kind", "name", "version", "issued_at", "entries"})
SIGNATURE: Final = "signature"
DIGEST_BYTES: Final = 8
KEY_BYTES: Final = 32
MAX_FILE_BYTES: Final = 16_000_000
MAX_ENTRIES: Final = 500_000
MAX_TEXT_CHARACTERS: Final = 64
ENTRY: Final = re.compile(r"[0-9a-f]{16}")
ISSUED_AT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
DIVIDER: Final = "\x1f"


class ListError(Exception):
    """``wrong``: which file, and what is wrong with it. The lane closes or refers; it never goes on without."""

    def __init__(self, wrong: str, cure: str = "ask the region for the list") -> None:
        super().__init__(f"{wrong}: {cure}.")
        self.wrong = wrong


@dataclass(frozen=True, slots=True, repr=False)
class WatchList:
    """One list as it was issued. Its age is for the caller's clock to tell."""

    kind: str
    name: str
    version: str
    issued_at: datetime
    entries: frozenset[bytes]
    key: bytes

    def __repr__(self) -> str:  # Neither digests nor the key in a log.
        return f"WatchList({self.kind}, {self.version}, {len(self.entries)} entries)"

    def holds(self, mrz: Mrz) -> bool:
        """Every key is asked before the answer, so that a hit takes as long as a miss."""
        texts = document_texts(mrz) if self.kind == "documents" else person_texts(mrz)
        return not self.entries.isdisjoint({digest(self.key, text) for text in texts})


@dataclass(frozen=True, slots=True)
class Lists:
    """What a lane asks before it decides. A list that is not there could not be asked."""

    documents: WatchList | None
    persons: WatchList | None


def document_texts(mrz: Mrz) -> Iterable[str]:
    """Number and issuer. The number is the chip's, so a letter O is an O: only fillers and blanks go."""
    number = "".join(letter for letter in mrz.document_number.upper() if letter.isascii() and letter.isalnum())
    yield DIVIDER.join(("document", number, mrz.issuing_state))


def person_texts(mrz: Mrz) -> Iterable[str]:
    """Every key of the name with every form in which the list may know the birth date."""
    for key in name_keys(mrz.surname, mrz.given_names):
        for born in births(mrz.birth_date):
            yield DIVIDER.join(("person", key, born))


def births(birth_date: str) -> tuple[str, ...]:
    """A list may know the day, the month or the year. A document that knows less itself is looked up by its year.

    >>> births("1974-08-12"), births("1974-XX-XX"), births("XXXX-XX-XX")
    (('born 1974-08-12', 'born 1974-08', 'born 1974'), ('about 1974',), ())
    """
    year, month, _ = birth_date.split("-")
    if "X" not in birth_date:
        return f"born {birth_date}", f"born {year}-{month}", f"born {year}"
    return () if "X" in year else (f"about {year}",)


def digest(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), hashlib.sha256)[:DIGEST_BYTES]


def load_lists(folder: Path, key: bytes, signer: Ed25519PublicKey | None = None) -> Lists:
    """``documents.json`` and ``persons.json``; one that is not there is None. Raises ListError for a bad one."""
    found = {kind: load_list(folder / f"{kind}.json", kind, key, signer) for kind in KINDS}
    return Lists(**found)


def load_list(path: Path, kind: str, key: bytes, signer: Ed25519PublicKey | None = None) -> WatchList | None:
    """The list in this file, or None if there is none. With a signer, only what bears its signature is taken."""
    if len(key) != KEY_BYTES:
        raise ListError(f"The key of the lists has {len(key)} bytes and must have {KEY_BYTES}", "set the post up again")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ListError(f"{path.name} cannot be read ({error.strerror})", "put the list there again") from error
    if len(content) > MAX_FILE_BYTES:
        raise ListError(f"{path.name} is larger than {MAX_FILE_BYTES} bytes", "put a smaller list there")
    return parse_list(content, path.name, kind, key, signer)


def parse_list(content: bytes, file: str, kind: str, key: bytes, signer: Ed25519PublicKey | None = None) -> WatchList:
    """Strict: a list that is not whole is no list. Raises ListError with a sentence that names the place."""
    table = plain_table(content, file)
    demand(
        FIELDS <= table.keys() <= FIELDS | {SIGNATURE}, file, f"has not exactly the fields {', '.join(sorted(FIELDS))}"
    )
    if signer is not None:
        verify(table, file, signer)
    demand(table["format"] == FORMAT, file, f"is not of the format {FORMAT}")
    demand(table["kind"] == kind, file, f"is not a list of {kind}")
    for field in ("name", "version"):
        value = table[field]
        demand(isinstance(value, str) and 0 < len(value) <= MAX_TEXT_CHARACTERS, file, f"has no usable {field}")
    return WatchList(
        kind, table["name"], table["version"], instant(table["issued_at"], file), digests(table, file), key
    )


def plain_table(content: bytes, file: str) -> dict[str, Any]:
    try:
        table = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ListError(f"{file} is not JSON", "put the list there again") from error
    demand(isinstance(table, dict), file, "is not one JSON object")
    return dict(table)


def verify(table: dict[str, Any], file: str, signer: Ed25519PublicKey) -> None:
    """G11, I11: an entry that was taken out or put in on the way breaks the signature."""
    signature = table.get(SIGNATURE)
    demand(isinstance(signature, str), file, "is not signed")
    try:
        signer.verify(b64decode(str(signature), validate=True), signed_bytes(table))
    except (InvalidSignature, ValueError) as error:
        raise ListError(f"{file} has a signature that is not the region's") from error


def signed_bytes(table: dict[str, Any]) -> bytes:
    unsigned = {field: value for field, value in table.items() if field != SIGNATURE}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":")).encode()


def instant(value: object, file: str) -> datetime:
    demand(isinstance(value, str) and ISSUED_AT.fullmatch(value) is not None, file, "has no issued_at in UTC")
    try:
        return datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ListError(f"{file} was issued on a day that does not exist") from error


def digests(table: dict[str, Any], file: str) -> frozenset[bytes]:
    entries = table["entries"]
    demand(isinstance(entries, list) and len(entries) <= MAX_ENTRIES, file, f"has no entries, or over {MAX_ENTRIES}")
    usable = all(isinstance(entry, str) and ENTRY.fullmatch(entry) for entry in entries)
    demand(usable, file, "has an entry that is not 16 hexadecimal digits")
    # A doubled or misplaced entry means that somebody edited the file by hand.
    demand(all(before < after for before, after in pairwise(entries)), file, "has entries out of order")
    return frozenset(bytes.fromhex(entry) for entry in entries)


def demand(true: bool, file: str, wrong: str) -> None:
    if not true:
        raise ListError(f"{file} {wrong}")
