"""Does every door hold? Each target gets its share of the time, and what it lets slip is kept with its input."""

import random
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.fuzz.target import Target

SLOW_S = 1.0  # of our own time on a core: another's load is not the target's fault
LARGE_MB = 200.0  # of memory, above what the process had ever held before this door
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
    grown_mb: float = 0.0
    findings: list[Finding] = field(default_factory=list)

    def found(self, target: Target, what: str, drawn: object) -> None:
        if len(self.findings) < FINDINGS_KEPT:
            self.findings.append(Finding(target.name, what, repr(drawn)[:2000]))


def trial(
    targets: Sequence[Target], seconds: float, seed: int, slow_s: float = SLOW_S, large_mb: float = LARGE_MB
) -> dict[str, Score]:
    """All targets, for about so many seconds altogether, and each at least once."""
    chance, scores = random.Random(seed), {}
    for target in targets:
        scores[target.name] = _tried(target, seconds / len(targets), chance, slow_s, large_mb)
    return scores


def _tried(target: Target, seconds: float, chance: random.Random, slow_s: float, large_mb: float) -> Score:
    score, until_s, held_mb = Score(), time.monotonic() + seconds, _peak_mb()
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
        score.grown_mb = round(_peak_mb() - held_mb, 1)
        if score.grown_mb > large_mb:
            score.found(target, f"took {score.grown_mb:.0f} MB", drawn)
            held_mb = _peak_mb()
    return score


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
