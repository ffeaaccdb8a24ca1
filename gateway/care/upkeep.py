"""What does a gateway do by itself once a day? It takes away what may not be kept any longer, keys too.

Each duty for itself: one that fails is said, shown and tried again, and ends neither the others nor the days to come.
Else a damaged certificate would be enough for travellers to be kept for ever.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from cryptography.x509 import load_pem_x509_certificate

from gateway.care.retention import Swept, erased_in, sweep
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.register import Register
from gateway.state import StateFolder
from gateway.store.connection import StoreFault
from gateway.views import AlarmView

FIRST_S: Final = 60.0  # after the start, when the backlog has had its turn
EVERY_S: Final = 86_400.0
AGAIN_S: Final = 3_600.0  # when something of it failed
RETENTION: Final = "retention"
RETIRED_KEYS, CERTIFICATES, ERASURES = "retired-keys", "certificates", "erasures"
T = TypeVar("T")

log = logging.getLogger("gateway.upkeep")


@dataclass(frozen=True, slots=True)
class Done:
    """``swept`` is None when retention is among the duties that ``failed``."""

    swept: Swept | None
    failed: Mapping[str, Exception]

    def sentences(self) -> list[str]:
        return [f"{duty}: {_why(error)}; it is tried again" for duty, error in self.failed.items()]


class Upkeep:
    """The daily duties of one worker, and which of them have failed since when."""

    def __init__(self, folder: StateFolder, now: Callable[[], datetime]) -> None:
        self._folder, self._now = folder, now
        self._failing: Mapping[str, datetime] = {}

    async def keep(self) -> None:
        """For ever; in a thread and on a connection of its own, so that intake waits for one small transaction."""
        await asyncio.sleep(FIRST_S)
        while True:
            done = await self._once()
            self._failing = {duty: self._failing.get(duty, self._now()) for duty in done.failed}
            for sentence in done.sentences():
                log.error("%s", sentence)
            if done.swept is not None:
                log.info(
                    "retention: %d bodies and %d rows are gone", done.swept.bodies_removed, done.swept.rows_removed
                )
            await asyncio.sleep(AGAIN_S if done.failed else EVERY_S)

    def failing(self) -> list[str]:
        return list(self._failing)

    def alarms(self) -> tuple[AlarmView, ...]:
        """As the pages show them: of this worker, until the duty has been done."""
        name, now = self._folder.config.worker, self._now()
        failing = self._failing.items()
        return tuple(AlarmView(name, f"no-{duty}", 1, (now - since).total_seconds()) for duty, since in failing)

    async def _once(self) -> Done:
        try:
            return await asyncio.to_thread(keep_once, self._folder, self._now())
        except Exception as error:  # no store, no thread: whatever it is, there is a next time
            return Done(None, {RETENTION: error})


def keep_once(folder: StateFolder, now: datetime) -> Done:
    """Raises GatewayError when there is no store to open; what fails from there on is told."""
    failed: dict[str, Exception] = {}

    def do(duty: str, work: Callable[[], T]) -> T | None:
        try:
            return work()
        except Exception as error:  # a damaged file, a full disk, what nobody thought of: the others have their turn
            failed[duty] = error
            return None

    with closing(folder.open_store()) as connection:
        do(RETIRED_KEYS, partial(Register(connection).end_retired, int(now.timestamp() * 1000)))
        do(CERTIFICATES, partial(say_what_ends, folder, now))
        erased = do(ERASURES, partial(erased_in, folder.state)) or ()
        swept = do(RETENTION, lambda: sweep(connection, erased, now, folder.config.keep_days))
    return Done(swept, failed)


def say_what_ends(folder: StateFolder, now: datetime) -> None:
    """The region's own certificates: only ``gateway init`` renews them, for only it may need the CAs' keys.

    Raises GatewayError for those that cannot be read, after all the others.
    """
    damaged = []
    for path in (folder.worker_certificate(), folder.state / "enrolment.crt", folder.state / "broker" / "broker.crt"):
        try:
            certificate = load_pem_x509_certificate(path.read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValueError):
            damaged.append(path.name)
            continue
        if certificates.is_due(certificate, now):
            ends = certificate.not_valid_after_utc
            log.warning("%s ends on %s: run borderpost gateway init again, and start anew", path.name, ends.date())
    if damaged:
        message = f"What is in {', '.join(damaged)} cannot be read as a certificate."
        raise GatewayError("bad-certificate", message, "Restore it from the backup, or delete it and say gateway init.")


def _why(error: Exception) -> str:
    """Of a fault that nobody thought of its kind alone: its words may hold what it was about."""
    return str(error) if isinstance(error, StoreFault | GatewayError) else type(error).__name__
