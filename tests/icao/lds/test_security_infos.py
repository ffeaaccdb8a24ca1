"""Security infos: what chips announce, in the forms that the field writes it."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.lds import security_infos as infos
from icao.lds.security_infos import (
    ActiveAuthenticationInfo,
    ChipAuthenticationInfo,
    ChipAuthenticationKey,
    EfDirInfo,
    PaceDomainParameters,
    PaceInfo,
    TerminalAuthenticationInfo,
    UnknownInfo,
    oid_contents,
    parse_dg14,
    parse_security_infos,
)
from icao.tlv import Garbled, write

SPKI = bytes.fromhex("3003020105")  # a sequence; what is in it is the key reader's business


def number(value: int, length: int = 1) -> bytes:
    return write(0x02, value.to_bytes(length, "big"))


def info(oid: str, *parts: bytes) -> bytes:
    return write(0x30, write(0x06, oid_contents(oid)) + b"".join(parts))


def encoded(*each: bytes) -> bytes:
    return write(0x31, b"".join(each))


def test_the_worked_example_of_card_access_announces_ecdh_with_generic_mapping() -> None:
    """Doc 9303-11, appendix G.1."""
    file = bytes.fromhex("31143012060A04007F0007020204020202010202010D")
    found = parse_security_infos(file)
    assert found == (PaceInfo(infos.PACE_ECDH_GM + ".2", 2, 13),)
    assert isinstance(found[0], PaceInfo)
    assert (found[0].mapping, found[0].cipher) == (infos.PACE_ECDH_GM, infos.AES_128)


def test_every_kind_of_info_is_told_apart_and_keeps_its_place() -> None:
    assert parse_security_infos(
        encoded(
            info(infos.PACE_ECDH_CAM + ".4", number(2), number(16)),
            info(infos.PACE_ECDH_GM, SPKI, number(40)),
            info("1.2.840.113549.1.9.16.11", SPKI),
            info(infos.CA_ECDH + ".1", number(1)),
            info(infos.PK_ECDH, SPKI, number(7)),
            info(infos.PK_DH, SPKI),
            info(infos.TA, number(1)),
            info(infos.TA, number(1), write(0x30, write(0x04, b"\x01\x1c") + write(0x04, b"\x1c"))),
            info(infos.AA, number(1), write(0x06, oid_contents("0.4.0.127.0.7.1.1.4.1.3"))),
            info(infos.EF_DIR, write(0x04, b"\x61\x00")),
        )
    ) == (
        PaceInfo(infos.PACE_ECDH_CAM + ".4", 2, 16),
        PaceDomainParameters(infos.PACE_ECDH_GM, SPKI, 40),
        UnknownInfo("1.2.840.113549.1.9.16.11"),
        ChipAuthenticationInfo(infos.CA_ECDH + ".1", 1, None),
        ChipAuthenticationKey(infos.PK_ECDH, SPKI, 7),
        ChipAuthenticationKey(infos.PK_DH, SPKI, None),
        TerminalAuthenticationInfo(1, None, None),
        TerminalAuthenticationInfo(1, 0x011C, 0x1C),
        ActiveAuthenticationInfo(1, "0.4.0.127.0.7.1.1.4.1.3"),
        EfDirInfo(b"\x61\x00"),
    )


def test_dg14_is_the_same_in_its_own_tag() -> None:
    inside = encoded(info(infos.TA, number(1)))
    assert parse_dg14(write(0x6E, inside)) == parse_security_infos(inside)


def test_a_key_id_that_lost_its_leading_zero_is_still_the_same_key() -> None:
    short, right = (encoded(info(infos.PK_ECDH, SPKI, write(2, each))) for each in (b"\xc8", b"\x00\xc8"))
    assert (
        parse_security_infos(short) == parse_security_infos(right) == (ChipAuthenticationKey(infos.PK_ECDH, SPKI, 200),)
    )


def test_a_cipher_or_arc_that_nobody_knows_is_kept_by_its_oid() -> None:
    for oid in (infos.CA_ECDH + ".9", infos.CA_ECDH, infos.PACE_ECDH_GM + ".5", "0.4.0.127.0.7.2.2.4.5.2"):
        assert parse_security_infos(encoded(info(oid, number(1)))) == (UnknownInfo(oid),)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\x31\x00\x00",
        write(0x30, b""),
        encoded(write(0x31, b"")),
        encoded(write(0x30, b"")),
        encoded(write(0x30, write(0x06, b""))),
        encoded(write(0x30, write(0x06, b"\xff"))),
        encoded(write(0x30, write(0x06, b"\x81" * 24 + b"\x01"))),
        encoded(info(infos.CA_ECDH + ".1")),
        encoded(info(infos.CA_ECDH + ".1", number(1), number(1), number(1))),
        encoded(info(infos.CA_ECDH + ".1", number(1, 17))),
        encoded(info(infos.CA_ECDH + ".1", write(2, b""))),
        encoded(info(infos.PK_ECDH, number(1))),
        encoded(info(infos.AA, number(1))),
        encoded(info(infos.AA, number(1), number(1))),
        encoded(info(infos.TA, number(1), write(0x30, b""))),
        encoded(info(infos.EF_DIR, write(0x04, b""))),
        encoded(*[info(infos.TA, number(1))] * 65),
        encoded(info("1.2.3", bytes(16 * 1024))),
    ],
)
def test_what_is_not_made_as_its_standard_says_is_garbled(bad: bytes) -> None:
    with pytest.raises(Garbled):
        parse_security_infos(bad)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.integers(0, 60), st.binary(max_size=6))
def test_garbage_raises_nothing_but_garbled(noise: bytes, where: int, spoil: bytes) -> None:
    good = encoded(info(infos.PACE_ECDH_GM + ".2", number(2), number(13)), info(infos.PK_ECDH, SPKI, number(7)))
    for data in (noise, encoded(noise), good[:where] + spoil + good[where + len(spoil) :]):
        with contextlib.suppress(Garbled):
            parse_security_infos(data)
