"""How a page hears that something in the region changed: a number that rises, and a wait for it to rise."""

import asyncio


class Changes:
    """A counter to wait on. Many changes while nobody waits are one change: a slow reader never queues anything."""

    def __init__(self) -> None:
        self._number = 0
        self._risen = asyncio.Event()
        self.closed = False

    def rise(self) -> None:
        self._number += 1
        self._risen.set()
        self._risen = asyncio.Event()

    def close(self) -> None:
        """The gateway is ending: whoever waits returns, looks at ``closed`` and ends its stream."""
        self.closed = True
        self.rise()

    async def wait(self, last: int) -> int:
        """Return the current number once it differs from ``last`` (start with 0); after ``close`` at once."""
        while self._number == last and not self.closed:
            await self._risen.wait()
        return self._number
