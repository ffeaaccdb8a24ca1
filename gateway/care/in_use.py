"""Is somebody at work in this state folder? Workers hold a lock together, and each that of its name alone.

Who replaces the store must hold the first of them alone.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.identity.keyfiles import SECRET_MODE

LOCK_NAME: Final = "in-use.lock"
ANOTHER: Final = "Stop it first. One more beside it has a name of its own: borderpost gateway worker add."


@contextmanager
def at_work(state: Path) -> Iterator[None]:
    """For a worker. Several may be at work; none while the store is being replaced. The lock dies with its process."""
    with _held(
        state / LOCK_NAME,
        fcntl.LOCK_SH,
        "The store is being replaced by a backup.",
        "Start the gateway when that is done.",
    ):
        yield


@contextmanager
def only_one(state: Path, worker: str) -> Iterator[None]:
    """For the process of ``worker``. Raises GatewayError(in-use) while there is another: under one name they would
    throw each other out of the broker, over and over, and neither would do its work."""
    message = f"A gateway is at work in {state}, as {worker}."
    with _held(state / f"{worker}.lock", fcntl.LOCK_EX, message, ANOTHER):
        yield


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """For whoever replaces the store. Raises GatewayError(in-use) while a worker runs: it would write into the old."""
    with _held(state / LOCK_NAME, fcntl.LOCK_EX, f"A gateway is at work in {state}.", "Stop it first, then restore."):
        yield


@contextmanager
def _held(lock: Path, how: int, message: str, cure: str) -> Iterator[None]:
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GatewayError("in-use", message, cure) from error
        yield
    finally:
        os.close(descriptor)
