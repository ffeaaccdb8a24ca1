"""The near end of a crew: start it, lead it on, hear how it stands, get its books."""

import asyncio
import json
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final  # JSON

from simulators.fleet.crew import Orders
from simulators.lane.processes import CannotStart

LINE_LIMIT_BYTES: Final = 1 << 20
END_LIMIT_S: Final = 10.0


class CrewProcess:
    """The near end of ``simulators.fleet.crew``."""

    def __init__(self, orders: Orders, log: Path) -> None:
        self._orders, self._log = orders, log
        self.standing: dict[str, Any] = {}

    async def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "simulators.fleet.crew"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                limit=LINE_LIMIT_BYTES,
            )
        await self.say(json.dumps(asdict(self._orders)))

    async def say(self, word: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 (a pipe, see start)
        with suppress(ConnectionError):  # it has ended: ``until`` tells it
            self._process.stdin.write(word.encode() + b"\n")
            await self._process.stdin.drain()

    async def until(self, mark: str) -> None:
        """Hear it until it says so. Raises CannotStart when it ends instead."""
        assert self._process.stdout is not None  # noqa: S101 (a pipe, see start)
        while line := await self._process.stdout.readline():
            self.standing = json.loads(line)
            if self.standing.get(mark):
                return
        words = self._log.read_text(errors="replace").strip().splitlines()
        raise CannotStart("crew", "it ended", words[-1][:300] if words else "its log is empty")

    async def end(self) -> dict[str, Any]:
        """Its books."""
        await self.say("end")
        async with asyncio.timeout(END_LIMIT_S):
            await self.until("ended")
        return await asyncio.to_thread(self._books)

    def _books(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(Path(self._orders.books).read_text())
        return told

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
