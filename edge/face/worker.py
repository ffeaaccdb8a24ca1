"""The face process: ``python -m edge.face.worker``. It owns the camera, the decoders and the matcher, and nothing else.

It listens on standard input and answers on standard output (``talk.py``). When its input ends, it ends.
"""

import argparse
import logging
import os
import signal
import sys
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import TYPE_CHECKING, BinaryIO

from edge.cage import limits
from edge.face.talk import (
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

if TYPE_CHECKING:
    from edge.face.compare import Comparer

log = logging.getLogger("face")

PROBE_EVERY_S = 2.0  # Between travellers somebody must notice that the camera died.
EXIT_UNABLE = 4  # docs/contract.md, 9


def main(words: Sequence[str] | None = None) -> int:
    begun_s = time.monotonic()
    arguments = _arguments(words)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    os.environ.update(limits.PICTURE_LIMITS)  # before OpenCV wakes up and reads them
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the edge; the end of our input tells us.
    mouth = Mouth(_standard_output())
    from edge.face.protocols import MatcherError

    try:
        _serve(arguments, mouth, begun_s)
    except MatcherError as error:
        log.error("%s", error)
        return EXIT_UNABLE
    except BrokenPipeError:  # The edge is gone; nobody is left to answer.
        return 0
    return 0


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m edge.face.worker", description=__doc__)
    parser.add_argument("--camera", required=True, help="frames://HOST:PORT, picamera2:0 or v4l2:/dev/video0")
    parser.add_argument("--matcher", required=True, help="a name of the entry-point group borderpost.matchers")
    parser.add_argument("--threshold", required=True, type=float, help="the post's own: it does not transfer")
    parser.add_argument("--pad", default="", help="a name of the entry-point group borderpost.pads; none is delivered")
    return parser.parse_args(words)


def _standard_output() -> BinaryIO:
    """The pipe to the edge, for us alone: whatever a library prints goes to the log instead of between our words."""
    pipe = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return pipe


def _serve(arguments: argparse.Namespace, mouth: "Mouth", begun_s: float) -> None:
    from edge.face.compare import Comparer
    from edge.face.eyes import Eyes
    from edge.face.protocols import matcher_named, pad_named

    matcher = matcher_named(arguments.matcher)
    matcher.load()
    pad = pad_named(arguments.pad) if arguments.pad else None
    if pad is not None:
        pad.load()
    eyes = Eyes(arguments.camera, lambda lost, why: mouth.say(CameraChanged(lost, why)))
    ears = Ears(sys.stdin.buffer)
    ears.start()
    limits.lock()
    started_s = round(time.monotonic() - begun_s, 3)
    mouth.say(Ready(matcher.name, matcher.version, matcher.model_sha256, started_s, round(limits.rss_mb(), 1)))
    comparer = Comparer(matcher, eyes, arguments.threshold, pad)
    try:
        _work(ears, mouth, comparer)
    finally:
        eyes.close()


def _work(ears: "Ears", mouth: "Mouth", comparer: "Comparer") -> None:
    """One work after the other until the edge has gone."""
    heard: tuple[Message, bytes] | tuple[()] | None = ()
    while heard is not None:
        match heard:
            case (Compare() as asked, portrait):
                _answer(asked, portrait, ears, mouth, comparer)
            case _:
                limits.grant_cpu(PROBE_EVERY_S)
                comparer.eyes.probe()
        heard = ears.next(PROBE_EVERY_S)


def _answer(asked: Compare, portrait: bytes, ears: "Ears", mouth: "Mouth", comparer: "Comparer") -> None:
    limits.grant_cpu(asked.limit_s)
    done = comparer.compare(
        portrait,
        until_s=time.monotonic() + asked.limit_s,
        wanted=lambda: ears.wanted == asked.work,
        say=lambda hint: mouth.say(Hinted(asked.work, hint)),
    )
    mean_ms = round(1000 * done.compare_s / max(done.compared, 1), 1)
    outcome = done.outcome.value if done.outcome else ""
    mouth.say(Answered(asked.work, outcome, done.hint, done.evidence.best, done.frames, done.compared, mean_ms))


class Mouth:
    """Says whole messages."""

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def say(self, message: Message) -> None:
        rest = memoryview(encode(message))
        while rest:
            rest = rest[self._pipe.write(rest) :]


class Ears(Thread):
    """Listens while the process works: a Stop must be heard in the middle of a comparison."""

    def __init__(self, pipe: BinaryIO) -> None:
        super().__init__(name="ears", daemon=True)
        self._pipe = pipe
        self._heard: SimpleQueue[tuple[Message, bytes] | None] = SimpleQueue()
        self._lock = Lock()
        self._wanted = 0

    @property
    def wanted(self) -> int:
        """The work that is still wanted; 0: none."""
        with self._lock:
            return self._wanted

    def next(self, limit_s: float) -> tuple[Message, bytes] | tuple[()] | None:
        """What was asked next; () when nothing was for ``limit_s``, None when the edge has gone."""
        try:
            return self._heard.get(timeout=limit_s)
        except Empty:
            return ()

    def run(self) -> None:
        try:
            while (heard := self._message()) is not None:
                self._want(heard[0])
                self._heard.put(heard)
        except TalkGarbledError as error:
            log.error("the edge said something unknown: %s", error)
        finally:
            self._want(Stop())
            self._heard.put(None)

    def _want(self, message: Message) -> None:
        with self._lock:
            self._wanted = message.work if isinstance(message, Compare) else 0

    def _message(self) -> tuple[Message, bytes] | None:
        head = self._pipe.read(LENGTHS.size)
        if len(head) < LENGTHS.size:
            return None
        words, blob = decode_lengths(head)
        return decode_body(self._pipe.read(words)), self._pipe.read(blob)


if __name__ == "__main__":
    sys.exit(main())
