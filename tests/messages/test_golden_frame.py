"""The frame of version 1 as bytes that may never change, read by a second implementation written from the contract."""

import json
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


def test_a_reader_written_from_the_contract_alone_reads_the_golden_frame(given: dict[str, Any], frame: bytes) -> None:
    topic = given["topic"].encode()
    protected, unprotected, payload, signature = cbor2.loads(frame).value
    assert dict(unprotected) == {}
    device = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(given["device_seed"])).public_key()
    device.verify(signature, cbor2.dumps(["Signature1", protected, topic, payload]))
    assert dict(cbor2.loads(protected)) == {
        1: -8,
        3: "application/vnd.borderpost.frame+cose; v=1",
        4: b"lane-1",
        "boot": bytes.fromhex(given["event"]["bpboot"]),
        "seqs": [17, 17],
    }
    body, nonce, ciphertext, ((recipient, ephemeral, wrapped),) = cbor2.loads(payload).value
    assert (cbor2.loads(body), cbor2.loads(recipient), wrapped) == ({1: 3}, {1: -25}, b"")
    assert ephemeral[4] == given["region_kid"].encode()
    region = X25519PrivateKey.from_private_bytes(bytes.fromhex(given["region_secret"]))
    shared = region.exchange(X25519PublicKey.from_public_bytes(ephemeral[-1][-2]))
    context = cbor2.dumps([3, [None] * 3, [None] * 3, [256, recipient]])
    content_key = HKDF(SHA256(), 32, salt=None, info=context).derive(shared)
    plaintext = AESGCM(content_key).decrypt(nonce[5], ciphertext, cbor2.dumps(["Encrypt", body, topic]))
    inside = cbor2.loads(plaintext)
    assert json.loads(inside.pop("events")[0]) == given["event"]
    assert inside == {
        "v": 1,
        "region": "utopia-north",
        "post": "harbour",
        "device": "lane-1",
        "boot": given["event"]["bpboot"],
        "first": 17,
    }
