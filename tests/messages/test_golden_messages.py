"""Acknowledgement, command, answer, status, manifest, chunk and delta of version 1, as bytes that may never change."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from messages.ack import Ack, Epoch, seal_ack, verify_ack
from messages.command import Answer, Command, Result, seal_answer, seal_command, verify_answer, verify_command
from messages.delta import apply_delta, make_delta
from messages.keys import ControlKey, DeviceKey, GatewayKey
from messages.manifest import cut, manifest_of, read_chunk, renewed, seal_manifest, verify_manifest
from messages.status import sign_status, verify_status
from messages.topics import Topic

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parents[1] / "golden" / "messages_v1.json").read_text())
SIGNED = ("ack", "command", "answer", "status", "manifest")


def told(name: str) -> tuple[bytes, bytes, Any]:
    """The message's bytes, the seed it was signed with, and what it says; bytes within stand as {"bytes": hex}."""

    def with_bytes(value: dict[str, Any]) -> Any:
        return bytes.fromhex(value["bytes"]) if list(value) == ["bytes"] else value

    row = GOLDEN[name]
    body = json.loads(json.dumps(row["body"]), object_hook=with_bytes)
    return bytes.fromhex(row["bytes"]), bytes.fromhex(row.get("seed", "")), body


@pytest.mark.parametrize("name", SIGNED)
def test_a_reader_written_from_the_contract_alone_reads_it(name: str) -> None:
    message, seed, body = told(name)
    protected, unprotected, payload, signature = cbor2.loads(message).value
    row = GOLDEN[name]
    assert dict(cbor2.loads(protected)) == {1: -8, 3: row["content_type"], 4: row["kid"].encode()}
    assert dict(unprotected) == {}
    key = Ed25519PrivateKey.from_private_bytes(seed).public_key()
    key.verify(signature, cbor2.dumps(["Signature1", protected, row["external_aad"].encode(), payload]))
    assert (json.loads(payload) if name == "status" else cbor2.loads(payload)) == body


def test_a_reader_written_from_the_contract_alone_makes_the_new_list() -> None:
    old, new, delta = (GOLDEN["list"][part] for part in ("old", "new", "delta"))
    steps, made = bytes.fromhex(delta), b""
    assert steps[:4] == b"bpd1"
    at = 4
    while at < len(steps):
        if steps[at : at + 1] == b"C":
            begin, size = (int.from_bytes(steps[at + n : at + n + 4], "big") for n in (1, 5))
            made, at = made + old.encode()[begin : begin + size], at + 9
        else:
            size = int.from_bytes(steps[at + 1 : at + 5], "big")
            made, at = made + steps[at + 5 : at + 5 + size], at + 5 + size
    assert made == new.encode()
    message, _, body = told("chunk")
    assert cbor2.loads(message) == body
    assert (body["bytes"], body["digest"]) == (steps, sha256(steps).digest())
    _, _, manifest = told("manifest")
    assert (manifest["digest"], manifest["delta_digest"]) == (sha256(made).digest(), sha256(steps).digest())


def test_our_acknowledgement_is_the_golden_one() -> None:
    message, seed, body = told("ack")
    topic, key = Topic.parse(GOLDEN["ack"]["external_aad"]), GatewayKey("gateway-1", seed)
    seqs = tuple((first, last) for first, last in body["seqs"])
    epoch = Epoch(body["epoch"], body["epoch_number"])
    assert seal_ack(body["boot"], seqs, topic, key, epoch=epoch) == message
    assert verify_ack(message, topic, {"gateway-1": key.record()}) == Ack("lane-1", body["boot"], seqs, epoch)


def test_our_command_is_the_golden_one() -> None:
    message, seed, body = told("command")
    topic, key = Topic.parse(GOLDEN["command"]["external_aad"]), ControlKey("control-1", seed)
    del body["v"]
    assert seal_command(Command(**body), topic, key) == message
    assert verify_command(message, topic, {"control-1": key.record()}) == Command(**body)


def test_our_answer_and_our_status_are_the_golden_ones() -> None:
    message, seed, body = told("answer")
    topic, key = Topic.parse(GOLDEN["answer"]["external_aad"]), DeviceKey("lane-1", seed)
    keys = {"lane-1": key.record(topic.region, topic.post)}
    answer = Answer(
        **{**{name: value for name, value in body.items() if name != "v"}, "result": Result(body["result"])}
    )
    assert seal_answer(answer, topic, key) == message
    assert verify_answer(message, topic, keys) == answer
    message, _, body = told("status")
    topic = Topic.parse(GOLDEN["status"]["external_aad"])
    assert sign_status(body, topic, key) == message
    assert verify_status(message, topic, keys) == body


def test_our_manifest_our_chunk_and_our_delta_are_the_golden_ones() -> None:
    message, seed, body = told("manifest")
    key = ControlKey("control-1", seed)
    old, new = GOLDEN["list"]["old"].encode(), GOLDEN["list"]["new"].encode()
    delta = make_delta(old, new)
    assert delta.hex() == GOLDEN["list"]["delta"]
    assert apply_delta(old, delta, len(new)) == new
    manifest = manifest_of("documents", 2, new, body["issued_ms"], body["valid_s"], base=1, delta=delta)
    assert seal_manifest(manifest, "utopia-north", key) == message
    assert verify_manifest(message, "utopia-north", "documents", {"control-1": key.record()}) == manifest
    chunk = next(cut(delta))
    assert chunk.hex() == GOLDEN["chunk"]["bytes"]
    assert renewed(manifest, old, read_chunk(chunk).content) == new
