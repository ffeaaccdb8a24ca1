"""How are many measurements told in a few numbers? Median and the one that 95 of 100 stay below."""

from collections.abc import Sequence

from simulators.lane.report import percentile


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """
    >>> spread([3.0, 1.0, 2.0])
    {'p50': 2.0, 'p95': 3.0}
    """
    return {name: round(percentile(values, share) or 0.0, digits) for name, share in (("p50", 0.5), ("p95", 0.95))}
