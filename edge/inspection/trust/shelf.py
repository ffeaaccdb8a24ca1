"""How does a certificate or a list get onto its shelf? Each once; what it is worth is told elsewhere."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from edge.inspection.trust.oddities import UNREADABLE, oddities, signer_oddities
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.crl import Crl
from icao.pki.deviation_list import DeviationList
from icao.tlv import Garbled, read


@dataclass(frozen=True, slots=True)
class Source:
    """One imported file or list, before it has a standing. ``digest`` tells whether it came before."""

    name: str
    kind: str
    digest: bytes
    country: str = ""
    issued_at: str | None = None
    version: int | None = None
    chain: bytes | None = None
    standing: str = "untrusted"
    why: str = ""


def add_source(connection: sqlite3.Connection, source: Source, now: datetime) -> int:
    """Its number. The caller has seen that it is not there yet."""
    row = connection.execute(
        "INSERT INTO sources (sha256, name, kind, country, issued_at, version, imported_at, chain, standing, why)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
        (
            source.digest, source.name, source.kind, source.country, source.issued_at, source.version,
            now.isoformat(timespec="seconds"), source.chain, source.standing, source.why,
        ),
    ).fetchone()  # fmt: skip
    return int(row[0])


def known_source(connection: sqlite3.Connection, digest: bytes) -> int | None:
    row = connection.execute("SELECT id FROM sources WHERE sha256 = ?", (digest,)).fetchone()
    return None if row is None else int(row[0])


def hold(connection: sqlite3.Connection, source: int, certificates: Iterable[bytes]) -> tuple[int, int]:
    """Put each on the shelf, and note that this source holds it: how many were new, and how many known."""
    new = known = 0
    for der in certificates:
        digest = sha256(der).digest()
        row = connection.execute("SELECT id FROM certificates WHERE sha256 = ?", (digest,)).fetchone()
        if row is None:
            row = connection.execute(INSERT, _row(der, digest)).fetchone()
            new += 1
        else:
            known += 1
        connection.execute("INSERT OR IGNORE INTO held (source, certificate) VALUES (?, ?)", (source, row[0]))
    return new, known


INSERT = (
    "INSERT INTO certificates (sha256, der, role, country, subject, issuer, serial, key_id, key_sha256, ends, odd)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id"
)


def _row(der: bytes, digest: bytes) -> tuple[bytes | str | None, ...]:
    try:
        certificate = parse_certificate(der)
    except Garbled as error:
        return digest, der, "unread", "", "", "", "", None, None, "", f"{UNREADABLE}{error}"
    authority = is_authority(certificate)
    return (
        digest, der, "authority" if authority else "signer", letters(certificate.country), certificate.subject,
        certificate.issuer, f"{certificate.serial:x}", certificate.key_id, sha256(certificate.public_key).digest(),
        certificate.ends.isoformat(), "\n".join(oddities(certificate) if authority else signer_oddities(certificate)),
    )  # fmt: skip


def letters(country: str) -> str:
    """A country's two letters; nothing for what is none, which strangers may write as they like."""
    return country if len(country) == 2 and country.isascii() and country.isalpha() else ""


def is_authority(certificate: Certificate) -> bool:
    """It says so; or it says nothing of it, as some old ones do, and is a root or may sign certificates."""
    if certificate.authority is not None:
        return certificate.authority
    return certificate.subject == certificate.issuer or "key_cert_sign" in (certificate.usages or ())


def add_crl(connection: sqlite3.Connection, name: str, crl: Crl, now: datetime) -> bool:
    """Whether it is new."""
    following = None if crl.next_update is None else crl.next_update.isoformat()
    cursor = connection.execute(
        "INSERT OR IGNORE INTO crls"
        " (sha256, der, name, country, issuer, authority_key_id, issued_on, next_update, imported_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            sha256(crl.der).digest(), crl.der, name, letters(crl.country), crl.issuer, crl.authority_key_id,
            crl.issued_on.isoformat(), following, now.isoformat(timespec="seconds"),
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def add_deviation_list(
    connection: sqlite3.Connection, name: str, encoded: bytes, listed: DeviationList, now: datetime
) -> bool:
    """Whether it is new."""
    signer = next(iter(listed.signed.readable_certificates()), None)
    signed_on = None if listed.signed_on is None else listed.signed_on.isoformat()
    cursor = connection.execute(
        "INSERT OR IGNORE INTO deviation_lists (sha256, der, name, country, signed_on, imported_at)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (
            sha256(encoded).digest(), encoded, name, "" if signer is None else letters(signer.country), signed_on,
            now.isoformat(timespec="seconds"),
        ),
    )  # fmt: skip
    return cursor.rowcount == 1


def certificates_of(chain: bytes) -> list[Certificate]:
    """The certificates that stand one behind the other in a source's ``chain``. Raises Garbled."""
    found, place = [], 0
    while place < len(chain):
        _, end = read(chain, place)
        found.append(parse_certificate(chain[place:end]))
        place = end
    return found
