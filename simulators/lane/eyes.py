"""What the simulated people see: the traveller's display and the officer's desk, over the same wires as a browser."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any  # JSON from the pages

from simulators.lane import http

Wanted = Callable[[dict[str, Any]], bool]

LOOK_AGAIN_S = 0.1  # after a stream has broken: the lane restarts, the people go on looking


@dataclass(frozen=True, slots=True)
class Sign:
    """One picture on the traveller's display."""

    screen: str
    hint: str
    visit: int
    seen_s: float


class Eyes:
    """Follows one stream for as long as the run lasts; ``until`` waits for what it should show."""

    def __init__(self, port: int, path: str, event: str, headers: Mapping[str, str] | None = None) -> None:
        self.current: dict[str, Any] = {}
        self.changed_s = 0.0
        self._port, self._path, self._event, self._headers = port, path, event, headers
        self._waiting: list[tuple[Wanted, asyncio.Future[dict[str, Any]]]] = []

    async def follow(self) -> None:
        while True:
            try:
                async for shown in http.events(self._port, self._path, self._event, self._headers):
                    self._see(shown)
            except http.Unreachable:
                pass  # Nobody there just now: a page says "stale" by itself, a person waits.
            await asyncio.sleep(LOOK_AGAIN_S)

    def _see(self, shown: dict[str, Any]) -> None:
        """Whoever waits for this has seen it, also when the next picture comes before he can act."""
        self.current, self.changed_s = shown, asyncio.get_running_loop().time()
        for wanted, seen in self._waiting:
            if not seen.done() and wanted(shown):
                seen.set_result(shown)

    async def until(self, wanted: Wanted, limit_s: float) -> dict[str, Any] | None:
        """What is shown as soon as it is wanted, or None at the limit."""
        if self.current and wanted(self.current):
            return self.current
        seen: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, seen))
        try:
            async with asyncio.timeout(limit_s):
                return await seen
        except TimeoutError:
            return None
        finally:
            self._waiting.remove((wanted, seen))


class Display(Eyes):
    """The traveller's display."""

    def __init__(self, port: int) -> None:
        super().__init__(port, "/events", "screen")

    @property
    def sign(self) -> Sign:
        shown = self.current
        return Sign(shown.get("screen", "stale"), shown.get("hint", ""), shown.get("visit", 0), self.changed_s)

    async def next_sign(self, last: Sign | None, limit_s: float) -> Sign | None:
        """The sign when it differs from the last one that was acted upon, or None at the limit."""

        def differs(shown: dict[str, Any]) -> bool:
            return last is None or (shown["screen"], shown["hint"], shown["visit"]) != (
                last.screen,
                last.hint,
                last.visit,
            )

        return self.sign if await self.until(differs, limit_s) is not None else None


class Desk(Eyes):
    """The officer's own page of the lane."""

    def __init__(self, port: int, key: str) -> None:
        self._authority = {"Authorization": f"Bearer {key}"}
        super().__init__(port, "/officer/events", "lane", self._authority)
        self._own_port = port

    async def press(self, button: str) -> None:
        await http.post(self._own_port, f"/officer/{button}", self._authority)
