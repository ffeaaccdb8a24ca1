"""Whose frames may be believed at this moment? The register, read again whenever it has changed and not before.

With two thousand devices a reading costs more than a batch of frames; the version and the epoch cost a row each. A
revocation by any process counts from the next batch on (D30).
"""

from gateway.care.epoch import epoch
from gateway.identity.register import Register
from gateway.store.connection import Connection
from messages.ack import Epoch
from messages.keys import KeyRecord


class Known:
    """One reader's view of the register, for the thread that reads it."""

    def __init__(self, reader: Connection) -> None:
        self._reader = reader
        self._register = Register(reader)
        self._seen: tuple[Epoch, int] | None = None
        self._keys: dict[str, KeyRecord] = {}
        self._devices: list[KeyRecord] = []

    def keys(self) -> dict[str, KeyRecord]:
        """Every key by its id; another object when anything changed. Raises StoreFault: a fault of the disk is never a
        stranger's frame."""
        self._look()
        return self._keys

    def devices(self) -> list[KeyRecord]:
        """The newest key of each device."""
        self._look()
        return self._devices

    def _look(self) -> None:
        # A register that came from a backup may bear the number of the one before it, and hold other keys.
        seen = epoch(self._reader), self._register.version()
        if seen != self._seen:
            # Both are read first: what changes in between is read again at the next look.
            self._keys, self._devices = self._register.snapshot(), self._register.devices()
            self._seen = seen
