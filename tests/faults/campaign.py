"""What survives kill -9? Processes die at random moments while travellers cross, and every passage is judged."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from simulators.lane.cast import Cast, Part
from simulators.lane.kills import KILLS
from simulators.lane.post import Post, Settings
from simulators.lane.report import Delivery
from simulators.lane.run import Run, write_knowledge
from simulators.lane.scenarios import SCENARIOS, Outcome, Scenario

MOMENTS = ("ready", "reading", "take-document", "enter", "look", "checking", "go", "officer")
DELAY_S = (0.0, 0.4)  # real seconds from the sight of the screen to the kill: anywhere within it, or in the next one
RECOVERY_LIMIT_S = 30.0
HONEST_SHARE = 0.7
OTHERS = [one for one in SCENARIOS.values() if one.trouble is None and one.name != "honest"]

Where = dict[str, int]  # the last number of each boot of the lane
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Kill:
    victim: str
    screen: str
    delay_s: float


@dataclass(slots=True)
class Told:
    """One traveller: what she got, the kill that met her, and which events of the lane are hers."""

    number: int
    scenario: Scenario
    kill: Kill | None
    got: Outcome | None
    before: Where
    after: Where = field(default_factory=dict)

    def owns(self, event: dict[str, Any]) -> bool:
        return self.before.get(event["boot"], 0) < event["seq"] <= self.after.get(event["boot"], 0)

    def __str__(self) -> str:
        kill = self.kill
        met = f"{kill.victim} killed {kill.delay_s:.2f} s after {kill.screen!r}" if kill else "no kill"
        return f"traveller {self.number} ({self.scenario.name}, {met}, {self.got.value if self.got else 'held'})"


def drawn(count: int, chance: random.Random) -> list[Kill]:
    """Each kind of process dies equally often, in any order, at any moment."""
    victims = [sorted(KILLS)[number % len(KILLS)] for number in range(count)]
    chance.shuffle(victims)
    return [Kill(victim, chance.choice(MOMENTS), chance.uniform(*DELAY_S)) for victim in victims]


async def run(kills: int, seed: int, folder: Path, speed: float, say: Say = lambda sentence: None) -> dict[str, Any]:
    """The whole campaign. Raises CannotStart or BrokerFailed with a sentence."""
    chance = random.Random(seed)
    planned: list[Kill | None] = [*drawn(kills, chance), None]  # the last one shows that all is well again
    cast = await asyncio.to_thread(Cast, folder / "states", datetime.now(UTC).astimezone().date(), chance)
    honest = SCENARIOS["honest"]
    parts = cast.parts(
        [honest if not kill or chance.random() < HONEST_SHARE else chance.choice(OTHERS) for kill in planned]
    )
    post = Post(Settings(folder, speed))
    post.before_edge = lambda: write_knowledge(post, cast, parts)
    campaign = Campaign(post)
    try:
        await post.start()
        for part, kill in zip(parts, planned, strict=True):
            say(str(await campaign.pass_through(part, kill)))
        await campaign.ready()
        campaign.close_last(await campaign.where())
        delivery = await campaign.run.settle()
        events = await campaign.run.stored()
    finally:
        await post.stop()
    return account(campaign, delivery, events)


class Campaign:
    """The passages so far, over one post."""

    def __init__(self, post: Post) -> None:
        self.post, self.run = post, Run(post)
        self.told: list[Told] = []
        self.stuck: list[str] = []

    async def pass_through(self, part: Part, kill: Kill | None) -> Told:
        await self.ready()
        where = await self.where()
        self.close_last(where)
        told = Told(len(self.told) + 1, part.scenario, kill, None, where)
        self.told.append(told)
        killing = asyncio.ensure_future(self._strike(kill)) if kill else None
        told.got = (await self.run.travel(part)).got
        if kill and killing:
            await self._at_the_latest_now(kill, killing)
        return told

    async def ready(self) -> None:
        shown = await self.post.display.until(lambda shown: shown["screen"] == "ready", RECOVERY_LIMIT_S)
        if shown is None and self.told:
            self.stuck.append(f"{self.told[-1]}: the lane was not ready again within {RECOVERY_LIMIT_S:.0f} s")

    async def where(self) -> Where:
        return {boot["boot"]: boot["last_seq"] for boot in (await self.run.lane_now())["boots"]}

    def close_last(self, where: Where) -> None:
        if self.told:
            self.told[-1].after = where

    async def _strike(self, kill: Kill) -> None:
        await self.post.display.until(lambda shown: shown["screen"] == kill.screen, RECOVERY_LIMIT_S)
        await asyncio.sleep(kill.delay_s)
        await asyncio.shield(asyncio.ensure_future(self._kill(kill)))

    async def _kill(self, kill: Kill) -> None:
        self.struck = kill
        await KILLS[kill.victim](self.post)

    async def _at_the_latest_now(self, kill: Kill, killing: "asyncio.Task[None]") -> None:
        """She never came to that screen: the process dies behind her back."""
        if getattr(self, "struck", None) is not kill and not killing.done():
            killing.cancel()
            await asyncio.gather(killing, return_exceptions=True)
            await self._kill(kill)
        else:
            await killing


def account(campaign: Campaign, delivery: Delivery, events: list[dict[str, Any]]) -> dict[str, Any]:
    told, post = campaign.told, campaign.post
    openings = sum(entry.what == "ordered-open" and entry.door == "exit" for entry in post.plant.journal)
    grants = {one.number: _count(events, one, "crossing.granted.v1") for one in told}
    through = [one for one in told if one.got is Outcome.GRANTED]
    unrecorded = [one for one in through if grants[one.number] == 0]
    violations = [
        *post.plant.violations,
        *campaign.stuck,
        *(f"{one}: granted without a record" for one in unrecorded),
        *(f"{one}: granted {grants[one.number]} times" for one in told if grants[one.number] > 1),
        *(f"{one}: went through and had to be referred" for one in through if one.scenario.right is Outcome.REFERRED),
        *(f"{one}: was held" for one in told if one.got is None),
    ]
    if openings > sum(grants.values()):
        violations.append(f"the exit was ordered open {openings} times for {sum(grants.values())} grants in the store")
    if told and told[-1].got is not Outcome.GRANTED:
        violations.append(f"{told[-1]}: the lane works no more after the last kill")
    violations += [one for one in campaign.run.broken if "no officer" in one]
    ends = Counter(one.got.value for one in told if one.got)
    counts = delivery.as_json()
    return {
        "kills": dict(Counter(one.kill.victim for one in told if one.kill)),
        "travellers": len(told),
        **{outcome.value: ends[outcome.value] for outcome in Outcome},
        **counts,
        "violations": violations,
        "granted_without_record": len(unrecorded),
        "exit_openings": openings,
    }


def _count(events: list[dict[str, Any]], one: Told, kind: str) -> int:
    return sum(event["type"] == kind and one.owns(event) for event in events)
