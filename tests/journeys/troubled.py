"""One post for a whole file of troubles: each test strikes it and leaves it as it was. Its edge has a small disk."""

import asyncio
import contextlib
import io
import subprocess
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simulators.lane import http
from simulators.lane.cast import Part
from simulators.lane.folders import DEVICE
from simulators.lane.post import Post
from simulators.lane.report import Delivery, Passage
from simulators.lane.scenarios import Outcome
from simulators.lane.traveller import Conduct
from tests.conftest import refused
from tests.journeys.story import Story, post_with

DISK_MB = 16
LIMIT_S = 20.0
LOOK_S = 0.05
REFILL_S = 0.02


@dataclass
class Troubled:
    """``play`` tells one story; everything else is for use in it."""

    runner: asyncio.Runner
    story: Story
    listed: list[Part]  # the post knows them: their documents are on its list
    parts: list[Part] = field(default_factory=list)  # everybody who ever came

    @property
    def post(self) -> Post:
        return self.story.post

    def play(self, story: Coroutine[Any, Any, None]) -> None:
        self.runner.run(story)

    # --- travellers ---
    def honest(self, *, fault: str | None = None, still: bool = False) -> Part:
        """``still``: before the camera stands what the test puts there, not she."""
        part = self.other("honest")
        return replace(
            part,
            passport=replace(part.passport, chip_fault=fault),
            conduct=Conduct.STANDS_STILL if still else part.conduct,
        )

    def other(self, scenario: str) -> Part:
        (part,) = self.story.prepare(scenario)
        self.parts.append(part)
        return part

    async def passes(self) -> None:
        """The next honest traveller is granted, and the exit opens for her once."""
        before = self.story.exit_openings()
        (passage,) = await self.story.tell(self.honest())
        assert passage.got is Outcome.GRANTED, self.log_end()
        assert self.story.exit_openings() == before + 1
        assert self.post.plant.violations == []

    async def refers(self, part: Part, *reasons: str, logs: bool = True) -> Passage:
        """She is sent to an officer, who reads one of these reasons; the exit stays shut."""
        before, since = self.story.exit_openings(), len(self.log())
        called = asyncio.ensure_future(self.desk(lambda shown: bool(set(shown["reasons"]) & set(reasons))))
        (passage,) = await self.story.tell(part)
        assert passage.got is Outcome.REFERRED, (passage.got, self.log_end())
        assert await called, (reasons, self.log_end())
        assert not logs or any(reason in self.log()[since:] for reason in reasons)
        assert self.story.exit_openings() == before
        assert self.post.plant.violations == []
        return passage

    async def strikes_at(
        self, screen: str, part: Part, strike: Callable[[], Awaitable[None] | None], *reasons: str, logs: bool = True
    ) -> None:
        """As soon as she is shown this screen, it strikes; and she is referred."""
        striking = asyncio.ensure_future(self.when(screen, strike))
        await self.refers(part, *reasons, logs=logs)
        await striking

    async def when(self, screen: str, strike: Callable[[], Awaitable[None] | None]) -> None:
        assert await self.story.shown(screen), f"{screen} was never shown: {self.log_end()}"
        struck = strike()
        if struck is not None:
            await struck

    # --- what is to be seen ---
    async def shows(self, screen: str) -> None:
        assert await self.story.shown(screen, LIMIT_S), (screen, self.post.display.current, self.log_end())

    async def desk(self, wanted: Callable[[dict[str, Any]], bool]) -> bool:
        return await self.post.desk.until(wanted, LIMIT_S) is not None

    async def alarmed(self, code: str) -> None:
        """The officer's desk and the lane's log both say it."""
        assert await self.desk(lambda shown: code in shown["alarms"]), (code, self.post.desk.current)
        assert code in self.log()

    def log(self) -> str:
        return (self.post.settings.state / "edge.log").read_text()

    def log_end(self) -> str:
        return self.log()[-2500:]

    async def logged(self, sentence: str, since: int = 0) -> None:
        await until(lambda: sentence in self.log()[since:], f"the log never says: {sentence}")

    async def counts(self) -> dict[str, Any]:
        counts: dict[str, Any] = await http.get(self.post.gateway_port, "/api/v1/counts")
        return counts

    async def settles(self) -> Delivery:
        """What this lane has written and what the store holds of it."""
        delivery = await self.story.settle()
        return Delivery(delivery.produced, [one for one in delivery.stored if one[0] == DEVICE])


async def until(condition: Callable[[], bool], otherwise: str) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not condition():  # noqa: ASYNC110  (another process's log and store have no event)
            await asyncio.sleep(LOOK_S)
    assert condition(), otherwise


@contextlib.contextmanager
def troubled_post(folder: Path, *, direct_chip: bool = True) -> Iterator[Troubled]:
    """Whatever the tests did: in the end nothing is lost, nothing doubled, and the exit opened for grants alone."""
    with small_disk(folder / "edge"), asyncio.Runner() as runner:
        opened = post_with(folder, "listed-document", direct_chip=direct_chip)
        story, listed = runner.run(opened.__aenter__())
        try:
            troubled = Troubled(runner, story, listed, list(listed))
            yield troubled
            delivery = runner.run(troubled.settles())
            assert (delivery.as_json()["lost"], delivery.as_json()["duplicated"]) == (0, 0)
            broken = [one for one in story.run.broken if "ordered open" in one or "went through with" in one]
            assert broken == [], broken
        finally:
            runner.run(opened.__aexit__(None, None, None))


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own for this folder, so that it can be filled. Who may not mount gets a plain one."""
    folder.mkdir(mode=0o700)
    if refused("mounts"):  # the tests that fill it are left out
        yield
        return
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[None]:
    """Not one byte is free at its beginning."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        _fill(file)
        try:
            yield
        finally:
            filler.unlink()


@contextlib.contextmanager
def kept_full(folder: Path) -> Iterator[None]:
    """Not one byte is free until the end of the block: what the edge gives up is taken, too."""
    filler, emptied = folder / "filler", threading.Event()
    with filler.open("wb", buffering=0) as file, ThreadPoolExecutor(1) as thread:

        def fill() -> None:
            while not emptied.wait(REFILL_S):
                _fill(file)

        _fill(file)
        filling = thread.submit(fill)
        try:
            yield
        finally:
            emptied.set()
            filling.result()
            filler.unlink()


def _fill(file: io.FileIO) -> None:
    with contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass
