"""How many frames of a backlog may be on their way at once? As many as the region answers soon, one at least.

When a region has been away, a thousand posts come back with their backlogs, and all of them stand in one queue: before
the alarm of today, too, whatever its own post lets go first. So a backlog feels how long that queue is, and steps back
(as RFC 6817 does for what is in no hurry): after a window of late answers it is half as wide, after one of early ones
it is wider by one. Late is counted from the soonest answer that this line has given: a slow line is no queue.
"""

from edge.uplink.limits import BACKLOG_FIRST_ROWS, BACKLOG_QUEUE_S


class Pace:
    """Of one connection."""

    def __init__(self, most: int) -> None:
        self._most = float(most)
        self._window = min(float(BACKLOG_FIRST_ROWS), self._most)
        self._soonest_s: float | None = None

    @property
    def rows(self) -> int:
        return int(self._window)

    def answered(self, after_s: float) -> None:
        """A row of the backlog was struck off so long after it was sent."""
        self._soonest_s = after_s if self._soonest_s is None else min(self._soonest_s, after_s)
        late = after_s > self._soonest_s + BACKLOG_QUEUE_S
        wider = self._window + (-0.5 if late else 1.0 / self._window)
        self._window = min(max(wider, 1.0), self._most)
