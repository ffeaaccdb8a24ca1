"""How a person crosses: she reads the display, acts with the delay of a person, and walks.

Straight line on purpose: a traveller holds the floor. What she does wrong is her ``conduct``.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from simulators.barrier.bodies import Person
from simulators.barrier.plant import Plant
from simulators.camera.camera import CameraSim
from simulators.camera.scenes import Kind
from simulators.chip.control import Control
from simulators.issuing.passports import Passport
from simulators.lane.eyes import Display, Sign
from simulators.lane.scenarios import Outcome
from simulators.reader.reader import ReaderSim

# Where people stand, in metres from the entry's threshold; the exit's threshold is at 2.0.
AT_READER_M, INSIDE_M, GONE_M = -0.8, 1.0, 3.2
IN_DOORWAY_M = 0.25  # the inner beam is still broken: not in yet
DOOR_OF = {"enter": "entry", "go": "exit"}
WALK_M_S = 1.2
AT_DOOR_S = 3.0  # how long a person waits in front of a door before she looks at the display again
BEHIND_M = 0.5  # how close a tailgater follows
ASKED_IN_VAIN_S = 5.0
ASKED_IN_VAIN_LEAST_S = 1.0  # real: the lane answers no faster in a fast simulation
FOR_EVER_S = 1e6


class Conduct(StrEnum):
    HONEST = "honest"
    LOOK_ALIKE = "look-alike"
    TAILGATER = "tailgater"
    STEPS_BACK = "steps-back"
    LEAVES_DOCUMENT = "leaves-document"
    STANDS_STILL = "stands-still"
    LIFTS_EARLY = "lifts-early"


@dataclass(frozen=True, slots=True)
class Delays:
    """What people need, in simulated seconds."""

    to_lay: float = 1.0
    to_read_a_sign: float = 0.7
    to_lift: float = 0.5
    to_press_egress: float = 2.0
    patience: float = 120.0


@dataclass(frozen=True, slots=True)
class Lane:
    """All that a person can see and touch."""

    plant: Plant
    reader: ReaderSim
    chip: Control
    camera: CameraSim
    display: Display
    speed: float
    delays: Delays = Delays()


class Traveller:
    """One person with one document. ``cross`` returns how it ended, as she experienced it."""

    def __init__(self, lane: Lane, passport: Passport, face: str, conduct: Conduct) -> None:
        self.visits: set[int] = set()
        self.called_s: list[float] = []  # when the display said that an officer comes
        self.seconds: float | None = None
        self._lane, self._passport, self._face, self._conduct = lane, passport, face, conduct
        self._person = lane.plant.arrive(AT_READER_M)
        self._follower: Person | None = None
        self._laid = self._referred = self._lifted_once = False
        self._asked_s: dict[str, float] = {}  # when the display asked her through which door

    async def cross(self) -> Outcome | None:
        """Until she is through, or outside again and the lane has turned to the next. None: the lane never let go."""
        clock = asyncio.get_running_loop().time
        began_s = clock()
        try:
            async with asyncio.timeout(self._lane.delays.patience / self._lane.speed):
                await self._wait(self._lane.delays.to_lay)
                await self._lay()
                last: Sign | None = None
                while not self._through:
                    sign = await self._lane.display.next_sign(last, self._patience_s(last))
                    if sign is None:
                        await self._lay_again()
                        continue
                    if sign.screen in ("ready", "closed") and last is not None and not self._inside and not self._laid:
                        return Outcome.REFERRED if self._referred else Outcome.ABANDONED
                    last = sign
                    await self._act(sign)
                    if self._referred and not self._laid and self._person.x_m < 0:
                        return Outcome.REFERRED  # she goes with the officer
                self.seconds = (clock() - began_s) * self._lane.speed
                return Outcome.GRANTED
        except TimeoutError:
            if self._laid:
                await self._lift()
            return None
        finally:
            self._go_away()

    @property
    def doors_s(self) -> float:
        """How long she waited for both doors: from the sign that asked her through until a person could pass."""
        waited_s = 0.0
        for door, asked_s in self._asked_s.items():
            opened = (e.at_s for e in self._lane.plant.journal if (e.what, e.door) == ("passable", door))
            waited_s += next((at_s - asked_s for at_s in opened if at_s >= asked_s), 0.0)
        return waited_s * self._lane.speed

    @property
    def _through(self) -> bool:
        return self._person.x_m >= GONE_M - 0.1

    @property
    def _inside(self) -> bool:
        return 0.0 < self._person.x_m < 2.0

    async def _act(self, sign: Sign) -> None:
        if sign.screen not in ("ready", "closed"):
            self.visits.add(sign.visit)
        if sign.screen in DOOR_OF:
            self._asked_s.setdefault(DOOR_OF[sign.screen], sign.seen_s)
        match sign.screen:
            case "reading" if self._conduct is Conduct.LIFTS_EARLY and not self._lifted_once:
                self._lifted_once = True
                await self._lift()
            case "put-back" if not self._laid:
                await self._wait(self._lane.delays.to_read_a_sign)
                await self._lay()
            case "take-document":
                await self._take(sign)
            case "enter":
                await self._enter()
            case "look" if self._conduct is not Conduct.STANDS_STILL:
                await self._wait(self._lane.delays.to_read_a_sign)
                self._lane.camera.show(self._face, Kind.LIVE)
            case "go":
                await self._wait(self._lane.delays.to_read_a_sign)
                while self._lane.display.sign.screen == "go" and not self._through:
                    await self._walk(GONE_M)
            case "officer" | "step-back" | "evacuate":
                await self._turn_back(sign)
            case _:
                pass  # nothing is asked of her

    async def _take(self, sign: Sign) -> None:
        """A forgetful traveller notices only when the lane reminds her."""
        if self._conduct is Conduct.LEAVES_DOCUMENT and sign.hint != "document-left":
            return
        await self._wait(self._lane.delays.to_read_a_sign + self._lane.delays.to_lift)
        if self._laid:
            await self._lift()

    async def _enter(self) -> None:
        await self._wait(self._lane.delays.to_read_a_sign)
        match self._conduct:
            case Conduct.STEPS_BACK:
                while self._lane.display.sign.screen == "enter" and self._person.x_m < IN_DOORWAY_M:
                    await self._walk(IN_DOORWAY_M)
                await self._walk(AT_READER_M)
            case Conduct.TAILGATER:
                self._follower = self._lane.plant.arrive(AT_READER_M - BEHIND_M)
                await asyncio.gather(self._walk(INSIDE_M + 0.3), self._follow(INSIDE_M + 0.3 - BEHIND_M))
            case _:
                while self._lane.display.sign.screen == "enter" and not self._inside:
                    await self._walk(INSIDE_M)

    async def _turn_back(self, sign: Sign) -> None:
        """An officer is called: take the document, and if inside, leave by the way that opens from inside."""
        if sign.screen == "officer":
            self._referred = True
            self.called_s.append(sign.seen_s)
        if self._laid:
            await self._wait(self._lane.delays.to_read_a_sign + self._lane.delays.to_lift)
            await self._lift()
        if self._follower is not None or self._person.x_m > AT_READER_M + 0.1:
            await self._wait(self._lane.delays.to_press_egress)
            self._lane.camera.show(kind=Kind.NOBODY)
        while self._person.x_m > AT_READER_M + 0.1:
            self._lane.plant.press_egress()
            if self._follower is not None:
                await self._follow(AT_READER_M - BEHIND_M)
            await self._walk(AT_READER_M)
            await self._wait(0.5)

    async def _lay(self) -> None:
        fault = "lifts" if self._conduct is Conduct.LIFTS_EARLY and not self._lifted_once else self._passport.chip_fault
        passport = self._passport
        await asyncio.to_thread(self._lane.chip.lay, passport.files, passport.mrz_lines, fault, passport.secrets)
        self._lane.reader.lay(self._passport.mrz_lines)
        self._laid = True

    def _patience_s(self, last: Sign | None) -> float:
        """How long she looks at one sign. Asked for a document though hers lies there, she does not wait for ever."""
        asked_in_vain = self._laid and last is not None and last.screen == "ready"
        return max(ASKED_IN_VAIN_LEAST_S, ASKED_IN_VAIN_S / self._lane.speed) if asked_in_vain else FOR_EVER_S

    async def _lay_again(self) -> None:
        """It lay there before the lane opened, or the lane died over it: nobody has read it."""
        await self._lift()
        await self._wait(self._lane.delays.to_lay)
        await self._lay()

    async def _lift(self) -> None:
        self._lane.reader.lift()
        self._laid = False
        await asyncio.to_thread(self._lane.chip.lift)

    async def _walk(self, to_m: float) -> None:
        await self._lane.plant.walk(self._person, to_m, WALK_M_S, AT_DOOR_S)

    async def _follow(self, to_m: float) -> None:
        if self._follower is not None:
            await self._lane.plant.walk(self._follower, to_m, WALK_M_S, AT_DOOR_S)

    async def _wait(self, simulated_s: float) -> None:
        await asyncio.sleep(simulated_s / self._lane.speed)

    def _go_away(self) -> None:
        """Out of the picture, wherever the story ended."""
        self._lane.camera.show(kind=Kind.NOBODY)
        for person in (self._person, self._follower):
            if person is not None:
                self._lane.plant.leave(person)
