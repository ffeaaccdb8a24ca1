"""How do people walk through the mantrap, how do doors move, and what does either break, touch or close?

Geometry alone, on one line: no clock, no wire, and nothing that knows what is allowed.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass

from simulators.barrier.pins import Sensor

STEP_m = 0.02  # bodies move in steps this small, so that beams see every gap
ENTRY_m, EXIT_m = 0.0, 2.0
BEAMS_m = {Sensor.BEAM_A1: -0.1, Sensor.BEAM_A2: 0.1, Sensor.BEAM_B1: 1.9, Sensor.BEAM_B2: 2.1}
MAT_m = (0.25, 1.75)
HALF_DEPTH_m = 0.15
ELBOW_ROOM_m = 0.4  # people going the same way come no closer than this
STOPS_SHORT_m = 0.45  # people stop so far from a door that is not open
PASSABLE = 0.8
SQUEEZES = 0.5  # a door further closed than this touches who stands in it
AT_LIMIT = 0.01
TRAVEL_s = 1.0
RUN_UP_s = 0.12  # inertia: the time to full speed, and to stand
PUSH_s = 1.5  # by hand


@dataclass(eq=False)
class Person:
    """A body on the line through the mantrap. ``x_m`` is its middle; it keeps its place between two walks."""

    x_m: float = -2.0
    target_m: float = -2.0
    speed_m_s: float = 1.2
    walking: bool = False
    blocked_s: float = 0.0  # how long (simulated) he has stood before a door on this walk


@dataclass
class Leaf:
    """One door's leaf: 0 closed, 1 open."""

    place_m: float
    position: float = 0.0
    velocity: float = 0.0  # of its travel, per simulated second
    pushed: bool = False

    def closed(self) -> bool:
        return self.position <= AT_LIMIT

    def opened(self) -> bool:
        return self.position >= 1 - AT_LIMIT

    def drive(self, direction: int, bolted: bool, dt_s: float) -> None:
        wanted = direction / TRAVEL_s
        if direction == 0 and self.pushed:
            wanted = 1 / PUSH_s
        change = dt_s / TRAVEL_s / RUN_UP_s
        self.velocity += max(-change, min(change, wanted - self.velocity))
        if bolted and self.closed():
            self.velocity = min(self.velocity, 0.0)
        self.position += self.velocity * dt_s
        if not 0.0 < self.position < 1.0:
            self.position = min(1.0, max(0.0, self.position))
            self.velocity = 0.0

    def closes_onto(self, people: Collection[Person]) -> bool:
        in_it = any(abs(person.x_m - self.place_m) < HALF_DEPTH_m for person in people)
        return in_it and self.velocity < 0 and self.position < SQUEEZES


def advance(person: Person, people: Collection[Person], leaves: Collection[Leaf], dt_s: float) -> None:
    """One step of one who walks: up to a door that is not open, and not into whoever walks ahead."""
    left_m = person.target_m - person.x_m
    step_m = math.copysign(min(abs(left_m), person.speed_m_s * dt_s), left_m)
    following_m = person.x_m + step_m
    for leaf in leaves:
        gap_m = (leaf.place_m - person.x_m) * math.copysign(1, step_m)
        if gap_m <= HALF_DEPTH_m or leaf.position >= PASSABLE:
            continue  # behind one, already in it, or open
        edge_m = leaf.place_m - math.copysign(STOPS_SHORT_m, step_m)
        if (following_m - edge_m) * math.copysign(1, step_m) > 0:
            following_m = edge_m if gap_m > STOPS_SHORT_m else person.x_m
    for other in people:
        gap_m = (other.x_m - person.x_m) * math.copysign(1, step_m)
        if other is not person and other.walking and 0 < gap_m < ELBOW_ROOM_m and _same_way(person, other):
            following_m = person.x_m
    if following_m == person.x_m:
        person.blocked_s += dt_s
    person.x_m = following_m


def _same_way(person: Person, other: Person) -> bool:
    return (person.target_m > person.x_m) == (other.target_m > other.x_m)


def walked_on(people: Collection[Person]) -> dict[Sensor, bool]:
    """The mat and the beams."""
    places_m = [person.x_m for person in people]
    on_mat = any(MAT_m[0] - HALF_DEPTH_m < x_m < MAT_m[1] + HALF_DEPTH_m for x_m in places_m)
    beams = {beam: any(abs(x_m - place_m) < HALF_DEPTH_m for x_m in places_m) for beam, place_m in BEAMS_m.items()}
    return {Sensor.MAT: on_mat, **beams}
