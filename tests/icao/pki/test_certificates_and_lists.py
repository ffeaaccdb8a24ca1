"""Certificates, names, revocation lists and signed messages of strangers are read, and nothing else comes out."""

from datetime import date, timedelta
from typing import Any

import pytest
from asn1crypto import x509 as asn1_x509
from hypothesis import given, settings
from hypothesis import strategies as st

from icao import der
from icao.pki.certificates import MAX_CERTIFICATE_BYTES, parse_certificate
from icao.pki.cms import parse_signed_data
from icao.pki.crl import MAX_CRL_BYTES, parse_crl
from icao.pki.deviation_list import parse_deviation_list
from icao.pki.names import comparable, country
from icao.tlv import Garbled, read_all, read_one, write
from simulators.issuing.certificates import Issuer
from simulators.issuing.cms import in_ber
from simulators.issuing.lists import AA_KEY_COMPROMISED, Deviation, deviation_list
from simulators.issuing.revocation import crl
from tests.icao.passive.world import TODAY, csca, key, make, name, signer, who

CRL = crl(Issuer(name("UT", "CSCA"), key("p256-csca")), (TODAY, TODAY + timedelta(days=30)), (7, 8, 1 << 70))


def test_a_certificate_is_read_as_another_parser_reads_it() -> None:
    encoded = signer(
        usages=("digital_signature", "crl_sign", "key_agreement", "decipher_only"), purposes=("2.23.136.1.1.3",)
    )
    ours, theirs = parse_certificate(encoded), asn1_x509.Certificate.load(encoded)
    assert ours.signed_part == theirs["tbs_certificate"].dump()
    assert (ours.serial, ours.key_id, ours.authority_key_id) == (
        theirs.serial_number, theirs.key_identifier, theirs.authority_key_identifier,
    )  # fmt: skip
    assert (ours.begins, ours.ends) == (theirs.not_valid_before.date(), theirs.not_valid_after.date())
    assert ours.usages == theirs.key_usage_value.native == {
        "digital_signature", "crl_sign", "key_agreement", "decipher_only",
    }  # fmt: skip
    assert (ours.country, ours.purposes, ours.authority) == ("UT", {"2.23.136.1.1.3"}, None)
    assert repr(ours) == "Certificate(UT, 7)"


def test_a_certificate_of_the_first_version_is_read() -> None:
    parsed = asn1_x509.Certificate.load(csca())
    parsed["tbs_certificate"]["version"] = "v1"
    parsed["tbs_certificate"]["extensions"] = None
    old = parse_certificate(parsed.dump(force=True))
    assert (old.key_id, old.authority, old.usages, old.purposes) == (None, None, None, frozenset())


def test_a_second_algorithm_that_is_malformed_is_not_even_looked_at() -> None:
    # Six real CSCAs of 2026 have one; the bytes are signed all the same.
    encoded = csca()
    place = encoded.index(bytes.fromhex("2a8648ce3d040302"))
    bent = encoded[:place] + b"\xff" * 8 + encoded[place + 8 :]
    assert parse_certificate(bent).subject == parse_certificate(encoded).subject


def test_an_extension_that_counts_stands_there_once() -> None:
    doubled = who(extensions=(("2.5.29.19", bytes.fromhex("30030101ff")),), authority=False)
    assert parse_certificate(doubled.der).authority is True
    twice = signer(extensions=(("2.5.29.99", b"\x05\x00"), ("2.5.29.98", b"\x05\x00")))
    with pytest.raises(Garbled, match="twice"):
        parse_certificate(twice.replace(bytes.fromhex("0603551d62"), bytes.fromhex("0603551d63")))


def test_a_period_for_the_private_key_is_read_by_halves_too() -> None:
    ends = write(0x30, write(0x81, b"20210401000000Z"))
    read = parse_certificate(signer(extensions=(("2.5.29.16", ends),)))
    assert (read.signs_from, read.signs_until) == (None, date(2021, 4, 1))


# --- names ---
def a_name(*parts: tuple[str, int, bytes]) -> bytes:
    pairs = (write(0x31, write(0x30, write(6, bytes.fromhex(oid)) + write(tag, text))) for oid, tag, text in parts)
    return write(0x30, b"".join(pairs))


C, ORGANISATION, CN = "550406", "55040a", "550403"
PLAIN = a_name((C, 0x13, b"UT"), (ORGANISATION, 0x13, b"Passport Office"), (CN, 0x13, b"CSCA"))


@pytest.mark.parametrize(
    "same",
    [
        a_name((C, 0x13, b"ut"), (ORGANISATION, 0x13, b"PASSPORT OFFICE"), (CN, 0x13, b"csca")),
        a_name((C, 0x13, b"UT"), (ORGANISATION, 0x0C, b"Passport  Office "), (CN, 0x1E, "CSCA".encode("utf-16-be"))),
        a_name((CN, 0x14, b"CSCA"), (ORGANISATION, 0x16, b"Passport Office"), (C, 0x0C, b"UT")),
        a_name((C, 0x1C, "UT".encode("utf-32-be")), (ORGANISATION, 0x13, b"Passport Office"), (CN, 0x13, b"CSCA")),
    ],
)
def test_a_name_is_the_same_in_every_case_type_and_order(same: bytes) -> None:
    assert comparable(same) == comparable(PLAIN)
    assert country(same) == "UT"


@pytest.mark.parametrize(
    "other",
    [
        a_name((C, 0x13, b"UT"), (CN, 0x13, b"CSCA")),
        a_name((C, 0x13, b"NV"), (ORGANISATION, 0x13, b"Passport Office"), (CN, 0x13, b"CSCA")),
        a_name((C, 0x13, b"UT"), (ORGANISATION, 0x13, b"CSCA"), (CN, 0x13, b"Passport Office")),
        a_name((C, 0x13, b"UT"), (ORGANISATION, 0x13, b"Passport Office"), (CN, 0x03, b"\0CSCA")),
    ],
)
def test_another_name_is_another(other: bytes) -> None:
    assert comparable(other) != comparable(PLAIN)


@pytest.mark.parametrize(
    "name_",
    [
        b"",
        b"\x30\x01\x31",
        write(0x30, write(0x30, b"")),
        write(0x30, write(0x31, write(0x30, b"\6\1\1" * 3))),
        a_name((C, 0x13, b"UT"))[:-1],
    ],
)
def test_what_is_no_name_is_garbled(name_: bytes) -> None:
    with pytest.raises(Garbled):
        comparable(name_)


# --- lists ---
def test_a_revocation_list_is_read() -> None:
    read = parse_crl(CRL)
    assert read.revoked == {7: "key compromise", 8: "key compromise", 1 << 70: "key compromise"}
    assert (read.issued_on, read.next_update, read.country) == (TODAY, TODAY + timedelta(days=30), "UT")
    assert read.authority_key_id == parse_certificate(csca()).key_id
    assert read.issuer == parse_certificate(csca()).subject


def test_a_list_of_thousands_is_read() -> None:
    issuer = Issuer(name("UT", "CSCA"), key("p256-csca"))
    crowd = crl(issuer, (TODAY, TODAY + timedelta(days=30)), range(1, 5001))
    assert len(parse_crl(crowd).revoked) == 5000


def test_a_signer_named_by_a_key_id_in_one_tag_too_many_is_found() -> None:
    key_id = parse_certificate(signer()).key_id
    assert key_id is not None
    kind, explicit = read_all(read_one(make(by_key_id=True, bare=True), 0x30))
    *around, infos = (write(each.tag, each.value) for each in read_all(read_one(explicit.value, 0x30)))
    tagged = write(0x80, key_id)
    assert tagged in infos
    info = read_one(read_one(infos, 0x31), 0x30).replace(tagged, write(0xA0, write(0x04, key_id)))
    signed = write(0x30, b"".join(around) + write(0x31, write(0x30, info)))
    changed = write(0x30, write(0x06, kind.value) + write(0xA0, signed))
    assert parse_signed_data(changed).signers[0].id.key_id == key_id


def test_what_is_too_large_is_not_read() -> None:
    for parse, limit in ((parse_certificate, MAX_CERTIFICATE_BYTES), (parse_crl, MAX_CRL_BYTES)):
        with pytest.raises(Garbled, match="more than"):
            parse(bytes(limit + 1))  # type: ignore[operator]  # two functions of one kind


# --- BER ---
def test_what_is_definite_stays_as_it_is_and_the_rest_becomes_so() -> None:
    message = make(bare=True)
    assert der.definite(message) is message
    assert parse_signed_data(in_ber(message)) == parse_signed_data(message)
    nested = bytes.fromhex("30 80 3f8101 80 020105 0000 3003 020106 0000".replace(" ", ""))
    assert der.definite(nested).hex() == "300c" + "3f810103020105" + "3003020106"
    within = bytes.fromhex("3009 3080 020105 0000 0500")
    assert der.definite(within).hex() == "3007" + "3003020105" + "0500"


@pytest.mark.parametrize(
    ("encoded", "expected"),
    [
        (b"\x17\x0d240501093000Z", "2024-05-01T09:30:00+00:00"),
        (b"\x17\x0d991231235959Z", "1999-12-31T23:59:59+00:00"),
        (b"\x17\x0b2405010930Z", "2024-05-01T09:30:00+00:00"),
        (b"\x17\x112405010930+0200"[:2] + b"2405010930+0200", "2024-05-01T07:30:00+00:00"),
        (b"\x18\x0f20240501093000Z", "2024-05-01T09:30:00+00:00"),
        (b"\x18\x1320240501093000.999Z"[:2] + b"20240501093000.999Z", "2024-05-01T09:30:00+00:00"),
    ],
)
def test_every_way_to_write_a_time_is_read(encoded: bytes, expected: str) -> None:
    assert der.moment(der.Part(encoded[0], encoded[2:], encoded)).isoformat() == expected


@pytest.mark.parametrize("text", [b"", b"Z", b"241301000000Z", b"24050109x000Z", b"\xff", b"2405010930+99x0"])
def test_what_is_no_time_is_garbled(text: bytes) -> None:
    with pytest.raises(Garbled):
        der.moment(der.Part(der.UTC_TIME, text, text))


@pytest.mark.parametrize(
    "read",
    [
        lambda: der.integer(der.Part(2, b"", b"")),
        lambda: der.unsigned(der.Part(4, b"1", b"")),
        lambda: der.oid(der.Part(2, b"1", b"")),
        lambda: der.dotted(b"\x81"),
        lambda: der.bits(der.Part(3, b"\3\xf8", b"")),
        lambda: der.octets(der.Part(0x30, b"", b"")),
        lambda: der.moment(der.Part(2, b"", b"")),
        lambda: der.only(b"\2\1\5\2\1\5"),
        lambda: list(der.elements(b"\2\1\5" * 3, 2)),
        lambda: der.Fields(b"\2\1\5").next(4),
    ],
)
def test_a_field_of_another_kind_is_garbled(read: Any) -> None:  # Any: a function that raises
    with pytest.raises(Garbled):
        read()


@given(st.binary(max_size=300))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_garbage_raises_nothing_but_garbled(data: bytes) -> None:
    for parse in (parse_certificate, parse_crl, parse_signed_data, parse_deviation_list, comparable, der.definite):
        try:
            parse(data)  # type: ignore[operator]  # functions of one kind
        except Garbled:
            continue


BENDABLE = {
    parse_certificate: signer(),
    parse_crl: CRL,
    parse_signed_data: make(bare=True),
    parse_deviation_list: deviation_list([Deviation(AA_KEY_COMPROMISED, signer=signer())], who(), None),  # type: ignore[arg-type]  # what it takes of a signer
}


@given(st.integers(0, 10_000), st.integers(1, 255))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_bent_ones_raise_nothing_but_garbled(place: int, bend: int) -> None:
    for parse, genuine in BENDABLE.items():
        bent = bytearray(genuine)
        bent[place % len(bent)] ^= bend
        try:
            parse(bytes(bent))  # type: ignore[operator]  # functions of one kind
        except Garbled:
            continue
