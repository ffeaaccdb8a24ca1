"""What does a gateway do by itself once a day? It takes away what may not be kept any longer, keys too."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from typing import Final

from cryptography.x509 import load_pem_x509_certificate

from gateway.care.retention import Swept, erased_in, sweep
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.register import Register
from gateway.state import StateFolder
from gateway.store.connection import StoreFault

FIRST_S: Final = 60.0  # after the start, when the backlog has had its turn
EVERY_S: Final = 86_400.0
AGAIN_S: Final = 3_600.0  # when the store refused

log = logging.getLogger("gateway.upkeep")


async def keep_up(folder: StateFolder, now: Callable[[], datetime]) -> None:
    """For ever; in a thread and on a connection of its own, so that intake waits for one small transaction at most."""
    await asyncio.sleep(FIRST_S)
    while True:
        try:
            swept = await asyncio.to_thread(sweep_once, folder, now())
        except (StoreFault, GatewayError) as error:
            log.error("retention: %s; it is tried again", error)
            await asyncio.sleep(AGAIN_S)
            continue
        log.info("retention: %d bodies and %d rows are gone", swept.bodies_removed, swept.rows_removed)
        await asyncio.sleep(EVERY_S)


def sweep_once(folder: StateFolder, now: datetime) -> Swept:
    with closing(folder.open_store()) as connection:
        Register(connection).end_retired(int(now.timestamp() * 1000))
        say_what_ends(folder, now)
        return sweep(connection, erased_in(folder.state), now, folder.config.keep_days)


def say_what_ends(folder: StateFolder, now: datetime) -> None:
    """The region's own certificates: only ``gateway init`` renews them, for only it may need the CAs' keys."""
    for path in (folder.worker_certificate(), folder.state / "enrolment.crt", folder.state / "broker" / "broker.crt"):
        if path.exists() and certificates.is_due(certificate := load_pem_x509_certificate(path.read_bytes()), now):
            ends = certificate.not_valid_after_utc
            log.warning("%s ends on %s: run borderpost gateway init again, and start anew", path.name, ends.date())
