"""What crosses the wire, on which topic, signed by whom? The one table of every message of this contract."""

from dataclasses import dataclass
from typing import Final

from messages.ack import ACK_TYPE
from messages.command import ANSWER_TYPE, COMMAND_TYPE
from messages.frame import FRAME_TYPE
from messages.limits import (
    ACK_MAX_BYTES,
    ANSWER_MAX_BYTES,
    CHUNK_MESSAGE_MAX_BYTES,
    COMMAND_MAX_BYTES,
    FRAME_MAX_BYTES,
    MANIFEST_MAX_BYTES,
    STATUS_MAX_BYTES,
)
from messages.manifest import MANIFEST_TYPE
from messages.status import STATUS_TYPE
from messages.topics import Channel

CHUNK_TYPE: Final = "application/vnd.borderpost.chunk+cbor; v=1"


@dataclass(frozen=True, slots=True)
class Carried:
    """One kind of message. ``rule`` is its name in ``borderpost.cddl``; no message is ever retained."""

    name: str
    channel: Channel
    sender: str  # device | gateway
    signer: str
    content_type: str
    limit_bytes: int
    qos: int
    rule: str
    says: str


CARRIED: Final = (
    Carried(
        "frame", Channel.EVT, "device", "the device's key", FRAME_TYPE, FRAME_MAX_BYTES, 1, "frame",
        "1 to 50 events, sealed to the region.",
    ),
    Carried(
        "status", Channel.TEL, "device", "the device's key", STATUS_TYPE, STATUS_MAX_BYTES, 0, "status",
        "How the device is: a JSON object without a person. Nobody keeps it.",
    ),
    Carried(
        "answer", Channel.RES, "device", "the device's key", ANSWER_TYPE, ANSWER_MAX_BYTES, 1, "answer",
        "What a command came to.",
    ),
    Carried(
        "ack", Channel.ACK, "gateway", "a gateway worker's key", ACK_TYPE, ACK_MAX_BYTES, 1, "ack",
        "What is committed or in quarantine; only this strikes a row off an outbox.",
    ),
    Carried(
        "command", Channel.CMD, "gateway", "the region's control key", COMMAND_TYPE, COMMAND_MAX_BYTES, 1, "command",
        "An order to one device, for one boot, with a deadline. It opens no door.",
    ),
    Carried(
        "manifest", Channel.LIST, "gateway", "the region's control key", MANIFEST_TYPE, MANIFEST_MAX_BYTES, 1,
        "manifest", "Which list is the newest, and the digest of its bytes.",
    ),
    Carried(
        "chunk", Channel.LIST, "gateway", "nobody: a signed digest proves it", CHUNK_TYPE, CHUNK_MESSAGE_MAX_BYTES, 1,
        "chunk", "A part of a list, or of what makes it out of the one before.",
    ),
)  # fmt: skip
