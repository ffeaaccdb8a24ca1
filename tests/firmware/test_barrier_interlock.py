"""The interlock, enumerated: every door phase under every combination of sensors, and every word in every mode.

The table is the specification: these moves open a door, and no others do.
"""

import itertools
from typing import TYPE_CHECKING

import pytest

from firmware.barrier import interlock, words
from firmware.barrier.door import PHASES, move, renew
from firmware.barrier.interlock import Seen, State
from firmware.barrier.words import (
    BLOCKED,
    CLOSING,
    ENTRY,
    EXIT,
    LOCKING,
    LOOSE,
    OPEN,
    OPENING,
    SHUT,
    STALLED,
)

if TYPE_CHECKING:
    from tests.firmware.world import World

NOW_ms = 10_000
SETTINGS = {
    "lock_ms": 5, "travel_limit_ms": 60, "retry_ms": 20, "tries": 3, "forced_wait_ms": 30, "calm_ms": 20,
    "beam_held_ms": 500, "self_test_ms": 10, "permission_limit_ms": 60_000,
}  # fmt: skip
BOOLS = (False, True)


def a_state(entry: int = SHUT, exit_: int = SHUT, **changed: object) -> State:
    state = State(0)
    state.entry, state.exit = (entry, NOW_ms - 5, 0), (exit_, NOW_ms - 5, 0)
    state.starting = False
    state.alive = True
    state.seen_ms = NOW_ms
    for name, value in changed.items():
        setattr(state, name, value)
    return state


EVERY_SEEN = [Seen(*levels) for levels in itertools.product(BOOLS, repeat=len(Seen._fields))]
PERMITTED = {"entry_permit": NOW_ms + 100, "exit_permit": NOW_ms + 100}


@pytest.mark.parametrize("entry", PHASES)
@pytest.mark.parametrize("people", [0, 1])
def test_whatever_is_sensed_the_rules_hold_with_everything_permitted(entry: int, people: int) -> None:
    """8 x 8 door phases x 2048 sensor combinations, with both permissions given: the most that can be asked."""
    for exit_ in PHASES:
        state = a_state(entry, exit_, people=people, **PERMITTED)
        for looked in EVERY_SEEN:
            following, out, _, _ = interlock.step(NOW_ms, state, looked, [], [], SETTINGS)
            assert not (out.entry_opens and out.entry_closes)
            assert not (out.exit_opens and out.exit_closes)
            if looked.stop:
                assert not any((out.entry_opens, out.entry_closes, out.exit_opens, out.exit_closes))
            elif looked.fire:
                assert following.mode == words.EVACUATING
                assert out.entry_opens or looked.entry_open
                assert out.exit_opens or looked.exit_open
                assert not out.entry_locked
                assert not out.exit_locked
            else:
                assert (looked.exit_closed and following.exit[0] == SHUT) or not out.entry_opens
                assert (looked.entry_closed and following.entry[0] == SHUT) or not out.exit_opens
                assert looked.entry_clear or not out.entry_closes
                assert looked.exit_clear or not out.exit_closes
            if following.exit[0] == OPENING and exit_ not in (OPENING, OPEN) and not looked.fire:
                assert exit_opening_allowed(state, following, looked)
            if not looked.alive:
                assert following.entry_permit is None
                assert following.exit_permit is None


def exit_opening_allowed(state: State, following: State, looked: Seen) -> bool:
    """These moves open the exit, and no others."""
    if state.exit[0] == CLOSING and not looked.exit_clear:
        return True  # onto nobody: a reversal
    granted = looked.alive and following.entry[0] == SHUT and looked.entry_closed
    if state.exit[0] == SHUT:
        return granted and looked.exit_closed and state.people == 1 and looked.mat
    return granted


@pytest.mark.parametrize("word", [*interlock.ASKED, 0x7F])
@pytest.mark.parametrize("people", [0, 1, 2])
def test_no_word_but_a_permission_opens_the_exit_and_that_only_for_one_person(word: int, people: int) -> None:
    values = {words.PERMIT: (EXIT, 1, NOW_ms + 100), words.REVOKE: (EXIT,), words.BEAT: (0,)}.get(word, ())
    opened = set()
    for entry, flags, mat in itertools.product(PHASES, itertools.product(BOOLS, repeat=5), BOOLS):
        held, inward, faulted, alive, stopped = flags
        state = a_state(entry, people=people, held=held, inward=inward, faults=int(faulted) << 2, stopped=stopped)
        looked = Seen(True, False, True, False, True, True, mat, False, False, False, alive)
        for now_ms in (NOW_ms, NOW_ms + 5):
            state, _, _, _ = interlock.step(
                now_ms, state, looked, [], [(word, values)] if now_ms == NOW_ms else [], SETTINGS
            )
        if state.exit[0] == OPENING:
            opened.add((word, entry, flags, mat))
    expected = {(words.PERMIT, SHUT, (False, False, False, True, False), True)} if word == words.PERMIT else set()
    assert opened == (expected if people == 1 else set())


@pytest.mark.parametrize("mode", ["starting", "stopped", "fire", "faults", "alive", "held"])
@pytest.mark.parametrize("door", [ENTRY, EXIT])
def test_only_when_ready_is_anybody_permitted(mode: str, door: int) -> None:
    looked = Seen(True, False, True, False, True, True, door == EXIT, False, False, False, mode != "alive")
    state = a_state(people=door, began_ms=NOW_ms)
    if mode != "alive":
        setattr(state, mode, 1 << words.TRAVEL_EXIT if mode == "faults" else True)
    following, _, _, answers = interlock.step(
        NOW_ms, state, looked, [], [(words.PERMIT, (door, 1, NOW_ms + 100))], SETTINGS
    )
    assert answers == [words.REFUSED]
    assert (following.entry_permit, following.exit_permit) == (None, None)


# --- one door's table ---
CLOSED, AJAR, WIDE = (True, False), (False, False), (False, True)
MOVES = {
    # (phase, wanted, (closed, opened), clear): the phase a moment later; for every other combination it stays
    **{(SHUT, w, at, c): LOOSE for w in BOOLS for at in (AJAR, WIDE) for c in BOOLS},
    **{(SHUT, True, CLOSED, c): OPENING for c in BOOLS},
    **{(LOCKING, w, at, c): LOOSE for w in BOOLS for at in (AJAR, WIDE) for c in BOOLS},
    **{(LOCKING, True, CLOSED, c): OPENING for c in BOOLS},
    **{(LOCKING, False, CLOSED, c): SHUT for c in BOOLS},
    **{(OPENING, w, WIDE, c): OPEN for w in BOOLS for c in BOOLS},
    **{(OPENING, False, at, True): CLOSING for at in (CLOSED, AJAR)},
    **{(OPEN, w, at, c): OPENING for w in BOOLS for at in (CLOSED, AJAR) for c in BOOLS},
    (OPEN, False, WIDE, True): CLOSING,
    **{(CLOSING, w, at, False): OPENING for w in BOOLS for at in (CLOSED, AJAR, WIDE)},
    **{(CLOSING, w, CLOSED, True): LOCKING for w in BOOLS},
    **{(CLOSING, True, at, True): OPENING for at in (AJAR, WIDE)},
    **{(LOOSE, w, CLOSED, c): LOCKING for w in BOOLS for c in BOOLS},
    **{(LOOSE, True, at, c): OPENING for at in (AJAR, WIDE) for c in BOOLS},
}


@pytest.mark.parametrize("phase", PHASES)
def test_a_door_makes_these_moves_and_no_others(phase: int) -> None:
    for wanted, at, clear in itertools.product(BOOLS, (CLOSED, AJAR, WIDE), BOOLS):
        (following, _, _), _ = move(NOW_ms, (phase, NOW_ms - 5, 0), ENTRY, wanted, (*at, clear), SETTINGS)
        assert following == MOVES.get((phase, wanted, at, clear), phase), (wanted, at, clear)


def test_what_was_given_up_is_tried_again_only_when_somebody_asks() -> None:
    assert renew(NOW_ms, (STALLED, 0, 0))[0] == LOOSE
    assert renew(NOW_ms, (BLOCKED, 0, 0))[0] == OPEN
    for phase in set(PHASES) - {STALLED, BLOCKED}:
        assert renew(NOW_ms, (phase, 0, 2)) == (phase, 0, 2)


# --- permissions ---
def test_a_permission_opens_the_entry_once_and_the_same_id_never_again(world: "World") -> None:
    assert world.permit(ENTRY, 5) == words.DONE
    assert world.permit(ENTRY, 5) == words.DONE  # said again: the same answer, and one passage
    assert world.until(lambda w: w.state.entry[0] == OPEN)
    world.enter()
    world.run()
    world.leave(ENTRY)  # by hand of the plant: gone again
    world.run()
    assert world.permit(ENTRY, 5) == words.DONE
    assert world.permit(ENTRY, 4) == words.REPEATED
    world.run()
    assert world.state.entry[0] == SHUT


def test_a_new_program_at_the_pi_may_begin_its_ids_anew(world: "World") -> None:
    world.permit(ENTRY, 5)
    assert world.ask(words.HELLO) == words.DONE
    assert world.state.entry_permit is None
    assert world.permit(ENTRY, 0) == words.DONE


@pytest.mark.parametrize("valid_ms", [0, -100, 61_000])
def test_c06_a_permission_from_too_far_off_is_stale(world: "World", valid_ms: int) -> None:
    assert world.permit(ENTRY, 1, valid_ms) == words.EXPIRED
    assert world.run().state.entry[0] == SHUT


def test_nobody_came_so_the_door_closes_and_it_is_said(world: "World") -> None:
    world.permit(ENTRY, 1, valid_ms=100)
    assert world.until(lambda w: w.state.entry[0] == OPEN)
    assert world.until(lambda w: w.state.entry[0] == SHUT)
    assert (words.PERMISSION_EXPIRED, ENTRY, 0) in world.events
    assert (words.ENTRY_SHUT, 0, 0) in world.events


def test_the_exit_waits_for_the_mat_but_not_beyond_its_time(inside: "World") -> None:
    inside.inputs["mat"] = False
    inside.inputs["exit_clear"] = False  # she leans on the door
    assert inside.permit(EXIT, 1, valid_ms=100) == words.DONE
    inside.run(10)
    assert inside.state.exit[0] == SHUT
    inside.run(20)
    assert (words.PERMISSION_EXPIRED, EXIT, 0) in inside.events
    inside.inputs["mat"] = True
    assert inside.run().state.exit[0] == SHUT


def test_an_exit_permission_is_void_when_the_company_changes(inside: "World") -> None:
    inside.inputs["mat"] = False
    assert inside.permit(EXIT, 1) == words.DONE
    inside.one_pass(moved=[(ENTRY, 1)])
    assert inside.state.exit_permit is None
    assert (words.PERMISSION_EXPIRED, EXIT, 0) in inside.events


@pytest.mark.parametrize("door", [ENTRY, EXIT])
def test_a_revoked_permission_opens_nothing(inside: "World", door: int) -> None:
    inside.inputs["mat"] = False
    assert inside.permit(EXIT, 1) == words.DONE
    assert inside.ask(words.REVOKE, EXIT) == words.DONE
    assert inside.ask(words.REVOKE, ENTRY) == words.DONE
    assert inside.ask(words.REVOKE, 2) == words.UNKNOWN
    inside.inputs["mat"] = True
    assert inside.run().state.exit[0] == SHUT
    assert inside.ask(words.PERMIT, 2, 1, inside.now_ms + 100) == words.UNKNOWN


def test_the_whole_passage(inside: "World") -> None:
    assert inside.permit(EXIT, 1) == words.DONE
    assert inside.until(lambda w: w.state.exit[0] == OPEN)
    inside.leave(EXIT)
    inside.run()
    assert inside.events == [
        (words.PEOPLE_COUNTED, 0, 0),
        (words.EXIT_PASSED, 0, 0),
        (words.EXIT_SHUT, 0, 0),
    ]


# --- people ---
def test_the_way_back_opens_for_who_is_inside_and_closes_behind_her(inside: "World") -> None:
    assert inside.ask(words.RELEASE) == words.DONE
    assert inside.until(lambda w: w.state.entry[0] == OPEN)
    inside.run(100)
    assert inside.state.entry[0] == OPEN  # as long as she stays: nobody is held
    inside.leave(ENTRY)
    assert inside.until(lambda w: w.state.entry[0] == SHUT)
    assert inside.events[-1] == (words.ENTRY_SHUT, 0, 0)
    assert inside.codes().count(words.ENTRY_SHUT) == 1
    assert not inside.state.inward


def test_a_release_that_finds_nobody_says_so(world: "World") -> None:
    world.ask(words.RELEASE)
    world.run()
    assert world.events == [(words.ENTRY_SHUT, 0, 0)]
    assert world.state.entry[0] == SHUT


def test_an_empty_mantrap_is_empty_whatever_was_counted(inside: "World") -> None:
    inside.inputs["mat"] = False
    inside.run()
    assert inside.state.people == 0
    assert (words.PEOPLE_COUNTED, 0, 0) in inside.events


def test_a_thing_left_on_the_mat_keeps_the_entry_shut(world: "World") -> None:
    world.inputs["mat"] = True
    world.permit(ENTRY, 1)
    assert world.run().state.entry[0] == SHUT


def test_who_holds_the_lane_holds_it_until_he_resumes(world: "World") -> None:
    world.ask(words.HOLD)
    assert world.permit(ENTRY, 1) == words.REFUSED
    world.inputs["mat"] = True
    world.press()
    assert world.until(lambda w: w.state.entry[0] == OPEN)  # the button works on
    world.inputs["mat"] = False
    world.run()
    world.ask(words.RESUME)
    assert world.permit(ENTRY, 2) == words.DONE


def test_unknown_words_and_misshapen_ones_are_told_so(world: "World") -> None:
    world.one_pass(asked=[(0x7F, ()), (words.BEAT, None), (words.BEAT, (0,)), (words.TIME, (0,))])  # type: ignore[list-item]  # None is what a misshapen payload gives
    assert world.answers == [words.UNKNOWN, words.UNKNOWN, words.DONE, words.DONE]


def test_the_state_that_is_given_is_not_changed(world: "World") -> None:
    before = {name: getattr(world.state, name) for name in interlock.State(0).__dict__}
    interlock.step(world.now_ms, world.state, world.look(), [(ENTRY, 1)], [(words.RELEASE, ())], SETTINGS)
    assert {name: getattr(world.state, name) for name in before} == before


def test_the_flags_say_what_holds(inside: "World") -> None:
    looked = inside.look()
    assert interlock.flags(inside.state, looked) == words.OCCUPIED
    inside.state.inward = inside.state.fire = inside.state.stopped = True
    inside.state.entry_permit = inside.state.exit_permit = 1
    assert interlock.flags(inside.state, looked) == 63


def test_every_field_is_copied() -> None:
    from firmware.barrier.state import FIELDS

    assert set(FIELDS) == set(State(0).__dict__)
