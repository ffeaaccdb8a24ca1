"""Is somebody at work in this state folder? Workers hold a lock together; who replaces the store must hold it alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError
from gateway.identity.keyfiles import SECRET_MODE

LOCK_NAME: Final = "in-use.lock"


@contextmanager
def at_work(state: Path) -> Iterator[None]:
    """For a worker. Several may be at work; none while the store is being replaced. The lock dies with its process."""
    with _held(
        state, fcntl.LOCK_SH, "The store is being replaced by a backup.", "Start the gateway when that is done."
    ):
        yield


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """For whoever replaces the store. Raises GatewayError(in-use) while a worker runs: it would write into the old."""
    with _held(state, fcntl.LOCK_EX, f"A gateway is at work in {state}.", "Stop it first, then restore."):
        yield


@contextmanager
def _held(state: Path, how: int, message: str, cure: str) -> Iterator[None]:
    descriptor = os.open(state / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, SECRET_MODE)
    try:
        try:
            fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise GatewayError("in-use", message, cure) from error
        yield
    finally:
        os.close(descriptor)
