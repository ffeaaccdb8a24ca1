"""The doors between lane and region: frames, events, acknowledgements, status, commands, answers, lists.

What is signed is tried twice: spoilt as it is, which the signature refuses, and spoilt below a good signature.
"""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from messages import cbor, events, strict_json
from messages.ack import ACK_TYPE, seal_ack, verify_ack
from messages.command import (
    ANSWER_TYPE,
    COMMAND_TYPE,
    Answer,
    Command,
    Result,
    seal_answer,
    seal_command,
    verify_answer,
    verify_command,
)
from messages.delta import apply_delta, make_delta
from messages.errors import Refused
from messages.events import Clock, Event, validate
from messages.facts import DeviceTelemetry, Fact, LaneAlarm, OutboxDropped, Reading
from messages.frame import FRAME_TYPE, open_frame, read_events, seal_frame
from messages.frame import verify as verify_frame
from messages.keys import ControlKey, DeviceKey, GatewayKey, KeyRecord, RegionKey
from messages.manifest import MANIFEST_TYPE, cut, manifest_of, place_of, read_chunk, seal_manifest, verify_manifest
from messages.sealing import seal
from messages.signing import CONTENT_TYPE, Signer, sign
from messages.status import STATUS_TYPE, sign_status, verify_status
from messages.topics import Channel, Topic
from tests.fuzz.garbage import garbage
from tests.fuzz.target import Make, Target

TOPIC = Topic("utopia", "north-bridge", "gate-1", Channel.EVT)
CMD, RES, TEL, ACK = (bytes(TOPIC.to(channel)) for channel in (Channel.CMD, Channel.RES, Channel.TEL, Channel.ACK))
DEVICE, GATEWAY, CONTROL = (
    DeviceKey("gate-1", b"\x01" * 32),
    GatewayKey("gateway-1", b"\x02" * 32),
    ControlKey("control-1", b"\x04" * 32),
)
REGION = RegionKey("region-1", b"\x03" * 32)
DEVICES: Mapping[str, KeyRecord] = {DEVICE.kid: DEVICE.record(TOPIC.region, TOPIC.post)}
GATEWAYS, CONTROLS = {GATEWAY.kid: GATEWAY.record()}, {CONTROL.kid: CONTROL.record()}
BOOT = "0123456789abcdef" * 2
OLD = b'{"entries":["0000000000000001","0000000000000002"]}\n'
NEW = b'{"entries":["0000000000000001","0000000000000003"]}\n'
MANIFEST = manifest_of("documents", 2, NEW, 1_795_000_000_000, 86_400, base=1, delta=make_delta(OLD, NEW))
FACTS: tuple[Fact, ...] = (
    LaneAlarm("tailgating", 3),
    DeviceTelemetry((Reading("load", 0.5), Reading("free_mb", 12_000))),
    OutboxDropped("f" * 32, ((1, 3), (9, 9)), 4, "disk-full"),
)


def targets() -> list[Target]:
    return [*_frames(), *_words(), *_lists()]


def _frames() -> list[Target]:
    told = [_event(seq, fact) for seq, fact in enumerate(FACTS, 1)]
    bodies = [event.to_json() for event in told]
    frame = seal_frame(told, TOPIC, DEVICE, REGION.public, number=3)
    inside = _inside(bodies[0])
    return [
        Target("cbor", _spoilt(inside, frame[1:]), cbor.decode, (Refused,)),
        Target("strict json", _spoilt(*bodies), lambda data: strict_json.loads(data, 65536), (Refused,)),
        Target("event", _spoilt(*bodies), lambda data: validate(Event.from_json(data)), (Refused,)),
        Target("event, by both readers", _spoilt(*bodies), _both_readers),
        Target("frame", _spoilt(frame), _take_frame, (Refused,)),
        Target("frame, spoilt within the seal", _made([inside], _signed_frame), _take_frame, (Refused,)),
        Target(
            "frame, spoilt events",
            _made([bodies[0]], lambda body: _signed_frame(_inside(body))),
            _take_frame,
            (Refused,),
        ),
    ]


def _words() -> list[Target]:
    """Signed bodies, spoilt below the signature and above it."""
    seqs, epoch = [[1, 3]], {"epoch": "00ff" * 4, "epoch_number": 7}
    ack = cbor.encode({"v": 1, "device": TOPIC.device, "boot": BOOT, "seqs": seqs, **epoch})
    command = Command(TOPIC.device, BOOT, 7, 60_000, "send-log", {"lines": 200, "why": "works"})
    answer = Answer(TOPIC.device, BOOT, 7, "send-log", Result.DONE, "", b"ready\n")
    status = {"boot": BOOT, "mono_ms": 1, "state": "Ready"}
    signed = [
        ("ack", seal_ack(BOOT, [(1, 3)], TOPIC, GATEWAY), lambda data: verify_ack(data, TOPIC, GATEWAYS)),
        ("command", seal_command(command, TOPIC, CONTROL), lambda data: verify_command(data, TOPIC, CONTROLS)),
        (
            "answer",
            seal_answer(answer, TOPIC, DEVICE),
            lambda data: verify_answer(data, TOPIC.to(Channel.RES), DEVICES),
        ),
        (
            "status",
            sign_status(status, TOPIC, DEVICE),
            lambda data: verify_status(data, TOPIC.to(Channel.TEL), DEVICES),
        ),
        (
            "manifest",
            seal_manifest(MANIFEST, TOPIC.region, CONTROL),
            lambda data: verify_manifest(data, TOPIC.region, "documents", CONTROLS),
        ),
    ]
    again = {
        "ack": _signer(GATEWAY, ACK_TYPE, ACK),
        "command": _signer(CONTROL, COMMAND_TYPE, CMD),
        "answer": _signer(DEVICE, ANSWER_TYPE, RES),
        "status": _signer(DEVICE, STATUS_TYPE, TEL),
        "manifest": _signer(CONTROL, MANIFEST_TYPE, place_of(TOPIC.region, "documents")),
    }
    bodies = {name: ack if name == "ack" else _payload(message) for name, message, _ in signed}
    return [Target(name, _spoilt(message), take, (Refused,)) for name, message, take in signed] + [
        Target(f"{name}, spoilt and signed", _made([bodies[name]], again[name]), take, (Refused,))
        for name, _, take in signed
    ]


def _lists() -> list[Target]:
    return [
        Target("chunk", _spoilt(next(cut(NEW))), read_chunk, (Refused,)),
        Target("delta", _spoilt(make_delta(OLD, NEW)), lambda data: apply_delta(OLD, data, len(NEW)), (Refused,)),
    ]


def _event(seq: int, fact: Fact) -> Event:
    when = datetime(2026, 11, 24, 4, 30, 15, 250_000, UTC)
    identity = "5f1c1a4e-8f6b-4c0a-9d53-0d2f6a1b7c88"
    return Event(identity, TOPIC.source, fact.TYPE, when, BOOT, seq, seq, Clock.SYNCED, fact)


def _both_readers(data: bytes) -> None:
    """Whatever the quick reader takes, the strict one takes, and reads the same in it."""
    quick = events._quickly(data)
    if quick is not None:
        strict = events._strictly(data)
        assert (strict.id, strict.source, strict.type, strict.time, strict.boot, strict.seq) == (
            (quick.id, quick.source, quick.type, quick.time, quick.boot, quick.seq)
        )
        assert (strict.mono_ms, strict.clock, validate(strict)) == (quick.mono_ms, quick.clock, quick.data)


def _take_frame(data: bytes) -> None:
    for event in read_events(open_frame(verify_frame(data, TOPIC, DEVICES), REGION)):
        validate(event)


def _inside(body: bytes) -> bytes:
    place = {"region": TOPIC.region, "post": TOPIC.post, "device": TOPIC.device}
    return cbor.encode({"v": 1, **place, "boot": BOOT, "first": 1, "events": [body], "number": 3})


def _signed_frame(inside: bytes) -> bytes:
    header = {CONTENT_TYPE: FRAME_TYPE, "boot": bytes.fromhex(BOOT), "seqs": [1, 1]}
    return sign(seal(inside, REGION.public, bytes(TOPIC)), DEVICE, header, bytes(TOPIC))


def _signer(key: Signer, content_type: str, aad: bytes) -> Callable[[bytes], bytes]:
    return lambda body: sign(body, key, {CONTENT_TYPE: content_type}, aad)


def _payload(message: bytes) -> bytes:
    _, _, payload, _ = cbor.decode(message[1:])  # type: ignore[misc]  # a COSE_Sign1 is four parts
    return bytes(payload)


def _spoilt(*seeds: bytes) -> Make:
    return lambda chance: garbage(seeds, chance)


def _made(seeds: list[bytes], make: Callable[[bytes], bytes]) -> Make:
    def draw(chance: random.Random) -> bytes:
        return make(garbage(seeds, chance))

    return draw
