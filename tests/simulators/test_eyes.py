"""What simulated people see: every picture that is shown, however short it is there."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from simulators.lane import http
from simulators.lane.eyes import Eyes, Wanted

LIMIT_S = 10.0


def shown(monkeypatch: pytest.MonkeyPatch, *screens: str) -> Eyes:
    """A page that shows these, one right after the other."""

    async def events(*_: object) -> AsyncIterator[dict[str, Any]]:
        for screen in screens:
            yield {"screen": screen}
        raise http.Unreachable

    monkeypatch.setattr(http, "events", events)
    return Eyes(1, "/events", "screen")


def screen_is(name: str) -> Wanted:
    return lambda picture: picture["screen"] == name


def test_a_picture_that_is_gone_at_once_was_seen_by_whoever_waited_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        eyes = shown(monkeypatch, "look", "go", "ready")
        waiting = asyncio.ensure_future(eyes.until(screen_is("go"), LIMIT_S))
        await asyncio.sleep(0)  # until he looks
        following = asyncio.ensure_future(eyes.follow())
        assert await waiting == {"screen": "go"}
        assert eyes.current == {"screen": "ready"}
        following.cancel()

    asyncio.run(story())


def test_what_is_shown_already_is_not_waited_for_and_what_never_comes_ends_at_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        eyes = shown(monkeypatch, "ready")
        following = asyncio.ensure_future(eyes.follow())
        assert await eyes.until(screen_is("ready"), LIMIT_S) == {"screen": "ready"}
        assert await eyes.until(screen_is("ready"), 0) == {"screen": "ready"}
        assert await eyes.until(screen_is("go"), 0.01) is None
        following.cancel()

    asyncio.run(story())
