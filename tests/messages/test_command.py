"""Commands and answers: only the region's control key commands, one device, one boot; only that device answers."""

from collections.abc import Callable, Mapping
from dataclasses import replace as with_field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages.cbor import encode
from messages.command import (
    ANSWER_TYPE,
    COMMAND_TYPE,
    Answer,
    Command,
    Order,
    Result,
    seal_answer,
    seal_command,
    verify_answer,
    verify_command,
)
from messages.errors import Quarantine, Refused
from messages.keys import ControlKey, ControlRecord, DeviceKey, GatewayKey, KeyRecord
from messages.limits import ANSWER_BODY_MAX_BYTES, ANSWER_MAX_BYTES, ARGUMENTS_MAX, COMMAND_MAX_BYTES
from messages.signing import CONTENT_TYPE, sign
from messages.topics import Channel, Topic

BOOT = "0123456789abcdef" * 2
CONTROL = ControlKey("control-1", b"\x06" * 32)
CONTROLS: Mapping[str, ControlRecord] = {"control-1": CONTROL.record()}
COMMAND = Command("lane-1", BOOT, 7, 60_000, Order.HOLD, {"lines": 200, "why": "works on the lane"})
ANSWER = Answer("lane-1", BOOT, 7, Order.SEND_LOG, Result.DONE, "", b"12:00 ready\n")
Keys = Mapping[str, KeyRecord]


def reason_of(read: Callable[[], object]) -> Quarantine:
    with pytest.raises(Refused) as refusal:
        read()
    return refusal.value.reason


def forged(topic: Topic, key: ControlKey | GatewayKey | DeviceKey = CONTROL, **changes: object) -> bytes:
    body: dict[str, Any] = {
        "v": 1,
        "device": "lane-1",
        "boot": BOOT,
        "counter": 7,
        "deadline_ms": 60_000,
        "command": "hold",
        "arguments": {},
    }
    told = {name: value for name, value in (body | changes).items() if value is not None}
    return sign(encode(told), key, {CONTENT_TYPE: COMMAND_TYPE}, bytes(topic.to(Channel.CMD)))


@pytest.mark.parametrize("command", [COMMAND, replace(COMMAND, arguments={}), replace(COMMAND, command="dance")])
def test_a_command_reads_as_it_was_written(topic: Topic, command: Command) -> None:
    assert verify_command(seal_command(command, topic, CONTROL), topic, CONTROLS) == command


def test_what_is_forged_without_a_fault_is_a_true_command(topic: Topic) -> None:
    assert verify_command(forged(topic, more="for a newer device"), topic, CONTROLS).command == Order.HOLD


@pytest.mark.parametrize("result", list(Result))
def test_an_answer_reads_as_it_was_written(topic: Topic, device_key: DeviceKey, keys: Keys, result: Result) -> None:
    answer = replace(ANSWER, result=result)
    assert verify_answer(seal_answer(answer, topic, device_key), topic.to(Channel.RES), keys) == answer


def test_a_command_of_a_key_that_commands_nobody_is_refused(
    topic: Topic, gateway_key: GatewayKey, device_key: DeviceKey
) -> None:
    """A worker, or a device, that was taken over cannot command: its key is in no table of control keys."""
    for key in (gateway_key, device_key):
        assert reason_of(lambda key=key: verify_command(forged(topic, key), topic, CONTROLS)) is Quarantine.UNKNOWN_KEY
    impostor = ControlKey("control-1", b"\x0a" * 32)
    assert reason_of(lambda: verify_command(forged(topic, impostor), topic, CONTROLS)) is Quarantine.BAD_SIGNATURE
    revoked = {"control-1": with_field(CONTROLS["control-1"], revoked=True)}
    assert reason_of(lambda: verify_command(forged(topic), topic, revoked)) is Quarantine.REVOKED_KEY


def test_a_command_for_another_device_is_refused(topic: Topic) -> None:
    """Bound to the topic by the signature, and to the device inside."""
    other = Topic("utopia-north", "harbour", "lane-2", Channel.CMD)
    assert reason_of(lambda: verify_command(forged(topic), other, CONTROLS)) is Quarantine.BAD_SIGNATURE
    assert reason_of(lambda: verify_command(forged(other), other, CONTROLS)) is Quarantine.WRONG_TOPIC
    assert reason_of(lambda: seal_command(COMMAND, other, CONTROL)) is Quarantine.WRONG_TOPIC


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"v": 2}, Quarantine.UNKNOWN_VERSION),
        ({"v": None}, Quarantine.BAD_EVENTS),
        ({"v": "1"}, Quarantine.BAD_EVENTS),
        ({"boot": BOOT.upper()}, Quarantine.BAD_EVENTS),
        ({"boot": None}, Quarantine.BAD_EVENTS),
        ({"counter": 0}, Quarantine.BAD_EVENTS),
        ({"counter": 2**53}, Quarantine.BAD_EVENTS),
        ({"counter": "7"}, Quarantine.BAD_EVENTS),
        ({"deadline_ms": -1}, Quarantine.BAD_EVENTS),
        ({"command": "Hold"}, Quarantine.BAD_EVENTS),
        ({"command": b"hold"}, Quarantine.BAD_EVENTS),
        ({"arguments": []}, Quarantine.BAD_EVENTS),
        ({"arguments": {"Lines": 1}}, Quarantine.BAD_EVENTS),
        ({"arguments": {"lines\n": 1}}, Quarantine.BAD_EVENTS),
        ({"arguments": {"lines": [1]}}, Quarantine.BAD_EVENTS),
        ({"arguments": {"lines": "a\nb"}}, Quarantine.BAD_EVENTS),
        ({"arguments": {1: 1}}, Quarantine.BAD_EVENTS),
        ({"arguments": {f"a{place}": 1 for place in range(ARGUMENTS_MAX + 1)}}, Quarantine.BAD_EVENTS),
    ],
)
def test_a_command_of_another_form_is_refused(topic: Topic, changes: dict[str, object], reason: Quarantine) -> None:
    assert reason_of(lambda: verify_command(forged(topic, **changes), topic, CONTROLS)) is reason


def test_a_signed_body_that_is_no_map_is_refused(topic: Topic) -> None:
    told = sign(encode([1, 2]), CONTROL, {CONTENT_TYPE: COMMAND_TYPE}, bytes(topic.to(Channel.CMD)))
    assert reason_of(lambda: verify_command(told, topic, CONTROLS)) is Quarantine.BAD_EVENTS


def test_an_answer_of_another_device_is_refused(
    topic: Topic, device_key: DeviceKey, other_key: DeviceKey, keys: Keys
) -> None:
    res = topic.to(Channel.RES)
    body = {"v": 1, "device": "lane-1", "boot": BOOT, "counter": 7, "command": "hold", "result": "done"}
    stolen = sign(encode(body), other_key, {CONTENT_TYPE: ANSWER_TYPE}, bytes(res))
    assert reason_of(lambda: verify_answer(stolen, res, keys)) is Quarantine.WRONG_TOPIC
    about = sign(encode(body | {"device": "lane-2"}), device_key, {CONTENT_TYPE: ANSWER_TYPE}, bytes(res))
    assert reason_of(lambda: verify_answer(about, res, keys)) is Quarantine.WRONG_TOPIC
    told = sign(encode(body | {"result": "perhaps"}), device_key, {CONTENT_TYPE: ANSWER_TYPE}, bytes(res))
    assert reason_of(lambda: verify_answer(told, res, keys)) is Quarantine.BAD_EVENTS
    text = sign(encode(body | {"body": "aGk="}), device_key, {CONTENT_TYPE: ANSWER_TYPE}, bytes(res))
    assert reason_of(lambda: verify_answer(text, res, keys)) is Quarantine.BAD_EVENTS


def test_a_command_is_no_answer_and_an_answer_no_command(topic: Topic, device_key: DeviceKey, keys: Keys) -> None:
    """The content type says what was signed; nothing else can be made of it."""
    res = topic.to(Channel.RES)
    as_command = {"lane-1": ControlRecord("lane-1", device_key.public)}
    answer = seal_answer(ANSWER, topic, device_key)
    assert reason_of(lambda: verify_command(answer, topic, as_command)) is Quarantine.NOT_A_FRAME
    assert reason_of(lambda: verify_answer(seal_command(COMMAND, topic, CONTROL), res, keys)) is Quarantine.NOT_A_FRAME


def test_what_is_too_large_is_neither_written_nor_read(topic: Topic, device_key: DeviceKey, keys: Keys) -> None:
    largest = replace(ANSWER, command="c" * 60, cause="c" * 60, body=bytes(ANSWER_BODY_MAX_BYTES))
    assert len(seal_answer(largest, topic, device_key)) <= ANSWER_MAX_BYTES
    larger = replace(ANSWER, body=bytes(ANSWER_BODY_MAX_BYTES + 1))
    assert reason_of(lambda: seal_answer(larger, topic, device_key)) is Quarantine.BAD_EVENTS
    assert reason_of(lambda: verify_command(bytes(COMMAND_MAX_BYTES + 1), topic, CONTROLS)) is Quarantine.TOO_LARGE
    assert reason_of(lambda: verify_answer(bytes(ANSWER_MAX_BYTES + 1), topic, keys)) is Quarantine.TOO_LARGE


def test_the_largest_command_fits(topic: Topic) -> None:
    largest = replace(COMMAND, arguments={f"{place:060}": "😀" * 200 for place in range(ARGUMENTS_MAX)})
    assert len(seal_command(largest, topic, CONTROL)) <= COMMAND_MAX_BYTES
    assert verify_command(seal_command(largest, topic, CONTROL), topic, CONTROLS) == largest


def test_a_log_that_was_sent_stands_in_no_repr() -> None:
    assert "ready" not in repr(ANSWER)


@given(st.binary(max_size=200))
def test_garbage_never_raises_anything_but_refused(data: bytes) -> None:
    topic = Topic("r", "p", "d", Channel.RES)
    for head in (b"", b"\xd2", b"\xd2\x84"):
        with pytest.raises(Refused):
            verify_command(head + data, topic, CONTROLS)
        with pytest.raises(Refused):
            verify_answer(head + data, topic, {})
