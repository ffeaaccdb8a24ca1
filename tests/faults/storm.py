"""``kill -9`` and bad weather: one seed, one story. Everything dies at random moments while events flow, in rounds.

A round draws a part of all kinds of weather (so that rare pairs meet, too), kills what it was told to, then heals, lets
everything drain within a limit, and judges the whole history.
"""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.lane import http
from simulators.network.postgres import Postgres
from tests.faults.history import Account
from tests.faults.region import Region, do
from tests.faults.stored import judge
from tests.faults.weather import PROCESSES, WEATHER, blow, trouble

KILLS_A_ROUND = 25
RATE = 12.0  # commits a second at each post
DRAIN_LIMIT_S = 90.0
BETWEEN_KILLS_S = (0.0, 0.9)
DOWN_S = (0.0, 0.4)  # how long a supervisor needs
WEATHER_SHARE = 0.4
ALONE_SHARE = 0.25
RESTORED_SHARE = 0.2
VICTIMS = ("edge", "broker", "gateway")

DESERVED = frozenset({"from-the-future"})  # whose clock was five hours ahead

Say = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """What has happened so far."""

    kills: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    rounds: int = 0
    restores: int = 0
    late: list[str] = field(default_factory=list)
    account: Account = field(default_factory=Account)

    def add_cuts(self, count: int) -> None:
        self.cuts += count

    def as_json(self) -> dict[str, Any]:
        kills = {victim: self.kills[victim] for victim in (*VICTIMS, "store")}
        return {
            "kills": kills,
            "cuts": self.cuts,
            **self.account.as_json(),
            "rounds": self.rounds,
            "restores": self.restores,
            "late": self.late,
        }


async def storm(region: Region, kills: int, seed: int, say: Say = lambda sentence: None) -> Story:
    """``kills`` in all, evenly over everything that can die here. The region is running and goes on running."""
    chance = random.Random(seed)
    killers = killers_of(region)
    victims = [sorted(killers)[number % len(killers)] for number in range(kills)]
    chance.shuffle(victims)
    story = Story()
    for start in range(0, max(kills, 1), KILLS_A_ROUND):
        await one_round(region, victims[start : start + KILLS_A_ROUND], chance, story, say)
        if not story.account.kept or story.late:
            break  # what comes after a broken promise proves nothing more
    return story


async def one_round(region: Region, victims: Sequence[str], chance: random.Random, story: Story, say: Say) -> None:
    story.rounds += 1
    kinds = [name for name in (*WEATHER, *PROCESSES) if chance.random() < WEATHER_SHARE]
    winds_kinds = [name for name in kinds if name in WEATHER]
    say(f"round {story.rounds}: {len(victims)} kills; weather: {', '.join(kinds) or 'fair'}")
    await region.start_posts()
    yesterday = await _backup(region, story) if region.postgres is None and chance.random() < RESTORED_SHARE else None
    winds = [
        asyncio.create_task(blow(link, winds_kinds, random.Random(chance.random()), story.add_cuts))
        for link in region.links.values()
    ]
    ending = asyncio.Event()
    troubled = asyncio.create_task(trouble(region, kinds, random.Random(chance.random()), ending))
    try:
        await asyncio.gather(
            *(
                _strike(killer, victims.count(name), random.Random(chance.random()), story.kills, name)
                for name, killer in sorted(killers_of(region).items())
            )
        )
    finally:
        ending.set()
        for wind in winds:
            wind.cancel()
        await asyncio.gather(*winds, return_exceptions=True)
        await troubled
    await region.heal()
    if yesterday is not None:
        await _restore(region, yesterday)
        story.restores += 1
        say("  the region goes on from the backup that was made when this round began")
    began_s = asyncio.get_running_loop().time()
    story.late += await region.drain(DRAIN_LIMIT_S)
    drained_s = asyncio.get_running_loop().time() - began_s
    story.account = await asyncio.to_thread(judge, region, DESERVED)
    told = story.account
    say(
        f"  {told.produced} events written so far, {told.stored_unique} stored; {told.lost} lost, "
        f"{told.duplicated} doubled, {told.order_breaks} out of order; drained in {drained_s:.1f} s"
    )


async def _backup(region: Region, story: Story) -> Path:
    file = region.folder / f"backup-{story.rounds}"
    await do("gateway", "backup", str(file), "--state", str(region.state))
    return file


async def _restore(region: Region, file: Path) -> None:
    """And every post hears of it: it has something acknowledged by the new store."""
    await region.gateway.stop()
    await do("gateway", "restore", str(file), "--state", str(region.state), "--force")
    await region.start_gateway()
    async with asyncio.timeout(DRAIN_LIMIT_S):
        for post in region.posts.values():
            await post.wait_promises(len(post.promises) + 1)


Killer = Callable[[random.Random], Awaitable[None]]


def killers_of(region: Region) -> dict[str, Killer]:
    """How each part is killed, and started again as its supervisor would."""

    async def edge(chance: random.Random) -> None:
        post = chance.choice(list(region.posts.values()))
        await post.kill()
        await asyncio.sleep(chance.uniform(*DOWN_S))
        await post.start(chance.randrange(1 << 30))

    async def broker(chance: random.Random) -> None:
        await asyncio.to_thread(region.broker.kill)
        await asyncio.sleep(chance.uniform(*DOWN_S))
        await asyncio.to_thread(region.broker.start)

    async def gateway(chance: random.Random) -> None:
        if children := _children(region.gateway.pid):  # those that judge for it die with it, or alone
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)
            if chance.random() < ALONE_SHARE:
                return
        region.gateway.kill()
        await region.gateway.wait_dead()
        await asyncio.sleep(chance.uniform(*DOWN_S))
        await region.start_gateway()

    killers: dict[str, Killer] = {"edge": edge, "broker": broker, "gateway": gateway}
    if (postgres := region.postgres) is not None:

        async def store(chance: random.Random) -> None:
            await asyncio.to_thread(postgres.kill)
            await asyncio.sleep(chance.uniform(*DOWN_S))
            await asyncio.to_thread(postgres.start)

        killers["store"] = store
    return killers


def _children(pid: int | None) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


async def _strike(kill: Killer, count: int, chance: random.Random, kills: Counter[str], name: str) -> None:
    for _ in range(count):
        await asyncio.sleep(chance.uniform(*BETWEEN_KILLS_S))
        await kill(chance)
        kills[name] += 1


async def _books(region: Region, stored: int) -> list[str]:
    """What the gateway counts while it goes along is what its events say: none is missing, and a rebuild is equal."""
    counts = await http.get(region.pages_port, "/api/v1/counts")
    wrong = []
    if (counts["events"], counts["lost"]) != (stored, 0):
        wrong.append(
            f"BOOKS: the gateway counts {counts['events']} events and {counts['lost']} lost, and holds {stored}"
        )
    try:
        await do("gateway", "rebuild", "--state", str(region.state), "--json")
    except RuntimeError as error:
        wrong.append(f"BOOKS: {error}")
    return wrong


async def run(
    kills: int, seed: int, folder: Path, say: Say = lambda sentence: None, postgres: Postgres | None = None
) -> Story:
    """A region of three posts, started, stormed and stopped. Raises CannotStart or BrokerFailed with a sentence."""
    region = Region(folder, posts=3, rate=RATE, seed=seed, postgres=postgres, clocks=True)
    await region.start()
    try:
        story = await storm(region, kills, seed, say)
        story.account.blame("books", await _books(region, story.account.stored_unique))
        return story
    finally:
        await region.stop()
