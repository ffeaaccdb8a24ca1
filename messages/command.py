"""What is a device told to do, and what came of it? A command signed by the region's control key; a signed answer.

A command is bound to one device (its ``cmd`` topic is signed too), to one boot of it, and to a deadline in that boot's
own monotonic time, so nobody's wall clock can make it early or late. ``counter`` rises, so it cannot act twice. No
command opens a door. The reader here proves who said it; when it may still act is the device's to decide.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from messages.body import read_body, write_body
from messages.errors import Quarantine, Refused
from messages.keys import ControlKey, ControlRecord, DeviceKey, KeyRecord
from messages.limits import (
    ANSWER_BODY_MAX_BYTES,
    ANSWER_MAX_BYTES,
    ARGUMENTS_MAX,
    CODE_MAX_CHARS,
    COMMAND_MAX_BYTES,
    TEXT_MAX_CHARS,
)
from messages.shape import CODE, PLAIN, Boot, Code, CodeOrNone, Count, Name, Number, exactly
from messages.signing import CONTENT_TYPE, expect_header, expect_signature, expect_topic, find_record, sign, take_apart
from messages.topics import Channel, Topic

COMMAND_TYPE: Final = "application/vnd.borderpost.command+cose; v=1"
ANSWER_TYPE: Final = "application/vnd.borderpost.answer+cose; v=1"


class Order(StrEnum):
    """What this version knows. A device answers ``unknown`` to any other code."""

    OPEN = "open"  # take the lane into service; it opens no door
    HOLD = "hold"
    OUT_OF_SERVICE = "out-of-service"
    SEND_LOG = "send-log"
    NEW_LIST = "new-list"
    RENEW = "renew"


class Result(StrEnum):
    """What a command came to; each command has exactly one."""

    DONE = "done"
    REFUSED = "refused"  # understood, and not allowed now
    LATE = "late"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    FAILED = "failed"


ArgumentName = Annotated[str, exactly(CODE, CODE_MAX_CHARS)]
ArgumentText = Annotated[str, exactly(PLAIN, TEXT_MAX_CHARS)]


class Command(Struct, frozen=True, gc=False):
    """``deadline_ms``: in the monotonic time of ``boot``; past it nothing may happen any more."""

    device: Name
    boot: Boot
    counter: Number
    deadline_ms: Count
    command: Code
    arguments: Annotated[dict[ArgumentName, Count | ArgumentText], Meta(max_length=ARGUMENTS_MAX)] = {}


class Answer(Struct, frozen=True, gc=False):
    """``cause``: a code, or nothing. ``body``: for ``send-log`` lines in UTF-8 without a person."""

    device: Name
    boot: Boot
    counter: Number
    command: Code
    result: Result
    cause: CodeOrNone = ""
    body: Annotated[bytes, Meta(max_length=ANSWER_BODY_MAX_BYTES)] = b""

    def __repr__(self) -> str:  # A log does not belong into a log.
        return (
            f"Answer({self.device!r}, {self.counter}, {self.command!r}, {self.result.value!r}, {len(self.body)} bytes)"
        )


def seal_command(command: Command, topic: Topic, key: ControlKey) -> bytes:
    """``topic`` is the device's topic of any class; the command is bound to its ``cmd`` topic."""
    _expect_device(command.device, topic)
    return sign(write_body(command), key, {CONTENT_TYPE: COMMAND_TYPE}, _cmd(topic))


def verify_command(data: bytes, topic: Topic, keys: Mapping[str, ControlRecord]) -> Command:
    """Believe it only if a known control key signed it for this very device; else Refused.

    A gateway's key is no control key: a worker that was taken over can acknowledge, but commands nobody.
    """
    envelope = take_apart(data, COMMAND_MAX_BYTES)
    expect_header(envelope, COMMAND_TYPE, set())
    record = find_record(envelope, keys)
    expect_signature(envelope, record, _cmd(topic))
    command = read_body(envelope.payload, Command)
    _expect_device(command.device, topic)
    return command


def seal_answer(answer: Answer, topic: Topic, key: DeviceKey) -> bytes:
    """``topic`` is the device's own topic of any class; the answer goes to its ``res`` topic."""
    _expect_device(answer.device, topic)
    return sign(write_body(answer), key, {CONTENT_TYPE: ANSWER_TYPE}, bytes(topic.to(Channel.RES)))


def verify_answer(data: bytes, topic: Topic, keys: Mapping[str, KeyRecord]) -> Answer:
    """The device's own word, heard on its own ``res`` topic; else Refused."""
    envelope = take_apart(data, ANSWER_MAX_BYTES)
    expect_header(envelope, ANSWER_TYPE, set())
    record = find_record(envelope, keys)
    expect_topic(record, topic, Channel.RES)
    expect_signature(envelope, record, bytes(topic))
    answer = read_body(envelope.payload, Answer)
    _expect_device(answer.device, topic)
    return answer


def _cmd(topic: Topic) -> bytes:
    return bytes(topic.to(Channel.CMD))


def _expect_device(device: str, topic: Topic) -> None:
    if device != topic.device:
        raise Refused(Quarantine.WRONG_TOPIC, "inside and outside name different devices")
