"""The barrier's physical world: two doors with mass, bolts, beams, a mat, a button, and people who walk.

Nothing here knows what is allowed. It moves what the pins drive, breaks the beams that bodies break, and writes a
journal, so that a test can say what really happened. It ticks only while something moves, and it never runs ahead of
the board by more than one tick: on a busy machine the world becomes slow, not unfair.
"""

import asyncio
import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from simulators.barrier.bodies import (
    AT_LIMIT,
    PASSABLE,
    ENTRY_m,
    EXIT_m,
    Leaf,
    Person,
    STEP_m,
    advance,
    walked_on,
)
from simulators.barrier.journal import Entry, Journal
from simulators.barrier.pins import Door, Outputs, PinsWire, Sensor

TICK_s = 0.005  # real seconds
LONGEST_TICK_s = 0.010


@dataclass
class Plant:
    """``speed`` scales people and doors. Build one, hand it to a Controller, then let people walk."""

    speed: float = 1.0

    def __post_init__(self) -> None:
        self.people: set[Person] = set()
        self.entry = Leaf(ENTRY_m)
        self.exit = Leaf(EXIT_m)
        self.outputs = Outputs()
        self.evacuating = False
        self.stopped = False
        self.stuck: dict[Sensor, bool] = {}  # a test may hold a sensor at a level: True is limit reached or beam broken
        self._sensed: dict[Sensor, bool] = {}
        self._fire = self._egress = False
        self._wire: PinsWire | None = None
        self._task: asyncio.Task[None] | None = None
        self._moved = asyncio.Event()
        self._ticked = asyncio.Event()
        self._journal = Journal()

    @property
    def journal(self) -> deque[Entry]:
        return self._journal.entries

    @property
    def violations(self) -> list[str]:
        return self._journal.violations

    # --- what people do ---
    def arrive(self, x_m: float = -2.0) -> Person:
        """Somebody stands at ``x_m``: below 0 outside, 0 to 2 in the mantrap, above 2 beyond the exit."""
        person = Person(x_m, x_m)
        self.people.add(person)
        self._sense()
        return person

    def leave(self, person: Person) -> None:
        self.people.discard(person)
        self._sense()

    async def walk(self, person: Person, to_x_m: float, speed_m_s: float = 1.2, patience_s: float = 0.0) -> float:
        """Walk there, and return how far one got: a door less than 80 % open stops whoever comes to it.

        With ``patience_s`` (simulated) one waits so long in front of the door, and goes on as soon as it opens.
        """
        person.target_m, person.speed_m_s, person.walking, person.blocked_s = to_x_m, speed_m_s, True, 0.0
        self._wake()
        try:
            while person.x_m != to_x_m and person.blocked_s <= patience_s:
                await self._ticked.wait()
        finally:
            person.walking = False
        return person.x_m

    def press_egress(self) -> None:
        """Press the button inside, and let go after a moment."""
        self._egress = True
        self._sense()
        asyncio.get_running_loop().call_later(0.15, self._let_go)

    async def push_entry(self, person: Person) -> bool:
        """Push the entry by hand from inside: it gives way only unbolted, and only while the exit is closed."""
        if self.outputs.locked(Door.ENTRY) or not self.exit.closed() or not ENTRY_m < person.x_m < EXIT_m:
            return False
        self.entry.pushed = True
        self._wake()
        try:
            while not self.entry.opened() and self.exit.closed():
                await self._ticked.wait()
        finally:
            self.entry.pushed = False
        return self.entry.position >= PASSABLE

    def force(self, door: Door, position: float) -> None:
        """Wrench a leaf somewhere, bolt or no bolt."""
        self.leaf(door).position = position
        self._sense()
        self._wake()

    def fire(self, on: bool) -> None:
        self._fire = on
        self.evacuating = self.evacuating or on
        self._journal.write("fire" if on else "fire-over")
        self._sense()

    def stop(self, on: bool) -> None:
        """The emergency stop: cuts the drives' power by wire, and tells the board."""
        self.stopped = on
        self._sense()
        self._wake()

    def hold(self, sensor: Sensor, level: bool | None) -> None:
        """Break a sensor: it stays at this level, whatever happens; None repairs it."""
        if level is None:
            self.stuck.pop(sensor, None)
        else:
            self.stuck[sensor] = level
        self._sense()

    def leaf(self, door: Door) -> Leaf:
        return self.entry if door is Door.ENTRY else self.exit

    async def until(self, true: Callable[[], bool], limit_s: float = 10.0) -> bool:
        """Wait (real seconds) until something is so; whether it became so."""
        deadline_s = time.monotonic() + limit_s
        while not true():
            if time.monotonic() > deadline_s:
                return False
            await asyncio.sleep(TICK_s)
        return True

    # --- the board's side ---
    def attach(self, wire: PinsWire) -> None:
        self._wire = wire
        wire.on_outputs = self._obey
        self._sensed = {}
        self._sense()
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name="plant")
        self._wake()

    def detach(self) -> None:
        """No board: the outputs fall off, and whatever moved runs out."""
        self._wire = None
        self._obey(Outputs())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _obey(self, outputs: Outputs) -> None:
        for door in Door:
            if outputs.opens(door) and not self.outputs.opens(door):
                self._journal.write("ordered-open", door)
            if outputs.locked(door) != self.outputs.locked(door):
                self._journal.write("bolted" if outputs.locked(door) else "unbolted", door)
            other = self.leaf(Door.EXIT if door is Door.ENTRY else Door.ENTRY)
            if outputs.opens(door) and not other.closed() and not self.evacuating:
                self._journal.violate(f"{door} ordered open while the other door is not closed")
        self.outputs = outputs
        self._wake()

    # --- physics ---
    async def _run(self) -> None:
        last_s = time.monotonic()
        while True:
            if not self._moving():
                self._moved.clear()
                await self._moved.wait()
                last_s = time.monotonic()
            await asyncio.sleep(max(0.0, last_s + TICK_s - time.monotonic()))
            if self._wire is not None:
                await self._wire.looked()
            now_s = time.monotonic()
            self._tick(min(LONGEST_TICK_s, now_s - last_s) * self.speed)
            last_s = now_s
            self._ticked.set()
            self._ticked = asyncio.Event()

    def _moving(self) -> bool:
        return (
            any(person.walking for person in self.people)
            or any(leaf.velocity or leaf.pushed for leaf in (self.entry, self.exit))
            or any(self._direction(door) and not self._rests(door) for door in Door)
        )

    def _rests(self, door: Door) -> bool:
        leaf = self.leaf(door)
        return leaf.position == (1.0 if self._direction(door) > 0 else 0.0)

    def _direction(self, door: Door) -> int:
        if self.stopped:
            return 0
        return self.outputs.opens(door) - self.outputs.closes(door)

    def _tick(self, dt_s: float) -> None:
        for door in Door:
            leaf = self.leaf(door)
            before = leaf.closed(), leaf.opened()
            stopped_people = leaf.position < PASSABLE
            leaf.drive(self._direction(door), self.outputs.locked(door), dt_s)
            self._note(door, before, leaf)
            if stopped_people and leaf.position >= PASSABLE:
                self._journal.write("passable", door)
        walkers = [person for person in self.people if person.walking]
        farthest_m = max((person.speed_m_s * dt_s for person in walkers), default=0.0)
        steps = max(1, math.ceil(farthest_m / STEP_m))
        for _ in range(steps):
            for person in walkers:
                advance(person, self.people, (self.entry, self.exit), dt_s / steps)
            self._sense()
        self._judge()

    def _judge(self) -> None:
        both = self.entry.position > 2 * AT_LIMIT and self.exit.position > 2 * AT_LIMIT
        if self.evacuating and not self._fire and self.entry.closed() and self.exit.closed():
            self.evacuating = False
        self._journal.trouble_if("both-open", both and not self.evacuating, "both doors are open together")
        for door in Door:
            self._journal.trouble_if(
                f"contact-{door}", self.leaf(door).closes_onto(self.people), f"{door} closes onto a person"
            )

    # --- sensors ---
    def _sense(self) -> None:
        if self._wire is None:
            return
        sensed = self._levels() | self.stuck
        for sensor, level in sensed.items():
            if self._sensed.get(sensor) != level and self._wire.set(sensor, level):
                self._sensed[sensor] = level

    def _levels(self) -> dict[Sensor, bool]:
        levels = {
            Sensor.ENTRY_CLOSED: self.entry.closed(),
            Sensor.ENTRY_OPEN: self.entry.opened(),
            Sensor.EXIT_CLOSED: self.exit.closed(),
            Sensor.EXIT_OPEN: self.exit.opened(),
            Sensor.EGRESS: self._egress,
            Sensor.FIRE: self._fire,
            Sensor.STOP: self.stopped,
        }
        return levels | walked_on(self.people)

    def _let_go(self) -> None:
        self._egress = False
        self._sense()

    def _note(self, door: Door, before: tuple[bool, bool], leaf: Leaf) -> None:
        if leaf.closed() != before[0]:
            self._journal.write("closed" if leaf.closed() else "left-closed", door)
        if leaf.opened() and not before[1]:
            self._journal.write("opened", door)

    def _wake(self) -> None:
        self._moved.set()
