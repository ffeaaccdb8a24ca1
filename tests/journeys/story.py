"""One whole post for a test: real broker, gateway, edge and firmware, and whoever the test sends through."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path

from simulators.lane.cast import Cast, Part
from simulators.lane.post import Post, Settings
from simulators.lane.report import Delivery, Passage
from simulators.lane.run import READY_LIMIT_S, Run, write_knowledge
from simulators.lane.scenarios import SCENARIOS

SPEED = 10.0
Between = Callable[["Story"], None]


class Story:
    """``tell`` sends one traveller of each named scenario, in this order."""

    def __init__(self, post: Post, cast: Cast) -> None:
        self.post, self.run, self._cast = post, Run(post), cast
        self._ready: dict[str, list[Part]] = {}

    def prepare(self, *names: str) -> list[Part]:
        return self._cast.parts([SCENARIOS[name] for name in names])

    async def tell(self, *parts: Part) -> list[Passage]:
        return [await self.run.travel(part) for part in parts]

    async def settle(self) -> Delivery:
        return await self.run.settle()

    async def ended(self) -> list[str]:
        """The types of all events in the store, once each granted crossing has come to its end there, in whatever life
        of the lane, and everything has arrived that was written."""
        async with asyncio.timeout(READY_LIMIT_S):
            while True:
                await self.run.settle()
                kinds = [event["type"] for event in await self.run.stored()]
                if not _open(kinds):
                    return kinds
                await asyncio.sleep(0.1)

    def exit_openings(self) -> int:
        return sum(entry.what == "ordered-open" and entry.door == "exit" for entry in self.post.plant.journal)

    async def shown(self, screen: str, limit_s: float = READY_LIMIT_S) -> bool:
        return await self.post.display.until(lambda shown: shown["screen"] == screen, limit_s) is not None


@contextlib.asynccontextmanager
async def post_with(
    folder: Path, *names: str, speed: float = SPEED, seed: int = 7, direct_chip: bool = False
) -> AsyncIterator[tuple[Story, list[Part]]]:
    """A post that knows the lists for the travellers named, ready for the first of them."""
    post = Post(Settings(folder, speed, direct_chip=direct_chip))
    cast = await asyncio.to_thread(Cast, folder / "states", datetime.now(UTC).astimezone().date(), random.Random(seed))
    story = Story(post, cast)
    parts = story.prepare(*names)
    post.before_edge = lambda: write_knowledge(post, cast, parts)
    try:
        await post.start()
        assert await story.shown("ready"), (folder / "edge.log").read_text()[-2000:]
        yield story, parts
    finally:
        await post.stop()


def _open(kinds: list[str]) -> int:
    ends = kinds.count("crossing.left.v1") + kinds.count("crossing.abandoned.v1")
    return kinds.count("crossing.granted.v1") - ends


def wrong(passages: list[Passage]) -> list[dict[str, object]]:
    return [passage.as_wrong() for passage in passages if not passage.right]
