"""May this document's holder go on to the gate, by the rules and the lists? ``decide`` is pure.

Every rule is asked, so that an officer sees all that speaks against going on, and so that a hit takes no other time
than a miss. Whatever could not be proven speaks against; nothing speaks for.
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final

from edge.decision.lists import Lists, WatchList
from edge.decision.rules import Policy, Rules
from edge.decision.verdict import Finding, ListAsked, Verdict
from edge.gate.events import Reason
from edge.inspection.document import Document
from icao.checks import Check, Mode, Result

CLOCK_TOLERANCE_S: Final = 300.0  # a list may have been issued by a clock that goes a little before ours

# The reason for a check that is not successful, by the beginning of its id; the longest beginning counts.
REASON_OF_CHECK: Final[dict[str, Reason]] = {
    "": Reason.SIGNATURE_INVALID,
    "access": Reason.CHIP_ACCESS_DENIED,
    "chip": Reason.CHIP_UNREADABLE,
    "mrz": Reason.MRZ_MISMATCH,
    "pa": Reason.SIGNATURE_INVALID,
    "pa.hash": Reason.CHIP_ALTERED,
    "pa.dg": Reason.CHIP_ALTERED,
    "pa.chain": Reason.ISSUER_UNKNOWN,
    "pa.crl": Reason.SIGNER_REVOKED,
    "pa.revo": Reason.SIGNER_REVOKED,
    "pa.validity": Reason.SIGNER_EXPIRED,
}


def decide(document: Document, lists: Lists, rules: Rules, today: date, now: datetime) -> Verdict:
    """Ask every rule, in the order in which an officer would; ``now`` is aware, ``today`` is the post's own day."""
    return Verdict(
        findings=tuple(findings(document, lists, rules, today, now)),
        rules_version=rules.version,
        lists=tuple(
            ListAsked(each.name, each.version, max(0.0, age_s(each, now)))
            for each in (lists.documents, lists.persons)
            if each is not None
        ),
    )


def findings(document: Document, lists: Lists, rules: Rules, today: date, now: datetime) -> Iterator[Finding]:
    mrz = document.mrz
    if not in_force(rules, today):
        yield Finding("rules-in-force", Reason.RULES_INVALID)
    for reason in not_genuine(document):
        yield Finding("document-genuine", reason)
    if not mrz.ok:
        yield Finding("document-readable", Reason.DOCUMENT_UNREADABLE)
    if not {mrz.document_code, mrz.document_code[:1]} & rules.document_types:
        yield Finding("document-type", Reason.DOCUMENT_TYPE_NOT_ACCEPTED)
    if not valid_on(mrz.expiry_date, today):
        yield Finding("document-valid", Reason.DOCUMENT_EXPIRED)
    if lists.documents is not None and lists.documents.holds(mrz):
        yield Finding("document-list", Reason.DOCUMENT_LISTED)
    if lists.persons is not None and lists.persons.holds(mrz):
        yield Finding("person-list", Reason.PERSON_LISTED)
    if not (fresh(lists.documents, rules.documents_limit_h, now) and fresh(lists.persons, rules.persons_limit_h, now)):
        yield Finding("lists-fresh", Reason.LISTS_STALE)
    if not policy_for(mrz.issuing_state, rules).accepts(mrz.nationality):
        yield Finding("nationality", Reason.NATIONALITY_NOT_ACCEPTED)
    if not has_had_birthday(mrz.birth_date, rules.minimum_age_years, today):
        yield Finding("minimum-age", Reason.UNDER_AGE)


def in_force(rules: Rules, today: date) -> bool:
    return rules.valid_from <= today and (rules.valid_until is None or today <= rules.valid_until)


def not_genuine(document: Document) -> tuple[Reason, ...]:
    """Nothing, if every mandatory check was successful, and there was one. In doubt, refer."""
    if document.result is Result.SUCCESSFUL:
        return ()
    open_checks = [
        check for check in document.checks if check.mode is Mode.MANDATORY and check.result is not Result.SUCCESSFUL
    ]
    return tuple(dict.fromkeys(reason_of(check) for check in open_checks)) or (Reason.SIGNATURE_INVALID,)


def reason_of(check: Check) -> Reason:
    """
    >>> reason_of(Check("pa.chain", Result.UNDETERMINED))
    <Reason.ISSUER_UNKNOWN: 'issuer-unknown'>
    """
    beginnings = [beginning for beginning in REASON_OF_CHECK if check.id.startswith(beginning)]
    return REASON_OF_CHECK[max(beginnings, key=len)]


def valid_on(expiry_date: str, today: date) -> bool:
    """Until the end of its last day. Of a day that is not known, the earliest it can be counts.

    >>> valid_on("2026-11-24", date(2026, 11, 24)), valid_on("2026-11-XX", date(2026, 11, 24))
    (True, False)
    """
    year, month, day = expiry_date.split("-")
    if "X" in year:
        return False
    return date(int(year), *(1 if "X" in part else int(part) for part in (month, day))) >= today


def has_had_birthday(birth_date: str, years: int, today: date) -> bool:
    """Is this person so old for certain? Of a day that is not known, the latest it can be counts.

    >>> has_had_birthday("2008-02-29", 18, date(2026, 2, 28)), has_had_birthday("2008-02-29", 18, date(2026, 3, 1))
    (False, True)
    """
    if years == 0:
        return True
    year, month, day = birth_date.split("-")
    if "X" in year:
        return False
    last_month = 12 if "X" in month else int(month)
    last_day = monthrange(int(year), last_month)[1] if "X" in day else int(day)
    return (int(year) + years, last_month, last_day) <= (today.year, today.month, today.day)


def fresh(asked: WatchList | None, limit_h: float, now: datetime) -> bool:
    """G12: a list that is missing, too old, or from the future has not been asked."""
    return asked is not None and -CLOCK_TOLERANCE_S <= age_s(asked, now) <= limit_h * 3600


def age_s(asked: WatchList, now: datetime) -> float:
    return (now - asked.issued_at) / timedelta(seconds=1)


def policy_for(issuer: str, rules: Rules) -> Policy:
    return rules.nationality_by_issuer.get(issuer, rules.nationality)
