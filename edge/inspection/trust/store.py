"""Whom does this post believe? Asked of an index on disk, certificate by certificate, and read only when asked for.

A store is a folder: with the file that ``borderpost document trust import`` writes, or with nothing but certificates
(.der, .cer, .crt, .pem), each pinned by whoever put it there. An empty one trusts nobody, and then every issuer is
unknown. What is odd never keeps the rest from being used.
"""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha1
from pathlib import Path
from typing import Any, Final, TypeVar

from edge.inspection.trust.database import (
    FILE,
    TrustError,
    closed_by_a_fault,
    in_memory,
    open_to_read,
    spoken,
    transaction,
)
from edge.inspection.trust.importing import Report, loose_certificates, put_in, tell
from edge.inspection.trust.shelf import letters
from icao.pki.certificates import Anchor, Certificate, parse_certificate
from icao.pki.cms import SignerId
from icao.pki.crl import Crl, parse_crl
from icao.pki.deviation_list import DeviationList, parse_deviation_list
from icao.pki.trust import Issued, Reference

MAX_CERTIFICATES: Final = 4096  # in a plain folder; the world has some 600
KEPT_PARSED: Final = 256
KEPT_LISTS: Final = 32

Listed = TypeVar("Listed")


@dataclass(frozen=True, slots=True)
class Oddity:
    """A file of the store that an officer for the store should look at."""

    name: str
    why: str


class TrustStore:
    """``icao.pki.trust.Trust`` from an index. May be asked from several threads; sees what is imported meanwhile."""

    def __init__(self, connection: sqlite3.Connection, path: Path, refused: Sequence[Oddity] = ()) -> None:
        self._connection, self._path, self._refused = connection, path, tuple(refused)
        self._lock = threading.Lock()
        # A list may be of megabytes: it is fetched and read once, and known by its digest from then on.
        self._crl = lru_cache(KEPT_LISTS)(lambda digest: parse_crl(self._list("crls", digest)))
        self._deviations = lru_cache(KEPT_LISTS)(
            lambda digest: parse_deviation_list(self._list("deviation_lists", digest))
        )
        connection.create_function("sha1", 1, lambda der: sha1(der, usedforsecurity=False).digest(), deterministic=True)

    @staticmethod
    def open(folder: Path) -> "TrustStore":
        """Raises TrustError."""
        if not folder.is_dir():
            make = f"borderpost document trust import FILES --into {folder} --anchor CSCA.cer"
            raise TrustError(f"There is no trust store at {folder}. Make it ({make}).")
        if (folder / FILE).exists():
            return TrustStore(open_to_read(folder), folder / FILE)
        return _from_certificates(folder)

    def close(self) -> None:
        """Whoever asks at this moment has his answer first; whoever asks later hears TrustError."""
        with self._lock:
            self._connection.close()

    @property
    def empty(self) -> bool:
        return not self.rows("SELECT 1 FROM certificates WHERE trusted LIMIT 1")

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """All that are trusted, read at once: for tools, not for lanes."""
        return tuple(self._certificates("trusted"))

    @property
    def oddities(self) -> tuple[Oddity, ...]:
        return (*self._refused, *(Oddity(str(name), str(why)) for name, why in self.rows(ODD)))

    def issuers_of(self, issued: Issued) -> Sequence[Certificate]:
        found = self._certificates("trusted AND key_id = ?", issued.authority_key_id)
        return _distinct([*found, *self._certificates("trusted AND subject = ?", issued.issuer)])

    def signers_of(self, signer: SignerId) -> Sequence[Certificate]:
        if signer.key_id is not None:
            return self._certificates("role = 'signer' AND key_id = ?", signer.key_id)
        if signer.serial is None:
            return []
        return self._certificates("role = 'signer' AND serial = ? AND issuer = ?", f"{signer.serial:x}", signer.issuer)

    def seal_signers(self, reference: Reference) -> Sequence[Certificate]:
        """Signers of seals, which only name their signer (``icao.seals.verify.SealTrust``)."""
        if reference.sha1_end:
            length = len(reference.sha1_end)
            found = self._certificates(
                "role = 'signer' AND country = ? AND substr(sha1(der), -?) = ?",
                reference.country,
                length,
                reference.sha1_end,
            )
        else:
            serials = [f"{serial:x}" for serial in reference.serials]
            marks = ", ".join("?" * len(serials))
            found = self._certificates(
                f"role = 'signer' AND country = ? AND serial IN ({marks})", reference.country, *serials
            )
        return [each for each in found if reference.names(each)]

    def crls_of(self, issuer: Certificate) -> Sequence[Crl]:
        rows = self.rows(
            "SELECT sha256 FROM crls WHERE issuer = ? OR authority_key_id = ? OR country = ?",
            issuer.subject,
            issuer.key_id,
            letters(issuer.country),
        )
        return self._still_there(self._crl, rows)

    def deviation_lists(self) -> Sequence[DeviationList]:
        return self._still_there(self._deviations, self.rows("SELECT sha256 FROM deviation_lists"))

    def _list(self, table: str, digest: bytes) -> bytes:
        """Raises LookupError when an import has just replaced it."""
        (row,) = self.rows(f"SELECT der FROM {table} WHERE sha256 = ?", digest) or [()]  # noqa: S608  (one of two names)
        return bytes(row[0])

    def _certificates(self, where: str, *values: object) -> list[Certificate]:
        rows = self.rows(f"SELECT der FROM certificates WHERE {where}", *values)  # noqa: S608  (never a stranger's words)
        with spoken(self._path):
            return [_certificate(der) for (der,) in rows]

    def _still_there(self, read: Callable[[bytes], Listed], rows: Sequence[tuple[bytes]]) -> list[Listed]:
        found: list[Listed] = []
        for (digest,) in rows:
            with spoken(self._path), suppress(LookupError):
                found.append(read(digest))
        return found

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:  # Any: SQLite's rows have no types
        """What one query finds, at once. Raises TrustError."""
        with self._lock, spoken(self._path):
            return self._connection.execute(query, values).fetchall()


ODD: Final = (
    "SELECT sources.name, CASE certificates.odd WHEN '' THEN"
    " 'it is a signer''s and no authority''s: it vouches for nobody' ELSE replace(certificates.odd, char(10), '; ') END"
    " FROM certificates JOIN held ON held.certificate = certificates.id JOIN sources ON sources.id = held.source"
    " WHERE certificates.odd != '' OR (certificates.role = 'signer' AND sources.kind = 'certificate')"
    " GROUP BY certificates.id ORDER BY sources.name"
)

# Parsed once each, whichever store they came from: the same bytes say the same.
_certificate = lru_cache(KEPT_PARSED)(parse_certificate)


def _distinct(certificates: Sequence[Certificate]) -> list[Certificate]:
    return list({each.der: each for each in certificates}.values())


def _from_certificates(folder: Path) -> TrustStore:
    """What lies in the folder, put into a store that lives in memory."""
    files = loose_certificates(folder)
    if len(files) > MAX_CERTIFICATES:
        raise TrustError(f"{folder} holds {len(files)} certificates; {MAX_CERTIFICATES} are the most. Import them.")
    report, connection = Report(), in_memory()
    with closed_by_a_fault(connection), spoken(folder), transaction(connection):
        put_in(connection, list(tell(files, report)), datetime.now(UTC), report, lambda name, done, of: None)
    refused = [Oddity(Path(each.file).name, each.why) for each in report.refused]
    return TrustStore(connection, folder, refused)
