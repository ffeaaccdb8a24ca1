"""The frame of version 1 as bytes that may never change, read by a second implementation written from the contract."""

import json
import re
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from messages.events import Event
from messages.frame import open_frame, read_events, seal_frame, verify
from messages.keys import DeviceKey, RegionKey
from messages.topics import Topic

GOLDEN = Path(__file__).parents[1] / "golden"
FRAME = "application/vnd.borderpost.frame+cose; v=1"


@pytest.fixture
def given() -> dict[str, Any]:
    told: dict[str, Any] = json.loads((GOLDEN / "frame_v1.json").read_text())
    return told


@pytest.fixture
def frame() -> bytes:
    return bytes.fromhex((GOLDEN / "frame_v1.hex").read_text())


def test_the_golden_frame_is_what_we_seal(given: dict[str, Any], frame: bytes) -> None:
    sealed = seal_frame(
        [Event.from_json(json.dumps(given["event"]).encode())],
        Topic.parse(given["topic"]),
        DeviceKey("lane-1", bytes.fromhex(given["device_seed"])),
        RegionKey(given["region_kid"], bytes.fromhex(given["region_secret"])).public,
        ephemeral=bytes.fromhex(given["ephemeral_secret"]),
        iv=bytes.fromhex(given["iv"]),
    )
    assert sealed.hex() == frame.hex()


def test_the_golden_frame_is_what_we_read(given: dict[str, Any], frame: bytes) -> None:
    topic = Topic.parse(given["topic"])
    keys = {"lane-1": DeviceKey("lane-1", bytes.fromhex(given["device_seed"])).record(topic.region, topic.post)}
    region = RegionKey(given["region_kid"], bytes.fromhex(given["region_secret"]))
    (event,) = read_events(open_frame(verify(frame, topic, keys), region))
    assert json.loads(event.to_json()) == given["event"]


def opened(frame: bytes, given: dict[str, Any]) -> tuple[Any, Any]:
    """A reader written from the contract alone: the protected header of a frame and what is inside."""
    topic = given["topic"].encode()
    protected, unprotected, payload, signature = cbor2.loads(frame).value
    assert dict(unprotected) == {}
    device = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["device_seed"])).public_key()
    device.verify(signature, cbor2.dumps(["Signature1", protected, topic, payload]))
    body, nonce, ciphertext, ((recipient, ephemeral, wrapped),) = cbor2.loads(payload).value
    assert (cbor2.loads(body), cbor2.loads(recipient), wrapped) == ({1: 3}, {1: -25}, b"")
    assert ephemeral[4] == given["region_kid"].encode()
    region = X25519PrivateKey.from_private_bytes(bytes.fromhex(given["region_secret"]))
    shared = region.exchange(X25519PublicKey.from_public_bytes(ephemeral[-1][-2]))
    context = cbor2.dumps([3, [None] * 3, [None] * 3, [256, recipient]])
    content_key = HKDF(SHA256(), 32, salt=None, info=context).derive(shared)
    plaintext = AESGCM(content_key).decrypt(nonce[5], ciphertext, cbor2.dumps(["Encrypt", body, topic]))
    return cbor2.loads(protected), cbor2.loads(plaintext)


def test_a_reader_written_from_the_contract_alone_reads_the_golden_frame(given: dict[str, Any], frame: bytes) -> None:
    header, inside = opened(frame, given)
    boot = given["event"]["bpboot"]
    assert header == {1: -8, 3: FRAME, 4: b"lane-1", "boot": bytes.fromhex(boot), "seqs": [17, 17]}
    assert json.loads(inside.pop("events")[0]) == given["event"]
    place = {"region": "utopia-north", "post": "harbour", "device": "lane-1"}
    assert inside == {"v": 1, **place, "boot": boot, "first": 17}


def test_a_group_of_a_counted_boot_and_of_keys_that_followed_others() -> None:
    """``number`` inside, ``kid`` lane-1.2 outside, sealed to region-2: read by both, and written as it lies here."""
    group = json.loads((GOLDEN / "frame_v1_group.json").read_text())
    frame = bytes.fromhex((GOLDEN / "frame_v1_group.hex").read_text())
    header, inside = opened(frame, group)
    boot = group["events"][0]["bpboot"]
    assert header == {1: -8, 3: FRAME, 4: b"lane-1.2", "boot": bytes.fromhex(boot), "seqs": [17, 18]}
    assert [json.loads(event) for event in inside.pop("events")] == group["events"]
    place = {"region": "utopia-north", "post": "harbour", "device": "lane-1"}
    assert inside == {"v": 1, **place, "boot": boot, "first": 17, "number": 5}
    topic, device = Topic.parse(group["topic"]), DeviceKey("lane-1.2", bytes.fromhex(group["device_seed"]))
    region = RegionKey("region-2", bytes.fromhex(group["region_secret"]))
    found = open_frame(verify(frame, topic, {"lane-1.2": device.record(topic.region, topic.post)}), region)
    events = read_events(found)
    assert (found.number, [json.loads(event.to_json()) for event in events]) == (5, group["events"])
    chance = {"ephemeral": bytes.fromhex(group["ephemeral_secret"]), "iv": bytes.fromhex(group["iv"])}
    assert seal_frame(events, topic, device, region.public, number=5, **chance) == frame


def tables(page: str) -> list[bytes]:
    """The bytes of each table of the page, put together; each row must stand where it says."""
    found = []
    for section in page.split("\n## ")[1:]:
        rows = re.findall(r"^\| (\d+) \| `([0-9a-f]+)` \|", section, re.MULTILINE)
        parts = [bytes.fromhex(told) for _, told in rows]
        assert [int(at) for at, _ in rows] == [sum(map(len, parts[:place])) for place in range(len(parts))]
        found.append(b"".join(parts))
    return found


def test_the_page_about_the_golden_frame_holds_every_byte_of_it(given: dict[str, Any], frame: bytes) -> None:
    page = (GOLDEN / "frame_v1.md").read_text()
    topic = given["topic"].encode()
    whole, plaintext, signed, bound, context, *_ = tables(page)
    assert whole == frame
    protected, _, payload, _ = cbor2.loads(frame).value
    body, nonce, ciphertext, ((recipient, ephemeral, _),) = cbor2.loads(payload).value
    assert signed == cbor2.dumps(["Signature1", protected, topic, payload])
    assert bound == cbor2.dumps(["Encrypt", body, topic])
    assert context == cbor2.dumps([3, [None] * 3, [None] * 3, [256, recipient]])
    device, region, shared, content_key = map(
        bytes.fromhex, re.findall(r"^\| the .* \| `([0-9a-f]{64})` \|$", page, re.MULTILINE)
    )
    seed = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["device_seed"]))
    secret = X25519PrivateKey.from_private_bytes(bytes.fromhex(given["region_secret"]))
    assert (device, region) == (seed.public_key().public_bytes_raw(), secret.public_key().public_bytes_raw())
    assert shared == secret.exchange(X25519PublicKey.from_public_bytes(ephemeral[-1][-2]))
    assert content_key == HKDF(SHA256(), 32, salt=None, info=context).derive(shared)
    assert AESGCM(content_key).decrypt(nonce[5], ciphertext, bound) == plaintext
