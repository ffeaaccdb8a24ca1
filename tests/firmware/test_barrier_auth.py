"""The tag is HMAC-SHA256 as everybody else computes it, and every byte of it counts."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.barrier import auth

KEYS = st.binary(min_size=32, max_size=32)


@given(KEYS, st.binary(max_size=200))
def test_our_hmac_is_the_standard_one(key: bytes, message: bytes) -> None:
    assert auth.hmac(auth.pads(key), message) == hmac.new(key, message, hashlib.sha256).digest()


@given(KEYS)
def test_a_session_key_depends_on_the_key_and_on_both_nonces(key: bytes) -> None:
    pads = auth.pads(key)
    other = auth.pads(bytes([key[0] ^ 1]) + key[1:])
    one, two = bytes(16), b"\1" * 16
    sessions = {
        auth.session_pads(*of) for of in ((pads, one, two), (pads, two, one), (pads, one, one), (other, one, two))
    }
    assert len(sessions) == 4
    assert 0 < auth.session_id(auth.session_pads(pads, one, two)) <= 0xFFFFFFFF


@pytest.mark.parametrize("at", range(auth.TAG_bytes))
def test_tags_that_differ_anywhere_are_not_the_same(at: int) -> None:
    tag = bytearray(range(8))
    tag[at] ^= 0x80
    assert auth.same(bytes(range(8)), bytes(range(8)))
    assert not auth.same(bytes(range(8)), bytes(tag))


@pytest.mark.parametrize(
    ("left", "right"), [(b"", b""), (bytes(7), bytes(7)), (bytes(8), bytes(9)), (bytes(9), bytes(8))]
)
def test_a_tag_of_another_length_is_never_the_same(left: bytes, right: bytes) -> None:
    assert not auth.same(left, right)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_device_key_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        auth.pads(bytes(size))
