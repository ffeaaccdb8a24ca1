"""Where do pages and API get what they show? In a thread of its own, so that no query ever holds up intake.

The overview is built once for all who look, soon after something changed; while nobody looks it is not built.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from gateway.changes import Changes
from gateway.store.connection import StoreFault
from gateway.views import Overview

PACE_S: Final = 0.25  # a busy region is read four times a second
AGE_S: Final = 1.0  # ages rise by themselves
LOOKING_S: Final = 5.0  # whoever looked so long ago still looks; an open page asks every two seconds
P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger("gateway.board")


class Board:
    """``build`` and whatever is asked by ``ask`` are called one at a time: they share one connection."""

    def __init__(self, build: Callable[[], Overview], changes: Changes) -> None:
        self._build = build
        self._changes = changes
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="board")
        self._one_at_a_time = threading.Lock()
        self._shown: Overview | None = None
        self._built_s = self._looked_s = -LOOKING_S

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, lambda: self._alone(lambda: question(*args, **kwargs))
        )

    async def keep(self, shown: Changes) -> None:
        """For ever: build while somebody looks, and tell ``shown`` of it."""
        last = 0
        while not self._changes.closed:
            try:
                async with asyncio.timeout(AGE_S):
                    last = await self._changes.wait(last)
            except TimeoutError:
                pass
            try:
                if time.monotonic() - self._looked_s < LOOKING_S:
                    await asyncio.get_running_loop().run_in_executor(self._thread, self._fresh)
            except StoreFault as error:
                log.error("the pages stay as they are: %s", error)
            shown.rise()
            await asyncio.sleep(PACE_S)
        shown.close()

    def overview(self) -> Overview:
        """As it was built last; the first who looks after a while has it built. Raises StoreFault then."""
        self._looked_s = time.monotonic()
        if self._shown is None or self._looked_s - self._built_s > AGE_S:
            return self._fresh()
        return self._shown

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _fresh(self) -> Overview:
        self._shown, self._built_s = self._alone(self._build), time.monotonic()
        return self._shown

    def _alone(self, call: Callable[[], T]) -> T:
        """Twice where it must be: a server that went and came back is found out by the first question to it."""
        with self._one_at_a_time:
            try:
                return call()
            except StoreFault:
                return call()
