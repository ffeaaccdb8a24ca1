"""Every form of signature that states use is read and verified; the maker and the reader share only the standard."""

from datetime import UTC, date, datetime

import pytest

from icao.checks import Result, overall
from icao.lds.sod import parse_sod
from icao.pki.curves import BRAINPOOL_P224R1, BRAINPOOL_P320R1, P256, Curve
from icao.tlv import read_all, read_one, write
from simulators.issuing.odd_keys import OddKey, OddSigner, explicit_key, named_key, point_of, signed_anew
from tests.icao.passive.world import Who, check, csca, key, link, make, signer, who, wrong

BY_RSA, BY_PSS = who("rsa"), who("rsa", pss=True)

FORMS = {
    "RSA": make(BY_RSA),
    "RSA, SHA-1": make(BY_RSA, digest="sha1", group_digest="sha1"),
    "RSA, SHA-224": make(BY_RSA, digest="sha224"),
    "RSA, SHA-512, groups SHA-256": make(BY_RSA, digest="sha512"),
    "groups SHA-384": make(BY_RSA, group_digest="sha384"),
    "PSS": make(BY_PSS),
    "PSS with an odd salt, as Denmark's": make(BY_PSS, salt_bytes=64),
    "PSS without salt": make(BY_PSS, salt_bytes=0),
    "PSS with another digest for the mask": make(BY_PSS, mask_digest="sha1"),
    "PSS, SHA-512": make(BY_PSS, digest="sha512"),
    "ECDSA": make(),
    "ECDSA, SHA-1": make(digest="sha1"),
    "ECDSA, SHA-512 on a short curve": make(digest="sha512"),
    "ECDSA, brainpool, SHA-384": make(who("bp256"), digest="sha384"),
    "ECDSA, P-521, SHA-512": make(who("p521"), digest="sha512"),
    "ECDSA, plain": make(plain_ecdsa=True),
    "ECDSA, plain, P-521": make(who("p521"), plain_ecdsa=True, digest="sha512"),
    "signer by key id": make(by_key_id=True),
    "signing time": make(signed_at=datetime(2024, 5, 1, tzinfo=UTC)),
    "signing time before 2000, in a signer that is as old": make(
        who(begins=date(1999, 1, 1)), signed_at=datetime(1999, 5, 1, tzinfo=UTC)
    ),
    "old content type": make(content_type="1.3.27.1.1.1"),
    "Sdu's content type": make(content_type="1.2.528.1.1006.1.20.1"),
    "id-data": make(content_type="1.2.840.113549.1.7.1"),
    "LDS 1.8": make(lds_version="0108"),
    "without the file's own tag": make(bare=True),
    "BER": make(ber=True),
    "BER, RSA, LDS 1.8": make(BY_RSA, ber=True, lds_version="0108"),
    "signer named wrongly, but alone": make(serial=99),
    "signer named wrongly, among others": make(serial=99, beside=(csca(), signer("p256-other"))),
    "its CSCA beside it": make(beside=(csca(),)),
    "an extension that nobody can read": make(who(extensions=(("1.3.9999", b"\xff"),))),
    "a list of document types that nobody can read": make(who(extensions=(("2.23.136.1.1.6.2", b"\xff"),))),
    "no key usage": make(who(usages=None)),
    "no key ids": make(who(key_ids=False)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_states_use_is_verified(form: str) -> None:
    assert wrong(check(FORMS[form])) == {}


@pytest.mark.parametrize("by", [BY_RSA, BY_PSS])
def test_a_digest_that_stands_in_another_field_is_found(by: Who) -> None:
    assert wrong(check(make(by, digest_elsewhere=True, digest="sha384", salt_bytes=20))) == {}


def test_a_genuine_document_passes_every_check_in_this_order() -> None:
    checks = check(present=(1, 2))
    assert list(checks) == [
        "pa.parse", "pa.message_digest", "pa.sod_signature", "pa.dg_hash.1", "pa.dg_hash.2", "pa.chain",
        "pa.ds_validity", "pa.csca_validity", "pa.crl", "pa.deviation", "pa.country", "lds.dg_list",
    ]  # fmt: skip
    assert wrong(checks) == {}
    assert overall(checks.values()) is Result.SUCCESSFUL


def test_the_signed_version_of_the_data_structure_is_read() -> None:
    assert parse_sod(FORMS["LDS 1.8"]).lds_version == "0108"
    assert parse_sod(FORMS["ECDSA"]).lds_version == ""


def test_a_csca_with_rsa_pss_is_verified() -> None:
    assert wrong(check(make(who("rsa", issuer="rsa-csca", pss=True)), [csca(own="rsa-csca", pss=True)])) == {}


# --- keys that OpenSSL does not take ---
def test_explicit_parameters_of_a_known_curve_are_computed_on_the_named_one() -> None:
    ds, root = key("p256-ds"), key("p256-csca")
    explicit = signed_anew(signer(), root, explicit_key(P256, point_of(ds)))
    anchor = signed_anew(csca(), root, explicit_key(P256, point_of(root), cofactor=None, seed=bytes(20)))
    assert wrong(check(make(OddSigner(explicit, ds)), [anchor])) == {}


@pytest.mark.parametrize("curve", [BRAINPOOL_P224R1, BRAINPOOL_P320R1])
def test_curves_that_openssl_lacks_are_computed_on_all_the_same(curve: Curve) -> None:
    odd, root = OddKey(curve), OddKey(curve)
    ds = signed_anew(signer(), root, named_key(odd.curve, odd.point))
    anchor = signed_anew(csca(), root, explicit_key(root.curve, root.point))
    assert wrong(check(make(OddSigner(ds, odd)), [anchor])) == {}
    stranger = signed_anew(signer(), OddKey(root.curve), named_key(odd.curve, odd.point))
    assert wrong(check(make(OddSigner(stranger, odd)), [anchor]))["pa.chain"] == "issuer-forged"


# --- BER ---
def test_signed_attributes_in_ber_are_hashed_as_der() -> None:
    loose = _with_loose_attributes(make(bare=True))
    assert b"\xa0\x80\x30" in loose
    assert wrong(check(loose)) == {}


def _with_loose_attributes(message: bytes) -> bytes:
    """The same message with its signed attributes in an indefinite length."""
    kind, explicit = read_all(read_one(message, 0x30))
    fields = list(read_all(read_one(explicit.value, 0x30)))
    info = [write(each.tag, each.value) for each in read_all(read_one(fields[-1].value, 0x30))]
    attributes = read_all(info[3])[0]
    info[3] = b"\xa0\x80" + attributes.value + b"\0\0"
    signers = write(0x31, write(0x30, b"".join(info)))
    signed = write(0x30, b"".join(write(each.tag, each.value) for each in fields[:-1]) + signers)
    return write(0x30, write(0x06, kind.value) + write(0xA0, signed))


def test_a_link_beside_the_signer_does_no_harm() -> None:
    assert wrong(check(make(beside=(link("p256-new", "p256-csca"),)))) == {}
