"""Strict CBOR: one spelling for each value, and no trick of the format gets through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messages.cbor import byte_string, decode, encode
from messages.errors import Quarantine, Refused
from messages.limits import CBOR_DEPTH_MAX

integers = st.integers(-(2**64), 2**64 - 1)
labels = st.one_of(integers, st.text(max_size=8))
plain = st.recursive(
    st.one_of(integers, st.text(max_size=20), st.binary(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(labels, inner, max_size=4)),
    max_leaves=8,
).filter(lambda value: _depth(value) <= CBOR_DEPTH_MAX)


def attempt(data: bytes) -> tuple[object, Refused | None]:
    try:
        return decode(data), None
    except Refused as refused:
        return None, refused


def _depth(value: object) -> int:
    children = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if children is None else 1 + max(map(_depth, children), default=0)


@given(plain)
def test_a_value_reads_as_it_was_written(value: object) -> None:
    assert decode(encode(value)) == value


@given(st.binary(max_size=80))
def test_garbage_is_refused_or_spelt_in_the_one_right_way(data: bytes) -> None:
    value, refused = attempt(data)
    assert refused is None or refused.reason is Quarantine.NOT_CBOR
    assert refused is not None or encode(value) == data


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes([0x81] * (CBOR_DEPTH_MAX + 1)) + b"\x00", id="D11-depth"),
        pytest.param(bytes([0x81] * 100_000) + b"\x00", id="D11-depth-bomb"),
        pytest.param(bytes.fromhex("5b0000010000000000"), id="D12-length-of-2-to-the-40"),
        pytest.param(bytes.fromhex("9b0000010000000000"), id="D12-list-of-2-to-the-40"),
        pytest.param(bytes.fromhex("d81c81d81d00"), id="D13-list-that-holds-itself"),
        pytest.param(
            b"\x82" + bytes.fromhex("d81c4a") + b"0123456789" + bytes.fromhex("d81d00"), id="D13-shared-reference"
        ),
        pytest.param(bytes.fromhex("c4821b7fffffffffffffff01"), id="D14-decimal-exponent"),
        pytest.param(bytes.fromhex("c482207b00000000000000ff"), id="D14-decimal-exponent-cut"),
        pytest.param(bytes.fromhex("a201010102"), id="D15-duplicate-keys"),
        pytest.param(bytes.fromhex("a2616101616102"), id="D15-duplicate-text-keys"),
        pytest.param(bytes.fromhex("0000"), id="D22-trailing-byte"),
        pytest.param(bytes.fromhex("1800"), id="longer-than-needed"),
        pytest.param(bytes.fromhex("a2616200616100"), id="keys-out-of-order"),
        pytest.param(bytes.fromhex("a2204178181800"), id="a-negative-key-before-a-positive-one"),
        pytest.param(bytes.fromhex("a1410000"), id="a-key-of-bytes"),
        pytest.param(bytes.fromhex("a1f500"), id="a-key-that-is-true"),
        pytest.param(bytes.fromhex("c249010000000000000000"), id="D14-a-number-of-65-bits"),
        pytest.param(bytes.fromhex("c349010000000000000000"), id="D14-a-negative-number-of-65-bits"),
        pytest.param(bytes.fromhex("d9d9f700"), id="self-described"),
        pytest.param(bytes.fromhex("d9010082634162634162d81900"), id="D13-a-text-named-by-a-number"),
        pytest.param(bytes.fromhex("9f00ff"), id="indefinite-list"),
        pytest.param(bytes.fromhex("5f4100ff"), id="indefinite-bytes"),
        pytest.param(bytes.fromhex("f6"), id="null"),
        pytest.param(bytes.fromhex("f5"), id="true"),
        pytest.param(bytes.fromhex("fb3ff0000000000000"), id="float"),
        pytest.param(bytes.fromhex("c11a514b67b0"), id="date"),
        pytest.param(bytes.fromhex("c074323031332d30332d32315432303a30343a30305a"), id="text-date"),
        pytest.param(bytes.fromhex("62c328"), id="bad-utf-8"),
        pytest.param(bytes.fromhex("d903e800"), id="foreign-tag"),
        pytest.param(bytes.fromhex("d90102810000"), id="set"),
    ],
)
def test_a_trick_of_the_format_is_refused(data: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        decode(data)
    assert refusal.value.reason is Quarantine.NOT_CBOR


def test_d13_references_that_unfold_without_end_are_refused_at_once() -> None:
    # A list of nine references to the list before it, eight times over: 43 million items from 200 bytes.
    data = bytes.fromhex("d81c8100")
    for level in range(7):
        data = b"\x8a" + data + (bytes.fromhex("d81d") + bytes([level])) * 9
        data = bytes.fromhex("d81c") + data
    with pytest.raises(Refused):
        decode(data)


def test_keys_stand_in_the_order_of_their_bytes() -> None:
    """RFC 8949, 4.2.1: not the older rule, by which the shorter key came first."""
    assert encode({"b": 0, "aa": 0, -1: 0, 24: 0, 3: 0}).hex() == "a50300181800200061620062616100"
    assert decode(encode({100: 0, -1: 0})) == {100: 0, -1: 0}


@pytest.mark.parametrize("size", [0, 1, 23, 24, 255, 256, 65_535, 65_536])
def test_a_byte_string_made_by_itself_is_the_same(size: int) -> None:
    assert byte_string(bytes(size)) == encode(bytes(size))


@given(plain, st.binary(min_size=1, max_size=3), st.integers(0, 200))
def test_no_other_bytes_say_the_same(value: object, more: bytes, place: int) -> None:
    data = encode(value)
    at = place % (len(data) + 1)
    for other in (data[:at] + more + data[at:], data[:at] + more + data[at + len(more) :]):
        said, refused = attempt(other)
        assert refused is not None or said != value or other == data
