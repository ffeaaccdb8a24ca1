"""The real face process over the real frames wire: every scene, every death."""

import asyncio
import os
import signal
import struct
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy
import pytest

from edge.face.client import FaceProcess, FaceSettings
from edge.gate.events import Face, FaceCompared
from simulators.camera.camera import CameraSim
from simulators.camera.scenes import Kind
from simulators.people.citizens import LOOK_ALIKES, SIMULATED_THRESHOLD, citizen, portrait

START_LIMIT_S = 20.0
PATIENCE_S = 15.0
RESERVE_S = 5.0  # for a machine that does other work meanwhile
HOLDER, OTHER = LOOK_ALIKES
PORTRAIT = portrait(citizen(HOLDER))


class Lane:
    """A camera, a face process, and what was heard of both."""

    def __init__(self, camera: CameraSim, **settings: Any) -> None:
        self.camera = camera
        self.losses: asyncio.Queue[bool] = asyncio.Queue()
        self.hints: list[str] = []
        self.hinted = asyncio.Event()
        self.face = FaceProcess(FaceSettings(camera.url, SIMULATED_THRESHOLD, **settings), self.losses.put_nowait)

    async def compare(self, limit_s: float = PATIENCE_S, portrait: bytes = PORTRAIT) -> FaceCompared:
        self.hints.clear()
        self.hinted.clear()
        begun_s = time.monotonic()
        answer = await self.face.compare(portrait, limit_s, self._hint)
        assert time.monotonic() - begun_s < limit_s + RESERVE_S
        return answer

    async def look_in_vain(self) -> FaceCompared:
        """A short comparison; again while no frame was looked at in it: a busy machine may take as long as that."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                answer = await self.compare(1.2)
                if self.hints:
                    return answer

    def _hint(self, hint: str) -> None:
        self.hints.append(hint)
        self.hinted.set()

    async def is_looking(self) -> None:
        """A comparison is going on, and frames are looked at."""
        async with asyncio.timeout(PATIENCE_S):
            await self.hinted.wait()

    async def camera_is(self, *, lost: bool) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.losses.get() is not lost:
                pass


@asynccontextmanager
async def lane(**settings: Any) -> AsyncIterator[Lane]:
    async with CameraSim() as camera:
        it = Lane(camera, **settings)
        await it.face.start()
        try:
            yield it
        finally:
            await it.face.stop()


def tell(story: Callable[[Lane], Coroutine[None, None, None]]) -> None:
    async def told() -> None:
        async with lane() as it:
            assert await it.face.wait_ready(START_LIMIT_S)
            await it.camera_is(lost=False)
            await story(it)

    asyncio.run(told())


def test_every_scene_has_its_outcome() -> None:
    async def story(it: Lane) -> None:
        for kind in (Kind.LIVE1, Kind.LIVE2, Kind.LIVE):
            it.camera.show(HOLDER, kind)
            answer = await it.compare()
            assert answer.outcome is Face.MATCH
            assert answer.score is not None
            assert answer.score >= answer.threshold == SIMULATED_THRESHOLD  # type: ignore[operator]  # it is a number
            assert answer.matcher.startswith("sface ")
        for someone in (OTHER, "u06"):
            it.camera.show(someone)
            assert (await it.compare()).outcome is Face.NO_MATCH
        for kind, hint in (
            (Kind.NOBODY, "nobody"),
            (Kind.TWO, "several"),
            (Kind.DARK, "too-dark"),
            (Kind.BLURRED, "blurred"),
        ):
            it.camera.show(HOLDER, kind, OTHER)
            answer = await it.look_in_vain()
            assert (answer.outcome, answer.hint, it.hints) == (Face.NOT_CAPTURED, hint, [hint])

    tell(story)


def test_a_traveller_who_comes_late_is_hinted_and_then_matched() -> None:
    async def story(it: Lane) -> None:
        comparing = asyncio.create_task(it.compare())
        await it.is_looking()
        assert it.hints == ["nobody"]
        it.camera.show(HOLDER)
        assert (await comparing).outcome is Face.MATCH
        assert it.hints == ["nobody", ""]

    tell(story)


def test_a_frozen_camera_lets_nobody_pass_and_recovers() -> None:
    async def story(it: Lane) -> None:
        it.camera.show(HOLDER)
        assert (await it.compare()).outcome is Face.MATCH
        it.camera.show(HOLDER, Kind.FROZEN)  # The holder's face stands in the frozen picture.
        assert (await it.compare()).outcome is Face.ABORTED
        await it.camera_is(lost=True)
        it.camera.show(HOLDER)
        await it.camera_is(lost=False)
        assert (await it.compare()).outcome is Face.MATCH

    tell(story)


def test_a_camera_that_dies_in_mid_compare_aborts_and_recovers() -> None:
    async def story(it: Lane) -> None:
        comparing = asyncio.create_task(it.compare())
        await it.is_looking()
        it.camera.show(HOLDER, Kind.DEAD)
        assert (await comparing).outcome is Face.ABORTED
        await it.camera_is(lost=True)
        assert (await it.compare()).outcome is Face.ABORTED
        it.camera.show(HOLDER)
        await it.camera_is(lost=False)
        assert (await it.compare()).outcome is Face.MATCH

    tell(story)


def test_a_process_killed_in_mid_compare_aborts_and_another_takes_over() -> None:
    async def story(it: Lane) -> None:
        comparing, killed = asyncio.create_task(it.compare()), it.face.pid
        await it.is_looking()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        assert (await comparing).outcome is Face.ABORTED
        it.camera.show(HOLDER)
        assert (await it.compare(START_LIMIT_S)).outcome is Face.MATCH
        assert it.face.pid != killed
        assert it.face.restarts == 1

    tell(story)


def test_a_process_that_hangs_keeps_nobody_waiting_and_is_replaced() -> None:
    async def story(it: Lane) -> None:
        it.camera.show(HOLDER)
        assert it.face.pid is not None
        os.kill(it.face.pid, signal.SIGSTOP)
        assert (await it.compare(0.5)).outcome is Face.ABORTED
        assert (await it.compare(START_LIMIT_S)).outcome is Face.MATCH

    tell(story)


def test_hostile_portraits_are_aborted_and_the_next_traveller_is_matched() -> None:
    at = PORTRAIT.index(b"\xff\xc0") + 5
    claims_81_megapixels = PORTRAIT[:at] + struct.pack(">HH", 9_000, 9_000) + PORTRAIT[at + 4 :]
    pixels = cv2.imdecode(numpy.frombuffer(PORTRAIT, numpy.uint8), cv2.IMREAD_COLOR)
    jpeg_2000 = cv2.imencode(".jp2", pixels)[1].tobytes()
    faceless = cv2.imencode(".jpg", numpy.full((320, 240, 3), 128, numpy.uint8))[1].tobytes()

    async def story(it: Lane) -> None:
        it.camera.show(HOLDER)
        pid = it.face.pid
        for hostile, why in (
            (claims_81_megapixels, "portrait-too-many-pixels"),
            (jpeg_2000[:200] + bytes(2000), "portrait-undecodable"),
            (faceless, "portrait-without-face"),
            (b"", "portrait-unknown-format"),
        ):
            assert (await it.compare(portrait=hostile)).outcome is Face.ABORTED
            assert it.face.last is not None
            assert it.face.last.hint == why
        assert (await it.compare(portrait=b"\xff" * 1_048_577)).outcome is Face.ABORTED
        assert (await it.compare(portrait=jpeg_2000)).outcome is Face.MATCH
        assert it.face.pid == pid

    tell(story)


def test_a_comparison_that_was_given_up_does_not_answer_for_the_next_traveller() -> None:
    async def story(it: Lane) -> None:
        comparing = asyncio.create_task(it.compare())
        await it.is_looking()
        comparing.cancel()
        await asyncio.gather(comparing, return_exceptions=True)
        # The process has let go of it at once: it looks for the next traveller, and nobody is there yet.
        assert (await it.compare(1.5)).outcome is Face.NOT_CAPTURED
        it.camera.show(OTHER)
        assert (await it.compare(portrait=portrait(citizen(OTHER)))).outcome is Face.MATCH
        assert it.face.last is not None
        assert it.face.last.work == 3

    tell(story)


def test_without_its_matcher_the_face_is_aborted_in_time_and_nothing_hangs() -> None:
    async def story() -> None:
        async with lane(matcher="no-such") as it:
            it.camera.show(HOLDER)
            assert (await it.compare(1.5)).outcome is Face.ABORTED

    asyncio.run(story())


def test_a_pad_that_is_missing_fails_closed() -> None:
    async def story() -> None:
        async with lane(pad="no-such") as it:
            it.camera.show(HOLDER)
            assert (await it.compare(1.5)).outcome is Face.ABORTED

    asyncio.run(story())


PAD = """
from edge.face.protocols import Liveness
class Pad:
    name = "told"
    def load(self): pass
    def judge(self, frames):
        assert len(frames) >= 1
        return {verdict}
"""


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        ("Liveness.GENUINE", Face.MATCH),
        ("Liveness.ATTACK", Face.NO_MATCH),
        ("Liveness.UNDETERMINED", Face.ABORTED),
        ("1 / 0", Face.ABORTED),
        ("True", Face.ABORTED),
    ],
)
def test_a_match_holds_only_if_the_plugged_in_pad_says_genuine(
    verdict: str, outcome: Face, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told_pad.py").write_text(PAD.format(verdict=verdict))
    about = tmp_path / "told_pad-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: told-pad\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[borderpost.pads]\ntold = told_pad:Pad\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(tmp_path), os.environ.get("PYTHONPATH", ""))))

    async def story() -> None:
        async with lane(pad="told") as it:
            it.camera.show(HOLDER)
            assert await it.face.wait_ready(START_LIMIT_S)
            assert (await it.compare()).outcome is outcome

    asyncio.run(story())


LIAR = """
import sys
from edge.face.talk import *
def say(message):
    sys.stdout.buffer.write(encode(message)); sys.stdout.buffer.flush()
say(Ready("sface", "1", "", 0.0, 0.0))
words, blob = decode_lengths(sys.stdin.buffer.read(LENGTHS.size))
work = decode_body(sys.stdin.buffer.read(words)).work
sys.stdin.buffer.read(blob)
{lie}
sys.stdin.buffer.read()
"""


@pytest.mark.parametrize(
    "lie",
    [
        'say(Answered(work, "match", "", 0.2, 1, 1, 1.0))',  # below the threshold
        'say(Answered(work, "match", "", None, 1, 1, 1.0))',  # without a score
        'say(Answered(work, "match", "", 7.0, 1, 1, 1.0))',  # no cosine
        'say(Answered(work, "granted", "", 0.9, 1, 1, 1.0))',
        'say(Answered(work + 1, "match", "", 0.9, 1, 1, 1.0))',  # of another traveller
        'sys.stdout.buffer.write(b"A" * 5000); sys.stdout.buffer.flush()',
    ],
)
def test_a_process_that_was_taken_over_is_not_believed_what_it_cannot_carry(
    lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "liar.py").write_text(LIAR.format(lie=lie))

    async def story() -> None:
        async with lane(program=(sys.executable, str(tmp_path / "liar.py"))) as it:
            assert await it.face.wait_ready(START_LIMIT_S)
            assert (await it.compare(1.5)).outcome is Face.ABORTED

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(Path.cwd()), os.environ.get("PYTHONPATH", ""))))
    asyncio.run(story())


def python(code: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)


def test_the_edge_asks_for_faces_without_carrying_the_weight() -> None:
    heavy = python("import sys, edge.face.client; print([m for m in ('cv2', 'numpy', 'PIL') if m in sys.modules])")
    assert heavy.stdout.strip() == "[]"


def test_a_picture_that_eats_memory_meets_the_cage() -> None:
    eaten = python("""
        from edge.cage import limits as cage
        cage.lock()
        bytearray(cage.MEMORY_ROOM_BYTES // 2)
        try:
            bytearray(cage.MEMORY_ROOM_BYTES * 2)
        except MemoryError:
            print("caged")
    """)
    assert eaten.stdout == "caged\n"


def test_a_picture_that_eats_time_meets_the_cage() -> None:
    spinning = python("""
        from edge.cage import limits as cage
        cage.CPU_ROOM_S = 0
        cage.grant_cpu(0.1)
        while True:
            pass
    """)
    assert spinning.returncode == -signal.SIGXCPU


def test_the_process_ends_when_the_edge_is_killed() -> None:
    words = ("--camera", "frames://127.0.0.1:1", "--matcher", "sface", "--threshold", "1")
    edge = subprocess.Popen(
        [sys.executable, "-m", "edge.face.worker", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with edge:
        assert edge.stdin is not None
        assert edge.stdout is not None
        assert edge.stdout.read(1)  # It is ready.
        edge.stdin.close()
        assert edge.wait(PATIENCE_S) == 0
