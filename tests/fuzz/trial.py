"""Does every door hold? Each target gets its share of the time, and what it lets slip is kept with its input."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fuzz.target import Target

SLOW_S = 1.0  # of our own time on a core: another's load is not the target's fault
FINDINGS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Finding:
    target: str
    what: str
    drawn: str  # repr of the input, cut


@dataclass(slots=True)
class Score:
    """``inputs`` were tried; ``taken`` went through, ``refused`` raised what is documented."""

    inputs: int = 0
    taken: int = 0
    refused: int = 0
    slowest_ms: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def found(self, target: Target, what: str, drawn: object) -> None:
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(Finding(target.name, what, repr(drawn)[:2000]))


def trial(targets: Sequence[Target], seconds: float, seed: int, slow_s: float = SLOW_S) -> dict[str, Score]:
    """All targets, for about so many seconds altogether, and each at least once."""
    chance, scores = random.Random(seed), {}
    for target in targets:
        scores[target.name] = _tried(target, seconds / len(targets), chance, slow_s)
    return scores


def _tried(target: Target, seconds: float, chance: random.Random, slow_s: float) -> Score:
    score, until_s = Score(), time.monotonic() + seconds
    while not score.inputs or time.monotonic() < until_s:
        drawn = target.make(chance)
        score.inputs += 1
        began_s = time.thread_time()
        try:
            target.take(drawn)
            score.taken += 1
        except target.documented:
            score.refused += 1
        except Exception as error:  # whatever else comes out is what we are looking for
            score.found(target, f"{type(error).__name__}: {error}", drawn)
        took_s = time.thread_time() - began_s
        score.slowest_ms = max(score.slowest_ms, round(1000 * took_s, 2))
        if took_s > slow_s:
            score.found(target, f"took {took_s:.1f} s", drawn)
    return score
