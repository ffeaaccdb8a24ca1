"""The officer of the lane: sees each call on the desk's own page and says that it was seen."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from simulators.lane import http
from simulators.lane.eyes import Desk

LOOKS_UP_AFTER_S = 0.3


class Officer:
    """``called_s`` are the moments (of the loop's clock) at which the desk showed a call."""

    def __init__(self, desk: Desk) -> None:
        self.called_s: list[float] = []
        self._desk = desk

    @contextlib.asynccontextmanager
    async def on_duty(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            if await self._desk.until(lambda shown: bool(shown["called"]), 3600) is None:
                continue
            self.called_s.append(self._desk.changed_s)
            await asyncio.sleep(LOOKS_UP_AFTER_S)
            with contextlib.suppress(http.Unreachable):  # the lane restarts: the call stands until it is seen
                await self._desk.press("seen")
            await self._desk.until(lambda shown: not shown["called"], 60)
