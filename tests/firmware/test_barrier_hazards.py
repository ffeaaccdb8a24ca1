"""The hazards of a pedestrian barrier, by their number, against the pure interlock; and the way out of everything.

H1 closing onto a person, H3 fire, H4 emergency stop, H5 Pi dead, H7 broken sensor, H8 drive runs away, H9 tailgating,
H10 forced opening, H12 power back, H15 repeated obstacle. (H13 forged command: test_barrier_link.py. H6 a program that
hangs, and H1, H5, H12 with a real process: tests/simulators.)
"""

import random

import pytest

from firmware.barrier import words
from firmware.barrier.interlock import OFF
from firmware.barrier.words import BLOCKED, CLOSING, ENTRY, EXIT, LOOSE, OPEN, SHUT, STALLED
from tests.firmware.world import SETTINGS, STEPS, PASS_ms, World


def closing(world: World) -> World:
    """The entry closes behind nobody: its permission has run out."""
    world.permit(ENTRY, 1, valid_ms=60)
    assert world.until(lambda w: w.outputs.entry_closes)
    return world


def test_h1_a_closing_door_stops_and_reopens_within_one_pass_of_a_broken_beam(world: World) -> None:
    closing(world)
    world.inputs["entry_clear"] = False
    world.one_pass()
    assert not world.outputs.entry_closes
    assert world.outputs.entry_opens
    assert world.until(lambda w: w.places[ENTRY] == STEPS)
    world.run(50)
    assert world.places[ENTRY] == STEPS
    world.inputs["entry_clear"] = True
    assert world.until(lambda w: w.state.entry[0] == SHUT)


def test_h1_a_door_does_not_even_begin_to_close_on_a_broken_beam(world: World) -> None:
    world.permit(ENTRY, 1, valid_ms=60)
    assert world.until(lambda w: w.state.entry[0] == OPEN)
    world.inputs["entry_clear"] = False
    world.run(100)
    assert world.places[ENTRY] == STEPS


def test_h1_b18_a_beam_broken_for_long_is_told_once(world: World) -> None:
    world.inputs["exit_clear"] = False
    world.run(3 * SETTINGS["beam_held_ms"] // PASS_ms)
    assert world.events == [(words.OBSTRUCTED, EXIT, 0)]
    world.inputs["exit_clear"] = True
    world.one_pass()
    world.inputs["exit_clear"] = False
    world.run(2 * SETTINGS["beam_held_ms"] // PASS_ms)
    assert world.events.count((words.OBSTRUCTED, EXIT, 0)) == 2


@pytest.mark.parametrize("alive", [True, False])
def test_h3_fire_opens_both_doors_and_nothing_said_changes_that(inside: World, alive: bool) -> None:
    inside.inputs["alive"] = alive
    inside.inputs["fire"] = True
    inside.one_pass()
    assert inside.outputs.entry_opens
    assert inside.outputs.exit_opens
    assert not inside.outputs.entry_locked
    assert not inside.outputs.exit_locked
    for word in (words.HOLD, words.RELEASE, words.RESUME, words.RESET):
        assert inside.ask(word) == words.REFUSED
    assert inside.permit(EXIT, 1) == words.REFUSED
    inside.inputs["fire"] = False
    inside.run(100)
    assert inside.places == [STEPS, STEPS]  # until somebody resets it
    assert inside.codes().count(words.EVACUATION_BEGAN) == 1


def test_h3_after_a_reset_the_doors_close_and_passages_begin_anew(inside: World) -> None:
    inside.inputs["fire"] = True
    inside.run()
    inside.inputs.update(fire=False, mat=False)
    assert inside.ask(words.RESET) == words.DONE
    assert inside.ask(words.RESET) == words.DONE
    inside.run(60)
    assert inside.codes().count(words.EVACUATION_ENDED) == 1
    assert inside.state.mode == words.READY
    assert (inside.state.entry[0], inside.state.exit[0]) == (SHUT, SHUT)


def test_h3_two_people_in_two_doorways_after_a_reset_are_not_squeezed(inside: World) -> None:
    inside.inputs["fire"] = True
    inside.run()
    inside.inputs["fire"] = False
    inside.ask(words.RESET)
    inside.run(2)
    inside.inputs.update(entry_clear=False, exit_clear=False)
    for _ in range(50):
        inside.one_pass()
        assert not inside.outputs.entry_closes
        assert not inside.outputs.exit_closes


def test_h4_the_emergency_stop_takes_the_power_and_nothing_restarts_by_itself(world: World) -> None:
    closing(world)
    world.inputs["stop"] = True
    world.one_pass()
    assert world.state.mode == words.STOPPED
    assert world.outputs == world.outputs._replace(entry_opens=False, entry_closes=False, entry_locked=False)
    assert world.ask(words.RESUME) == words.REFUSED
    assert world.ask(words.RESET) == words.REFUSED
    place = world.places[ENTRY]
    world.inputs["stop"] = False
    world.run(100)
    assert world.places[ENTRY] == place
    assert world.ask(words.RESUME) == words.DONE
    assert world.until(lambda w: w.state.entry[0] == SHUT)
    assert world.codes().count(words.STOP_RELEASED) == 1


def test_h4_who_pushes_an_unpowered_door_has_not_forced_it(world: World) -> None:
    world.inputs["stop"] = True
    world.one_pass()
    world.places[ENTRY] = STEPS
    world.run()
    world.inputs["stop"] = False
    world.ask(words.RESUME)
    world.run()
    assert words.FORCED not in world.codes()
    assert world.state.entry[0] == SHUT


def test_h4_h3_a_released_stop_gives_way_to_fire(world: World) -> None:
    world.inputs.update(stop=True, fire=True)
    world.run(5)
    assert world.places == [0, 0]
    world.inputs["stop"] = False
    assert world.until(lambda w: w.places == [STEPS, STEPS])


def test_h5_a_silent_pi_means_no_passage_a_shut_exit_and_a_way_back(inside: World) -> None:
    inside.permit(EXIT, 1)
    assert inside.until(lambda w: w.places[EXIT] > 0)
    inside.inputs["alive"] = False
    inside.one_pass()
    assert inside.state.mode == words.SAFE
    assert words.SILENCE in inside.codes()
    assert inside.until(lambda w: w.state.exit[0] == SHUT)
    assert inside.permit(ENTRY, 2) == words.REFUSED
    inside.press()
    assert inside.until(lambda w: w.places[ENTRY] == STEPS)
    inside.leave(ENTRY)
    assert inside.until(lambda w: w.state.entry[0] == SHUT)
    inside.inputs["alive"] = True
    inside.run(1)
    assert inside.state.mode == words.READY


def test_h5_an_exit_with_somebody_in_it_shuts_only_behind_her(inside: World) -> None:
    inside.permit(EXIT, 1)
    assert inside.until(lambda w: w.places[EXIT] == STEPS)
    inside.inputs.update(alive=False, exit_clear=False)
    inside.run(100)
    assert inside.places[EXIT] == STEPS
    inside.inputs["exit_clear"] = True
    assert inside.until(lambda w: w.state.exit[0] == SHUT)


@pytest.mark.parametrize(("door", "name"), [(ENTRY, "entry"), (EXIT, "exit")])
def test_h7_a_door_open_and_closed_at_once_is_a_broken_sensor(world: World, door: int, name: str) -> None:
    world.inputs.update({f"{name}_closed": True, f"{name}_open": True})
    world.run(5)
    assert world.state.mode == words.FAULTED
    assert world.events == [(words.FAULT, door, 0)]
    assert world.permit(ENTRY, 1) == words.REFUSED
    world.ask(words.RESUME)
    assert world.state.mode == words.FAULTED  # its cause has not gone
    del world.inputs[f"{name}_closed"], world.inputs[f"{name}_open"]
    world.ask(words.RESUME)
    world.run()
    assert world.state.mode == words.READY
    assert (world.state.entry[0], world.state.exit[0]) == (SHUT, SHUT)


@pytest.mark.parametrize("door", [ENTRY, EXIT])
def test_h8_a_door_that_takes_too_long_has_its_drive_cut(inside: World, door: int) -> None:
    if door == EXIT:
        inside.permit(EXIT, 1)
    else:
        inside.ask(words.RELEASE)
    inside.jammed = True
    inside.run(SETTINGS["travel_limit_ms"] // PASS_ms + 3)
    assert (inside.state.entry, inside.state.exit)[door][0] == STALLED
    assert not inside.outputs.entry_opens
    assert not inside.outputs.exit_opens
    assert (words.FAULT, words.TRAVEL_ENTRY + door, 0) in inside.events
    assert not inside.outputs.entry_locked  # by hand, if all else fails


def test_h8_a_door_that_never_arrives_closed_is_stalled(world: World) -> None:
    closing(world)
    world.jammed = True
    world.run(SETTINGS["travel_limit_ms"] // PASS_ms + 3)
    assert world.state.entry[0] == STALLED
    world.jammed = False
    world.ask(words.RESUME)
    assert world.until(lambda w: w.state.entry[0] == SHUT)


def test_h9_b10_a_tailgater_is_told_the_exit_stays_shut_and_nobody_is_squeezed(world: World) -> None:
    world.permit(ENTRY, 1)
    assert world.until(lambda w: w.places[ENTRY] == STEPS)
    world.enter()
    world.enter()
    world.run()
    assert (words.TAILGATING, 2, ENTRY) in world.events
    assert (words.ENTRY_SHUT, 2, 1) in world.events
    assert world.permit(EXIT, 1) == words.REFUSED
    assert world.run().state.exit[0] == SHUT


def test_h9_b11_whoever_comes_in_by_the_exit_is_told(inside: World) -> None:
    inside.permit(EXIT, 1)
    assert inside.until(lambda w: w.places[EXIT] == STEPS)
    inside.one_pass(moved=[(EXIT, 1)])
    assert (words.TAILGATING, 2, EXIT) in inside.events
    assert inside.until(lambda w: w.state.exit[0] == SHUT)


def test_h9_b11_whoever_slips_in_behind_one_who_leaves_is_told(inside: World) -> None:
    inside.permit(EXIT, 1)
    assert inside.until(lambda w: w.places[EXIT] == STEPS)
    inside.leave(EXIT)
    inside.one_pass(moved=[(EXIT, 1)])
    assert (words.TAILGATING, 1, EXIT) in inside.events


def test_h9_more_going_out_than_came_in_is_told(inside: World) -> None:
    inside.permit(EXIT, 1)
    assert inside.until(lambda w: w.places[EXIT] == STEPS)
    inside.one_pass(moved=[(EXIT, -2)])
    assert (words.TAILGATING, 0, EXIT) in inside.events
    assert inside.codes().count(words.EXIT_PASSED) == 2


@pytest.mark.parametrize("door", [ENTRY, EXIT])
def test_h10_a_forced_door_is_told_shuts_again_and_the_other_stays_shut(world: World, door: int) -> None:
    world.permit(1 - door, 1)
    world.places[door] = 1
    world.one_pass()
    assert (words.FORCED, door, 0) in world.events
    assert (world.state.entry, world.state.exit)[door][0] == LOOSE
    for _ in range(SETTINGS["forced_wait_ms"] // PASS_ms - 1):
        world.one_pass()
        assert world.places[1 - door] == 0
    assert world.until(lambda w: (w.state.entry, w.state.exit)[door][0] == SHUT)


def test_h10_a_door_pushed_while_open_is_held_open(world: World) -> None:
    world.permit(ENTRY, 1)
    assert world.until(lambda w: w.state.entry[0] == OPEN)
    world.places[ENTRY] = 2
    world.one_pass()
    assert world.outputs.entry_opens
    world.places[ENTRY] = 2
    assert world.until(lambda w: w.places[ENTRY] == STEPS)


def test_h10_a_door_that_springs_back_before_its_bolt_holds_is_closed_again(world: World) -> None:
    closing(world)
    assert world.until(lambda w: w.places[ENTRY] == 0)
    world.one_pass()
    world.places[ENTRY] = 1
    world.one_pass()
    assert words.FORCED not in world.codes()
    assert world.until(lambda w: w.state.entry[0] == SHUT)


@pytest.mark.parametrize("places", [[0, 0], [STEPS, 0], [0, 2], [STEPS, STEPS]])
def test_h12_nothing_moves_before_the_self_test_then_doors_found_open_are_closed(places: list[int]) -> None:
    world = World(places=list(places))
    world.inputs["egress"] = True  # held down from before the start
    while world.state.starting:
        before = list(world.places)
        world.one_pass()
        assert world.places == before
        if world.state.starting:
            assert world.outputs == OFF
            assert (world.state.entry[0], world.state.exit[0]) == (LOOSE, LOOSE)
    world.inputs["egress"] = False
    assert words.STARTED in world.codes()
    assert world.until(lambda w: (w.state.entry[0], w.state.exit[0]) == (SHUT, SHUT))


def test_h12_not_even_a_bolt_moves_before_the_self_test_finds_a_fault() -> None:
    world = World()
    world.inputs.update(exit_closed=True, exit_open=True)
    for _ in range(5):
        world.one_pass()
        assert world.outputs == OFF
    world.run()
    assert world.state.mode == words.FAULTED


def test_h12_a_door_found_open_with_somebody_in_it_stays_open() -> None:
    world = World(places=[STEPS, 0])
    world.inputs.update(entry_clear=False, alive=False)
    world.run(100)
    assert world.places == [STEPS, 0]
    assert world.state.mode == words.SAFE


def test_h15_after_three_tries_a_door_stays_open_and_somebody_is_called(world: World) -> None:
    closing(world)
    for _ in range(SETTINGS["tries"] + 1):
        assert words.OBSTRUCTED not in world.codes()
        assert world.until(lambda w: w.outputs.entry_closes)
        world.inputs["entry_clear"] = False
        world.one_pass()
        world.inputs["entry_clear"] = True
    assert world.events[-1] == (words.OBSTRUCTED, ENTRY, 0)
    world.run(200)
    assert world.places[ENTRY] == STEPS
    assert world.state.entry[0] == BLOCKED
    world.ask(words.RESUME)
    assert world.until(lambda w: w.state.entry[0] == SHUT)


# --- nobody is held ---
ACTIONS = ("permit-entry", "permit-exit", "enter", "leave-entry", "leave-exit", "release", "hold", "resume", "fire",
           "fire-off", "stop", "stop-off", "silence", "word", "force-entry", "force-exit", "limits", "limits-off",
           "press", "block", "unblock", "wait")  # fmt: skip


def act(world: World, action: str, number: int) -> None:
    """One thing that may happen, if it can."""
    simple = {
        "release": words.RELEASE, "hold": words.HOLD, "resume": words.RESUME,
    }  # fmt: skip
    inputs = {
        "fire": {"fire": True}, "stop": {"stop": True}, "stop-off": {"stop": False}, "silence": {"alive": False},
        "word": {"alive": True}, "limits": {"exit_open": True, "exit_closed": True}, "block": {"entry_clear": False},
        "unblock": {"entry_clear": True},
    }  # fmt: skip
    if action in simple and world.inputs["alive"]:
        world.ask(simple[action])
    elif action in inputs:
        world.inputs.update(inputs[action])
    elif action == "fire-off":
        world.inputs["fire"] = False
        world.ask(words.RESET)
    elif action == "limits-off":
        world.inputs.pop("exit_open", None)
        world.inputs.pop("exit_closed", None)
    elif action.startswith("permit") and world.inputs["alive"]:
        world.permit(ENTRY if action == "permit-entry" else EXIT, number, 200)
    elif action.startswith("force"):
        world.places[ENTRY if action == "force-entry" else EXIT] = 1
    elif action == "enter" and world.places[ENTRY] == STEPS:
        world.enter()
    elif action == "leave-entry" and world.places[ENTRY] == STEPS and world.inputs.get("mat"):
        world.leave(ENTRY)
    elif action == "leave-exit" and world.places[EXIT] == STEPS and world.inputs.get("mat"):
        world.leave(EXIT)
    elif action == "press":
        world.press()
    world.run(number % 7)


def way_out(world: World) -> bool:
    """With the Pi dead and every broken thing mended: she presses the button, and the entry opens (or both do)."""
    end = world.copy()
    for name in ("exit_open", "exit_closed"):
        end.inputs.pop(name, None)
    end.inputs.update(alive=False, stop=False, mat=True, entry_clear=True, exit_clear=True)
    end.run(60)  # a running permission ends with the Pi
    end.press()
    return end.until(lambda w: w.places[ENTRY] == STEPS, passes=150)


def test_from_every_reachable_state_who_is_inside_gets_out_with_the_pi_dead() -> None:
    met = set()
    for seed in range(40):
        chance, world = random.Random(seed), World().run(10)
        for number in range(60):
            act(world, chance.choice(ACTIONS), number)
            state = world.state
            key = (
                state.mode, state.entry[0], state.exit[0], min(state.people, 2), state.inward, state.held,
                state.stopped, state.fire, state.faults, tuple(world.places), state.exit_permit is not None,
            )  # fmt: skip
            if key not in met:
                met.add(key)
                assert way_out(world), (seed, number, key)
    phases = {key[1:3] for key in met}
    assert len(met) > 300
    assert {entry for entry, _ in phases} | {exit_ for _, exit_ in phases} >= {SHUT, OPEN, CLOSING, LOOSE, STALLED}
