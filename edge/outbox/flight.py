"""Which frames go out next? Pure: places and a clock in, places out.

A window of frames is on its way until each is acknowledged; what is not acknowledged in time goes again, in rounds
that grow rarer until something is acknowledged: a dead gateway is not flooded. A frame that the region never
acknowledges must not stop the others: when a later one is acknowledged, it no longer counts, and while nothing is
acknowledged at all, each round lets one fresh frame through to find out (D09).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from edge.outbox.limits import FLIGHT_ROWS_MAX, RESEND_CEILING_S, WINDOW_ROWS


@dataclass(frozen=True, slots=True)
class Sent:
    turn: int
    at_s: float
    attempts: int
    passed_over: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """Send these again, and so many fresh ones behind ``after``; then ask again, at ``wake_s`` at the latest."""

    again: tuple[int, ...]
    fresh: int
    after: int
    wake_s: float | None


class Flight:
    """One connection's view; ``Flight(...)`` anew after each reconnection, since nobody knows what got through."""

    def __init__(self, ack_timeout_s: float, window: int = WINDOW_ROWS, most: int = FLIGHT_ROWS_MAX) -> None:
        self._ack_timeout_s = ack_timeout_s
        self._window, self._most = window, most
        self._sent: dict[int, Sent] = {}
        self._after = 0
        self._turn = 0
        self._rounds = 0  # of sending again, since anything was acknowledged
        self._next_round_s = 0.0

    def next(self, now_s: float) -> Next:
        again = self._overdue(now_s) if now_s >= self._next_round_s else ()
        in_window = sum(not sent.passed_over for sent in self._sent.values())
        fresh = max(0, self._window - in_window)
        if not fresh and again:
            fresh = 1
        fresh = min(fresh, self._most - len(self._sent))
        due_s = min((self._due_s(sent) for sent in self._sent.values()), default=None)
        return Next(again, fresh, self._after, None if due_s is None else max(due_s, self._next_round_s))

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
            self._after = max(self._after, place)

    def gone(self, places: Sequence[int]) -> None:
        """These are struck off. Whatever was sent before them and is still here has been passed over."""
        turns = [sent.turn for place in places if (sent := self._sent.pop(place, None)) is not None]
        latest = max(turns, default=0)
        if latest:
            self._rounds, self._next_round_s = 0, 0.0
        for place, sent in self._sent.items():
            if sent.turn < latest:
                self._sent[place] = replace(sent, passed_over=True)

    def forget(self, places: Collection[int]) -> None:
        """These no longer wait, whoever struck them off."""
        for place in places:
            self._sent.pop(place, None)

    def _due_s(self, sent: Sent) -> float:
        return sent.at_s + self._wait_s(sent.attempts)

    def _wait_s(self, attempts: int) -> float:
        return min(self._ack_timeout_s * 2.0 ** min(attempts - 1, 16), max(RESEND_CEILING_S, self._ack_timeout_s))
