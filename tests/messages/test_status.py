"""The device's word about itself: signed, bounded, on its own topic."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from messages.errors import Quarantine, Refused
from messages.keys import DeviceKey, KeyRecord
from messages.limits import STATUS_MAX_BYTES
from messages.signing import CONTENT_TYPE, sign
from messages.status import STATUS_TYPE, sign_status, verify_status
from messages.topics import Channel, Topic

Keys = Mapping[str, KeyRecord]
STATUS: dict[str, object] = {"state": "open", "waiting": 3, "boots": [{"boot": "00", "last_seq": 3}]}


@pytest.fixture
def tel(topic: Topic) -> Topic:
    return topic.to(Channel.TEL)


def reason_of(read: Callable[[], object]) -> Quarantine:
    with pytest.raises(Refused) as refusal:
        read()
    return refusal.value.reason


def test_a_status_reads_as_it_was_written(topic: Topic, tel: Topic, device_key: DeviceKey, keys: Keys) -> None:
    assert verify_status(sign_status(STATUS, topic, device_key), tel, keys) == STATUS


def test_a_status_of_another_device_topic_or_key_is_refused(
    topic: Topic, tel: Topic, device_key: DeviceKey, keys: Keys
) -> None:
    status = sign_status(STATUS, topic, device_key)
    assert reason_of(lambda: verify_status(status, replace(tel, device="lane-2"), keys)) is Quarantine.WRONG_TOPIC
    assert reason_of(lambda: verify_status(status, topic, keys)) is Quarantine.WRONG_TOPIC
    assert reason_of(lambda: verify_status(status, tel, {})) is Quarantine.UNKNOWN_KEY
    revoked = {"lane-1": replace(keys["lane-1"], revoked=True)}
    assert reason_of(lambda: verify_status(status, tel, revoked)) is Quarantine.REVOKED_KEY
    stranger = {"lane-1": replace(keys["lane-1"], public=keys["lane-2"].public)}
    assert reason_of(lambda: verify_status(status, tel, stranger)) is Quarantine.BAD_SIGNATURE


def test_a_status_that_is_no_strict_json_is_refused(tel: Topic, device_key: DeviceKey, keys: Keys) -> None:
    for body in (b"[]", b'{"a":1,"a":2}', b"\xff"):
        status = sign(body, device_key, {CONTENT_TYPE: STATUS_TYPE}, bytes(tel))
        assert reason_of(lambda status=status: verify_status(status, tel, keys)) is Quarantine.BAD_EVENTS


def test_a_status_over_its_limit_is_refused_on_both_sides(
    topic: Topic, tel: Topic, device_key: DeviceKey, keys: Keys
) -> None:
    large = {"note": "x" * STATUS_MAX_BYTES}
    assert reason_of(lambda: sign_status(large, topic, device_key)) is Quarantine.TOO_LARGE
    assert reason_of(lambda: verify_status(bytes(STATUS_MAX_BYTES + 1), tel, keys)) is Quarantine.TOO_LARGE
