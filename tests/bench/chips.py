"""Which chips are read in a bench, and whose time is it? One of 16 KB, one that takes a real chip's time."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from hardware.drivers.chip import ChipLine
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.tempo import REAL, Tempo
from simulators.issuing.__main__ import holder_of
from simulators.issuing.equipping import ONLY_BAC, Mechanisms
from simulators.issuing.passports import Holder, Passport, Term, issue
from simulators.issuing.profile import Profile
from simulators.issuing.state import State
from tests.bench.people import TODAY

CHIP_BYTES = 16 * 1024  # COM, DG1, DG2, SOD, DG14 and DG15 together
TERM = Term(TODAY - timedelta(days=400), TODAY + timedelta(days=3000))


def of_16_kb(state: State, mechanisms: Mechanisms = ONLY_BAC) -> Passport:
    """The portrait is cut or filled up so that all files together are 16 KB."""
    holder = holder_of("u01")
    whole = made(state, holder, mechanisms)
    wanted = len(holder.portrait) + CHIP_BYTES - sum(map(len, whole.files.values()))
    portrait = holder.portrait[:wanted].ljust(wanted, b"\0")
    return made(state, Holder(holder.surname, holder.given_names, holder.birth_date, holder.sex, portrait), mechanisms)


def made(state: State, holder: Holder, mechanisms: Mechanisms) -> Passport:
    return issue(state, holder, "U12345678", TERM, profile=Profile(chip=mechanisms))


class Watched:
    """A chip in this process: what it computes itself is not our time."""

    def __init__(self, passport: Passport) -> None:
        self.chip = EmrtdChip(passport.files, passport.mrz_lines, os.urandom, passport.secrets)
        self.spent_s = 0.0

    def answer(self, command: bytes) -> bytes:
        began_s = time.perf_counter()
        try:
            return self.chip.answer(command)
        finally:
            self.spent_s += time.perf_counter() - began_s


class Real(Watched):
    """The same at a real chip's tempo: what it computes is part of that. ``cost_s`` is what its commands cost."""

    def __init__(self, passport: Passport, tempo: Tempo = REAL) -> None:
        super().__init__(passport)
        self.cost_s, self._tempo = 0.0, tempo

    def answer(self, command: bytes) -> bytes:
        began_s = time.perf_counter()
        answer = self.chip.answer(command)
        computed_s = time.perf_counter() - began_s
        cost_s = max(computed_s, self._tempo.seconds(len(command) + len(answer)))
        time.sleep(max(0.0, began_s + cost_s - time.perf_counter()))
        self.cost_s += cost_s
        return answer


class OnReader:
    """A reader on which this chip always lies."""

    def __init__(self, chip: Watched) -> None:
        self._chip = chip

    def wait_present(self, limit_s: float) -> bool:
        return True

    def present(self) -> bool:
        return True

    @contextmanager
    def connect(self) -> Iterator[ChipLine]:
        self._chip.chip.reset()
        yield ChipLine(self._chip.answer)

    def close(self) -> None: ...
