"""``borderpost sim lane``: N travellers cross one lane on real wires, and the account of it is true."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # JSON from the pages

from simulators.lane import http
from simulators.lane.cast import Cast, Part
from simulators.lane.officer import Officer
from simulators.lane.post import Post, Settings
from simulators.lane.report import Delivery, Passage, account
from simulators.lane.scenarios import Outcome, Trouble, draw
from simulators.lane.traveller import Lane, Traveller
from simulators.lane.troubles import around

READY_LIMIT_S = 30.0  # real: from the start of all processes to the first green arrow
BETWEEN_LIMIT_S = 60.0  # simulated: from one traveller's end to the next green arrow, officers included
DRAIN_LIMIT_S = 30.0  # real: from the last traveller to the last event in the store
EVENTS_A_PAGE = 500
# pcscd looks for a card each 0.4 s, however fast the simulation: it must miss one before the next is laid down.
# People walk up meanwhile; this rest is no time of theirs.
PCSC_REST_S = 1.2
CALLED_WITHIN_S = 1.0  # border-process: an officer is alerted at once

Progress = Callable[[int, int, Passage], None]


@dataclass(slots=True)
class Run:
    """One run over one post."""

    post: Post
    passages: list[Passage] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    _visits: dict[int, set[tuple[str, int]]] = field(default_factory=dict)
    rested_s: float = 0.0
    _count: int = 0
    _over_s: float = 0.0

    async def travel(self, part: Part) -> Passage:
        """One traveller, from the green arrow to her end."""
        self._count += 1
        passage = Passage(self._count, part.scenario)
        self.passages.append(passage)
        if await self.post.display.until(lambda shown: shown["screen"] == "ready", self._real(BETWEEN_LIMIT_S)) is None:
            self.broken.append(f"traveller {passage.number} found the lane closed: {self.post.display.sign.screen}")
        await self._rest()
        boot = await self._boot()
        traveller = Traveller(self._lane(), part.passport, part.face, part.conduct)
        officer = Officer(self.post.desk)
        async with around(part.scenario.trouble, self.post), officer.on_duty():
            passage.got = await traveller.cross()
        self._over_s = asyncio.get_running_loop().time()
        passage.seconds, passage.doors_s = traveller.seconds, traveller.doors_s
        self._visits[passage.number] = {(boot, visit) for visit in traveller.visits}
        if passage.got is None:
            self.broken.append(f"traveller {passage.number} ({part.scenario.name}) was held: the lane never let go")
        self._judge_call(passage, traveller, officer)
        self.post.measure()
        return passage

    async def _rest(self) -> None:
        if not self.post.chip_url.startswith("pcsc:"):
            return
        rest_s = max(0.0, self._over_s + PCSC_REST_S - asyncio.get_running_loop().time())
        self.rested_s += rest_s
        await asyncio.sleep(rest_s)

    def forget(self, kept: int) -> None:
        """A demonstration runs for days: only the latest passages are remembered."""
        for passage in self.passages[:-kept]:
            self._visits.pop(passage.number, None)
        del self.passages[:-kept]
        del self.broken[:-kept]

    def _judge_call(self, passage: Passage, traveller: Traveller, officer: Officer) -> None:
        if not traveller.called_s:
            return
        late = [seen for seen in officer.called_s if seen >= traveller.called_s[0] - CALLED_WITHIN_S]
        if not late or min(late) > traveller.called_s[0] + CALLED_WITHIN_S:
            self.broken.append(f"no officer was called within {CALLED_WITHIN_S:.0f} s for traveller {passage.number}")

    async def settle(self) -> Delivery:
        """Wait until the store holds what the lane has written, and read it back."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + DRAIN_LIMIT_S
        produced = 0
        while loop.time() < deadline_s:
            try:
                lane = await http.get(self.post.display_port, "/api/v1/lane")
                counts = await http.get(self.post.gateway_port, "/api/v1/counts")
            except http.Unreachable:
                await asyncio.sleep(0.2)
                continue
            produced = lane["produced"]
            if lane["waiting"] == 0 and counts["events"] >= produced:
                break
            await asyncio.sleep(0.1)
        return Delivery(produced, self._read(await self.stored()))

    def _read(self, events: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
        """Give each passage what the store says about its visits, and check the store against the lane itself."""
        by_visit: dict[tuple[str, int], list[dict[str, Any]]] = {}
        for event in events:
            if event.get("visit") is not None:
                by_visit.setdefault((event["boot"], event["visit"]), []).append(event)
        for passage in self.passages:
            told = [event for visit in self._visits.get(passage.number, ()) for event in by_visit.get(visit, [])]
            self._compare(passage, told)
        self._compare_doors(events)
        return [(event["device"], event["boot"], event["seq"]) for event in events]

    def _compare(self, passage: Passage, told: list[dict[str, Any]]) -> None:
        kinds = [event["type"] for event in told]
        granted, left = kinds.count("crossing.granted.v1"), kinds.count("crossing.left.v1")
        passage.reasons = frozenset(reason for event in told for reason in event.get("reasons") or ())
        if passage.got is Outcome.GRANTED and (granted, left) != (1, 1):
            self.broken.append(
                f"traveller {passage.number} went through with {granted} grants and {left} departures in the store"
            )
        if passage.got is not Outcome.GRANTED and left:
            self.broken.append(f"traveller {passage.number} is stored as gone through and did not")
        for event in told:
            if event["type"] == "crossing.left.v1":
                self._take_times(passage, event)

    def _take_times(self, passage: Passage, event: dict[str, Any]) -> None:
        scale = self.post.settings.speed / 1000
        passage.parts_s = {part: round(ms * scale, 3) for part, ms in (event.get("timings_ms") or {}).items()}
        # The lane knows when a door is fully open; a person passes a little earlier, and she is who waits.
        passage.parts_s["door"] = round(passage.doors_s, 3)

    def _compare_doors(self, events: list[dict[str, Any]]) -> None:
        """The exit is ordered open for a committed grant and for nothing else."""
        granted = sum(event["type"] == "crossing.granted.v1" for event in events)
        opened = sum(entry.what == "ordered-open" and entry.door == "exit" for entry in self.post.plant.journal)
        if opened > granted:
            self.broken.append(f"the exit was ordered open {opened} times for {granted} grants in the store")
        self.broken += self.post.plant.violations

    async def stored(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        after = 0
        while True:
            path = f"/api/v1/events?after={after}&limit={EVENTS_A_PAGE}"
            page = await http.get(self.post.gateway_port, path)
            events += page["events"]
            if not page["events"] or page["next"] is None:
                return events
            after = page["next"]

    async def _boot(self) -> str:
        lane = await self.lane_now()
        self.post.face_usage.start_s = round(lane["face"]["started_s"] or 0.0, 2)
        return str(lane["boot"])

    async def lane_now(self) -> Any:  # JSON
        """What the lane says of itself; one that has just been killed is waited for."""
        async with asyncio.timeout(READY_LIMIT_S):
            while True:
                try:
                    return await http.get(self.post.display_port, "/api/v1/lane")
                except http.Unreachable:
                    await asyncio.sleep(0.1)

    def _lane(self) -> Lane:
        post = self.post
        return Lane(post.plant, post.reader, post.chip, post.camera, post.display, post.settings.speed)

    def _real(self, simulated_s: float) -> float:
        return max(5.0, simulated_s / self.post.settings.speed)


async def run_lane(
    settings: Settings,
    travellers: int,
    seed: int,
    scenario: str | None,
    progress: Progress = lambda number, of, passage: None,
    note: Callable[[str], None] = lambda sentence: None,
) -> dict[str, Any]:
    """The whole story. Raises CannotStart or BrokerFailed with a sentence."""
    chance = random.Random(seed)
    post = Post(settings)
    cast = await asyncio.to_thread(_cast, settings.state, chance)
    parts = cast.parts(draw(travellers, scenario, chance))
    post.before_edge = lambda: write_knowledge(post, cast, parts)
    run = Run(post)
    loop = asyncio.get_running_loop()
    cut_off = scenario == Trouble.NETWORK_CUT  # alone, it means: from the first traveller to the last
    try:
        await post.start()
        for sentence in post.notes:
            note(sentence)
        await post.display.until(lambda shown: shown["screen"] == "ready", READY_LIMIT_S)
        began_s = loop.time()
        for number, part in enumerate(parts, 1):
            if cut_off:
                await post.proxy.cut()
            progress(number, travellers, await run.travel(part))
        simulated_s = (loop.time() - began_s - run.rested_s) * settings.speed
        await post.proxy.heal()
        delivery = await run.settle()
        post.measure()
    finally:
        await post.stop()
    return account(run.passages, delivery, run.broken, post.usages(), simulated_s)


def write_knowledge(post: Post, cast: Cast, parts: Sequence[Part]) -> None:
    """The post's trust store and lists: they know who is on a list in this run."""
    cast.write(post.edge_folder, post.lists_key(), parts, datetime.now(UTC))


def _cast(state: Path, chance: random.Random) -> Cast:
    return Cast(state / "states", datetime.now(UTC).astimezone().date(), chance)
