"""The camera that is not there: it shows what stands before it, paced, and only when asked."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from contextlib import closing
from itertools import pairwise

import pytest

from hardware.drivers.camera import CameraLost, Frame, open_camera
from simulators.camera.camera import FRAMES_PER_S, CameraSim
from simulators.camera.scenes import VARIANTS, Kind, Scene, frames_of


def tell(story: Callable[[CameraSim], Coroutine[None, None, None]]) -> None:
    async def told() -> None:
        async with CameraSim() as camera:
            await story(camera)

    asyncio.run(told())


async def seen(camera: CameraSim, count: int) -> list[Frame]:
    def look() -> list[Frame]:
        with closing(open_camera(camera.url)) as source:
            return [source.next_frame(5) for _ in range(count)]

    return await asyncio.to_thread(look)


def test_frames_are_new_each_time_and_come_at_the_sensors_pace() -> None:
    async def story(camera: CameraSim) -> None:
        camera.show("u05")
        await seen(camera, 1)  # drawn
        begun_s = time.monotonic()
        frames = await seen(camera, 5)
        assert time.monotonic() - begun_s > 3.5 / FRAMES_PER_S
        for before, after in pairwise(frames):
            assert after.counter == before.counter + 1
            assert after.taken_ns > before.taken_ns
            assert after.image != before.image

    tell(story)


def test_a_change_of_scene_is_in_the_next_frame() -> None:
    async def story(camera: CameraSim) -> None:
        camera.show("u05", Kind.LIVE1)
        assert (await seen(camera, 1))[0].image in frames_of(Scene(Kind.LIVE1, "u05"))
        camera.show(kind=Kind.NOBODY)
        assert (await seen(camera, 1))[0].image in frames_of(Scene(Kind.NOBODY))

    tell(story)


def test_a_frozen_camera_repeats_itself_to_the_byte() -> None:
    async def story(camera: CameraSim) -> None:
        camera.show("u05")
        (last,) = await seen(camera, 1)
        camera.show("u05", Kind.FROZEN)
        assert await seen(camera, 3) == [last] * 3

    tell(story)


def test_a_dead_camera_hangs_up_and_comes_back() -> None:
    async def story(camera: CameraSim) -> None:
        with closing(await asyncio.to_thread(open_camera, camera.url)) as source:
            await asyncio.to_thread(source.next_frame, 5)
            camera.show(kind=Kind.DEAD)
            with pytest.raises(CameraLost):
                await asyncio.to_thread(source.next_frame, 5)
        with pytest.raises(CameraLost):
            await seen(camera, 1)
        camera.show("u05")
        assert len(await seen(camera, 1)) == 1

    tell(story)


def test_what_is_no_question_ends_the_conversation() -> None:
    async def story(camera: CameraSim) -> None:
        host, port = camera.url.removeprefix("frames://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()

    tell(story)


def test_the_frames_of_a_scene_differ_by_noise() -> None:
    for kind in (Kind.NOBODY, Kind.LIVE1, Kind.TWO, Kind.DARK, Kind.BLURRED):
        assert len(set(frames_of(Scene(kind, "u05", "u06")))) == VARIANTS
