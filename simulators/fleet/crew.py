"""One process that is many devices: ``python -m simulators.fleet.crew`` takes its orders on standard input.

The first line is the orders as JSON; then ``connect`` and ``go`` lead on, and ``end`` (or the end of the input) ends
it. It tells how it stands as lines of JSON, and leaves its books in a file, for the account.
"""

import asyncio
import heapq
import json
import math
import random
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from simulators.fleet.books import Books
from simulators.fleet.identities import read_papers
from simulators.fleet.session import Session
from simulators.fleet.story import story

TELL_EVERY_S: Final = 0.25
TICK_S: Final = 0.005
OVERDUE_EVERY_S: Final = 0.5
MADE_AT_ONCE: Final = 8  # then those who wait for an answer have their turn
GREETINGS_AT_ONCE: Final = 16
BACKLOG_APART_MS: Final = 1  # so that no boot begins before an earlier run in the same folder has ended


@dataclass(frozen=True, slots=True)
class Orders:
    """``rate`` events a second and device for ``seconds``, ``backlog`` events of each before; so many in a frame."""

    port: int
    edges: str
    devices: list[str]
    books: str  # the file that is left
    run: str  # names this run: its boots are of no other
    rate: float
    seconds: float
    frames: int  # of the backlog
    live_frames: int
    backlog: int
    seed: int
    doubled_share: float
    forgotten: int = 0  # frames that the first device loses: the account must find them


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """When a device makes its next frame, and how many events it has still to make."""

    at_s: float
    place: int
    left: int


class Crew:
    def __init__(self, orders: Orders, now: datetime) -> None:
        self._orders = orders
        self._forgotten = orders.forgotten
        self._turns: list[Turn] = []
        self._began_s = time.monotonic()
        self._behind_s = 0.0
        self.sessions = [self._session(name, now) for name in orders.devices]

    def _session(self, name: str, now: datetime) -> Session:
        orders = self._orders
        papers = read_papers(Path(orders.edges) / name)
        chance = random.Random(f"{orders.seed}/{orders.run}/{name}")
        facts = story(orders.seed, name, now.date())
        number = int(now.timestamp())  # a later run in the same folder is a later boot
        return Session(papers, Books(papers.identity, facts, chance, orders.doubled_share, number))

    def seal_backlog(self, now_ms: int) -> None:
        """As if every device had been cut off until now."""
        for session in self.sessions:
            for left in range(self._orders.backlog, 0, -self._orders.frames):
                made_ms = now_ms - left * BACKLOG_APART_MS
                session.books.make(min(left, self._orders.frames), made_ms, self._mono_ms(), live=False)
                self._perhaps_forget(session)

    async def connect(self, tasks: asyncio.TaskGroup) -> list["asyncio.Task[None]"]:
        """Returns when every device has been connected once; the tasks keep them so."""
        greetings, greeted = asyncio.Semaphore(GREETINGS_AT_ONCE), asyncio.Semaphore(0)
        port = self._orders.port
        staying = [tasks.create_task(one.stay_connected(port, greetings, greeted.release)) for one in self.sessions]
        for _ in staying:
            await greeted.acquire()
        return staying

    def begin(self) -> None:
        """From now on things happen at the devices, each at its own beat, none at the same moment."""
        orders, now_s = self._orders, time.monotonic()
        for session in self.sessions:
            session.held = False
        if orders.rate:
            count = len(self.sessions)
            made = [_events(orders.rate * orders.seconds, place / count) for place in range(count)]
            step_s = self._period_s / count
            self._turns = [Turn(now_s + place * step_s, place, left) for place, left in enumerate(made) if left]

    async def work(self) -> None:
        """For ever: make what is due, and look after what nobody answered."""
        overdue_s = 0.0
        while True:
            now_s = time.monotonic()
            made = self._make(now_s)
            if now_s >= overdue_s:
                overdue_s = now_s + OVERDUE_EVERY_S
                for session in self.sessions:
                    session.send()
            await asyncio.sleep(0 if made == MADE_AT_ONCE else TICK_S)

    def _make(self, now_s: float) -> int:
        made = 0
        while made < MADE_AT_ONCE and self._turns and self._turns[0].at_s <= now_s:
            turn, session = self._turns[0], self.sessions[self._turns[0].place]
            self._behind_s = max(self._behind_s, now_s - turn.at_s)
            count = min(self._orders.live_frames, turn.left)
            session.make(count, time.time_ns() // 1_000_000, self._mono_ms())
            self._perhaps_forget(session)
            session.send()
            following = Turn(turn.at_s + self._period_s, turn.place, turn.left - count)
            if following.left:
                heapq.heapreplace(self._turns, following)
            else:
                heapq.heappop(self._turns)
            made += 1
        return made

    def _perhaps_forget(self, session: Session) -> None:
        if self._forgotten and session is self.sessions[0]:
            session.books.forget()
            self._forgotten -= 1

    @property
    def _period_s(self) -> float:
        return self._orders.live_frames / self._orders.rate

    def _mono_ms(self) -> int:
        return int((time.monotonic() - self._began_s) * 1000)

    # --- tell ---
    def standing(self) -> dict[str, object]:
        waiting = sum(session.books.waiting for session in self.sessions)
        tallies = [asdict(session.books.tally) for session in self.sessions]
        return {
            **{name: sum(tally[name] for tally in tallies) for name in tallies[0]},
            "waiting_frames": waiting,
            "refused_acks": sum(session.refused_acks for session in self.sessions),
            "behind_s": round(self._behind_s, 3),
            "done": not (waiting or self._turns),
        }

    def leave_books(self) -> None:
        """Which numbers of which boots there are, when the live ones were made, and how long their answers took."""
        latency_ms: Counter[int] = Counter()
        for session in self.sessions:
            latency_ms.update(session.latency_ms)
        boots = [
            {"device": one.name, "boot": one.books.boot, "last": one.books.last_seq, "live": one.live}
            for one in self.sessions
        ]
        Path(self._orders.books).write_text(json.dumps({"boots": boots, "latency_ms": sorted(latency_ms.items())}))


def _events(each: float, phase: float) -> int:
    """How many of one device: ``each`` on the average, so those that begin earlier have one more where it is uneven.

    >>> [_events(1.5, phase) for phase in (0.0, 0.25, 0.5, 0.75)]
    [2, 2, 1, 1]
    >>> [_events(3.0, phase) for phase in (0.0, 0.99)]
    [3, 3]
    """
    return math.ceil(round(each - phase, 6))


async def serve() -> None:
    orders = Orders(**json.loads(await _heard()))
    crew = Crew(orders, datetime.now(UTC))
    crew.seal_backlog(time.time_ns() // 1_000_000)
    _tell(sealed=True, **crew.standing())
    if await _heard() != "connect":
        return
    async with asyncio.TaskGroup() as tasks:
        busy = await crew.connect(tasks)
        _tell(connected=True, **crew.standing())
        if await _heard() == "go":
            crew.begin()
            busy += [tasks.create_task(crew.work()), tasks.create_task(_tell_on(crew))]
            await _heard()
        for task in busy:
            task.cancel()
    crew.leave_books()
    _tell(ended=True, **crew.standing())


async def _tell_on(crew: Crew) -> None:
    while True:
        _tell(**crew.standing())
        await asyncio.sleep(TELL_EVERY_S)


def _tell(**standing: object) -> None:
    print(json.dumps(standing), flush=True)


async def _heard() -> str:
    line: str = await asyncio.to_thread(sys.stdin.readline)
    return line.strip()


if __name__ == "__main__":
    asyncio.run(serve())
