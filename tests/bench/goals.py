"""What should be reached, and was it? Told beside each figure, never asserted: seconds belong to the machine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

# Name of the figure, and the most it should be. Figures without a goal are not named here.
GOALS: dict[str, float] = {
    "lane.seconds.p50": 15.0,
    "lane.seconds.p95": 25.0,
    "lane.machine_seconds.p50": 3.0,
    "documents.read_4096.apdus": 11,
    "documents.read_4096.host_ms": 8.0,
    "documents.read_256.apdus": 80,
    "documents.pa_ms": 10.0,
    "documents.pace_gm_host_ms": 30.0,
    "documents.ca_host_ms": 5.0,
    "documents.whole_reading.over_percent": 5.0,
    "documents.all_day.rss_mb": 60.0,
    "documents.trust.import_588_s": 1.0,
    "documents.trust.open_2000_ms.p95": 50.0,
    **{f"outbox.{one}.amplification{by}": 35.0 for one in ("crossing", "alarm") for by in ("", "_by_kernel")},
    **{f"outbox.telemetry.amplification{by}": 7.0 for by in ("", "_by_kernel")},
    "outbox.backlog.three_questions_ms": 5.0,
    "processes.edge.rss_mb": 70.0,
    "processes.edge.start_s": 1.5,
    "processes.gateway.rss_mb": 100.0,
    "messages.read_us.granted": 5.0,
    "messages.read_us.left": 5.0,
    "messages.read_us.telemetry": 3.0,
    "messages.frame_us.50_telemetry.for_each_event": 7.0,
    "delivery.frames.50.gateway_cpu_us_per_event": 20.0,
    "delivery.latency_ms.p50": 50.0,
    "delivery.latency_ms.p99": 250.0,
    "delivery.backlog.live_ms.p99": 2_000.0,
    "delivery.gateway_rss_mb": 150.0,
    **{f"pages.{page}.transfer_kb": 100.0 for page in ("traveller", "officer", "region")},
    **{f"pages.{page}.first_paint_ms": 500.0 for page in ("traveller", "officer", "region")},
}
# The same, and the least it should be.
LEAST: dict[str, float] = {
    "delivery.frames.1.ratio_to_raw": 0.15,
    "delivery.frames.50.ratio_to_raw": 1.5,
}


@dataclass(frozen=True, slots=True)
class Figure:
    name: str
    value: object

    @property
    def goal(self) -> str:
        if self.name in LEAST:
            return f">= {LEAST[self.name]:g}"
        return f"<= {GOALS[self.name]:g}" if self.name in GOALS else ""

    @property
    def reached(self) -> str:
        if not self.goal:
            return ""
        if not isinstance(self.value, int | float):
            return "no"
        right = self.value >= LEAST[self.name] if self.name in LEAST else self.value <= GOALS[self.name]
        return "yes" if right else "no"


def figures(name: str, measured: object) -> Iterator[Figure]:
    """Nested objects as flat figures.

    >>> [figure] = figures("lane", {"seconds": {"p50": 14.2}})
    >>> figure.name, figure.value, figure.goal, figure.reached
    ('lane.seconds.p50', 14.2, '<= 15', 'yes')
    """
    if isinstance(measured, Mapping):
        for key, value in measured.items():
            yield from figures(f"{name}.{key}", value)
    else:
        yield Figure(name, measured)
