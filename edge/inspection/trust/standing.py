"""What is each source worth now? Asked anew after every import: one anchor may speak for lists that came before.

A certificate imported by hand is pinned by that decision. A master list counts when its signer is one for lists and
leads to a pinned certificate (not to one of another list: trust that hops from list to list is nobody's decision).
"""

import sqlite3
from collections.abc import Iterable
from datetime import date
from typing import Final

from edge.inspection.trust.shelf import certificates_of, letters
from icao.checks import Result
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.cms import verdict_on
from icao.pki.crl import Crl, parse_crl
from icao.pki.deviation_list import DeviationList, parse_deviation_list
from icao.pki.master_list import LIST_SIGNING, leads_to

DEVIATION_SIGNING: Final = "2.23.136.1.1.8"  # extended key usage, Doc 9303-12, 7.1.2

NOT_PINNED: Final = "the list's signer is not pinned"
NOT_FOR_LISTS: Final = "its signer's certificate is not one for master lists"
NOT_VALID_THEN: Final = "it was signed when its signer's certificate was not valid"
REVOKED: Final = "its signer's certificate was revoked"


def settle(connection: sqlite3.Connection) -> None:
    """Sources, certificates and revocation lists get their standing, each resting on those before."""
    _settle_lists(connection, ())
    _settle_certificates(connection)
    _check_crls(connection)
    if _settle_lists(connection, _checked_crls(connection)):
        _settle_certificates(connection)
    _forget_old_crls(connection)
    _check_deviation_lists(connection)


def list_standing(
    connection: sqlite3.Connection, source: int, chain: bytes, issued_on: date | None, crls: Iterable[Crl] = ()
) -> str:
    """Why the list of this source is not trusted; empty when it is."""
    signer, *embedded = certificates_of(chain)
    if LIST_SIGNING not in signer.purposes:
        # A document signer's key, stolen or lent, must not make authorities.
        return NOT_FOR_LISTS
    if issued_on is not None and not signer.covers(issued_on):
        return NOT_VALID_THEN
    if any(signer.serial in crl.revoked for crl in crls if crl.issuer == signer.issuer):
        return REVOKED
    between = [*embedded, *_authorities(connection, HELD_AUTHORITIES, (source, letters(signer.country)))]
    pinned = _authorities(connection, PINNED_AUTHORITIES, (letters(signer.country),))
    return NOT_PINNED if leads_to(signer, pinned, between) is None else ""


HELD_AUTHORITIES: Final = (
    "SELECT der FROM certificates JOIN held ON held.certificate = certificates.id"
    " WHERE held.source = ? AND country = ? AND role = 'authority'"
)
PINNED_AUTHORITIES: Final = (
    "SELECT DISTINCT der FROM certificates JOIN held ON held.certificate = certificates.id"
    " JOIN sources ON sources.id = held.source"
    " WHERE certificates.country = ? AND role = 'authority' AND sources.kind = 'certificate'"
)


def _authorities(connection: sqlite3.Connection, query: str, values: tuple[object, ...]) -> list[Certificate]:
    return [parse_certificate(der) for (der,) in connection.execute(query, values)]


def _settle_lists(connection: sqlite3.Connection, crls: Iterable[Crl]) -> bool:
    """Whether the standing of any master list changed."""
    crls = tuple(crls)
    found: dict[int, tuple[str, str]] = {}
    newest: set[str] = set()
    for source, country, chain, issued_at in connection.execute(NEWEST_FIRST).fetchall():
        why = list_standing(connection, source, chain, _day(issued_at), crls)
        if why:
            found[source] = ("untrusted", why)
        elif country in newest:
            found[source] = ("superseded", "a newer list of the same state is here")
        else:
            newest.add(country)
            found[source] = ("trusted", "")
    before = dict(connection.execute("SELECT id, standing FROM sources WHERE kind = 'master-list'"))
    rows = [(standing, why, source) for source, (standing, why) in found.items()]
    connection.executemany("UPDATE sources SET standing = ?, why = ? WHERE id = ?", rows)
    return before != {source: standing for source, (standing, _) in found.items()}


NEWEST_FIRST: Final = (
    "SELECT id, country, chain, issued_at FROM sources WHERE kind = 'master-list'"
    " ORDER BY issued_at IS NOT NULL DESC, issued_at DESC, version DESC, id DESC"
)


def _settle_certificates(connection: sqlite3.Connection) -> None:
    connection.execute(
        "UPDATE certificates SET trusted = (role = 'authority' AND EXISTS (SELECT 1 FROM held"
        " JOIN sources ON sources.id = held.source"
        " WHERE held.certificate = certificates.id AND sources.standing = 'trusted'))"
    )


def _check_crls(connection: sqlite3.Connection) -> None:
    """Anew for each: the authority that signed one may have come, or gone."""
    for number, der in connection.execute("SELECT id, der FROM crls").fetchall():
        crl = parse_crl(der)
        issuers = _authorities(connection, TRUSTED_ISSUERS, (crl.authority_key_id, crl.issuer))
        checked = any(issuer.verdict_on(crl).result is Result.SUCCESSFUL for issuer in issuers)
        connection.execute("UPDATE crls SET checked = ? WHERE id = ?", (checked, number))


def _check_deviation_lists(connection: sqlite3.Connection) -> None:
    for number, der in connection.execute("SELECT id, der FROM deviation_lists").fetchall():
        checked = _is_vouched_for(connection, parse_deviation_list(der))
        connection.execute("UPDATE deviation_lists SET checked = ? WHERE id = ?", (checked, number))


def _is_vouched_for(connection: sqlite3.Connection, listed: DeviationList) -> bool:
    info = listed.signed.signers[0]
    signer = listed.signed.certificate_of(info)
    if signer is None or DEVIATION_SIGNING not in signer.purposes:
        return False
    if verdict_on(listed.signed, info, signer).result is not Result.SUCCESSFUL:
        return False
    issuers = _authorities(connection, TRUSTED_ISSUERS, (signer.authority_key_id, signer.issuer))
    return any(issuer.verdict_on(signer).result is Result.SUCCESSFUL for issuer in issuers)


TRUSTED_ISSUERS: Final = "SELECT der FROM certificates WHERE trusted AND (key_id = ? OR subject = ?)"


def _checked_crls(connection: sqlite3.Connection) -> list[Crl]:
    return [parse_crl(der) for (der,) in connection.execute("SELECT der FROM crls WHERE checked")]


def _forget_old_crls(connection: sqlite3.Connection) -> None:
    """Of one issuer and key the newest stays. A list that nobody could check never pushes out one that was checked."""
    connection.execute(
        "DELETE FROM crls WHERE EXISTS (SELECT 1 FROM crls AS newer"
        " WHERE newer.issuer = crls.issuer AND newer.authority_key_id IS crls.authority_key_id"
        " AND newer.checked >= crls.checked AND (newer.issued_on, newer.id) > (crls.issued_on, crls.id))"
    )


def _day(issued_at: str | None) -> date | None:
    return None if issued_at is None else date.fromisoformat(issued_at[:10])
