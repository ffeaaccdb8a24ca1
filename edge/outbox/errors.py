"""What is wrong with the outbox? Sentences for whoever stands before the device."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why no new passage may begin: ``code`` is an ALARM of the contract, ``sentence`` is for an officer."""

    code: str
    sentence: str


class OutboxError(Exception):
    """The event is not on the disk. Nobody may pass on it."""


class Unfit(OutboxError):
    """``where`` names the place in the event that breaks the contract, never its value."""

    def __init__(self, where: str) -> None:
        super().__init__(f"The event breaks the contract ({where}), so it was not recorded: report this fault.")


class DiskFull(OutboxError):
    def __init__(self) -> None:
        super().__init__("The disk of this device is full, so nothing can be recorded: free space on it.")


class StoreBroken(OutboxError):
    """``what`` is SQLite's own word for it and holds no data."""

    def __init__(self, what: str) -> None:
        super().__init__(f"The outbox cannot be written ({what}): check the storage of this device.")


class Damaged(StoreBroken):
    def __init__(self) -> None:
        super().__init__("the file is damaged")


class OutboxBusy(OutboxError):
    def __init__(self) -> None:
        super().__init__("Another process holds the outbox: stop the other edge of this device first.")


class TooNew(OutboxError):
    def __init__(self, version: int) -> None:
        super().__init__(f"The outbox was written by a newer release (schema {version}): install that release again.")
