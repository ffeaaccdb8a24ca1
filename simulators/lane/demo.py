"""``borderpost demo``: a border post on this machine, and travellers who keep coming until Ctrl-C."""

import asyncio
import random
import signal
from collections.abc import Callable
from datetime import UTC, datetime

from simulators.lane.cast import Cast
from simulators.lane.post import Post, Settings
from simulators.lane.run import READY_LIMIT_S, Run, write_knowledge
from simulators.lane.scenarios import SCENARIOS, Scenario

PAUSE_S = (2.0, 6.0)  # between two travellers, in simulated seconds
PASSAGES_KEPT = 50
DRAWN_AT_ONCE = 20


async def run_demo(settings: Settings, seed: int | None, say: Callable[[str], None]) -> int:
    """Until SIGINT, SIGTERM or SIGHUP. Raises CannotStart or BrokerFailed with a sentence."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the last one: the terminal was closed
        loop.add_signal_handler(number, stop.set)
    story = asyncio.ensure_future(_story(settings, random.Random(seed), say))
    ending = asyncio.ensure_future(stop.wait())
    await asyncio.wait([story, ending], return_when=asyncio.FIRST_COMPLETED)
    if not story.done():
        say("Ending ...")
        story.cancel()
    await asyncio.gather(story, return_exceptions=stop.is_set())
    ending.cancel()
    return 0


async def _story(settings: Settings, chance: random.Random, say: Callable[[str], None]) -> None:
    post = Post(settings)
    say("Making the issuing states, or taking those of the last time ...")
    cast = await asyncio.to_thread(Cast, settings.state / "states", datetime.now(UTC).astimezone().date(), chance)
    parts = cast.parts([SCENARIOS["honest"], *_drawn(chance)])  # who looks on for the first time sees it go well
    post.before_edge = lambda: write_knowledge(post, cast, parts)
    try:
        say("Starting broker, gateway, simulated devices and the lane ...")
        await post.start()
        for sentence in post.notes:
            say(sentence)
        say(f"The gateway's page:       http://127.0.0.1:{post.gateway_port}/")
        say(f"The traveller's display:  http://127.0.0.1:{post.display_port}/")
        say(f"The officer's desk:       http://127.0.0.1:{post.display_port}/officer  (key: {post.officer_key()})")
        say("All hardware, people and documents here are simulated. Ctrl-C ends everything.")
        await post.display.until(lambda shown: shown["screen"] == "ready", READY_LIMIT_S)
        run = Run(post)
        while True:
            for part in parts:
                for sentence in await post.revive():
                    say(sentence)
                passage = await run.travel(part)
                got = passage.got.value if passage.got else "held"
                say(f"{datetime.now(UTC).astimezone():%H:%M:%S}  {part.scenario.name:22} {got}")
                run.forget(PASSAGES_KEPT)
                await asyncio.sleep(chance.uniform(*PAUSE_S) / settings.speed)
            parts = cast.parts(_drawn(chance))
            write_knowledge(post, cast, parts)
    finally:
        await post.stop()


def _drawn(chance: random.Random) -> list[Scenario]:
    everybody = list(SCENARIOS.values())
    return chance.choices(everybody, [scenario.weight for scenario in everybody], k=DRAWN_AT_ONCE)
