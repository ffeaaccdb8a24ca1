"""How does the edge ask for a face? It holds the face process at arm's length: starts it, asks, waits as long as said.

Whatever happens over there (a crash, a hang, a hostile picture), each question gets its answer in time, and a new
process stands ready for the next traveller. Nothing heavy is imported here.
"""

import asyncio
import logging
import random
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from time import monotonic

from edge.cage.limits import environment
from edge.face.talk import (
    BLOB_LIMIT_BYTES,
    LENGTHS,
    Answered,
    CameraChanged,
    Compare,
    Hinted,
    Message,
    Ready,
    Stop,
    TalkGarbledError,
    decode_body,
    decode_lengths,
    encode,
)
from edge.gate.events import Face, FaceCompared
from messages.printable import printable

log = logging.getLogger(__name__)

ANSWER_MARGIN_S = 0.3  # The process is asked to be done that much earlier than the edge stops waiting.
STOP_LIMIT_S = 1.0
RESTART_FIRST_S, RESTART_LAST_S = 0.2, 10.0
HEALTHY_AFTER_S = 30.0  # A process that lived that long did not die of its start.
HINTS = frozenset({"", "nobody", "several", "too-dark", "blurred", "too-far", "look-straight"})
WHY_MAX_CHARACTERS = 120
WORD = re.compile(r"[a-z-]{0,40}")  # what of a stranger's text may stand in a log


@dataclass(frozen=True, slots=True)
class FaceSettings:
    camera: str  # URL
    threshold: float  # the post's own; 0.58 belongs to the simulators alone
    matcher: str = "sface"
    pad: str = ""
    program: tuple[str, ...] = (sys.executable, "-m", "edge.face.worker")


@dataclass(slots=True)
class _Asked:
    work: int
    on_hint: Callable[[str], None]
    answer: "asyncio.Future[FaceCompared]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class FaceProcess:
    """The face process as the edge sees it. ``on_camera(lost)`` hears when the camera is lost and when it is back."""

    def __init__(self, settings: FaceSettings, on_camera: Callable[[bool], None] = lambda lost: None) -> None:
        self.settings = settings
        self.ready: Ready | None = None  # what the running process said of itself; None while none is running
        self.last: Answered | None = None  # the last answer in full, for the lane's figures
        self.restarts = 0
        self._on_camera = on_camera
        self._process: Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._is_ready = asyncio.Event()
        self._asked: _Asked | None = None
        self._work = 0
        self._camera_lost: bool | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and keep one alive until ``stop``. Returns at once; ``ready`` tells when it can compare."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), name="face process")

    async def wait_ready(self, limit_s: float) -> bool:
        """Whether the process can compare, waiting for it so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await self._is_ready.wait()
        return self._is_ready.is_set()

    async def stop(self) -> None:
        """End the process, and start no other."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
            self._keeper = None

    async def compare(
        self, portrait: bytes, limit_s: float, on_hint: Callable[[str], None] = lambda hint: None
    ) -> FaceCompared:
        """Compare the portrait of a document with whoever stands before the camera. Answers within ``limit_s``, always.

        Cancelling it stops the work. A comparison that was going on is aborted: one traveller at a time.
        """
        until_s = monotonic() + limit_s
        if len(portrait) > BLOB_LIMIT_BYTES or not await self.wait_ready(limit_s):
            return self._compared(Face.ABORTED)
        self._settle(self._compared(Face.ABORTED))
        self._work += 1
        asked = self._asked = _Asked(self._work, on_hint)
        left_s = until_s - monotonic()
        self._ask(Compare(asked.work, max(left_s - ANSWER_MARGIN_S, left_s / 2)), portrait)
        try:
            async with asyncio.timeout(left_s):
                return await asyncio.shield(asked.answer)
        except TimeoutError:
            log.warning("the face process did not answer in time: it is ended")
            self._kill()
            return self._compared(Face.ABORTED)
        finally:
            self._forget(asked)

    # --- one process after the other ---
    async def _keep(self) -> None:
        wait_s = RESTART_FIRST_S
        while True:
            begun_s = monotonic()
            await self._live()
            wait_s = RESTART_FIRST_S if monotonic() - begun_s > HEALTHY_AFTER_S else min(wait_s * 2, RESTART_LAST_S)
            self.restarts += 1
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))  # noqa: S311  (jitter is no secret)

    async def _live(self) -> None:
        """One process from its start to its end, however it ends."""
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *self._command(), stdin=PIPE, stdout=PIPE, env=environment()
            )
        except OSError as error:
            log.error("the face process does not start: %s", type(error).__name__)
            return
        try:
            await self._listen(process)
            log.warning("the face process ended")
        finally:
            self._is_ready.clear()
            self.ready = None
            self._settle(self._compared(Face.ABORTED))
            await _end(process)
            self._process = None

    def _command(self) -> tuple[str, ...]:
        asked = self.settings
        words = ("--camera", asked.camera, "--matcher", asked.matcher, "--threshold", str(asked.threshold))
        return (*asked.program, *words, *(("--pad", asked.pad) if asked.pad else ()))

    async def _listen(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101  (it was asked for)
        with suppress(asyncio.IncompleteReadError):  # the process ended
            while True:
                try:
                    words, blob = decode_lengths(await process.stdout.readexactly(LENGTHS.size))
                    message = decode_body(await process.stdout.readexactly(words))
                    await process.stdout.readexactly(blob)
                except TalkGarbledError as error:  # A process that speaks in tongues has been taken over, or broken.
                    log.error("the face process is ended: %s", error)
                    return
                self._hear(message)

    def _hear(self, message: Message) -> None:
        match message:
            case Ready():
                log.info("face process ready after %.1f s with %.0f MB", message.started_s, message.rss_mb)
                self.ready = message
                self._is_ready.set()
            case Hinted(work, hint) if self._is_asked(work) and hint in HINTS and self._asked:
                self._asked.on_hint(hint)
            case Answered(work) if self._is_asked(work):
                self.last = message
                if message.outcome == Face.ABORTED:
                    log.warning("face comparison aborted %s", message.hint if WORD.fullmatch(message.hint) else "")
                self._settle(self._believed(message))
            case CameraChanged(lost) if lost is not self._camera_lost:
                self._camera_lost = lost
                log.warning("camera lost: %s", _plain(message.why)) if lost else log.info("camera there")
                self._on_camera(lost)
            case _:  # A word about a work that is nobody's any more.
                log.debug("late word of the face process: %s", type(message).__name__)

    # --- one work ---
    def _is_asked(self, work: int) -> bool:
        return self._asked is not None and self._asked.work == work

    def _believed(self, said: Answered) -> FaceCompared:
        """The answer, if it is one. A match whose score does not carry it is a taken-over process: aborted."""
        score = said.score
        if said.outcome not in set(Face) or (score is not None and not (isfinite(score) and -1.01 <= score <= 1.01)):
            return self._compared(Face.ABORTED)
        outcome = Face(said.outcome)
        if outcome is Face.MATCH and (score is None or score < self.settings.threshold):
            return self._compared(Face.ABORTED)
        return self._compared(outcome, said.hint if said.hint in HINTS else "", score)

    def _compared(self, outcome: Face, hint: str = "", score: float | None = None) -> FaceCompared:
        matcher = f"{self.ready.matcher} {self.ready.version}" if self.ready else self.settings.matcher
        return FaceCompared(outcome, hint, score, self.settings.threshold, matcher)

    def _settle(self, answer: FaceCompared) -> None:
        if self._asked is not None and not self._asked.answer.done():
            self._asked.answer.set_result(answer)

    def _forget(self, asked: _Asked) -> None:
        """The caller has his answer, or gave up: then the process stops working on it."""
        if not asked.answer.done():
            asked.answer.cancel()
            self._ask(Stop())
        if self._asked is asked:
            self._asked = None

    def _ask(self, message: Message, blob: bytes = b"") -> None:
        if self._process is not None and self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(encode(message, blob))

    def _kill(self) -> None:
        self._is_ready.clear()  # The next question waits for the next process.
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.kill()


def _plain(why: str) -> str:
    """A stranger's sentence, fit for one line of the log.

    >>> _plain("gone\\n2026-01-01 INFO edge all is well")
    'gone?2026-01-01 INFO edge all is well'
    """
    return printable(why[:WHY_MAX_CHARACTERS])


async def _end(process: Process) -> None:
    """Close its input, which tells it to end; what has not ended then is killed. Waits for it, so that none stays."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(STOP_LIMIT_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
