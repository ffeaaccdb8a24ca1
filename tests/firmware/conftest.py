"""Where most stories of the interlock begin."""

import pytest

from firmware.barrier import words
from tests.firmware.world import STEPS, World


@pytest.fixture
def world() -> World:
    """Ready, both doors shut, nobody inside."""
    ready = World().run()
    assert ready.state.mode == words.READY
    assert (ready.state.entry[0], ready.state.exit[0]) == (words.SHUT, words.SHUT)
    ready.events.clear()
    return ready


@pytest.fixture
def inside(world: World) -> World:
    """One person inside, both doors shut."""
    world.permit(words.ENTRY, 0)
    assert world.until(lambda w: w.places[words.ENTRY] == STEPS)
    world.enter()
    world.run()
    assert world.state.people == 1
    assert (words.ENTRY_SHUT, 1, 1) in world.events
    world.events.clear()
    return world
