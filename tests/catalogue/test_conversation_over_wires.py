"""Chips that misbehave, over the real PC/SC stack: the verdict is the same, and nobody holds the lane up."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.inspection.inspect import InspectionLimits, inspect
from edge.inspection.trust import TrustStore
from hardware.drivers.chip import ChipLimits, open_chip
from icao.checks import overall
from icao.mrz.zone import parse
from simulators.chip.control import Control
from simulators.chip.pcsc import PcscStack
from simulators.issuing.__main__ import holder_of
from simulators.issuing.catalogue.conversation import CONVERSATIONS, Conversation
from simulators.issuing.state import State
from tests.catalogue.test_conversation import wrong
from tests.edge.inspection.conftest import states, trust
from tests.edge.inspection.desk import TODAY, Desk

__all__ = ["states", "trust"]

LIMITS = InspectionLimits(present_s=2.0, read_s=4.0)
LIMIT_S = 6.0
NAMES = (
    "copy-without-keys", "copy-with-own-ca-key", "copy-that-stays", "copy-with-own-mapping-key", "stripped-copy",
    "recorded-signature", "proof-in-clear", "pace-hidden", "pace-refused", "pace-weakened", "invalid-point",
    "small-subgroup", "wrong-token", "sm-no-mac", "old-sm-replayed", "sm-unprotected", "sm-6700", "endless-61",
    "one-byte-reads", "huge-length", "changing-file", "stumbles", "long-portrait", "ten-thousand-infos", "no-sod",
)  # fmt: skip
CASES = [case for case in CONVERSATIONS if case.name in NAMES]


@pytest.fixture
def desk(pcsc: tuple[PcscStack, Path], trust: TrustStore) -> Iterator[Desk]:
    stack, state = pcsc
    reader = open_chip(stack.url, ChipLimits(apdu_s=0.5))
    with Control(state / "chip.sock") as hand:
        yield Desk(reader, hand, trust)
        hand.lift()
    reader.close()


@pytest.mark.namespaces
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_over_the_wires_a_conversation_ends_as_it_should(
    desk: Desk, states: dict[str, State], case: Conversation
) -> None:
    passport = case.make(states, holder_of("u01"))
    desk.lay(passport)
    began_s = time.monotonic()
    zone = parse(passport.mrz_lines, TODAY)
    found = inspect(zone, desk.reader, desk.trust, TODAY, lambda share: None, threading.Event(), LIMITS)
    assert time.monotonic() - began_s < LIMIT_S
    assert overall(found.checks) is case.result
    assert {id: answer for id, answer in wrong(found).items() if id in case.right} == case.right
