"""When do frames become an answer? Pure: scores in, outcome out.

One good frame at or above the threshold is a match. A no-match needs several good frames below it, spread over a while,
because a single moment (a blink, a turned head) proves nothing against a person. In between nothing is compared: every
further look would be one more chance for the wrong person, and the threshold was measured without it.
"""

from dataclasses import dataclass, replace

from edge.gate.events import Face

FRAMES_BELOW = 3
APART_S = 0.3  # from one of them to the next: as long as a blink


@dataclass(frozen=True, slots=True)
class Evidence:
    threshold: float
    below: int = 0
    next_s: float = float("-inf")  # before this moment no frame is compared
    best: float | None = None


def is_due(evidence: Evidence, now_s: float) -> bool:
    return now_s >= evidence.next_s


def weigh(evidence: Evidence, score: float, now_s: float) -> tuple[Evidence, Face | None]:
    """The evidence with this frame in it, and the outcome if it is one now.

    >>> weigh(Evidence(0.58), 0.6, 0.0)[1]
    <Face.MATCH: 'match'>
    """
    best = score if evidence.best is None else max(evidence.best, score)
    if score >= evidence.threshold:
        return replace(evidence, best=best), Face.MATCH
    after = Evidence(evidence.threshold, evidence.below + 1, now_s + APART_S, best)
    return after, Face.NO_MATCH if after.below >= FRAMES_BELOW else None
