"""How is the device? A signed word on ``tel`` every few seconds; it holds no person and nobody keeps it."""

import json
from collections.abc import Mapping
from typing import Final

from messages.errors import Quarantine, Refused
from messages.keys import DeviceKey, KeyRecord
from messages.limits import STATUS_MAX_BYTES
from messages.signing import CONTENT_TYPE, expect_header, expect_signature, expect_topic, find_record, sign, take_apart
from messages.strict_json import loads
from messages.topics import Channel, Topic

STATUS_TYPE: Final = "application/vnd.borderpost.status+json; v=1"


def sign_status(status: Mapping[str, object], topic: Topic, key: DeviceKey) -> bytes:
    body = json.dumps(status, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    signed = sign(body, key, {CONTENT_TYPE: STATUS_TYPE}, bytes(topic.to(Channel.TEL)))
    if len(signed) > STATUS_MAX_BYTES:
        raise Refused(Quarantine.TOO_LARGE, f"status over {STATUS_MAX_BYTES} bytes")
    return signed


def verify_status(data: bytes, topic: Topic, keys: Mapping[str, KeyRecord]) -> dict[str, object]:
    """The device's own word, or Refused. Whoever shows it escapes it: a device may write what it likes."""
    envelope = take_apart(data, STATUS_MAX_BYTES)
    expect_header(envelope, STATUS_TYPE, set())
    record = find_record(envelope, keys)
    expect_topic(record, topic, Channel.TEL)
    expect_signature(envelope, record, bytes(topic))
    return loads(envelope.payload, STATUS_MAX_BYTES)
