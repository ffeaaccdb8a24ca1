"""The world of the catalogue: states, their authorities and two persons, made once for all its tests."""

import random

import pytest

from simulators.issuing.__main__ import holder_of
from simulators.issuing.catalogue.world import World
from simulators.issuing.state import open_states
from tests.catalogue.judging import TODAY


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    states = open_states(tmp_path_factory.mktemp("states"), TODAY)
    return World(states, TODAY, random.Random(9303), holder_of("u01"), holder_of("u02"))
