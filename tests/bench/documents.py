"""What does reading a passport cost? Commands, bytes, our own time, a real chip's time, and proving it genuine."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from edge.inspection.inspect import inspect
from edge.inspection.trust import TrustStore
from icao.checks import overall
from icao.chip import chip_authentication, pace, pace_choice
from icao.chip.access import offered, open_by_bac, select_application
from icao.chip.blocks import BLOCKS_BYTES, SHORT_BYTES
from icao.chip.conversation import Conversation
from icao.chip.passwords import of_zone
from icao.chip.reading import ChipContents, Manner, read_chip
from icao.lds.security_infos import parse_dg14
from icao.mrz.zone import parse
from icao.passive import verify
from simulators.chip.tempo import REAL
from simulators.issuing.equipping import USUAL
from simulators.issuing.passports import Passport
from simulators.issuing.state import write_trust
from tests.bench.chips import OnReader, Real, Watched, of_16_kb
from tests.bench.people import TODAY, passports
from tests.bench.spread import spread
from tests.bench.trust import measure_trust

ROUNDS = 15
READINGS = 60
WHOLE_READINGS = 5
FILES_ALONE = Manner(prove=False)


def measure(rounds: int = ROUNDS) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="borderpost-bench-") as name:
        folder = Path(name)
        states, issued = passports(folder)
        write_trust(states, folder / "trust")
        trust = TrustStore.open(folder / "trust")
        old, modern = of_16_kb(states["UTO"]), of_16_kb(states["UTO"], USUAL)
        proven = {_keys(states, one): _proven(one, trust, rounds) for one in issued}
        return {
            "read_4096": _read_16_kb(old, BLOCKS_BYTES),
            "read_256": _read_16_kb(old, SHORT_BYTES),
            "pa_ms": max(each["p50"] for each in proven.values()),
            "pace_gm_host_ms": _host_ms(modern, _pace),
            "ca_host_ms": _host_ms(modern, _chip_authentication),
            "whole_reading": _whole_reading(modern, trust),
            "all_day": _all_day(folder),
            "trust": measure_trust(states["UTO"], folder),
            "dg2_bytes": round(sum(len(one.files["DG2"]) for one in issued) / len(issued)),
            "extended_length": _read(issued, rounds, BLOCKS_BYTES),
            "short_length": _read(issued, rounds, SHORT_BYTES),
            "passive_authentication_ms": proven,
        }


def _read_16_kb(passport: Passport, blocks: Sequence[int]) -> dict[str, float]:
    """Opened by BAC; medians of our time and the simulated chip's."""
    host_ms, chip_ms = [], []
    for _ in range(READINGS):
        contents, host_s, chip_s = _timed(passport, blocks)
        host_ms.append(host_s * 1000)
        chip_ms.append(chip_s * 1000)
    return {
        "apdus": contents.commands,
        "bytes": contents.wire_bytes,
        "host_ms": _median(host_ms),
        "chip_ms": _median(chip_ms),
    }


def _timed(passport: Passport, blocks: Sequence[int]) -> tuple[ChipContents, float, float]:
    chip = Watched(passport)
    zone = parse(passport.mrz_lines, TODAY)
    began_s = time.perf_counter()
    contents = read_chip(chip.answer, zone, manner=replace(FILES_ALONE, blocks_bytes=blocks))
    return contents, time.perf_counter() - began_s - chip.spent_s, chip.spent_s


def _host_ms(passport: Passport, run: Callable[[Conversation, Passport], None]) -> float:
    """Our share of one protocol."""
    took_ms = []
    for _ in range(READINGS):
        chip = Watched(passport)
        talk = Conversation(chip.answer)
        if run is not _pace:
            select_application(talk)
            talk.protect(open_by_bac(talk, _password(passport).secret, os.urandom))
        began_s, before_s = time.perf_counter(), chip.spent_s
        run(talk, passport)
        took_ms.append((time.perf_counter() - began_s - (chip.spent_s - before_s)) * 1000)
    return _median(took_ms)


def _pace(talk: Conversation, passport: Passport) -> None:
    choice = pace_choice.choose(offered(passport.files["CardAccess"]))
    assert choice is not None
    pace.open_by_pace(talk.send, choice, _password(passport), os.urandom)


def _chip_authentication(talk: Conversation, passport: Passport) -> None:
    choice = chip_authentication.choose(parse_dg14(passport.files["DG14"]))
    assert choice is not None
    talk.protect(chip_authentication.run(talk.send, chip_authentication.prepare(choice, os.urandom)))


def _whole_reading(passport: Passport, trust: TrustStore) -> dict[str, float]:
    """Access, files, passive, chip and active authentication, and the verdict, at a real chip's tempo."""
    told = []
    zone = parse(passport.mrz_lines, TODAY)
    for _ in range(WHOLE_READINGS):
        chip = Real(passport)
        began_s = time.perf_counter()
        found = inspect(zone, OnReader(chip), trust, TODAY, lambda share: None, threading.Event())
        took_s = time.perf_counter() - began_s
        if found.reasons:
            raise RuntimeError("An honest passport was not believed: the bench measures nothing.")
        told.append((took_s / chip.cost_s - 1, chip.cost_s, took_s))
    over, cost_s, took_s = sorted(told)[len(told) // 2]
    return {
        "apdus_cost_ms": round(cost_s * 1000, 1),
        "took_ms": round(took_s * 1000, 1),
        "over_percent": round(over * 100, 2),
    }


def _all_day(folder: Path) -> dict[str, float]:
    words = [sys.executable, "-m", "tests.bench.all_day", str(folder)]
    answer = subprocess.run(words, check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    told: dict[str, float] = json.loads(answer.stdout)
    return told


def _read(issued: Sequence[Passport], rounds: int, blocks: Sequence[int]) -> dict[str, Any]:
    host_ms: list[float] = []
    real_ms: list[float] = []
    for passport in issued * rounds:
        contents, host_s, _ = _timed(passport, blocks)
        host_ms.append(host_s * 1000)
        real_ms.append((host_s + _real_s(contents)) * 1000)
    return {
        "commands": contents.commands,
        "wire_bytes": contents.wire_bytes,
        "host_ms": spread(host_ms),
        "with_a_real_chip_ms": spread(real_ms, 0),
    }


def _real_s(contents: ChipContents) -> float:
    return contents.commands * REAL.seconds(0) + REAL.seconds(contents.wire_bytes) - REAL.seconds(0)


def _keys(states: dict[str, Any], passport: Passport) -> str:
    code = passport.mrz_lines[0][2:5].rstrip("<")
    spec = states[code].spec
    padding = "_pss" if spec.pss else ""
    return f"{code.lower()}_{spec.signer.value}{padding}_under_{spec.csca.value}".replace("-", "_")


def _proven(passport: Passport, trust: TrustStore, rounds: int) -> dict[str, float]:
    took_ms = []
    groups = {1: passport.files["DG1"], 2: passport.files["DG2"]}
    for _ in range(rounds):
        began_s = time.perf_counter()
        checks = verify(passport.files["SOD"], groups, trust, TODAY, present=(1, 2))
        took_ms.append((time.perf_counter() - began_s) * 1000)
        if overall(checks).value != "successful":
            raise RuntimeError("An honest passport was not believed: the bench measures nothing.")
    return spread(took_ms)


def _password(passport: Passport) -> Any:  # Any: a Password
    return of_zone(parse(passport.mrz_lines, TODAY))


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)
