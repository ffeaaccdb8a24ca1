"""What is no EF.SOD fails the first check and makes no other; nothing that a chip can send raises."""

import pytest
from asn1crypto import cms
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.checks import Result, overall
from icao.lds.sod import MAX_SOD_BYTES, parse_sod
from icao.passive import verify
from icao.tlv import Garbled, write
from simulators.issuing.sod import security_object
from tests.icao.passive.world import GROUPS, TODAY, csca, make, trust

SOD = make()
TRUST = trust()
NO_HASHES = write(0x30, write(2, b"\0") + write(0x30, b"") + write(0x30, b""))


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x77\x00",
        SOD[:-1],
        SOD + b"\0",
        b"\x75" + SOD[1:],
        csca(),
        write(0x77, cms.ContentInfo({"content_type": "data", "content": b"Utopia"}).dump()),
        make(signers=2),
        make(signers=0),
        make(doubled_digest=True),
        make(content_type="1.2.3.4"),
        make(beside=(csca(),) * 8),
        make(content=b""),
        make(content=write(0x30, b"")),
        make(content=NO_HASHES),
        make(content=security_object({0: b""})),
        make(content=security_object({17: b""})),
        make(content=security_object({1: b"", 2: b""}).replace(b"\x02\x01\x02\x04", b"\x02\x01\x01\x04")),
        write(0x77, bytes(MAX_SOD_BYTES)),
        write(0x77, b"\x30\x80" * 5000 + bytes(20000)),
    ],
)
def test_what_is_no_sod_fails_the_first_check_and_makes_no_other(file: bytes) -> None:
    checks = verify(file, GROUPS, TRUST, TODAY)
    assert [(each.id, each.result, each.code) for each in checks] == [("pa.parse", Result.FAILED, "garbled")]


def test_a22_a_nesting_bomb_is_refused_before_anything_is_read() -> None:
    with pytest.raises(Garbled, match="nests too deep"):
        parse_sod(write(0x77, b"\x30\x80" * 100 + bytes(200)))


def test_a_sod_without_content_is_garbled() -> None:
    parsed = cms.ContentInfo.load(make(bare=True))
    parsed["content"]["encap_content_info"] = {"content_type": "data"}
    with pytest.raises(Garbled):
        parse_sod(write(0x77, parsed.dump(force=True)))


def test_a_list_of_hashes_does_not_show_in_a_log() -> None:
    assert "Sod(" not in repr(parse_sod(SOD))


@given(st.integers(0, len(SOD) - 1), st.integers(1, 255), st.integers(0, 6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_bent_sod_raises_nothing_and_proves_nothing(place: int, bend: int, cut: int) -> None:
    bent = bytearray(SOD)
    bent[place] ^= bend
    checks = verify(bytes(bent[: len(bent) - cut] if cut < 3 else bent), GROUPS, TRUST, TODAY)
    if overall(checks) is Result.SUCCESSFUL:
        # A few bytes are in nobody's signature: versions, the list of digests, unused parameters, the signer's name.
        assert parse_sod(bytes(bent)).hashes == parse_sod(SOD).hashes
        assert {each.id: each for each in checks}["pa.sod_signature"].result is Result.SUCCESSFUL


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_garbage_never_raises_anything(data: bytes) -> None:
    assert overall(verify(data, {}, TRUST, TODAY)) is Result.FAILED
    assert overall(verify(write(0x77, data), {}, TRUST, TODAY)) is Result.FAILED
