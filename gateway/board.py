"""Where do pages and API get what they show? In a thread of its own, so that no query ever holds up intake.

The overview is built once for all who look, soon after something changed and at least once a second.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from gateway.changes import Changes
from gateway.store.connection import StoreFault
from gateway.views import Overview

PACE_S: Final = 0.25  # a busy region is read four times a second
AGE_S: Final = 1.0  # ages rise by themselves
P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("gateway.board")


class Board:
    """``build`` is called in the board's own thread alone; so is whatever is asked by ``ask``."""

    def __init__(self, build: Callable[[], Overview], changes: Changes) -> None:
        self._build = build
        self._changes = changes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="board")
        self._shown: Overview | None = None

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: question(*args, **kwargs))

    async def begin(self) -> None:
        self._shown = await self.ask(self._build)

    async def keep(self, shown: Changes) -> None:
        """For ever: build, and tell ``shown`` of it."""
        last = 0
        while not self._changes.closed:
            try:
                async with asyncio.timeout(AGE_S):
                    last = await self._changes.wait(last)
            except TimeoutError:
                pass
            try:
                self._shown = await self.ask(self._build)
            except StoreFault as error:
                log.error("the pages stay as they are: %s", error)
            shown.rise()
            await asyncio.sleep(PACE_S)
        shown.close()

    def overview(self) -> Overview:
        """As it was built last; ``begin`` comes first."""
        assert self._shown is not None, "begin() comes first"  # noqa: S101
        return self._shown

    def close(self) -> None:
        self._thread.shutdown(wait=True)
