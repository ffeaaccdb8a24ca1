"""How is a caged process asked? Held at arm's length: started, asked one thing at a time, waited for as long as said.

Blocking, for a thread. A process that died or was late answers nothing: the next question has a new one. Both ends of
the pipe stand here: every message is its length in four bytes and so many bytes; the first, empty one says "ready".
"""

import os
import selectors
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import IO, BinaryIO, Final, Self

from edge.cage import limits

LENGTH_BYTES: Final = 4
PIECE_BYTES: Final = 64 * 1024
START_LIMIT_S: Final = 20.0  # a loaded board that reads everything from its card
END_LIMIT_S: Final = 1.0


class CageError(Exception):
    """There is no answer: the process died, was late, or spoke in tongues. ``reason`` is a kebab-case word."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Running:
    process: subprocess.Popen[bytes]
    ears: IO[bytes]  # of the process
    mouth: IO[bytes]


class Caged:
    """``program`` as its words; no answer is longer than ``answer_limit_bytes``. Close it, or use it in a ``with``."""

    def __init__(self, *program: str, answer_limit_bytes: int) -> None:
        self._program = program
        self._limit_bytes = answer_limit_bytes
        self._child: _Running | None = None
        self._lock = threading.Lock()
        self.starts = 0

    @property
    def pid(self) -> int | None:
        return self._child.process.pid if self._child else None

    def ask(self, question: bytes, limit_s: float) -> bytes:
        """The answer, within ``limit_s`` of the process being ready. Raises CageError."""
        with self._lock:
            try:
                return self._exchange(self._running(), framed(question), limit_s)
            except CageError:
                self._end()  # Whatever it does now, it does not do it to the next traveller.
                raise

    def start(self) -> None:
        """Have a process ready before the first question. Raises CageError."""
        with self._lock:
            self._running()

    def close(self) -> None:
        with self._lock:
            self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        """A process ends with whoever held it, forgotten or not."""
        self._end()

    def _running(self) -> _Running:
        if self._child is not None and self._child.process.poll() is None:
            return self._child
        self._end()
        self._child = child = self._started()
        self.starts += 1
        for pipe in (child.ears, child.mouth):
            os.set_blocking(pipe.fileno(), False)
        if self._exchange(child, b"", START_LIMIT_S) != b"":
            raise CageError("garbled")
        return child

    def _started(self) -> _Running:
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                self._program, stdin=pipe, stdout=pipe, stderr=nothing, env=limits.environment(), bufsize=0
            )
        except OSError:
            raise CageError("not-started") from None
        assert process.stdin is not None  # noqa: S101  (it was asked for)
        assert process.stdout is not None  # noqa: S101  (as above)
        return _Running(process, process.stdin, process.stdout)

    def _exchange(self, child: _Running, out: bytes, limit_s: float) -> bytes:
        """Write and read at once: a process that answers before it has heard all must not stop us for ever."""
        until_s = time.monotonic() + limit_s
        rest, heard = memoryview(out), bytearray()
        with selectors.DefaultSelector() as ready:
            ready.register(child.mouth, selectors.EVENT_READ)
            if rest:
                ready.register(child.ears, selectors.EVENT_WRITE)
            while (answer := self._message(heard)) is None:
                keys = [key.fileobj for key, _ in ready.select(max(0.0, until_s - time.monotonic()))]
                if not keys:
                    raise CageError("late")
                if child.mouth in keys:
                    heard += _read(child.mouth)
                if child.ears in keys:
                    rest = rest[_write(child.ears, rest[:PIECE_BYTES]) :]
                    if not rest:
                        ready.unregister(child.ears)
        return answer

    def _message(self, heard: bytearray) -> bytes | None:
        """The whole message, or None as long as some of it is missing."""
        if len(heard) < LENGTH_BYTES:
            return None
        end = LENGTH_BYTES + int.from_bytes(heard[:LENGTH_BYTES], "big")
        if end - LENGTH_BYTES > self._limit_bytes or len(heard) > end:
            raise CageError("garbled")
        return bytes(heard[LENGTH_BYTES:end]) if len(heard) == end else None

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.process.kill()
        child.process.wait(END_LIMIT_S)
        for pipe in (child.ears, child.mouth):
            pipe.close()


def serve(answer: Callable[[bytes], bytes], *, cpu_s: float, memory_room_bytes: int = limits.MEMORY_ROOM_BYTES) -> None:
    """The other end, in the caged process: answer until our input ends. Call it when everything is imported."""
    ears, mouth = sys.stdin.buffer, os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever a library prints does not stand between our words
    limits.lock(memory_room_bytes)
    limits.lock_hands()
    with suppress(BrokenPipeError):  # nobody is left to answer
        _say(mouth, b"")
        while len(head := ears.read(LENGTH_BYTES)) == LENGTH_BYTES:
            limits.grant_cpu(cpu_s, room_s=0.0)
            _say(mouth, answer(ears.read(int.from_bytes(head, "big"))))


def framed(message: bytes) -> bytes:
    """
    >>> framed(b"abc")
    b'\\x00\\x00\\x00\\x03abc'
    """
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def _say(mouth: BinaryIO, message: bytes) -> None:
    rest = memoryview(framed(message))
    while rest:
        rest = rest[mouth.write(rest) :]


def _read(pipe: IO[bytes]) -> bytes:
    found = os.read(pipe.fileno(), PIECE_BYTES)
    if not found:
        raise CageError("died")
    return found


def _write(pipe: IO[bytes], piece: memoryview) -> int:
    try:
        return os.write(pipe.fileno(), piece)
    except BrokenPipeError:
        raise CageError("died") from None
