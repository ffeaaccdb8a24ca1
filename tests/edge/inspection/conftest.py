"""Issuing states, their trust store, and a reader on both wires: PC/SC (pcscd, vpcd) and the direct socket."""

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ChipLimits, open_chip
from simulators.chip.control import Control
from simulators.chip.pcsc import end, start_chip
from simulators.issuing.office import Office
from simulators.issuing.passports import Passport
from simulators.issuing.state import State, open_states, write_trust
from simulators.network.broker import free_port
from tests.edge.inspection.desk import TODAY, Desk, passport


@pytest.fixture(scope="session")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    return open_states(tmp_path_factory.mktemp("states"), TODAY)


@pytest.fixture(scope="session")
def trust(states: dict[str, State], tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrustStore]:
    folder = tmp_path_factory.mktemp("trust")
    write_trust(states, folder)
    with closing(TrustStore.open(folder)) as store:
        yield store


@pytest.fixture
def office(states: dict[str, State]) -> Office:
    return Office(states, TODAY, random.Random(7))


@pytest.fixture
def honest(office: Office) -> Passport:
    return passport(office)


@pytest.fixture(scope="session")
def direct(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The chip process behind a port of its own."""
    control = tmp_path_factory.mktemp("direct") / "chip.sock"
    port = free_port()
    process = start_chip(control, ["--listen", f"127.0.0.1:{port}"])
    yield f"socket://127.0.0.1:{port}", control
    end(process)


@pytest.fixture(params=[pytest.param("pcsc", marks=pytest.mark.namespaces), "direct"])
def desk(request: pytest.FixtureRequest, trust: TrustStore) -> Iterator[Desk]:
    if request.param == "pcsc":
        stack, state = request.getfixturevalue("pcsc")
        url, control = stack.url, state / "chip.sock"
    else:
        url, control = request.getfixturevalue("direct")
    reader = open_chip(url, ChipLimits(apdu_s=0.5))
    with Control(control) as hand:
        yield Desk(reader, hand, trust)
        hand.lift()
    reader.close()
