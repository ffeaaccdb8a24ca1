"""A claim code: never twice the same, read however it is typed, refused with any letter wrong, silent in a log."""

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.identity.certificates import certificate_pem, new_issuer
from messages.claim import CODE_MAX_CHARS, SECRET_BYTES, BadClaim, Claim, ca_digest

NOW = datetime(2026, 11, 24, tzinfo=UTC)
CLAIM = Claim(bytes(range(16)), bytes(range(16, 32)))


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_what_is_written_is_read(secret: bytes, digest: bytes) -> None:
    assert Claim.read(Claim(secret, digest).code) == Claim(secret, digest)


def test_blanks_hyphens_and_small_letters_are_forgiven() -> None:
    assert Claim.read(CLAIM.code.lower().replace("-", " ")) == CLAIM
    assert Claim.read(CLAIM.code.replace("-", "")) == CLAIM


def test_every_single_wrong_letter_is_found_before_anybody_is_asked() -> None:
    code = CLAIM.code.replace("-", "")
    for place, letter in enumerate(code):
        wrong = code[:place] + ("B" if letter == "A" else "A") + code[place + 1 :]
        with pytest.raises(BadClaim):
            Claim.read(wrong)


@given(st.text(max_size=CODE_MAX_CHARS + 10))
def test_whatever_is_typed_is_a_claim_or_a_refusal(text: str) -> None:
    with contextlib.suppress(BadClaim):
        assert len(Claim.read(text).secret) == SECRET_BYTES


@pytest.mark.parametrize("code", ["", "A" * 8, CLAIM.code + "A" * 8, CLAIM.code[:-5], "Ä" * 56, "A" * 10_000])
def test_what_is_too_short_or_too_long_is_none(code: str) -> None:
    with pytest.raises(BadClaim):
        Claim.read(code)


def test_a_claim_names_one_ca_and_no_other() -> None:
    own, other = (certificate_pem(new_issuer("north servers-ca", NOW).certificate) for _ in range(2))
    claim = Claim(bytes(16), ca_digest(own))
    assert claim.proven(own) == own
    assert claim.proven(own.replace(b"\n", b"\r\n")) == own
    assert claim.proven(other) is None


def test_what_stands_beside_the_named_ca_is_not_taken_with_it() -> None:
    own, other = (certificate_pem(new_issuer("north servers-ca", NOW).certificate) for _ in range(2))
    claim = Claim(bytes(16), ca_digest(own))
    assert claim.proven(own + other) == own
    assert claim.proven(b"a remark before it\n" + own) == own
    assert claim.proven(other + own) is None


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", b"\xff" * 100])
def test_what_holds_no_certificate_is_a_value_error(pem: bytes) -> None:
    with pytest.raises(ValueError, match="certificate"):
        CLAIM.proven(pem)


def test_no_log_line_shows_a_code() -> None:
    assert repr(CLAIM) == "Claim()"
