"""GRANT or REFER: each rule alone, at its boundaries, and all of them together."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.decision.decide import decide, has_had_birthday, valid_on
from edge.decision.lists import Lists, WatchList, parse_list
from edge.decision.rules import Policy, Rules, load_rules
from edge.decision.verdict import Finding, ListAsked, Outcome, Verdict
from edge.gate.events import Reason
from edge.inspection.document import Document
from edge.inspection.reasons import REQUIRED
from icao.checks import Check, Mode, Result
from icao.mrz.compose import compose_td3
from icao.mrz.zone import Mrz, parse
from simulators.lists import ListedDocument, ListedPerson, make_list

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = bytes(range(32))
RULES = load_rules()
SUCCESSFUL = tuple(Check(id, Result.SUCCESSFUL) for id in sorted(REQUIRED))
UNKNOWN_STATE = tuple(
    replace(check, result=Result.UNDETERMINED) if check.id == "pa.chain" else check for check in SUCCESSFUL
)


def utopian(**changed: str) -> Mrz:
    fields = {
        "issuing_state": "UTO",
        "document_number": "L898902C3",
        "surname": "ERIKSSON",
        "given_names": "ANNA MARIA",
        "nationality": "UTO",
        "birth_date": "1974-08-12",
        "sex": "F",
        "expiry_date": "2036-04-15",
    }
    return parse(compose_td3(**{**fields, **changed}), TODAY)


def lists(
    documents: tuple[ListedDocument, ...] = (),
    persons: tuple[ListedPerson, ...] = (),
    issued_at: datetime = NOW - timedelta(hours=1),
) -> Lists:
    return Lists(
        parse_list(make_list("documents", documents, KEY, issued_at, "7"), "documents.json", "documents", KEY),
        parse_list(make_list("persons", persons, KEY, issued_at, "9"), "persons.json", "persons", KEY),
    )


EMPTY = lists()


def verdict(
    mrz: Mrz | None = None,
    checks: tuple[Check, ...] = SUCCESSFUL,
    asked: Lists = EMPTY,
    rules: Rules = RULES,
    today: date = TODAY,
    now: datetime = NOW,
) -> Verdict:
    return decide(Document(mrz or utopian(), b"portrait", checks), asked, rules, today, now)


def reasons(**changed: str) -> tuple[Reason, ...]:
    return verdict(utopian(**changed)).reasons


# --- the verdict ---
def test_an_honest_utopian_is_granted_and_the_verdict_says_what_was_asked() -> None:
    granted = verdict()
    assert granted == Verdict(
        (), RULES.version, (ListAsked("documents", "7", 3600.0), ListAsked("persons", "9", 3600.0))
    )
    assert (granted.outcome, granted.admit, granted.reasons, granted.fired) == (Outcome.GRANT, True, (), ())


def test_there_is_no_way_to_refuse() -> None:
    assert {outcome.value for outcome in Outcome} == {"grant", "refer"}


def test_one_finding_is_enough_for_a_referral_and_each_reason_is_said_once() -> None:
    finding = Finding("document-genuine", Reason.ISSUER_UNKNOWN)
    referred = Verdict((finding, finding, Finding("document-valid", Reason.DOCUMENT_EXPIRED)), "1", ())
    assert (referred.outcome, referred.admit) == (Outcome.REFER, False)
    assert referred.reasons == (Reason.ISSUER_UNKNOWN, Reason.DOCUMENT_EXPIRED)
    assert referred.fired == ("document-genuine", "document-valid")


def test_everything_that_speaks_against_is_told_in_the_order_of_the_rules() -> None:
    mrz = utopian(
        birth_date="2016-02-03", expiry_date="2026-11-23", nationality="XXA", document_code="V", issuing_state="UTO"
    )
    listed = lists(
        (ListedDocument("L898902C3", "UTO"),), (ListedPerson("Eriksson", "Anna", "2016-02-03"),), NOW - timedelta(2)
    )
    told = verdict(mrz, UNKNOWN_STATE, listed, replace(RULES, valid_from=date(2027, 1, 1)))
    assert told.reasons == (
        Reason.RULES_INVALID,
        Reason.ISSUER_UNKNOWN,
        Reason.DOCUMENT_TYPE_NOT_ACCEPTED,
        Reason.DOCUMENT_EXPIRED,
        Reason.DOCUMENT_LISTED,
        Reason.PERSON_LISTED,
        Reason.LISTS_STALE,
        Reason.NATIONALITY_NOT_ACCEPTED,
        Reason.UNDER_AGE,
    )
    assert set(told.fired) <= set(RULES.sentences)


# --- authenticity ---
@pytest.mark.parametrize("result", [result for result in Result if result is not Result.SUCCESSFUL])
def test_a_mandatory_check_that_is_not_successful_refers(result: Result) -> None:
    assert not verdict(checks=(*SUCCESSFUL, Check("pa.signature", result))).admit


def test_a_document_without_any_check_proves_nothing() -> None:
    assert not verdict(checks=()).admit
    assert not verdict(checks=(Check("pa.chain", Result.SUCCESSFUL, Mode.EVALUATORY),)).admit


@pytest.mark.parametrize("left_out", sorted(REQUIRED))
def test_a_required_check_that_was_never_made_refers(left_out: str) -> None:
    others = tuple(check for check in SUCCESSFUL if check.id != left_out)
    assert not verdict(checks=others).admit
    assert not verdict(checks=(*others, Check(left_out, Result.SUCCESSFUL, Mode.EVALUATORY))).admit


def test_an_evaluatory_check_changes_nothing() -> None:
    assert verdict(checks=(*SUCCESSFUL, Check("pa.crl", Result.FAILED, Mode.EVALUATORY))).admit


def test_a_zone_on_the_chip_that_contradicts_itself_refers() -> None:
    lines = list(utopian().lines)
    lines[1] = lines[1][:9] + ("0" if lines[1][9] != "0" else "1") + lines[1][10:]
    assert Reason.DOCUMENT_UNREADABLE in verdict(parse(lines, TODAY)).reasons


# --- dates ---
@pytest.mark.parametrize(
    ("expiry", "valid"),
    [
        ("2026-11-23", False),
        ("2026-11-24", True),  # until the end of its last day
        ("2026-11-25", True),
        ("2026-11-XX", False),  # it may have been the first
        ("2026-12-XX", True),
        ("2026-XX-XX", False),
        ("2027-XX-XX", True),
        ("XXXX-XX-XX", False),
        ("2028-02-29", True),
    ],
)
def test_a_document_is_valid_to_the_end_of_its_last_day(expiry: str, valid: bool) -> None:
    assert valid_on(expiry, TODAY) is valid
    if "X" not in expiry:
        assert (reasons(expiry_date=expiry) == ()) is valid


@pytest.mark.parametrize(
    ("birth", "today", "of_age"),
    [
        ("2008-11-24", date(2026, 11, 24), True),  # today is the birthday
        ("2008-11-25", date(2026, 11, 24), False),
        ("2008-11-23", date(2026, 11, 24), True),
        ("2008-02-29", date(2026, 2, 28), False),  # no 29 February in 2026: the day after the 28th
        ("2008-02-29", date(2026, 3, 1), True),
        ("2008-02-28", date(2026, 2, 28), True),
        ("2010-03-01", date(2028, 2, 29), False),
        ("2008-XX-XX", date(2026, 12, 30), False),  # it may be the last day of the year
        ("2008-XX-XX", date(2026, 12, 31), True),
        ("2008-02-XX", date(2026, 2, 28), False),
        ("2008-02-XX", date(2026, 3, 1), True),
        ("2009-02-XX", date(2027, 2, 28), True),
        ("XXXX-XX-XX", date(2026, 11, 24), False),
        ("1900-01-01", date(2026, 11, 24), True),
    ],
)
def test_the_eighteenth_birthday_counts_to_the_day(birth: str, today: date, of_age: bool) -> None:
    assert has_had_birthday(birth, 18, today) is of_age


def test_where_there_is_no_minimum_age_an_unknown_birth_date_is_no_reason() -> None:
    unknown = utopian(birth_date="XXXX-XX-XX")
    assert verdict(unknown, rules=replace(RULES, minimum_age_years=0)).admit
    assert verdict(unknown).reasons == (Reason.UNDER_AGE,)


@given(birth=st.dates(date(1930, 1, 1), date(2026, 1, 1)), days=st.integers(0, 20_000), years=st.integers(1, 100))
def test_nobody_grows_younger(birth: date, days: int, years: int) -> None:
    day = date(2026, 1, 1)
    if has_had_birthday(birth.isoformat(), years, day):
        assert has_had_birthday(birth.isoformat(), years, day + timedelta(days))
        assert (day - birth).days >= years * 365


@given(birth=st.dates(date(1930, 1, 1), date(2026, 1, 1)), today=st.dates(date(2026, 1, 1), date(2060, 1, 1)))
def test_knowing_less_of_a_birth_date_never_makes_older(birth: date, today: date) -> None:
    day = birth.isoformat()
    for less in (day[:8] + "XX", day[:5] + "XX-XX", "XXXX-XX-XX"):
        assert not has_had_birthday(less, 18, today) or has_had_birthday(day, 18, today)


@given(expiry=st.dates(date(2020, 1, 1), date(2040, 1, 1)), today=st.dates(date(2020, 1, 1), date(2040, 1, 1)))
def test_knowing_less_of_an_expiry_never_makes_more_valid(expiry: date, today: date) -> None:
    day = expiry.isoformat()
    assert valid_on(day, today) == (today <= expiry)
    for less in (day[:8] + "XX", day[:5] + "XX-XX", "XXXX-XX-XX"):
        assert not valid_on(less, today) or valid_on(day, today)


# --- rules ---
def test_rules_hold_from_their_first_day_to_the_end_of_their_last() -> None:
    rules = replace(RULES, valid_from=TODAY, valid_until=TODAY)
    assert verdict(rules=rules).admit
    for other in (TODAY - timedelta(1), TODAY + timedelta(1)):
        assert verdict(rules=rules, today=other).reasons == (Reason.RULES_INVALID,)


@pytest.mark.parametrize(("code", "accepted"), [("P", True), ("PM", True), ("V", False), ("I", False), ("AC", False)])
def test_one_letter_accepts_all_kinds_of_a_document(code: str, accepted: bool) -> None:
    assert (Reason.DOCUMENT_TYPE_NOT_ACCEPTED not in reasons(document_code=code)) is accepted


def test_two_letters_accept_one_kind_alone() -> None:
    rules = replace(RULES, document_types=frozenset({"PM"}))
    assert verdict(utopian(document_code="PM"), rules=rules).admit
    assert not verdict(utopian(document_code="P"), rules=rules).admit
    assert not verdict(utopian(document_code="PD"), rules=rules).admit


def test_a_nationality_is_judged_by_the_policy_for_its_documents_issuer() -> None:
    policies = {"NRV": Policy(accept_others=False, accept=frozenset({"NRV"}))}
    rules = replace(RULES, nationality=Policy(True, refer=frozenset({"ZZD"})), nationality_by_issuer=policies)
    granted = {("UTO", "UTO"), ("UTO", "NRV"), ("NRV", "NRV")}
    for issuer in ("UTO", "NRV"):
        for nationality in ("UTO", "NRV", "ZZD"):
            told = verdict(utopian(issuing_state=issuer, nationality=nationality), rules=rules)
            assert told.admit == ((issuer, nationality) in granted)


# --- lists ---
def test_a_listed_document_refers_however_its_number_was_written() -> None:
    for number in ("L898902C3", "l898 902 c3", "L898902C3<"):
        assert verdict(asked=lists((ListedDocument(number, "UTO"),))).reasons == (Reason.DOCUMENT_LISTED,)
    assert verdict(asked=lists((ListedDocument("L898902C3", "NRV"),))).admit  # the same number of another issuer
    assert verdict(asked=lists((ListedDocument("L898902C4", "UTO"),))).admit


def test_a_listed_person_refers_whatever_document_they_carry() -> None:
    listed = lists(persons=(ListedPerson("ERIKSSON", "ANNA MARIA", "1974-08-12"),))
    assert verdict(utopian(document_number="X1", issuing_state="NRV"), asked=listed).reasons == (Reason.PERSON_LISTED,)
    assert verdict(utopian(birth_date="1974-08-13"), asked=listed).admit
    assert verdict(utopian(surname="ERIKSEN"), asked=listed).admit


def test_a_list_that_is_missing_has_not_been_asked() -> None:
    for asked in (Lists(None, None), replace(EMPTY, documents=None), replace(EMPTY, persons=None)):
        assert verdict(asked=asked).reasons == (Reason.LISTS_STALE,)


@pytest.mark.parametrize(
    ("age", "fresh"),
    [
        (timedelta(hours=24), True),
        (timedelta(hours=24, seconds=1), False),
        (timedelta(0), True),
        (timedelta(seconds=-300), True),
        (timedelta(seconds=-301), False),  # a list from the future: one of the two clocks is wrong
    ],
)
def test_a_list_beyond_its_age_limit_has_not_been_asked(age: timedelta, fresh: bool) -> None:
    one = lists(issued_at=NOW - age)
    for asked in (one, replace(EMPTY, documents=one.documents), replace(EMPTY, persons=one.persons)):
        told = verdict(asked=asked)
        assert told.reasons == (() if fresh else (Reason.LISTS_STALE,))
        assert all(each.age_s >= 0 for each in told.lists)


def test_no_repr_of_a_list_shows_its_key_or_its_entries() -> None:
    asked = lists((ListedDocument("L898902C3", "UTO"),))
    assert repr(asked.documents) == "WatchList(documents, 7, 1 entries)"
    assert isinstance(asked.documents, WatchList)
    assert KEY.hex() not in repr(asked)
