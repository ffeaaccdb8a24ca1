"""Why is a message not taken? One exception, whose reason is a word of the contract (docs/contract.md, 7)."""

from enum import StrEnum


class Quarantine(StrEnum):
    """Why bytes are kept aside instead of stored. ``sequence-conflict`` is found by the store, the rest here."""

    TOO_LARGE = "too-large"
    NOT_CBOR = "not-cbor"
    NOT_A_FRAME = "not-a-frame"
    UNKNOWN_VERSION = "unknown-version"
    UNKNOWN_KEY = "unknown-key"
    REVOKED_KEY = "revoked-key"
    WRONG_TOPIC = "wrong-topic"
    BAD_SIGNATURE = "bad-signature"
    WRONG_REGION = "wrong-region"
    CANNOT_OPEN = "cannot-open"
    BAD_EVENTS = "bad-events"
    SEQUENCE_CONFLICT = "sequence-conflict"


class ContractError(Exception):
    """The other end broke the contract: theirs to repair. The text never holds what they sent."""


class Refused(ContractError):
    """A message is not taken. ``detail`` names a place, never a value: it may be logged."""

    def __init__(self, reason: Quarantine, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
