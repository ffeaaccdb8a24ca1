"""What happened in a run: outcomes, times, events and processes, as `borderpost sim lane --json` prints them."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any  # the JSON that is printed

from simulators.lane.processes import Usage
from simulators.lane.scenarios import Outcome, Scenario

PARTS = ("document", "chip", "decision", "face", "record", "door")


@dataclass(slots=True)
class Passage:
    """One traveller's visit, as she and the region's store tell it. Seconds are simulated seconds."""

    number: int
    scenario: Scenario
    got: Outcome | None = None
    reasons: frozenset[str] = frozenset()
    seconds: float | None = None
    parts_s: dict[str, float] = field(default_factory=dict)
    doors_s: float = 0.0

    @property
    def right(self) -> bool:
        if self.got is not self.scenario.right:
            return False
        return self.got is not Outcome.REFERRED or bool(self.reasons & self.scenario.reasons)

    def as_wrong(self) -> dict[str, Any]:
        return {
            "traveller": self.number,
            "scenario": self.scenario.name,
            "expected": self.scenario.right.value,
            "got": self.got.value if self.got else "nothing",
            "expected_reasons": sorted(self.scenario.reasons),
            "got_reasons": sorted(self.reasons),
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event is one outbox row. ``stored`` are the (device, boot, seq) that the gateway's store holds."""

    produced: int
    stored: Sequence[tuple[str, str, int]]

    def as_json(self) -> dict[str, int]:
        unique = len(set(self.stored))
        return {
            "produced": self.produced,
            "stored_unique": unique,
            "lost": max(0, self.produced - unique),
            "duplicated": len(self.stored) - unique,
        }


def percentile(values: Iterable[float], share: float) -> float | None:
    """Nearest rank.

    >>> percentile([3.0, 1.0, 2.0], 0.5), percentile([], 0.5)
    (2.0, None)
    """
    ranked = sorted(values)
    return round(ranked[min(len(ranked) - 1, int(share * len(ranked)))], 3) if ranked else None


def account(
    passages: Sequence[Passage],
    delivery: Delivery,
    broken: Sequence[str],
    usages: Mapping[str, Usage],
    simulated_s: float,
) -> dict[str, Any]:
    """The whole account. Times are of honest travellers: the others are slow on purpose."""
    got = Counter(passage.got for passage in passages)
    honest = [passage for passage in passages if passage.scenario.name == "honest" and passage.got is Outcome.GRANTED]
    waits = [sum(passage.parts_s.values()) for passage in honest if passage.parts_s]
    return {
        "travellers": len(passages),
        "granted": got[Outcome.GRANTED],
        "referred": got[Outcome.REFERRED],
        "abandoned": got[Outcome.ABANDONED],
        "reasons": dict(sorted(Counter(reason for p in passages for reason in p.reasons).items())),
        "wrong_outcomes": [passage.as_wrong() for passage in passages if not passage.right],
        "seconds": _spread([p.seconds for p in honest if p.seconds is not None]),
        "machine_seconds": {
            **_spread(waits),
            "parts": {part: percentile([p.parts_s[part] for p in honest if part in p.parts_s], 0.5) for part in PARTS},
        },
        "throughput_per_hour": round(3600 * len(passages) / simulated_s, 1) if simulated_s else None,
        "invariants_broken": list(broken),
        "events": delivery.as_json(),
        "processes": {
            name: {"rss_mb": usage.rss_mb, "cpu_s": usage.cpu_s, "start_s": usage.start_s}
            for name, usage in usages.items()
        },
    }


def _spread(values: Sequence[float]) -> dict[str, float | None]:
    return {"p50": percentile(values, 0.5), "p95": percentile(values, 0.95)}


def _times(seconds: Mapping[str, float | None]) -> str:
    if seconds["p50"] is None:
        return "No honest traveller was granted."
    return f"Honest travellers took {seconds['p50']} s (half of them) to {seconds['p95']} s (95 of 100)."


def sentence(account: Mapping[str, Any]) -> str:
    """The account for a person at a terminal."""
    events, seconds = account["events"], account["seconds"]
    wrong, broken = account["wrong_outcomes"], account["invariants_broken"]
    lines = [
        f"{account['travellers']} travellers: {account['granted']} granted, {account['referred']} referred, "
        f"{account['abandoned']} turned back themselves.",
        f"{_times(seconds)} {account['throughput_per_hour']} travellers an hour came through this lane.",
        f"{events['produced']} events were written, {events['stored_unique']} stand in the store, "
        f"{events['lost']} lost, {events['duplicated']} doubled.",
        *(f"WRONG: traveller {w['traveller']} ({w['scenario']}): {w['expected']}, but {w['got']}." for w in wrong),
        *(f"BROKEN: {sentence}" for sentence in broken),
    ]
    if not wrong and not broken:
        lines.append("Every outcome was right and no invariant was broken.")
    return "\n".join(lines)
