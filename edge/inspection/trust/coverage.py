"""Which states does this post know, from which sources, and how old is what it knows? ``trust show`` asks."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final  # the answer is JSON

from edge.inspection.trust.store import TrustStore

NO_COUNTRY: Final = "??"


def coverage(folder: Path, now: datetime) -> dict[str, Any]:
    """``certificates``, ``trusted``, ``countries``, ``sources``, ``deviation_lists`` and ``odd``. Raises TrustError."""
    store = TrustStore.open(folder)
    try:
        today = now.date()
        return {
            "certificates": store.rows("SELECT count(*) FROM certificates")[0][0],
            "trusted": store.rows("SELECT count(*) FROM certificates WHERE trusted")[0][0],
            "countries": _countries(store, today),
            "sources": list(_sources(store, today)),
            "odd": list(_odd(store, today)),
        }
    finally:
        store.close()


def _countries(store: TrustStore, today: date) -> Mapping[str, dict[str, Any]]:
    found = {
        country or NO_COUNTRY: {
            "certificates": certificates,
            "trusted": trusted,
            "expired": expired,
            "signers": signers,
            "crl": None,
        }
        for country, certificates, trusted, expired, signers in store.rows(
            "SELECT country, count(*), sum(trusted), sum(trusted AND ends < ?), sum(role = 'signer')"
            " FROM certificates GROUP BY country ORDER BY country",
            today.isoformat(),
        )
    }
    for country, crl in _crls(store, today):
        empty = {"certificates": 0, "trusted": 0, "expired": 0, "signers": 0}
        found.setdefault(country, empty)["crl"] = crl
    return dict(sorted(found.items()))


def _crls(store: TrustStore, today: date) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of each country the newest that is checked, else the newest; ``checked``: a trusted CSCA's key signed it."""
    rows = store.rows("SELECT country, issued_on, next_update, checked FROM crls ORDER BY checked, issued_on")
    for country, issued_on, next_update, checked in rows:
        yield (
            country or NO_COUNTRY,
            {
                "issued_on": issued_on,
                "next_update": next_update,
                "age_days": _age_days(issued_on, today),
                "stale": next_update is not None and next_update < today.isoformat(),
                "checked": bool(checked),
            },
        )


def _sources(store: TrustStore, today: date) -> Iterator[dict[str, Any]]:
    """``age_days`` counts from when it was issued, where it says so, else from its import."""
    for name, kind, country, issued_at, imported_at, certificates, standing, why in store.rows(SOURCES):
        yield {
            "name": name,
            "kind": kind,
            "country": country,
            "issued_at": issued_at,
            "imported_at": imported_at,
            "age_days": _age_days(issued_at or imported_at, today),
            "certificates": certificates,
            "trusted": standing == "trusted",
            "why": why,
        }


SOURCES: Final = (
    "SELECT name, kind, country, issued_at, imported_at,"
    " (SELECT count(*) FROM held WHERE held.source = sources.id), standing, why FROM sources"
    " UNION ALL SELECT name, 'crl', country, issued_on, imported_at, 0,"
    " CASE checked WHEN 1 THEN 'trusted' ELSE 'untrusted' END,"
    " CASE checked WHEN 1 THEN '' ELSE 'no trusted CSCA is known to have signed it' END FROM crls"
    " UNION ALL SELECT name, 'deviation-list', country, signed_on, imported_at, 0,"
    " CASE checked WHEN 1 THEN 'trusted' ELSE 'untrusted' END,"
    " CASE checked WHEN 1 THEN '' ELSE 'no signer below a trusted CSCA is known to have signed it' END"
    " FROM deviation_lists"
)


def _odd(store: TrustStore, today: date) -> Iterator[dict[str, str]]:
    """What is kept and used all the same, and why somebody should look at it. A signer's end is its document's."""
    for digest, country, odd, role, ends, shared in store.rows(ODD, today.isoformat()):
        reasons = odd.split("\n") if odd else []
        if role == "authority" and ends < today.isoformat():
            reasons.append(f"it expired on {ends}")
        if shared:
            reasons.append("its key id is that of another key too")
        yield {"sha256": digest.hex(), "country": country or NO_COUNTRY, "why": "; ".join(reasons)}


ODD: Final = (
    "WITH shared AS (SELECT key_id FROM certificates WHERE role = 'authority' AND key_id IS NOT NULL"
    " GROUP BY key_id HAVING count(DISTINCT key_sha256) > 1)"
    " SELECT sha256, country, odd, role, ends, role = 'authority' AND key_id IN shared FROM certificates"
    " WHERE odd != '' OR (role = 'authority' AND (ends < ? OR key_id IN shared)) ORDER BY country, sha256"
)


def _age_days(day: str | None, today: date) -> int | None:
    return None if day is None else (today - date.fromisoformat(day[:10])).days
