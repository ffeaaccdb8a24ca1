"""Every state with every event: these moves go forward and no others, and no step breaks a rule."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from borderpost.__main__ import main
from edge.gate import table
from edge.gate.effects import (
    CallOfficer,
    CompareFace,
    Decide,
    Effect,
    Ignored,
    PermitEntry,
    PermitExit,
    RaiseAlarm,
    ReadDocument,
    RecordAbandoned,
    RecordGranted,
    RecordLeft,
    RecordReferred,
    ReleaseInward,
    RevokeEntry,
    RevokeExit,
    StopComparing,
    StopReading,
)
from edge.gate.events import DeviceBack, DeviceLost, Event, Reason, TimedOut
from edge.gate.screens import screen
from edge.gate.states import (
    LIMIT_S,
    MACHINE_PACED,
    STATES,
    UNLIMITED,
    Clearing,
    Closed,
    Comparing,
    Deciding,
    Entering,
    Evacuating,
    Leaving,
    NextPlaced,
    PutBack,
    Reading,
    Ready,
    Recording,
    ReferredInside,
    ReferredOutside,
    State,
    SteppingBack,
    TakingDocument,
)
from edge.gate.step import step
from edge.gate.table import EVENT_INSTANCES, MATCH, SPECIMEN, STATE_INSTANCES

DOCUMENT_EVENTS = ("DocumentPlaced", "DocumentRemoved")


def every_pair(check: Callable[[str, str], None]) -> Callable[[str], None]:
    """One test for each state, which goes through all events: 1,500 pairs a check would be 1,500 test items."""

    def all_events(state_name: str) -> None:
        for event_name in EVENT_INSTANCES:
            check(state_name, event_name)

    all_events.__name__ = check.__name__
    return pytest.mark.parametrize("state_name", STATE_INSTANCES)(all_events)


# How far a traveller has come. Where there is no number, the crossing is over or in an officer's hands.
PROGRESS: dict[type[State], int] = {
    Closed: 0, Ready: 0, NextPlaced: 0, PutBack: 1, Reading: 2, Deciding: 3, TakingDocument: 4, Entering: 5,
    Comparing: 6, Recording: 7, Leaving: 8, Clearing: 9,
}  # fmt: skip

FORWARD: dict[tuple[str, str], tuple[State, tuple[Effect, ...]]] = {
    ("Ready", "DocumentPlaced"): (Reading(), (ReadDocument(),)),
    ("NextPlaced", "DocumentPlaced"): (Reading(), (ReadDocument(),)),
    ("NextPlaced", "TimedOut"): (Reading(), (ReadDocument(),)),
    ("PutBack", "DocumentPlaced"): (Reading(2), (ReadDocument(),)),
    ("Reading", "DocumentRead (genuine)"): (Deciding(SPECIMEN), (Decide(SPECIMEN),)),
    ("Reading (last attempt)", "DocumentRead (genuine)"): (Deciding(SPECIMEN), (Decide(SPECIMEN),)),
    ("Deciding", "Decided (admit)"): (TakingDocument(SPECIMEN), ()),
    ("Deciding (document taken)", "Decided (admit)"): (Entering(SPECIMEN), (PermitEntry(),)),
    ("TakingDocument", "DocumentRemoved"): (Entering(SPECIMEN), (PermitEntry(),)),
    ("TakingDocument (reminded)", "DocumentRemoved"): (Entering(SPECIMEN), (PermitEntry(),)),
    ("Entering", "EntryShut 1, occupied"): (Comparing(SPECIMEN), (CompareFace(SPECIMEN),)),
    ("Entering (one counted)", "EntryShut 1, occupied"): (Comparing(SPECIMEN), (CompareFace(SPECIMEN),)),
    ("Comparing", "FaceCompared (match)"): (Recording(SPECIMEN, MATCH), (RecordGranted(SPECIMEN, MATCH),)),
    ("Comparing (last try)", "FaceCompared (match)"): (Recording(SPECIMEN, MATCH), (RecordGranted(SPECIMEN, MATCH),)),
    ("Recording", "Recorded"): (Leaving(SPECIMEN), (PermitExit(),)),
    ("Leaving", "ExitPassed"): (Clearing(), (RecordLeft(),)),
    ("Leaving (reminded)", "ExitPassed"): (Clearing(), (RecordLeft(),)),
}


def taken(state_name: str, event_name: str) -> tuple[State, State, tuple[Effect, ...]]:
    state = STATE_INSTANCES[state_name]
    return state, *step(state, EVENT_INSTANCES[event_name])


def orders(effects: tuple[Effect, ...], kind: type[Effect]) -> int:
    return sum(isinstance(effect, kind) for effect in effects)


@every_pair
def test_these_moves_and_no_others_take_a_traveller_forward(state_name: str, event_name: str) -> None:
    state, following, effects = taken(state_name, event_name)
    if (state_name, event_name) in FORWARD:
        assert (following, effects) == FORWARD[state_name, event_name]
    elif type(state) in PROGRESS and type(following) in PROGRESS:
        assert PROGRESS[type(following)] <= PROGRESS[type(state)]
    elif type(following) in PROGRESS:  # out of a referral, a step back or an evacuation, only to the beginning
        assert PROGRESS[type(following)] == 0


@every_pair
def test_the_exit_is_permitted_only_when_the_grant_is_on_the_disk(state_name: str, event_name: str) -> None:
    _, _, effects = taken(state_name, event_name)
    assert orders(effects, PermitExit) == ((state_name, event_name) == ("Recording", "Recorded"))


@every_pair
def test_the_entry_is_permitted_only_to_the_admitted_who_took_their_document(state_name: str, event_name: str) -> None:
    _, _, effects = taken(state_name, event_name)
    permitted = {
        ("TakingDocument", "DocumentRemoved"),
        ("TakingDocument (reminded)", "DocumentRemoved"),
        ("Deciding (document taken)", "Decided (admit)"),
    }
    assert orders(effects, PermitEntry) == ((state_name, event_name) in permitted)


@every_pair
def test_a_grant_is_recorded_only_on_a_matching_face(state_name: str, event_name: str) -> None:
    _, _, effects = taken(state_name, event_name)
    compared = state_name.startswith("Comparing") and event_name == "FaceCompared (match)"
    assert orders(effects, RecordGranted) == compared


@every_pair
def test_no_step_permits_one_door_and_touches_the_other(state_name: str, event_name: str) -> None:
    _, _, effects = taken(state_name, event_name)
    if orders(effects, PermitEntry) or orders(effects, PermitExit):
        assert len(effects) == 1


@every_pair
def test_a_referral_calls_an_officer_and_is_recorded_in_the_same_step(state_name: str, event_name: str) -> None:
    state, following, effects = taken(state_name, event_name)
    entered = isinstance(following, ReferredInside | ReferredOutside) and type(following) is not type(state)
    assert orders(effects, RecordReferred) == entered
    if entered:
        assert isinstance(following, ReferredInside | ReferredOutside)
        assert following.reasons
        assert CallOfficer(following.reasons) in effects
        where = "inside" if isinstance(following, ReferredInside) else "outside"
        record = next(effect for effect in effects if isinstance(effect, RecordReferred))
        assert (record.where, record.reasons) == (where, following.reasons)


@every_pair
def test_a_referral_inside_opens_the_way_back_and_shuts_the_way_on(state_name: str, event_name: str) -> None:
    state, following, effects = taken(state_name, event_name)
    if isinstance(following, ReferredInside) and not isinstance(state, ReferredInside):
        assert orders(effects, ReleaseInward) == 1
    if isinstance(state, Leaving) and not isinstance(following, Leaving | Clearing | Closed | Ready):
        assert effects[0] == RevokeExit()


@every_pair
def test_what_was_begun_is_stopped_when_its_state_is_left(state_name: str, event_name: str) -> None:
    state, following, effects = taken(state_name, event_name)
    if isinstance(state, Reading) and not isinstance(following, Reading | Deciding):
        assert StopReading() in effects
    if isinstance(state, Comparing) and not isinstance(following, Comparing | Recording):
        assert StopComparing() in effects
    if isinstance(state, Entering) and not isinstance(following, Entering | Comparing):
        assert RevokeEntry() in effects


@every_pair
def test_work_begins_only_where_its_report_is_awaited(state_name: str, event_name: str) -> None:
    _, following, effects = taken(state_name, event_name)
    awaiting: dict[type[Effect], type[State]] = {
        ReadDocument: Reading, Decide: Deciding, CompareFace: Comparing, RecordGranted: Recording,
    }  # fmt: skip
    for kind, state in awaiting.items():
        if orders(effects, kind):
            assert isinstance(following, state)


@every_pair
def test_an_event_out_of_place_moves_nothing_and_is_said(state_name: str, event_name: str) -> None:
    state, following, effects = taken(state_name, event_name)
    if any(isinstance(effect, Ignored) for effect in effects):
        assert following == state
        assert effects == (Ignored(type(state).__name__, type(EVENT_INSTANCES[event_name]).__name__),)
    else:
        assert effects or following != state or event_name in ("PeopleCounted 0", "PeopleCounted 1", *DOCUMENT_EVENTS)


@every_pair
def test_a_traveller_leaves_on_record_only_after_a_grant(state_name: str, event_name: str) -> None:
    state, _, effects = taken(state_name, event_name)
    if orders(effects, RecordLeft):
        assert isinstance(state, Leaving) or (isinstance(state, ReferredInside) and state.grant)
    assert orders(effects, RecordLeft) + orders(effects, RecordAbandoned) <= 1


@every_pair
def test_alarms_are_those_of_the_contract(state_name: str, event_name: str) -> None:
    contract = Path("docs/contract.md").read_text()
    alarms = contract.split("\nALARM: ")[1].split("\n\n")[0]
    for effect in taken(state_name, event_name)[2]:
        if isinstance(effect, RaiseAlarm):
            assert f"`{effect.code}`" in alarms


@pytest.mark.parametrize("state_name", STATE_INSTANCES)
def test_fire_beats_everything(state_name: str) -> None:
    state, following, effects = taken(state_name, "EvacuationBegan")
    assert isinstance(following, Evacuating)
    assert RaiseAlarm("evacuation") in effects or isinstance(state, Evacuating)


def test_after_an_evacuation_the_lane_stays_closed_until_an_officer_opens_it() -> None:
    ended, _ = step(Evacuating(), EVENT_INSTANCES["EvacuationEnded"])
    assert ended == Closed(frozenset({"evacuation"}))
    for name, event in EVENT_INSTANCES.items():
        following, _ = step(ended, event)
        assert following != Ready() or name == "OfficerReopened"


@pytest.mark.parametrize("event_name", ["DeviceLost disk", "DeviceLost camera", "DeviceLost unheard-of"])
def test_a_device_that_is_still_needed_refers_and_an_unknown_one_is(event_name: str) -> None:
    event = DeviceLost(event_name.split()[1])
    for state in (Reading(), PutBack(), Deciding(SPECIMEN), TakingDocument(SPECIMEN)):
        assert isinstance(step(state, event)[0], ReferredOutside)
    for inside in (Entering(SPECIMEN), Comparing(SPECIMEN)):
        assert isinstance(step(inside, event)[0], ReferredInside)
    assert isinstance(step(Leaving(SPECIMEN), event)[0], Leaving)


def test_every_state_is_in_the_table_has_a_screen_and_a_limit_or_a_reason_why_not() -> None:
    screens = Path("docs/contract.md").read_text().split("Screens: ")[1].split("\n")[0]
    assert {type(state) for state in STATE_INSTANCES.values()} == set(STATES)
    for state in STATE_INSTANCES.values():
        assert f"`{screen(state)[0]}`" in screens
    assert set(LIMIT_S) | set(UNLIMITED) == set(STATES)
    assert not set(LIMIT_S) & set(UNLIMITED)
    assert set(LIMIT_S) >= MACHINE_PACED


def test_every_referral_looks_the_same_to_the_traveller() -> None:
    for reason in Reason:
        assert screen(ReferredInside((reason,))) == screen(ReferredInside((Reason.PERSON_LISTED,)))
        for on_reader in (False, True):
            one, other = ReferredOutside((reason,), on_reader), ReferredOutside((Reason.PERSON_LISTED,), on_reader)
            assert screen(one) == screen(other)


def test_every_event_is_in_the_table() -> None:
    assert {type(event) for event in EVENT_INSTANCES.values()} == set(get_args(Event))


def test_the_page_about_the_gate_is_what_the_machine_says() -> None:
    page = Path("docs/gate.md").read_text()
    assert page == table.markdown(), "run `borderpost gate table > docs/gate.md`"


def test_the_command_line_prints_every_pair(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", "table"]) == 0
    assert capsys.readouterr().out == table.markdown()
    assert main(["gate", "table", "--json"]) == 0
    pairs = json.loads(capsys.readouterr().out)["pairs"]
    assert len(pairs) == len(STATE_INSTANCES) * len(EVENT_INSTANCES)
    permitting = [pair for pair in pairs if "PermitExit" in pair["orders"]]
    assert [(pair["state"], pair["event"]) for pair in permitting] == [("Recording", "Recorded")]


def test_no_repr_of_a_state_or_effect_shows_whose_document_it_is() -> None:
    for state in STATE_INSTANCES.values():
        for event in EVENT_INSTANCES.values():
            text = repr((state, event, step(state, event)))
            assert "ERIKSSON" not in text
            assert "L898902C3" not in text


def test_a_lost_reader_does_not_keep_a_referred_lane_for_ever() -> None:
    state: State = ReferredOutside((Reason.CHIP_UNREADABLE,), on_reader=True)
    for event in (DeviceLost("reader"), TimedOut()):
        state, _ = step(state, event)
    assert state == Closed(frozenset({"reader-lost"}))
    assert step(state, DeviceBack("reader")) == (Ready(), ())


@pytest.mark.parametrize("state_name", STATE_INSTANCES)
@pytest.mark.parametrize("event_name", ["ExitPassed", "BarrierFault door-forced"])
def test_b14_a_door_that_nobody_was_permitted_is_an_alarm_and_ends_the_service(
    state_name: str, event_name: str
) -> None:
    state, following, effects = taken(state_name, event_name)
    may_pass = isinstance(state, Leaving | Clearing | Evacuating) or getattr(state, "grant", "")
    if event_name == "ExitPassed" and may_pass:
        return
    assert RaiseAlarm("door-forced") in effects
    assert orders(effects, CallOfficer) == 1
    causes = following.causes if isinstance(following, Closed) else following.later.causes  # type: ignore[union-attr]  # it is no Ready
    assert "controller-fault" in causes


def test_a_step_back_is_no_referral() -> None:
    for state_name in ("Comparing", "Recording"):
        following, effects = step(STATE_INSTANCES[state_name], EVENT_INSTANCES["PeopleCounted 0"])
        assert isinstance(following, SteppingBack)
        assert RecordAbandoned("stepped-back") in effects
        assert not orders(effects, RecordReferred)
        assert not orders(effects, CallOfficer)
