"""What did a device make, what is on its way, what was struck off? The outbox of one simulated device, in memory.

As the edge does it: rows are sealed frames, sent as they lie; the live lane goes before the backlog; a row goes on the
gateway's signed acknowledgement alone, and is sent again until then (docs/contract.md, 3). Pure: time and chance are
arguments.
"""

import math
import random
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from messages.ack import verify_ack
from messages.events import Clock, Event
from messages.facts import Fact
from messages.frame import seal_frame
from messages.ids import CHANCE_BYTES, new_id
from messages.keys import DeviceKey, GatewayRecord, RegionPublic
from messages.topics import Topic

WINDOW_FRAMES: Final = 20
BACKLOG_FRAMES: Final = 4  # of the window, while something that happens now is on its way; else as many as are
QUEUE_S: Final = 0.4  # longer than the soonest answer: the backlogs of others stand before ours, and before an alarm
ACK_TIMEOUT_S: Final = 5.0
RESEND_CEILING_S: Final = 60.0


@dataclass(frozen=True, slots=True, repr=False)
class Identity:
    """Who a device is, and whom it believes; read from its folder (``simulators.fleet.identities``)."""

    topic: Topic
    key: DeviceKey
    region: RegionPublic
    gateways: Mapping[str, GatewayRecord]


@dataclass(slots=True, repr=False)
class Row:
    """One sealed frame. ``made_ms`` is wall time; a row of the backlog is not live."""

    frame: bytes
    first: int
    last: int
    made_ms: int
    live: bool
    sent_s: float = 0.0
    due_s: float = 0.0  # when it is sent again
    attempts: int = 0

    @property
    def events(self) -> int:
        return self.last - self.first + 1


@dataclass(slots=True)
class Tally:
    """Events that were made, sent twice on purpose, and sent again because nobody answered."""

    made: int = 0
    acknowledged: int = 0
    doubled: int = 0
    resent: int = 0


@dataclass(slots=True, repr=False)
class Books:
    identity: Identity
    facts: Iterator[Fact]
    chance: random.Random
    doubled_share: float = 0.0
    number: int = 0  # of its boot: a later one has a higher one
    boot: str = field(init=False)
    tally: Tally = field(default_factory=Tally)
    _live: deque[Row] = field(default_factory=deque)
    _backlog: deque[Row] = field(default_factory=deque)
    _flight: dict[int, Row] = field(default_factory=dict)
    _backlog_window: float = BACKLOG_FRAMES
    _soonest_s: float = math.inf
    _late: list[bytes] = field(default_factory=list)  # sent once more although they are struck off

    def __post_init__(self) -> None:
        self.boot = f"{self.chance.getrandbits(128):032x}"

    @property
    def waiting(self) -> int:
        """Rows that are not struck off."""
        return len(self._live) + len(self._backlog) + len(self._flight)

    @property
    def last_seq(self) -> int:
        return self.tally.made

    # --- write down ---
    def make(self, count: int, now_ms: int, mono_ms: int, *, live: bool) -> Row:
        """``count`` events, made now, sealed into one frame."""
        first = self.last_seq + 1
        events = [self._event(seq, now_ms, mono_ms) for seq in range(first, first + count)]
        identity = self.identity
        frame = seal_frame(events, identity.topic, identity.key, identity.region, number=self.number)
        row = Row(frame, first, first + count - 1, now_ms, live)
        (self._live if live else self._backlog).append(row)
        self.tally.made += count
        return row

    def forget(self) -> None:
        """Lose the newest row, as no outbox may: so that a measuring can be seen to find it."""
        (self._live or self._backlog).pop()

    def _event(self, seq: int, now_ms: int, mono_ms: int) -> Event:
        fact = next(self.facts)
        identity = new_id(now_ms, self.chance.randbytes(CHANCE_BYTES))
        time = datetime.fromtimestamp(now_ms / 1000, UTC)
        return Event(identity, self.identity.topic.source, fact.TYPE, time, self.boot, seq, mono_ms, Clock.SYNCED, fact)

    # --- send ---
    def due(self, now_s: float) -> list[bytes]:
        """What is to be sent now: what nobody answered, then what is new, and the copies that are made on purpose."""
        rows = [row for row in self._flight.values() if row.due_s <= now_s]
        self.tally.resent += sum(row.events for row in rows)
        rows += self._fresh()
        for row in rows:
            row.attempts += 1
            row.sent_s = now_s
            row.due_s = now_s + min(ACK_TIMEOUT_S * 2.0 ** (row.attempts - 1), RESEND_CEILING_S)
            self._flight[row.first] = row
        copies = [self._copy(row) for row in rows if self._drawn()]
        late, self._late = self._late, []
        return [row.frame for row in rows] + copies + late

    def _fresh(self) -> Sequence[Row]:
        old = sum(not row.live for row in self._flight.values())
        rows = _taken(self._live, WINDOW_FRAMES - (len(self._flight) - old))
        busy = rows or old < len(self._flight)
        window = min(int(self._backlog_window), BACKLOG_FRAMES if busy else WINDOW_FRAMES)
        return rows + _taken(self._backlog, window - old)

    def broken(self) -> None:
        """The connection is gone, and nobody knows what got through: all that is on its way is due again."""
        for row in self._flight.values():
            row.due_s = 0.0

    def _steer(self, answered_s: float) -> None:
        """Half as wide after a window of late answers, one wider after a window of early ones; never shut."""
        self._soonest_s = min(self._soonest_s, answered_s)
        late = answered_s > self._soonest_s + QUEUE_S
        window = self._backlog_window + (-0.5 if late else 1.0 / self._backlog_window)
        self._backlog_window = min(max(window, 1.0), float(WINDOW_FRAMES))

    def _drawn(self) -> bool:
        """Half of the copies go along with the first, half when that is struck off."""
        return self.doubled_share > 0 and self.chance.random() < self.doubled_share / 2

    def _copy(self, row: Row) -> bytes:
        self.tally.doubled += row.events
        return row.frame

    # --- strike off ---
    def acknowledge(self, payload: bytes, now_s: float) -> list[Row]:
        """The rows that this strikes off; Refused when no known gateway signed it for this device."""
        ack = verify_ack(payload, self.identity.topic, self.identity.gateways)
        if ack.boot != self.boot:
            return []
        gone = [row for row in self._flight.values() if any(a <= row.first and row.last <= b for a, b in ack.seqs)]
        for row in gone:
            del self._flight[row.first]
            self.tally.acknowledged += row.events
            if not row.live:
                self._steer(now_s - row.sent_s)
            if self._drawn():
                self._late.append(self._copy(row))
        return gone


def _taken(rows: deque[Row], most: int) -> list[Row]:
    return [rows.popleft() for _ in range(min(max(most, 0), len(rows)))]
