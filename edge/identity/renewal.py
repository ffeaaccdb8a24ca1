"""When does a device renew? From two thirds of its certificate's time on, by itself, until it is answered.

It asks at a moment of its own within the hour, so that a region's devices do not come together; it tries again less
and less often, and says ``certificate-ending`` while a technician still has days to look at the line. A certificate
that has ended while the post was cut off is renewed like any other for a month: the device's signing key proves it.

A post whose clock nobody keeps cannot know that its certificate has ended; the broker knows, and lets it in no more. So
it also renews when it has been offline for some minutes. Such a clock may call the next certificate ended as well:
whatever was renewed rests for hours.
"""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from secrets import SystemRandom
from typing import Final

from edge.config import ConfigError
from edge.identity.asking import EnrolmentRefused
from edge.identity.enrolling import renew_at
from edge.identity.identity import Identity, read_identity
from edge.identity.validity import Validity
from edge.outbox.clock import Stamp

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 60.0
SPREAD_S: Final = 3_600.0
RETRY_FIRST_S: Final = 300.0
RETRY_CEILING_S: Final = 6 * 3_600.0
OFFLINE_MAX_S: Final = 300.0  # with a clock that nobody keeps
REST_S: Final = 6 * 3_600.0  # behind a renewal, whatever a clock says of the new dates
ALARM_EVERY_S: Final = 86_400.0
CHANCE: Final = SystemRandom()


Known = tuple[Identity, Validity]


def retry_s(failures: int, chance: Callable[[float, float], float]) -> float:
    """Doubling, with a ceiling; half of it chance."""
    return min(RETRY_CEILING_S, RETRY_FIRST_S * 2.0 ** min(failures - 1, 16)) * chance(0.5, 1.0)


class Renewal:
    """``run`` until cancelled. ``on_renewed`` comes in the event loop with every new identity, whoever put it there:
    this part, or ``borderpost device renew`` beside it. ``offline_s`` says for how long the broker has been away."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], Stamp],
        on_renewed: Callable[[Identity], None],
        on_alarm: Callable[[str], None],
        *,
        offline_s: Callable[[], float] = lambda: 0.0,
        spread_s: float = SPREAD_S,
        look_every_s: float = LOOK_EVERY_S,
        offline_max_s: float = OFFLINE_MAX_S,
    ) -> None:
        self._folder, self._now = folder, now
        self._on_renewed, self._on_alarm = on_renewed, on_alarm
        self._offline_s, self._offline_max_s = offline_s, offline_max_s
        self._spread_s, self._look_every_s = spread_s, look_every_s
        self._asked = asyncio.Event()
        self._rests_until_s = 0.0
        self._failures, self._alarmed_s = 0, -ALARM_EVERY_S

    def ask(self) -> None:
        """Renew now, whatever the dates say (the command ``renew``)."""
        self._asked.set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        known = await asyncio.to_thread(self._read)
        next_s: float | None = None
        while True:
            fresh = await asyncio.to_thread(self._read)
            if fresh is not None and known is not None and fresh != known:
                self._on_renewed(fresh[0])
            known = fresh or known
            next_s = self._when(known, next_s, loop.time())
            if next_s is not None and loop.time() >= next_s:
                next_s = await self._try(known, loop.time())
                continue
            await self._sleep(next_s, loop.time())

    def _when(self, known: "Known | None", next_s: float | None, now_s: float) -> float | None:
        """The moment of the next attempt; None while none is due."""
        if self._asked.is_set():
            self._asked.clear()
            return now_s
        if known is None or not self._is_due(known[1], self._now()) or now_s < self._rests_until_s:
            return None
        return now_s + CHANCE.uniform(0.0, self._spread_s) if next_s is None else next_s

    def _is_due(self, validity: Validity, now: Stamp) -> bool:
        return validity.due(now.judging) or (not now.certain and self._offline_s() >= self._offline_max_s)

    async def _try(self, known: "Known | None", now_s: float) -> float | None:
        """None when it was renewed, else the moment of the next attempt."""
        try:
            await asyncio.to_thread(self._renew, known)
        except (EnrolmentRefused, OSError, ValueError) as error:
            self._failures += 1
            log.warning("renewal: not renewed (%s)", error)
            if known is None or known[1].ending(self._now().judging):
                self._alarm(now_s)
            return now_s + retry_s(self._failures, CHANCE.uniform)
        self._failures, self._alarmed_s = 0, -ALARM_EVERY_S
        self._rests_until_s = now_s + REST_S
        log.info("renewal: this device has a new certificate")
        return None

    def _renew(self, known: "Known | None") -> None:
        if known is None or not known[0].at:
            raise EnrolmentRefused("usage", "This device was not told where to renew.", "Renew it with --at HOST:PORT.")
        renew_at(known[0].at, self._folder, self._now)

    def _alarm(self, now_s: float) -> None:
        if now_s - self._alarmed_s >= ALARM_EVERY_S:
            self._alarmed_s = now_s
            self._on_alarm("certificate-ending")

    def _read(self) -> "Known | None":
        """None while the folder cannot be read: whoever writes there is not done, or the disk is ill."""
        try:
            identity = read_identity(self._folder)
            return identity, Validity.of(identity.cert)
        except (ConfigError, OSError, ValueError) as error:
            log.warning("renewal: the identity cannot be read (%s)", error)
            return None

    async def _sleep(self, next_s: float | None, now_s: float) -> None:
        """Until the next look, the next attempt, or until somebody asks."""
        wait_s = self._look_every_s if next_s is None else min(self._look_every_s, next_s - now_s)
        try:
            async with asyncio.timeout(max(0.0, wait_s)):
                await self._asked.wait()
        except TimeoutError:
            return
