"""When do frames become an answer? Pure: scores in, outcome out.

One good frame at or above the threshold is a match. A no-match needs several good frames below it, spread over a while,
because a single moment (a blink, a turned head) proves nothing against a person.
"""

from dataclasses import dataclass, replace

from edge.gate.events import Face

FRAMES_BELOW = 3
SPREAD_S = 0.8  # from the first of them to the last


@dataclass(frozen=True, slots=True)
class Evidence:
    threshold: float
    below: int = 0
    first_below_s: float = 0.0
    best: float | None = None


def weigh(evidence: Evidence, score: float, now_s: float) -> tuple[Evidence, Face | None]:
    """The evidence with this frame in it, and the outcome if it is one now.

    >>> weigh(Evidence(0.58), 0.6, 0.0)[1]
    <Face.MATCH: 'match'>
    """
    best = score if evidence.best is None else max(evidence.best, score)
    if score >= evidence.threshold:
        return replace(evidence, best=best), Face.MATCH
    first_s = evidence.first_below_s if evidence.below else now_s
    after = Evidence(evidence.threshold, evidence.below + 1, first_s, best)
    enough = after.below >= FRAMES_BELOW and now_s - first_s >= SPREAD_S
    return after, Face.NO_MATCH if enough else None
