"""Frames on a line with noise: what is whole comes out, once, and nothing else does."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.barrier import frame

BODIES = st.binary(min_size=1, max_size=frame.LIMIT_BODY_bytes)


@given(BODIES)
def test_what_is_wrapped_comes_out_again(body: bytes) -> None:
    wrapped = frame.wrap(body)
    assert frame.Decoder().feed(wrapped) == [body]
    assert wrapped.count(0) == 2


@given(st.lists(BODIES, max_size=5), st.randoms(use_true_random=False))
def test_frames_come_out_whole_and_in_order_however_they_are_cut(bodies: list[bytes], chance: random.Random) -> None:
    decoder, line, heard = frame.Decoder(), b"".join(map(frame.wrap, bodies)), []
    while line:
        size = chance.randint(1, 40)
        heard += decoder.feed(line[:size])
        line = line[size:]
    assert heard == bodies
    assert decoder.garbled == 0


@given(st.binary(max_size=600), BODIES)
def test_after_noise_of_any_kind_the_next_frame_is_heard(noise: bytes, body: bytes) -> None:
    decoder = frame.Decoder()
    assert decoder.feed(noise + frame.wrap(body))[-1:] == [body]


@given(BODIES, st.data())
def test_a_frame_with_one_byte_changed_is_dropped(body: bytes, data: st.DataObject) -> None:
    line = bytearray(frame.wrap(body))
    at = data.draw(st.integers(1, len(line) - 2))
    line[at] ^= data.draw(st.integers(1, 255))
    assert body not in frame.Decoder().feed(bytes(line))


def test_an_endless_frame_costs_no_memory_and_is_counted_once() -> None:
    decoder = frame.Decoder()
    for _ in range(100):
        assert decoder.feed(b"\x55" * 1000) == []
        assert len(decoder._rest) <= frame.LIMIT_ENCODED_bytes
    assert decoder.feed(b"\0" + frame.wrap(b"on")) == [b"on"]
    assert decoder.garbled == 1


def test_a_body_beyond_the_limit_is_no_frame() -> None:
    decoder = frame.Decoder()
    assert decoder.feed(frame.wrap(bytes(range(1, 1 + frame.LIMIT_BODY_bytes + 1)))) == []
    assert decoder.garbled == 1


@pytest.mark.parametrize("encoded", [b"\x00", b"\x05ab", b"\x01\x01", b"\x02\x41\x00\x42", b""])
def test_what_cobs_never_writes_is_refused(encoded: bytes) -> None:
    assert frame.unwrap(encoded) is None


def test_the_bytes_on_the_wire_are_as_the_page_says() -> None:
    body = b"\x01\x02\x00\x03"
    crc = zlib.crc32(body).to_bytes(4, "big")
    assert frame.wrap(body) == b"\x00\x03\x01\x02\x06\x03" + crc + b"\x00"
