"""Manifests, chunks and deltas: a list is the one that was signed, to its last byte, or it is refused."""

from collections.abc import Callable, Mapping
from dataclasses import replace as with_field
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from messages import delta
from messages.body import write_body
from messages.cbor import encode
from messages.delta import apply_delta, make_delta
from messages.errors import Quarantine, Refused
from messages.keys import ControlKey, ControlRecord, GatewayKey
from messages.limits import CHUNK_MAX_BYTES, CHUNK_MESSAGE_MAX_BYTES, LIST_MAX_BYTES, MANIFEST_MAX_BYTES
from messages.manifest import (
    MANIFEST_TYPE,
    Chunk,
    Manifest,
    cut,
    manifest_of,
    place_of,
    read_chunk,
    renewed,
    seal_manifest,
    verify_manifest,
    whole,
    write_chunk,
)
from messages.signing import CONTENT_TYPE, sign

REGION = "utopia-north"
CONTROL = ControlKey("control-1", b"\x06" * 32)
CONTROLS: Mapping[str, ControlRecord] = {"control-1": CONTROL.record()}
OLD = b'{"entries":[' + b",".join(b'"%016x"' % (number * 7) for number in range(2_000)) + b"]}\n"
NEW = OLD.replace(b'"%016x",' % 700, b"").replace(b'"%016x"' % 1_400, b'"%016x","%016x"' % (1_400, 1_401))
DELTA = make_delta(OLD, NEW)
MANIFEST = manifest_of("documents", 2, NEW, 1_795_000_000_000, 86_400, base=1, delta=DELTA)


def reason_of(read: Callable[[], object]) -> Quarantine:
    with pytest.raises(Refused) as refusal:
        read()
    return refusal.value.reason


@pytest.mark.parametrize("manifest", [MANIFEST, manifest_of("rules", 1, b"x", 0, 1)])
def test_a_manifest_reads_as_it_was_written(manifest: Manifest) -> None:
    sealed = seal_manifest(manifest, REGION, CONTROL)
    assert len(sealed) < MANIFEST_MAX_BYTES
    assert verify_manifest(sealed, REGION, manifest.name, CONTROLS) == manifest


def test_a_manifest_counts_for_its_region_its_list_and_by_a_control_key_alone(gateway_key: GatewayKey) -> None:
    """G08: bound to region and name, signed by the region's own key; a worker that was taken over signs no list."""
    sealed = seal_manifest(MANIFEST, REGION, CONTROL)
    assert reason_of(lambda: verify_manifest(sealed, "utopia-south", "documents", CONTROLS)) is Quarantine.BAD_SIGNATURE
    assert reason_of(lambda: verify_manifest(sealed, REGION, "persons", CONTROLS)) is Quarantine.BAD_SIGNATURE
    assert reason_of(lambda: verify_manifest(sealed, REGION, "../persons", CONTROLS)) is Quarantine.WRONG_TOPIC
    assert reason_of(lambda: verify_manifest(sealed, REGION, "documents", {})) is Quarantine.UNKNOWN_KEY
    revoked = {"control-1": with_field(CONTROLS["control-1"], revoked=True)}
    assert reason_of(lambda: verify_manifest(sealed, REGION, "documents", revoked)) is Quarantine.REVOKED_KEY
    other = sign(write_body(MANIFEST), CONTROL, {CONTENT_TYPE: MANIFEST_TYPE}, place_of(REGION, "persons"))
    assert reason_of(lambda: verify_manifest(other, REGION, "persons", CONTROLS)) is Quarantine.BAD_EVENTS
    assert reason_of(lambda: verify_manifest(bytes(5_000), REGION, "documents", CONTROLS)) is Quarantine.TOO_LARGE


@pytest.mark.parametrize(
    "changes",
    [
        {"base": 2},
        {"base": 3},
        {"chunks": 2},
        {"delta_size": 0},
        {"delta_digest": b""},
        {"base": 0},
        {"number": 0},
        {"valid_s": 0},
        {"valid_s": 10**9},
        {"size": 0},
        {"size": LIST_MAX_BYTES + 1},
        {"digest": bytes(31)},
        {"name": "Documents"},
    ],
)
def test_a_manifest_that_makes_no_sense_is_neither_written_nor_believed(changes: dict[str, object]) -> None:
    wrong = replace(MANIFEST, **changes)
    assert reason_of(lambda: seal_manifest(wrong, REGION, CONTROL)) is Quarantine.BAD_EVENTS
    body = {"v": 1, **{name: getattr(wrong, name) for name in wrong.__struct_fields__}}
    sealed = sign(encode(body), CONTROL, {CONTENT_TYPE: MANIFEST_TYPE}, place_of(REGION, "documents"))
    assert reason_of(lambda: verify_manifest(sealed, REGION, "documents", CONTROLS)) is Quarantine.BAD_EVENTS


def test_a_list_in_chunks_is_the_list_again() -> None:
    content = bytes(range(256)) * 1_000
    told = manifest_of("documents", 1, content, 0, 1)
    chunks = [read_chunk(message) for message in cut(content)]
    assert (len(chunks), told.chunks) == (4, 4)
    assert [chunk.at for chunk in chunks] == [0, CHUNK_MAX_BYTES, 2 * CHUNK_MAX_BYTES, 3 * CHUNK_MAX_BYTES]
    assert {chunk.digest for chunk in chunks} == {told.digest}
    assert whole(told, b"".join(chunk.content for chunk in chunks)) == content
    assert all(len(message) <= CHUNK_MESSAGE_MAX_BYTES for message in cut(content))
    assert len(repr(chunks[0])) < 60


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"v": 2}, Quarantine.UNKNOWN_VERSION),
        ({"digest": bytes(31)}, Quarantine.BAD_EVENTS),
        ({"at": -1}, Quarantine.BAD_EVENTS),
        ({"at": LIST_MAX_BYTES + 1}, Quarantine.BAD_EVENTS),
        ({"bytes": b""}, Quarantine.BAD_EVENTS),
        ({"bytes": bytes(CHUNK_MAX_BYTES + 1)}, Quarantine.BAD_EVENTS),
        ({"bytes": bytes(CHUNK_MESSAGE_MAX_BYTES)}, Quarantine.TOO_LARGE),
        ({"bytes": "AAAA"}, Quarantine.BAD_EVENTS),
    ],
)
def test_a_chunk_of_another_form_is_refused(changes: dict[str, object], reason: Quarantine) -> None:
    told = {"v": 1, "digest": bytes(32), "at": 0, "bytes": b"x"} | changes
    assert reason_of(lambda: read_chunk(encode(told))) is reason
    assert read_chunk(write_chunk(Chunk(bytes(32), 0, b"x"))).content == b"x"


def test_the_new_list_comes_out_of_the_old_one_by_few_bytes() -> None:
    assert renewed(MANIFEST, OLD, DELTA) == NEW
    assert len(DELTA) < 100
    assert MANIFEST.delta_digest == sha256(DELTA).digest()


def test_a_list_that_is_not_the_signed_one_is_refused() -> None:
    """G05, G10: one byte more, one less, one other; a delta on another base; another delta."""
    for content in (NEW + b" ", NEW[:-1], NEW.replace(b"0", b"1", 1), b""):
        assert reason_of(lambda content=content: whole(MANIFEST, content)) is Quarantine.BAD_SIGNATURE
    assert reason_of(lambda: renewed(MANIFEST, OLD.replace(b"7", b"8"), DELTA)) is Quarantine.BAD_SIGNATURE
    assert reason_of(lambda: renewed(MANIFEST, OLD, make_delta(OLD, OLD))) is Quarantine.BAD_SIGNATURE


pieces = st.lists(
    st.sampled_from([b"aaaaaaaaaaaaaaaaaaaa,", b"bbbbbbbbbbbbbbbbbb\n", b"c,", b"", b"dddd", b"\n"]), max_size=12
)


@given(pieces.map(b"".join), pieces.map(b"".join))
def test_a_delta_makes_the_new_out_of_the_old_whatever_they_are(old: bytes, new: bytes) -> None:
    assert apply_delta(old, make_delta(old, new), len(new)) == new


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 200))
def test_a_broken_delta_gives_exactly_what_was_said_or_is_refused(base: bytes, steps: bytes, size: int) -> None:
    try:
        made = apply_delta(base, delta.MARK + steps, size)
    except Refused as refused:
        assert refused.reason is Quarantine.BAD_EVENTS  # noqa: PT017  # either is right, and nothing else
    else:
        assert len(made) == size


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param(b"C" + delta.RUN.pack(0, 4) * 1, id="more-than-was-said"),
        pytest.param(b"C" + delta.RUN.pack(2, 2), id="beyond-the-end"),
        pytest.param(b"C" + delta.RUN.pack(2**32 - 1, 2**32 - 1), id="far-beyond-the-end"),
        pytest.param(b"C" + delta.RUN.pack(0, 0), id="nothing-copied"),
        pytest.param(b"I" + delta.SIZE.pack(0), id="nothing-new"),
        pytest.param(b"I" + delta.SIZE.pack(9) + b"ab", id="cut-short"),
        pytest.param(b"C\x00\x00", id="cut-short-in-a-number"),
        pytest.param(b"X", id="unknown-step"),
        pytest.param(b"", id="nothing"),
        pytest.param((b"C" + delta.RUN.pack(0, 3)) * 100_000, id="G06-an-amplifier"),
    ],
)
def test_a_delta_that_reaches_beyond_is_refused(steps: bytes) -> None:
    assert reason_of(lambda: apply_delta(b"abc", delta.MARK + steps, 3)) is Quarantine.BAD_EVENTS


def test_what_is_no_delta_is_refused() -> None:
    assert reason_of(lambda: apply_delta(b"abc", b"I", 3)) is Quarantine.BAD_EVENTS
    assert reason_of(lambda: apply_delta(b"abc", delta.MARK, LIST_MAX_BYTES + 1)) is Quarantine.BAD_EVENTS
