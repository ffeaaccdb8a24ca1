"""The attacks on a frame, by their ids (D01-D31): each is refused, and for its own reason."""

import gzip
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from hmac import digest

import cbor2
import pytest

from messages.errors import Quarantine, Refused
from messages.events import Event
from messages.frame import FRAME_TYPE, open_frame, read_events, seal_frame, verify
from messages.keys import DeviceKey, KeyRecord, RegionKey
from messages.limits import FRAME_MAX_BYTES
from messages.sealing import seal
from messages.topics import Channel, Topic

MakeEvent = Callable[..., Event]
Keys = Mapping[str, KeyRecord]
Map = dict[object, object]


class Forger:
    """Builds frames by hand, with cbor2 alone, so that any part of them can be wrong."""

    def __init__(self, topic: Topic, key: DeviceKey, region: RegionKey, event: Event) -> None:
        self.topic, self.key, self.region, self.event = topic, key, region, event

    def inside(self, **changes: object) -> bytes:
        told: Map = {
            "v": 1,
            "region": self.topic.region,
            "post": self.topic.post,
            "device": self.topic.device,
            "boot": self.event.boot,
            "first": self.event.seq,
            "events": [self.event.to_json()],
        }
        told |= changes  # type: ignore[arg-type]  # names are objects too
        return self.sealed(
            cbor2.dumps({name: value for name, value in told.items() if value is not None}, canonical=True)
        )

    def sealed(self, plaintext: bytes) -> bytes:
        return seal(plaintext, self.region.public, bytes(self.topic))

    def header(self, **changes: object) -> Map:
        boot = bytes.fromhex(self.event.boot)
        header: Map = {1: -8, 3: FRAME_TYPE, 4: b"lane-1", "boot": boot, "seqs": [self.event.seq, self.event.seq]}
        return header | {int(name[1:]) if name[0] == "_" else name: value for name, value in changes.items()}

    def frame(
        self, payload: object = None, header: Map | None = None, unprotected: Map | None = None, tag: int = 18
    ) -> bytes:
        payload = self.inside() if payload is None else payload
        protected = cbor2.dumps(self.header() if header is None else header, canonical=True)
        to_be_signed = cbor2.dumps(["Signature1", protected, bytes(self.topic), payload], canonical=True)
        parts = [protected, unprotected or {}, payload, self.key.sign(to_be_signed)]
        return cbor2.dumps(cbor2.CBORTag(tag, parts), canonical=True)


@pytest.fixture
def forger(topic: Topic, device_key: DeviceKey, region_key: RegionKey, make_event: MakeEvent) -> Forger:
    return Forger(topic, device_key, region_key, make_event())


def reason_of(read: Callable[[], object]) -> Quarantine:
    with pytest.raises(Refused) as refusal:
        read()
    return refusal.value.reason


def test_what_the_forger_builds_without_a_fault_is_a_true_frame(
    forger: Forger, keys: Keys, region_key: RegionKey
) -> None:
    frame = open_frame(verify(forger.frame(), forger.topic, keys), region_key)
    assert frame.events == (forger.event.to_json(),)


def test_d01_a_frame_of_one_device_on_the_topic_of_another(forger: Forger, keys: Keys) -> None:
    topic = replace(forger.topic, device="lane-2")
    assert reason_of(lambda: verify(forger.frame(), topic, keys)) is Quarantine.WRONG_TOPIC


@pytest.mark.parametrize("change", [{"post": "airport"}, {"region": "utopia-south"}, {"channel": Channel.TEL}])
def test_d01_a_frame_on_a_topic_where_its_device_is_not_enrolled(
    forger: Forger, keys: Keys, change: dict[str, str]
) -> None:
    topic = replace(forger.topic, **change)  # type: ignore[arg-type]  # one field each
    assert reason_of(lambda: verify(forger.frame(), topic, keys)) is Quarantine.WRONG_TOPIC


def test_d01_a_frame_recorded_before_its_device_was_moved_does_not_pass_on_its_new_topic(forger: Forger) -> None:
    moved = replace(forger.topic, post="airport")
    keys = {"lane-1": forger.key.record(moved.region, moved.post)}
    assert reason_of(lambda: verify(forger.frame(), moved, keys)) is Quarantine.BAD_SIGNATURE


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(b"\x81" * 9 + b"\x00", id="D11-nested"),
        pytest.param(b"\x81" * 100_000 + b"\x00", id="D11-nested-without-end"),
        pytest.param(b"\x5b\x00\x00\x01" + bytes(5), id="D12-2-to-the-40-bytes"),
        pytest.param(b"\xbb\x00\x00\x01" + bytes(5), id="D12-2-to-the-40-pairs"),
        pytest.param(bytes.fromhex("d81c81d81d00"), id="D13-a-list-that-holds-itself"),
        pytest.param(b"\xc4\x82\x1b\x7f" + b"\xff" * 7 + b"\x01", id="D14-decimal-exponent"),
        pytest.param(bytes.fromhex("a2617601617602"), id="D15-a-name-twice"),
        pytest.param(bytes.fromhex("a0a0"), id="D22-trailing-byte"),
    ],
)
def test_hostile_cbor_is_refused_outside_and_under_a_good_signature(
    forger: Forger, keys: Keys, region_key: RegionKey, bomb: bytes
) -> None:
    signed = verify(forger.frame(forger.sealed(bomb)), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_CBOR
    assert reason_of(lambda: verify(b"\xd2" + bomb, forger.topic, keys)) is Quarantine.NOT_CBOR
    in_the_header = cbor2.dumps(cbor2.CBORTag(18, [bomb, {}, b"", bytes(64)]))
    assert reason_of(lambda: verify(in_the_header, forger.topic, keys)) is Quarantine.NOT_CBOR


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(zlib.compress(bytes(10_000_000)), id="D10-a-zlib-bomb-is-no-json"),
        pytest.param(gzip.compress(bytes(10_000_000)), id="D10-a-gzip-bomb-is-no-json"),
        pytest.param(b'{"bpseq":' + b"1" * 5_000 + b"}", id="D16-5000-digits"),
        pytest.param(b"[" * 50_000 + b"]" * 50_000, id="D16-100000-brackets"),
        pytest.param(b'{"id":1,"id":2}', id="D15-a-name-twice"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_hostile_body_in_a_true_frame_is_refused_and_the_frame_is_read(
    forger: Forger, keys: Keys, region_key: RegionKey, body: bytes
) -> None:
    frame = open_frame(verify(forger.frame(forger.inside(events=[body])), forger.topic, keys), region_key)
    assert reason_of(lambda: read_events(frame)) in (Quarantine.BAD_EVENTS, Quarantine.TOO_LARGE)


def test_d17_a_frame_that_names_the_key_of_another(forger: Forger, keys: Keys) -> None:
    as_other = forger.frame(header=forger.header(_4=b"lane-2"))
    assert reason_of(lambda: verify(as_other, forger.topic, keys)) is Quarantine.WRONG_TOPIC
    other_topic = replace(forger.topic, device="lane-2")
    assert reason_of(lambda: verify(as_other, other_topic, keys)) is Quarantine.BAD_SIGNATURE


def test_d17_a_frame_of_a_key_that_nobody_enrolled(forger: Forger) -> None:
    assert reason_of(lambda: verify(forger.frame(), forger.topic, {})) is Quarantine.UNKNOWN_KEY


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), bytes(65)])
def test_d18_a_stripped_signature(forger: Forger, keys: Keys, signature: bytes) -> None:
    protected, unprotected, payload, _ = cbor2.loads(forger.frame()).value
    frame = cbor2.dumps(cbor2.CBORTag(18, [protected, unprotected, payload, signature]), canonical=True)
    assert reason_of(lambda: verify(frame, forger.topic, keys)) in (Quarantine.NOT_A_FRAME, Quarantine.BAD_SIGNATURE)


@pytest.mark.parametrize("tag", [16, 17, 61, 96, 98])
def test_d19_a_mac_made_with_the_public_key_is_no_signature(forger: Forger, keys: Keys, tag: int) -> None:
    protected = cbor2.dumps(forger.header(_1=5), canonical=True)
    mac = digest(forger.key.public, cbor2.dumps(["MAC0", protected, bytes(forger.topic), forger.inside()]), sha256)
    frame = cbor2.dumps(cbor2.CBORTag(tag, [protected, {}, forger.inside(), mac]), canonical=True)
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


def test_d20_an_algorithm_in_the_unprotected_header(forger: Forger, keys: Keys) -> None:
    header = forger.header()
    del header[1]
    frame = forger.frame(header=header, unprotected={1: -8})
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


def test_d20_an_algorithm_that_is_not_the_key_records(forger: Forger, keys: Keys) -> None:
    frame = forger.frame(header=forger.header(_1=-7))
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.BAD_SIGNATURE
    other = {"lane-1": replace(keys["lane-1"], alg=-7)}
    assert reason_of(lambda: verify(forger.frame(), forger.topic, other)) is Quarantine.BAD_SIGNATURE


@pytest.mark.parametrize(
    "more", [{"_2": [9999]}, {"_2": ["reserved"]}, {"more": 1}], ids=["crit", "crit-text", "label"]
)
def test_d21_a_label_nobody_knows_in_the_protected_header(forger: Forger, keys: Keys, more: Map) -> None:
    frame = forger.frame(header=forger.header(**more))  # type: ignore[arg-type]  # names are texts here
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


@pytest.mark.parametrize("trailer", [b"\x00", b"\xf6", b"\xd2"])
def test_d22_trailing_bytes(forger: Forger, keys: Keys, region_key: RegionKey, trailer: bytes) -> None:
    assert reason_of(lambda: verify(forger.frame() + trailer, forger.topic, keys)) is Quarantine.NOT_CBOR
    signed = verify(forger.frame(forger.inside() + trailer), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_CBOR


def test_d23_an_injected_unprotected_header(forger: Forger, keys: Keys) -> None:
    frame = forger.frame(unprotected={"note": "harmless"})
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


def test_d24_a_frame_sealed_to_another_region(forger: Forger, keys: Keys, region_key: RegionKey) -> None:
    signed = verify(forger.frame(), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, RegionKey("region-2", b"\x09" * 32))) is Quarantine.WRONG_REGION
    impostor = RegionKey(region_key.kid, b"\x09" * 32)
    assert reason_of(lambda: open_frame(signed, impostor)) is Quarantine.CANNOT_OPEN


def test_d25_a_sealed_body_that_another_signed(
    forger: Forger, other_key: DeviceKey, keys: Keys, region_key: RegionKey
) -> None:
    thief = Forger(replace(forger.topic, device="lane-2"), other_key, region_key, forger.event)
    stolen = thief.frame(forger.inside(), header=thief.header(_4=b"lane-2"))
    signed = verify(stolen, thief.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.CANNOT_OPEN


@pytest.mark.parametrize(
    "change",
    [
        {"device": "lane-2"},
        {"post": "airport"},
        {"region": "utopia-south"},
        {"boot": "f" * 32},
        {"first": 2},
        {"device": None},
        {"boot": None},
        {"events": []},
        {"events": [b"{}", b"{}"]},
        {"events": ["{}"]},
        {"events": b"{}"},
    ],
)
def test_d25_an_inside_that_contradicts_the_outside(
    forger: Forger, keys: Keys, region_key: RegionKey, change: dict[str, object]
) -> None:
    signed = verify(forger.frame(forger.inside(**change)), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_A_FRAME


@pytest.mark.parametrize("number", [-1, 2**53, "1", b"1", [1]])
def test_a_boot_whose_number_is_none_is_refused(
    forger: Forger, keys: Keys, region_key: RegionKey, number: object
) -> None:
    signed = verify(forger.frame(forger.inside(number=number)), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_A_FRAME


def test_d25_a_body_that_is_not_sealed_or_a_seal_that_is_not_signed(
    forger: Forger, keys: Keys, region_key: RegionKey
) -> None:
    bare = verify(forger.frame(forger.event.to_json()), forger.topic, keys)
    assert reason_of(lambda: open_frame(bare, region_key)) is Quarantine.NOT_A_FRAME
    assert reason_of(lambda: verify(forger.inside(), forger.topic, keys)) is Quarantine.NOT_A_FRAME


def test_d30_a_frame_of_a_revoked_device(forger: Forger, keys: Keys) -> None:
    revoked = {"lane-1": replace(keys["lane-1"], revoked=True)}
    assert reason_of(lambda: verify(forger.frame(), forger.topic, revoked)) is Quarantine.REVOKED_KEY


def test_d31_a_frame_over_its_limit_is_refused_before_it_is_parsed(forger: Forger, keys: Keys) -> None:
    assert reason_of(lambda: verify(b"\xd2" + bytes(FRAME_MAX_BYTES), forger.topic, keys)) is Quarantine.TOO_LARGE


@pytest.mark.parametrize(
    ("content_type", "reason"),
    [
        ("application/vnd.borderpost.frame+cose; v=2", Quarantine.UNKNOWN_VERSION),
        ("application/vnd.borderpost.frame+cose", Quarantine.UNKNOWN_VERSION),
        ("application/vnd.borderpost.status+json; v=1", Quarantine.NOT_A_FRAME),
        ("text/plain", Quarantine.NOT_A_FRAME),
    ],
)
def test_another_version_is_kept_and_another_thing_refused(
    forger: Forger, keys: Keys, content_type: str, reason: Quarantine
) -> None:
    frame = forger.frame(header=forger.header(_3=content_type))
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is reason


@pytest.mark.parametrize(("version", "reason"), [(2, Quarantine.UNKNOWN_VERSION), ("1", Quarantine.NOT_A_FRAME)])
def test_another_version_inside_is_kept_too(
    forger: Forger, keys: Keys, region_key: RegionKey, version: object, reason: Quarantine
) -> None:
    signed = verify(forger.frame(forger.inside(v=version)), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is reason


def test_an_inside_that_is_no_map_is_refused(forger: Forger, keys: Keys, region_key: RegionKey) -> None:
    signed = verify(forger.frame(forger.sealed(b"\x80")), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_A_FRAME


def test_an_unknown_name_inside_is_ignored(forger: Forger, keys: Keys, region_key: RegionKey) -> None:
    signed = verify(forger.frame(forger.inside(weather="fog")), forger.topic, keys)
    assert open_frame(signed, region_key).events == (forger.event.to_json(),)


@pytest.mark.parametrize(
    "change",
    [
        {"boot": bytes(15)},
        {"boot": "0123"},
        {"seqs": [0, 0]},
        {"seqs": [2, 1]},
        {"seqs": [1, 51]},
        {"seqs": [2**53, 2**53]},
        {"seqs": [1]},
        {"seqs": 1},
        {"_4": "lane-1"},
        {"_3": 60},
        {"_1": "EdDSA"},
    ],
)
def test_a_protected_header_of_another_shape_is_refused(forger: Forger, keys: Keys, change: Map) -> None:
    frame = forger.frame(header=forger.header(**change))  # type: ignore[arg-type]  # names are texts here
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


@pytest.mark.parametrize("parts", [[], [b"", {}, b""], [b"", {}, "text", bytes(64)], [b"\x80", {}, b"", bytes(64)], {}])
def test_a_sign1_of_another_shape_is_refused(forger: Forger, keys: Keys, parts: object) -> None:
    frame = cbor2.dumps(cbor2.CBORTag(18, parts), canonical=True)
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


def _with(path: tuple[object, ...], value: object) -> Callable[[object], object]:
    """A change deep inside: lists and maps are opened along ``path``."""

    def change(parts: object) -> object:
        target = parts
        for step in path[:-1]:
            target = target[step]  # type: ignore[index]  # a list or a map
        target[path[-1]] = value  # type: ignore[index]
        return parts

    return change


@pytest.mark.parametrize(
    "change",
    [
        _with((0,), cbor2.dumps({1: 1})),  # A128GCM
        _with((0,), b""),
        _with((1,), {}),
        _with((1, 5), bytes(11)),
        _with((1, 6), b"partial"),
        _with((2,), "text"),
        _with((3,), []),
        _with((3, 0, 0), cbor2.dumps({1: -27})),
        _with((3, 0, 1, -1, 1), 2),
        _with((3, 0, 1, -1, -1), 6),
        _with((3, 0, 1, -1, -2), bytes(31)),
        _with((3, 0, 1, -1, -3), bytes(32)),
        _with((3, 0, 1, 7), 0),
        _with((3, 0, 2), b"wrapped"),
    ],
)
def test_a_seal_of_another_shape_is_refused(
    forger: Forger, keys: Keys, region_key: RegionKey, change: Callable[[object], object]
) -> None:
    parts = change(cbor2.loads(forger.inside()[2:]))
    sealed = cbor2.dumps(cbor2.CBORTag(96, parts), canonical=True)
    signed = verify(forger.frame(sealed), forger.topic, keys)
    assert reason_of(lambda: open_frame(signed, region_key)) is Quarantine.NOT_A_FRAME


@pytest.mark.parametrize("path", [(1, 5), (2,), (3, 0, 1, -1, -2)], ids=["iv", "ciphertext", "point"])
def test_a_seal_with_other_bytes_cannot_be_opened(
    forger: Forger, keys: Keys, region_key: RegionKey, path: tuple[object, ...]
) -> None:
    size = {1: 12, 2: 40, 3: 32}[int(str(path[0]))]
    for filler in (bytes(size), b"\x07" * size):  # zeros: a point of small order among them
        parts = _with(path, filler)(cbor2.loads(forger.inside()[2:]))
        sealed = cbor2.dumps(cbor2.CBORTag(96, parts), canonical=True)
        signed = verify(forger.frame(sealed), forger.topic, keys)
        assert reason_of(lambda signed=signed: open_frame(signed, region_key)) is Quarantine.CANNOT_OPEN


def test_d10_there_is_nothing_to_inflate(forger: Forger, keys: Keys) -> None:
    # The contract knows no compression, so a frame takes no more room opened than sent; a label that asks is refused.
    frame = forger.frame(header=forger.header(zip="DEF"))
    assert reason_of(lambda: verify(frame, forger.topic, keys)) is Quarantine.NOT_A_FRAME


def test_a_true_frame_of_the_module_is_what_the_forger_builds(
    forger: Forger, topic: Topic, device_key: DeviceKey, region_key: RegionKey
) -> None:
    theirs = cbor2.loads(seal_frame([forger.event], topic, device_key, region_key.public)).value
    assert theirs[0] == cbor2.dumps(forger.header(), canonical=True)
