"""Did every event arrive, once, and when? The fleet's books against what the gateway's API tells."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final  # JSON

from simulators.lane import http

PAGE_ROWS: Final = 1_000
Place = tuple[str, str]  # device and boot


@dataclass(slots=True)
class Books:
    """What all crews left behind."""

    last: dict[Place, int] = field(default_factory=dict)  # the highest number that was given
    made_ms: dict[Place, list[tuple[int, int, int]]] = field(default_factory=dict)  # first, last, when: live frames
    acknowledged_ms: Counter[int] = field(default_factory=Counter)

    def add(self, left: dict[str, Any]) -> None:
        for boot in left["boots"]:
            place = boot["device"], boot["boot"]
            self.last[place] = boot["last"]
            self.made_ms[place] = [(first, last, made_ms) for first, last, made_ms in boot["live"]]
        self.acknowledged_ms.update(dict(map(tuple, left["latency_ms"])))

    @property
    def produced(self) -> int:
        return sum(self.last.values())


@dataclass(slots=True)
class Stored:
    """``received_ms`` by number, for each boot of the fleet; ``doubled`` are rows beyond the first of one number."""

    received_ms: dict[Place, dict[int, int]] = field(default_factory=dict)
    doubled: int = 0
    foreign: int = 0  # rows of the fleet's devices that nobody made

    def add(self, rows: Iterable[dict[str, Any]], books: Books) -> None:
        for row in rows:
            place, seq = (row["device"], row["boot"]), row["seq"]
            if place not in books.last:
                continue  # of another run in the same state folder
            known = self.received_ms.setdefault(place, {})
            self.doubled += seq in known
            self.foreign += not 1 <= seq <= books.last[place]
            known[seq] = row["received_ms"]

    @property
    def unique(self) -> int:
        return sum(map(len, self.received_ms.values())) - self.foreign


async def read_store(port: int, after: int, books: Books) -> Stored:
    """Everything behind row ``after``, page by page. Raises Unreachable."""
    stored = Stored()
    while True:
        told = await http.get(port, f"/api/v1/events?after={after}&limit={PAGE_ROWS}")
        if not told["events"]:
            return stored
        stored.add(told["events"], books)
        after = told["next"]


async def newest_row(port: int) -> int:
    """Behind it is what this run adds: a state folder may be used again."""
    after, step = 0, PAGE_ROWS
    while rows := (await http.get(port, f"/api/v1/events?after={after}&limit={step}"))["events"]:
        after = rows[-1]["row"]
    return after


def received_latency_ms(books: Books, stored: Stored) -> Counter[int]:
    """Live events: from the moment they were made to the gateway's, both by this machine's clock."""
    found: Counter[int] = Counter()
    for place, frames in books.made_ms.items():
        received = stored.received_ms.get(place, {})
        for first, last, made_ms in frames:
            found.update(received[seq] - made_ms for seq in range(first, last + 1) if seq in received)
    return found


def percentiles(histogram: Counter[int], shares: Sequence[float] = (0.5, 0.99)) -> dict[str, int | None]:
    """
    >>> percentiles(Counter({3: 98, 40: 1, 200: 1}))
    {'p50': 3, 'p99': 40}
    >>> percentiles(Counter())
    {'p50': None, 'p99': None}
    """
    return {f"p{share * 100:g}": _percentile(histogram, share) for share in shares}


def _percentile(histogram: Counter[int], share: float) -> int | None:
    rank, seen = share * histogram.total(), 0
    for value in sorted(histogram):
        seen += histogram[value]
        if seen >= rank:
            return value
    return None
