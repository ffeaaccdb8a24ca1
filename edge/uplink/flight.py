"""Which frames go out next, of what happens now and of the backlog? Pure: places and a clock in, places out.

A window of frames is on its way until each is acknowledged; what is not acknowledged in time goes again, in rounds
that grow rarer until something is acknowledged: a dead gateway is not flooded. A frame that the region never
acknowledges must not stop the others: when a later one is acknowledged, it no longer counts, and while nothing is
acknowledged at all, each round lets one fresh frame through to find out (D09).

There are two lanes. *Live* is what happened just now: it has the whole window, whatever else is on its way. The
*backlog* of an outage drains behind it, oldest first: as wide as the region answers soon (``edge.uplink.pace``), but
with a fifth of the window while anything live is on its way, so that the three days that were cut off do not delay the
alarm of today.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from edge.outbox.rows import LAST_PLACE
from edge.uplink.limits import FLIGHT_ROWS_MAX, LIVE_SHARE, RESEND_CEILING_S, WINDOW_ROWS
from edge.uplink.pace import Pace


@dataclass(frozen=True, slots=True)
class Sent:
    turn: int
    at_s: float
    attempts: int
    passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Fresh:
    """So many rows behind ``after``, and not behind ``until``."""

    count: int
    after: int
    until: int


@dataclass(frozen=True, slots=True)
class Next:
    """Send these again, and fresh ones of both lanes; then ask again, at ``wake_s`` at the latest."""

    again: tuple[int, ...]
    live: Fresh
    backlog: Fresh
    wake_s: float | None


class Flight:
    """One connection's view; ``Flight(...)`` anew after each reconnection, since nobody knows what got through.

    ``backlog_until`` is the last place of the backlog; every place behind it is live.
    """

    def __init__(
        self,
        ack_timeout_s: float,
        window: int = WINDOW_ROWS,
        most: int = FLIGHT_ROWS_MAX,
        *,
        backlog_until: int = 0,
    ) -> None:
        self._ack_timeout_s = ack_timeout_s
        self._window, self._most = window, most
        self._sent: dict[int, Sent] = {}
        self._split = backlog_until
        self._pace = Pace(window)
        self._after_live, self._after_backlog = backlog_until, 0
        self._turn = 0
        self._rounds = 0  # of sending again, since anything was acknowledged
        self._next_round_s = 0.0

    def next(self, now_s: float) -> Next:
        again = self._overdue(now_s) if now_s >= self._next_round_s else ()
        due_s = min((self._due_s(sent) for sent in self._sent.values()), default=None)
        live, backlog = self._fresh(again)
        return Next(
            again,
            Fresh(live, self._after_live, LAST_PLACE),
            Fresh(backlog, self._after_backlog, self._split),
            None if due_s is None else max(due_s, self._next_round_s),
        )

    def _fresh(self, again: Sequence[int]) -> tuple[int, int]:
        """How many of each lane may go."""
        counted = [place for place, sent in self._sent.items() if not sent.passed_over]
        live_out = sum(map(self._is_live, counted))
        backlog_out = len(counted) - live_out
        yielded = round(self._window * LIVE_SHARE) if live_out else 0
        live = max(0, self._window - live_out)
        wide = min(self._pace.rows, self._window - yielded)
        backlog = max(0, wide - backlog_out) if self._after_backlog < self._split else 0
        if again:
            live, backlog = max(1, live), max(1, backlog) if self._after_backlog < self._split else 0
        room = self._most - len(self._sent)
        live = min(live, room)
        return live, min(backlog, room - live)

    def _overdue(self, now_s: float) -> tuple[int, ...]:
        """At most a window of them, those first that have waited longest."""
        due = sorted((self._due_s(sent), place) for place, sent in self._sent.items() if self._due_s(sent) <= now_s)
        return tuple(sorted(place for _, place in due[: self._window]))

    def sent(self, places: Sequence[int], now_s: float) -> None:
        """These are on their way now, in this order."""
        if any(place in self._sent for place in places):
            self._rounds += 1
            self._next_round_s = now_s + self._wait_s(self._rounds)
        for place in places:
            self._turn += 1
            earlier = self._sent.get(place)
            if earlier is None:
                self._sent[place] = Sent(self._turn, now_s, attempts=1)
            else:
                self._sent[place] = replace(earlier, turn=self._turn, at_s=now_s, attempts=earlier.attempts + 1)
            if self._is_live(place):
                self._after_live = max(self._after_live, place)
            else:
                self._after_backlog = max(self._after_backlog, place)

    def gone(self, places: Sequence[int], now_s: float) -> None:
        """These are struck off. Whatever was sent before them in their lane and is still here has been passed over."""
        latest = {True: 0, False: 0}
        for place in places:
            if (sent := self._sent.pop(place, None)) is not None:
                live = self._is_live(place)
                latest[live] = max(latest[live], sent.turn)
                if not live:
                    self._pace.answered(now_s - sent.at_s)
                self._rounds, self._next_round_s = 0, 0.0
        for place, sent in self._sent.items():
            if sent.turn < latest[self._is_live(place)]:
                self._sent[place] = replace(sent, passed_over=True)
        self._let_go()

    def _let_go(self) -> None:
        """Attack (D09): as many frames as may be remembered are never acknowledged. The oldest of them rest until the
        next connection, or nothing new would find a place."""
        passed = [place for place, sent in self._sent.items() if sent.passed_over]
        too_many = len(self._sent) - (self._most - 2 * self._window)
        for place in sorted(passed)[: max(0, too_many)]:
            del self._sent[place]

    def _is_live(self, place: int) -> bool:
        return place > self._split

    def forget(self, places: Collection[int]) -> None:
        """These no longer wait, whoever struck them off."""
        for place in places:
            self._sent.pop(place, None)

    def _due_s(self, sent: Sent) -> float:
        return sent.at_s + self._wait_s(sent.attempts)

    def _wait_s(self, attempts: int) -> float:
        return min(self._ack_timeout_s * 2.0 ** min(attempts - 1, 16), max(RESEND_CEILING_S, self._ack_timeout_s))
