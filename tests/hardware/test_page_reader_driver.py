"""The page reader over a real pty: what its driver reports, and that it comes back."""

import asyncio
import os
import pty
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from hardware.drivers.page_reader import (
    GARBLED_EVERY_S,
    RATE_LIMIT_BYTES_S,
    PageReader,
    ReaderBack,
    ReaderEvent,
    ReaderLost,
)
from hardware.wires.page_reader import Garbled, Laid, Lifted, Lines, Profile
from simulators.reader.reader import ReaderSim

TD3 = ("P<UTOOBERLIN<<MIRA<SOLEDA<<<<<<<<<<<<<<<<<<<", "X1234567<6UTO8803149F3511230<<<<<<<<<<<<<<06")
PATIENCE_S = 10.0


class Heard:
    """The driver's reports in order."""

    def __init__(self) -> None:
        self.reports: asyncio.Queue[ReaderEvent] = asyncio.Queue()

    async def next(self) -> ReaderEvent:
        async with asyncio.timeout(PATIENCE_S):
            return await self.reports.get()


@asynccontextmanager
async def listening(url: str, profile: Profile = "framed") -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(PageReader(url, profile, heard.reports.put_nowait).run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def at_a_reader(story: Callable[[ReaderSim, Heard], object], folder: Path, profile: Profile = "framed") -> None:
    async def told() -> None:
        with ReaderSim(folder, profile, reading_s=0.01) as reader:
            async with listening(reader.url, profile) as heard:
                assert await heard.next() == ReaderBack()
                await story(reader, heard)  # type: ignore[misc]  # a story is a coroutine function

    asyncio.run(told())


def test_a_document_is_laid_down_read_and_lifted(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        reader.lay(TD3)
        assert [await heard.next(), await heard.next()] == [Laid(), Lines(TD3)]
        reader.lift()
        assert await heard.next() == Lifted()

    at_a_reader(story, tmp_path)


def test_a_document_lifted_too_early_is_not_read(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        reader.lay(TD3)
        reader.lift()
        reader.lay(TD3)
        assert [await heard.next() for _ in range(4)] == [Laid(), Lifted(), Laid(), Lines(TD3)]

    at_a_reader(story, tmp_path)


def test_a_plain_reader_gives_lines_only(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        reader.lay(TD3)
        assert await heard.next() == Lines(TD3)

    at_a_reader(story, tmp_path, "plain")


def test_half_a_frame_is_given_up_after_a_silence(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        reader.half_line(TD3)
        assert [await heard.next(), await heard.next()] == [Laid(), Garbled("cut-short")]
        reader.lay(TD3)
        assert [await heard.next(), await heard.next()] == [Laid(), Lines(TD3)]

    at_a_reader(story, tmp_path)


def test_a_flood_of_noise_is_a_complaint_a_second_and_the_next_document_is_read(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        begun_s = time.monotonic()
        reader.noise(b"\x02\x1b[2J\x00" * 40_000)
        reader.lay(TD3)
        complaints = 0
        while (event := await heard.next()) != Lines(TD3):
            complaints += isinstance(event, Garbled)
        assert time.monotonic() - begun_s > 240_000 / RATE_LIMIT_BYTES_S * 0.9
        assert 1 <= complaints <= 1 + (time.monotonic() - begun_s) / GARBLED_EVERY_S

    at_a_reader(story, tmp_path)


def test_a_reader_that_is_unplugged_is_lost_once_and_comes_back(tmp_path: Path) -> None:
    async def story(reader: ReaderSim, heard: Heard) -> None:
        for _ in range(2):
            reader.unplug()
            assert await heard.next() == ReaderLost()
            reader.plug()
            assert await heard.next() == ReaderBack()
        reader.lay(TD3)
        assert [await heard.next(), await heard.next()] == [Laid(), Lines(TD3)]

    at_a_reader(story, tmp_path)


def test_a_reader_that_was_never_there_is_reported_and_found_when_it_comes(tmp_path: Path) -> None:
    async def story() -> None:
        async with listening(str(tmp_path / "tty")) as heard:
            assert await heard.next() == ReaderLost()
            with ReaderSim(tmp_path) as reader:
                assert await heard.next() == ReaderBack()
                reader.lift()
                assert await heard.next() == Lifted()

    asyncio.run(story())


async def flapping(tty: Path) -> None:
    """A port that can be opened and fails within a few milliseconds, again and again."""
    while True:
        far = plugged_in(tty)
        await asyncio.sleep(0.01)
        os.close(far)


def plugged_in(tty: Path) -> int:
    far, near = pty.openpty()
    tty.unlink(missing_ok=True)
    tty.symlink_to(os.ttyname(near))
    os.close(near)
    return far


def test_a_port_that_fails_as_soon_as_it_opens_is_tried_ever_more_rarely(tmp_path: Path) -> None:
    async def story() -> None:
        device = asyncio.create_task(flapping(tmp_path / "tty"))
        async with listening(str(tmp_path / "tty")) as heard:
            await asyncio.sleep(2.0)
        device.cancel()
        await asyncio.gather(device, return_exceptions=True)
        assert 2 <= heard.reports.qsize() <= 20  # each is an alarm and an event: not hundreds of them

    asyncio.run(story())


def test_what_was_said_before_the_post_listened_belongs_to_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        with ReaderSim(tmp_path, reading_s=0.01) as reader:
            reader.lay(TD3)
            await asyncio.sleep(0.1)  # The lines are on the wire before anybody listens.
            async with listening(reader.url) as heard:
                assert await heard.next() == ReaderBack()
                reader.lift()
                assert await heard.next() == Lifted()

    asyncio.run(story())
