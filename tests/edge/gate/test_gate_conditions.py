"""The exit opens only when every condition is met: for each one that is missing, a journey that ends before the door.

Each journey runs to where the condition would be met, leaves it out, and then hears everything else that could happen.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from edge.decision.decide import decide
from edge.decision.lists import Lists, WatchList
from edge.decision.rules import load_rules
from edge.gate.effects import PermitEntry, PermitExit
from edge.gate.events import (
    Decided,
    DocumentPlaced,
    DocumentRead,
    DocumentRemoved,
    EntryShut,
    Event,
    ExitPassed,
    ExitShut,
    Face,
    FaceCompared,
    PeopleCounted,
    Reason,
    Recorded,
    RecordFailed,
    TimedOut,
)
from edge.gate.states import Leaving, Ready, State
from edge.gate.step import step
from edge.inspection.document import Document
from edge.inspection.reasons import REQUIRED
from icao.checks import Check, Result
from icao.mrz.compose import compose_td3
from icao.mrz.zone import parse

TODAY = date(2026, 11, 24)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LINES = compose_td3(
    issuing_state="UTO",
    document_number="L898902C3",
    surname="ERIKSSON",
    given_names="ANNA MARIA",
    nationality="UTO",
    birth_date="1974-08-12",
    sex="F",
    expiry_date="2036-04-15",
)
GENUINE = Document(parse(LINES, TODAY), b"portrait", tuple(Check(id, Result.SUCCESSFUL) for id in sorted(REQUIRED)))
EMPTY = Lists(*(WatchList(kind, kind, "1", NOW, frozenset(), bytes(32)) for kind in ("documents", "persons")))
RULES = load_rules()

# What may still come in, in an order that would take an honest traveller through.
THE_REST: tuple[Event, ...] = (
    DocumentRemoved(),
    PeopleCounted(1),
    EntryShut(1, occupied=True),
    FaceCompared(Face.MATCH),
    Recorded(),
    ExitPassed(),
    ExitShut(0, occupied=False),
    TimedOut(),
)


def decided(document: Document, lists: Lists = EMPTY) -> Decided:
    verdict = decide(document, lists, RULES, TODAY, NOW)
    return Decided(admit=verdict.admit, reasons=verdict.reasons)


def go(*events: Event, state: State | None = None) -> tuple[State, list[object]]:
    state = state or Ready()
    orders: list[object] = []
    for event in events:
        state, effects = step(state, event)
        orders += effects
    return state, orders


TO_DECISION = (DocumentPlaced(), DocumentRead(GENUINE))
TO_ENTRY = (*TO_DECISION, decided(GENUINE), DocumentRemoved())
TO_FACE = (*TO_ENTRY, PeopleCounted(1), EntryShut(1, occupied=True))
TO_RECORD = (*TO_FACE, FaceCompared(Face.MATCH))


def exit_stays_shut(journey: Iterable[Event]) -> None:
    """Neither now, nor whatever comes in afterwards but a journey from its beginning."""
    state, orders = go(*journey)
    assert PermitExit() not in orders
    for first in THE_REST:
        for second in THE_REST:
            _, orders = go(first, second, *THE_REST, state=state)
            assert PermitExit() not in orders


def test_with_every_condition_met_the_exit_opens() -> None:
    state, orders = go(*TO_RECORD, Recorded())
    assert state == Leaving(GENUINE)
    assert orders.count(PermitExit()) == 1


def test_the_exit_stays_shut_when_the_chip_is_not_read() -> None:
    exit_stays_shut((DocumentPlaced(), DocumentRead(None, (Reason.CHIP_UNREADABLE,))))
    exit_stays_shut((DocumentPlaced(),))


@pytest.mark.parametrize("result", [result for result in Result if result is not Result.SUCCESSFUL])
def test_the_exit_stays_shut_when_passive_authentication_is_not_successful(result: Result) -> None:
    forged = replace(GENUINE, checks=(*GENUINE.checks, Check("pa.chain", result)))
    assert not decided(forged).admit
    exit_stays_shut((DocumentPlaced(), DocumentRead(forged), decided(forged)))


@pytest.mark.parametrize("outcome", [Face.NO_MATCH, Face.NOT_CAPTURED, Face.ABORTED])
def test_the_exit_stays_shut_when_the_face_is_not_matched(outcome: Face) -> None:
    _, orders = go(*TO_FACE, *(FaceCompared(outcome),) * 3, *(event for event in THE_REST if event != TO_RECORD[-1]))
    assert PermitExit() not in orders
    exit_stays_shut((*TO_FACE, *(FaceCompared(outcome),) * 3))


def test_the_exit_stays_shut_when_the_lists_were_not_asked() -> None:
    old = WatchList("persons", "persons", "1", NOW - timedelta(days=2), frozenset(), bytes(32))
    for lists in (
        Lists(None, None),
        Lists(EMPTY.documents, None),
        Lists(None, EMPTY.persons),
        replace(EMPTY, persons=old),
    ):
        verdict = decided(GENUINE, lists)
        assert verdict == Decided(admit=False, reasons=(Reason.LISTS_STALE,))
        exit_stays_shut((*TO_DECISION, verdict))


def test_the_exit_stays_shut_when_the_rules_did_not_grant() -> None:
    exit_stays_shut((*TO_DECISION, Decided(admit=False, reasons=(Reason.UNDER_AGE,))))
    exit_stays_shut((*TO_DECISION, Decided(admit=True, reasons=(Reason.UNDER_AGE,))))
    exit_stays_shut(TO_DECISION)


@pytest.mark.parametrize("people", [0, 2, 3])
@pytest.mark.parametrize("occupied", [False, True])
def test_the_exit_stays_shut_when_not_exactly_one_person_was_counted(people: int, occupied: bool) -> None:
    exit_stays_shut((*TO_ENTRY, EntryShut(people, occupied)))


def test_the_exit_stays_shut_when_the_mat_does_not_feel_the_one_who_was_counted() -> None:
    exit_stays_shut((*TO_ENTRY, PeopleCounted(1), EntryShut(1, occupied=False)))


def test_the_exit_stays_shut_when_a_second_person_comes_in_after_the_match() -> None:
    exit_stays_shut((*TO_RECORD, PeopleCounted(2)))
    exit_stays_shut((*TO_RECORD, EntryShut(1, occupied=True)))


def test_the_exit_stays_shut_when_the_grant_is_not_on_the_disk() -> None:
    _, orders = go(*TO_RECORD, *(event for event in THE_REST if event != Recorded()))
    assert PermitExit() not in orders
    exit_stays_shut((*TO_RECORD, RecordFailed()))
    exit_stays_shut((*TO_RECORD, TimedOut()))


def test_the_entry_stays_shut_until_the_document_is_taken() -> None:
    _, orders = go(*TO_DECISION, decided(GENUINE), *THE_REST[1:])
    assert PermitEntry() not in orders


def test_a_document_that_is_lifted_while_it_is_checked_need_not_be_taken_again() -> None:
    _, orders = go(*TO_DECISION, DocumentRemoved(), decided(GENUINE))
    assert orders.count(PermitEntry()) == 1


def test_a_document_that_is_laid_down_again_while_it_is_checked_must_be_taken_again() -> None:
    _, orders = go(*TO_DECISION, DocumentRemoved(), DocumentPlaced(), decided(GENUINE))
    assert PermitEntry() not in orders
