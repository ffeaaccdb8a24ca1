"""What does the ICAO PKD send out? LDIF: an entry for each signer, CRL and master list, by country. (RFC 2849)"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

ROOT: Final = "dc=data,dc=download,dc=pkd,dc=icao,dc=int"
FOLD_COLUMNS: Final = 76

# The branch of an entry: the attribute that holds its bytes, and its object classes.
KINDS: Final = {
    "dsc": ("userCertificate;binary", ("top", "person", "organizationalPerson", "inetOrgPerson", "pkdDownload")),
    "crl": ("certificateRevocationList;binary", ("top", "cRLDistributionPoint", "pkdDownload")),
    "ml": ("pkdMasterListContent", ("top", "person", "pkdMasterList", "pkdDownload")),
}


@dataclass(frozen=True, slots=True, repr=False)
class Entry:
    """``branch`` is dsc, crl or ml."""

    branch: str
    country: str
    content: bytes
    version: int = 1
    name: str = ""


def ldif(entries: Iterable[Entry], end: str = "\n") -> bytes:
    """Lines are folded as the directory folds them."""
    lines = ["version: 1", ""]
    for entry in entries:
        lines += [*_lines(entry), ""]
    return end.join(folded for line in lines for folded in _folded(line)).encode()


def _lines(entry: Entry) -> list[str]:
    attribute, classes = KINDS[entry.branch]
    name = entry.name or sha256(entry.content).hexdigest()
    return [
        f"dn: cn={name},o={entry.branch},c={entry.country},{ROOT}",
        f"pkdVersion: {entry.version}",
        f"{attribute}:: {b64encode(entry.content).decode()}",
        *(f"objectClass: {each}" for each in classes),
        f"cn: {name}",
        "sn: 1",
    ]


def _folded(line: str) -> list[str]:
    """Continuations begin with one blank."""
    rest = range(FOLD_COLUMNS, len(line), FOLD_COLUMNS - 1)
    return [line[:FOLD_COLUMNS], *(" " + line[place : place + FOLD_COLUMNS - 1] for place in rest)]
