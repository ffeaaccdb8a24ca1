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
from edge.inspection.reasons import never_made, reasons_for

CLOCK_TOLERANCE_S: Final = 300.0  # a list may have been issued by a clock that goes a little before ours


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
    for reason in reasons_for(document.checks):  # every mandatory check was successful, and there was one
        yield Finding("document-genuine", reason)
    if never_made(document.checks):
        yield Finding("document-genuine", Reason.CHIP_UNREADABLE)
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
