"""What does reading a passport cost? Commands, bytes, our own time, a real chip's time, and proving it genuine."""

import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.inspection.trust import TrustStore
from icao.checks import overall
from icao.chip.reading import BLOCKS_BYTES, ChipContents, read_chip
from icao.mrz.zone import parse
from icao.passive import verify
from icao.pki.trust import TrustedSet
from simulators.chip.emrtd import EmrtdChip
from simulators.chip.tempo import REAL
from simulators.issuing.passports import Passport
from simulators.issuing.state import write_trust
from tests.bench.people import TODAY, passports
from tests.bench.spread import spread

ROUNDS = 15
SHORT_BLOCKS_BYTES = (231,)  # a reader or chip without extended length


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        states, issued = passports(Path(name))
        write_trust(states, Path(name) / "trust")
        trust = TrustStore.open(Path(name) / "trust")
    return {
        "dg2_bytes": round(sum(len(one.files["DG2"]) for one in issued) / len(issued)),
        "extended_length": _read(issued, rounds, BLOCKS_BYTES),
        "short_length": _read(issued, rounds, SHORT_BLOCKS_BYTES),
        "passive_authentication_ms": {_keys(states, one): _proven(one, trust, rounds) for one in issued},
    }


def _read(issued: Sequence[Passport], rounds: int, blocks: Sequence[int]) -> dict[str, Any]:
    host_ms: list[float] = []
    real_ms: list[float] = []
    for passport in issued * rounds:
        chip = _Watched(EmrtdChip(passport.files, passport.mrz_lines, os.urandom))
        began_s = time.perf_counter()
        contents = read_chip(chip.answer, parse(passport.mrz_lines, TODAY), blocks_bytes=blocks)
        host_ms.append((time.perf_counter() - began_s - chip.spent_s) * 1000)
        real_ms.append(host_ms[-1] + _real_s(contents) * 1000)
    return {
        "commands": contents.commands,
        "wire_bytes": contents.wire_bytes,
        "host_ms": spread(host_ms),
        "with_a_real_chip_ms": spread(real_ms, 0),
    }


def _real_s(contents: ChipContents) -> float:
    return contents.commands * REAL.seconds(0) + REAL.seconds(contents.wire_bytes) - REAL.seconds(0)


class _Watched:
    """The chip's own computing is not ours."""

    def __init__(self, chip: EmrtdChip) -> None:
        self.spent_s, self._chip = 0.0, chip

    def answer(self, command: bytes) -> bytes:
        began_s = time.perf_counter()
        try:
            return self._chip.answer(command)
        finally:
            self.spent_s += time.perf_counter() - began_s


def _keys(states: dict[str, Any], passport: Passport) -> str:
    code = passport.mrz_lines[0][2:5].rstrip("<")
    spec = states[code].spec
    padding = "_pss" if spec.pss else ""
    return f"{code.lower()}_{spec.signer.value}{padding}_under_{spec.csca.value}".replace("-", "_")


def _proven(passport: Passport, trust: TrustStore, rounds: int) -> dict[str, float]:
    took_ms = []
    groups = {1: passport.files["DG1"], 2: passport.files["DG2"]}
    trusted = TrustedSet(trust.anchors)
    for _ in range(rounds):
        began_s = time.perf_counter()
        checks = verify(passport.files["SOD"], groups, trusted, TODAY)
        took_ms.append((time.perf_counter() - began_s) * 1000)
        if overall(checks).value != "successful":
            raise RuntimeError("An honest passport was not believed: the bench measures nothing.")
    return spread(took_ms)
