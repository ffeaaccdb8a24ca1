"""Frames are judged in a process of its own, so that one core verifies and opens while the other one stores.

``python -m gateway.intake.judging STATE``: questions on standard input, answers on standard output, each behind its
length. It ends when its input does: a gateway that is killed leaves nobody behind. It sees keys, and no store.
"""

import asyncio
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct, structs
from msgspec.msgpack import Decoder, Encoder

from gateway.intake.judge import TOPIC_KEPT_CHARS, Kept, Verdict, judge
from gateway.intake.prepared import Prepared, prepare
from gateway.intake.vault import Vault
from gateway.state import StateFolder
from messages.errors import Quarantine
from messages.keys import KeyRecord

PROGRAM: Final = (sys.executable, "-m", "gateway.intake.judging")
LENGTH_BYTES: Final = 4
PIPE_BYTES: Final = 1 << 20  # a batch goes through in one piece; Linux gives 64 KiB to whoever does not ask
AGAIN_S: Final = 0.25
DEATHS_MAX: Final = 3  # over one batch, then over one frame: by then it is no accident
UNREADABLE: Final = "the reader died over it"

log = logging.getLogger("gateway.judging")


class Question(Struct, frozen=True, array_like=True, gc=False):
    """``keys`` are sent when they have changed, and kept until they do again; ``unread``: only set aside."""

    keys: list[KeyRecord] | None
    now: datetime
    frames: list[tuple[str, bytes]]
    unread: bool = False


_encode = Encoder().encode
_question = Decoder(Question).decode
_answer = Decoder(list[Prepared]).decode


class JudgeProcess:
    """One question after the other; a process that died is begun again, and asked again."""

    def __init__(self, state: Path, program: Sequence[str] = PROGRAM) -> None:
        self._words = (*program, str(state))
        self._process: Process | None = None
        self._told: Mapping[str, KeyRecord] | None = None
        self._turn = asyncio.Lock()
        self._ending = False

    async def judge(
        self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord], now: datetime
    ) -> list[Prepared]:
        """``keys`` is another object when they have changed."""
        # Whoever asked may be cancelled (the broker went); the answer is heard all the same, or the next one who asks
        # would take it for his own, and every frame from there on would get the verdict of another.
        return await asyncio.shield(self._heard_out(frames, keys, now))

    async def _heard_out(
        self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord], now: datetime
    ) -> list[Prepared]:
        async with self._turn:
            found = await self._patiently(frames, keys, now)
            if found is not None:
                return found
            # Attack (D09): one of these frames kills whoever reads it. The others must not wait for it for ever.
            return [one for frame in frames for one in await self._alone(frame, keys, now)]

    async def _alone(self, frame: tuple[str, bytes], keys: Mapping[str, KeyRecord], now: datetime) -> list[Prepared]:
        found = await self._patiently([frame], keys, now)
        return found or await self._patiently([frame], keys, now, unread=True) or []

    async def _patiently(
        self, frames: Sequence[tuple[str, bytes]], keys: Mapping[str, KeyRecord], now: datetime, *, unread: bool = False
    ) -> list[Prepared] | None:
        """None when the process has died over these frames DEATHS_MAX times, one after the other."""
        deaths = 0
        while not self._ending:
            try:
                return await self._asked(Question(None, now, list(frames), unread), keys)
            except (OSError, EOFError) as error:  # IncompleteReadError is an EOFError
                log.error("the judging process died (%s); it is begun again", type(error).__name__)
                deaths += self._process is not None  # It was there: not a machine that starts no more processes.
                await self._end()
            if deaths == DEATHS_MAX and not unread:
                return None
            await asyncio.sleep(AGAIN_S)
        raise asyncio.CancelledError  # the gateway ends

    def pids(self) -> Sequence[str]:
        return () if self._process is None else (str(self._process.pid),)

    async def close(self) -> None:
        self._ending = True
        async with self._turn:
            await self._end()

    async def _asked(self, question: Question, keys: Mapping[str, KeyRecord]) -> list[Prepared]:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._words, stdin=PIPE, stdout=PIPE, limit=PIPE_BYTES
            )
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None and writer is not None  # noqa: S101, PT018 (both are pipes)
        known = None if keys is self._told else list(keys.values())
        writer.write(_framed(_encode(structs.replace(question, keys=known))))
        await writer.drain()
        length = int.from_bytes(await reader.readexactly(LENGTH_BYTES), "big")
        answer = _answer(await reader.readexactly(length))
        self._told = keys
        return answer

    async def _end(self) -> None:
        process, self._process, self._told = self._process, None, None
        if process is not None and process.stdin is not None:
            process.stdin.close()
            await process.wait()


def _framed(data: bytes) -> bytes:
    return len(data).to_bytes(LENGTH_BYTES, "big") + data


def serve(folder: StateFolder, questions: BinaryIO, answers: BinaryIO) -> None:
    """Until there are no more questions."""
    for pipe in (questions, answers):
        with suppress(OSError):  # no pipe, or this user has many wide ones already
            fcntl(pipe, F_SETPIPE_SZ, PIPE_BYTES)
    region, vault = folder.region_keys(), Vault(folder.store_key())
    keys: dict[str, KeyRecord] = {}
    while len(head := questions.read(LENGTH_BYTES)) == LENGTH_BYTES:
        question = _question(questions.read(int.from_bytes(head, "big")))
        if question.keys is not None:
            keys = {record.kid: record for record in question.keys}
        verdicts = [
            _unread(topic, payload) if question.unread else judge(topic, payload, keys, region)
            for topic, payload in question.frames
        ]
        answers.write(_framed(_encode(prepare(verdicts, vault, question.now.astimezone(UTC)))))
        answers.flush()


def _unread(topic: str, payload: bytes) -> Verdict:
    """Nobody could read who sent it, so there is nobody to acknowledge to."""
    return Verdict(None, kept=(Kept(Quarantine.NOT_A_FRAME, UNREADABLE, topic[:TOPIC_KEPT_CHARS], payload),))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the gateway, which ends us when it has stored all
    serve(StateFolder(Path(sys.argv[1])), sys.stdin.buffer, sys.stdout.buffer)
