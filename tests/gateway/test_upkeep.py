"""Once a day a gateway takes away what may not be kept any longer, and tries again when the store refuses."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.care import upkeep
from gateway.care.retention import Swept
from gateway.store.connection import StoreFault

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def slept(monkeypatch: pytest.MonkeyPatch, times: int) -> list[float]:
    """For how long it would have slept; it is ended at the last one."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        if len(asked) == times:
            raise asyncio.CancelledError

    monkeypatch.setattr(upkeep.asyncio, "sleep", sleep)
    return asked


def keep_up(region: Any) -> None:
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(upkeep.keep_up(region.authority, lambda: NOW))


def test_it_sweeps_a_little_after_the_start_and_then_daily(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = slept(monkeypatch, 3)
    swept: list[datetime] = []
    real: Callable[..., Swept] = upkeep.sweep_once

    def sweep_once(folder: Any, now: datetime) -> Swept:
        swept.append(now)
        return real(folder, now)

    monkeypatch.setattr(upkeep, "sweep_once", sweep_once)
    keep_up(region)
    assert asked == [upkeep.FIRST_S, upkeep.EVERY_S, upkeep.EVERY_S]
    assert swept == [NOW, NOW]


def test_a_store_that_refuses_is_asked_again_within_the_hour(region: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = slept(monkeypatch, 3)
    answers: list[Swept | StoreFault] = [StoreFault("SQLITE_FULL"), Swept(0, 0, "2026-11-24")]

    def sweep_once(folder: Any, now: datetime) -> Swept:
        answer = answers.pop(0)
        if isinstance(answer, StoreFault):
            raise answer
        return answer

    monkeypatch.setattr(upkeep, "sweep_once", sweep_once)
    keep_up(region)
    assert asked == [upkeep.FIRST_S, upkeep.AGAIN_S, upkeep.EVERY_S]
