"""Whose frames may be believed at this moment? The register, read again whenever it has changed and not before.

With two thousand devices a reading costs more than a batch of frames; the version costs one row. A revocation by any
process counts from the next batch on (D30).
"""

from gateway.identity.register import Register
from messages.keys import KeyRecord


class Known:
    """One reader's view of the register, for the thread that reads it."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._version: int | None = None
        self._keys: dict[str, KeyRecord] = {}
        self._devices: list[KeyRecord] = []

    def keys(self) -> dict[str, KeyRecord]:
        """Every key by its id. Raises StoreFault: a fault of the disk is never a stranger's frame."""
        self._look()
        return self._keys

    def devices(self) -> list[KeyRecord]:
        """The newest key of each device."""
        self._look()
        return self._devices

    def _look(self) -> None:
        version = self._register.version()
        if version != self._version:
            # The version is read first: what changes in between is read again at the next look.
            self._keys, self._devices = self._register.snapshot(), self._register.devices()
            self._version = version
