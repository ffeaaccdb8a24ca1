"""Who signed it, and is the signature theirs? Every way to be wrong has a verdict of its own."""

import hashlib

from icao.checks import Result
from icao.pki.curves import P256
from icao.tlv import write
from simulators.issuing.odd_keys import OddSigner, explicit_key, point_of, signed_anew
from simulators.issuing.sod import security_object
from tests.icao.passive.world import (
    GROUPS,
    Who,
    check,
    key,
    link,
    make,
    signer,
    who,
    wrong,
)


def test_another_list_of_hashes_under_the_old_signature_is_told() -> None:
    forged_groups = {1: GROUPS[1], 2: write(0x75, b"another")}
    forged = make().replace(hashlib.sha256(GROUPS[2]).digest(), hashlib.sha256(forged_groups[2]).digest())
    assert wrong(check(forged, groups=forged_groups)) == {"pa.message_digest": "digest-differs"}


def test_new_attributes_under_the_old_signature_are_told() -> None:
    forged = make().replace(hashlib.sha256(security_object(GROUPS)).digest(), bytes(32))
    assert wrong(check(forged)) == {"pa.message_digest": "digest-differs", "pa.sod_signature": "signature-wrong"}


def test_the_signature_of_another_key_is_told() -> None:
    assert wrong(check(make(Who(signer(), key("p256-thief"))))) == {"pa.sod_signature": "signature-wrong"}


def test_a_signature_of_another_kind_than_the_key_is_told() -> None:
    assert wrong(check(make(Who(signer(), key("rsa"))))) == {"pa.sod_signature": "signature-wrong"}


def test_a_signed_list_without_attributes_is_not_accepted() -> None:
    assert wrong(check(make(attributes=False))) == {"pa.message_digest": "attributes-missing"}


def test_a_signed_content_type_of_another_kind_is_told() -> None:
    assert wrong(check(make(stated_type="1.2.840.113549.1.7.1"))) == {"pa.message_digest": "content-type-differs"}


def test_a11_md5_proves_nothing() -> None:
    weak = "weak-algorithm"
    assert wrong(check(make(group_digest="md5"))) == {"pa.dg_hash.1": weak, "pa.dg_hash.2": weak}
    checks = check(make(who("rsa"), digest="md5"))
    assert wrong(checks) == {"pa.message_digest": weak, "pa.sod_signature": weak}
    assert checks["pa.sod_signature"].result is Result.FAILED


def test_a09_a_signer_on_a_curve_of_its_own_is_never_computed_on() -> None:
    # CVE-2020-0601: with the real signer's public key for a generator, the private key 1 is right.
    ds, root = key("p256-ds"), key("p256-csca")
    chosen = signed_anew(signer(), root, explicit_key(P256, point_of(ds), generator=point_of(ds)))
    checks = check(make(OddSigner(chosen, ds)))
    assert wrong(checks) == {"pa.sod_signature": "unknown-curve"}
    assert checks["pa.sod_signature"].result is Result.NOT_SUPPORTED


def test_a_digest_that_nobody_knows_proves_nothing() -> None:
    sha256, sha3 = (bytes.fromhex(f"300d060960864801650304020{last}0500") for last in (1, 8))
    message = make(who("rsa"))
    assert sha256 in message
    place = message.rindex(sha256)
    unknown = wrong(check(message[:place] + sha3 + message[place + len(sha3) :]))
    assert unknown == {"pa.message_digest": "algorithm-unknown"}


def test_a_curve_that_is_not_for_travel_documents_is_not_supported() -> None:
    assert wrong(check(make(who("k1")))) == {"pa.sod_signature": "unknown-curve"}


# --- whose certificate? ---
def test_a_sod_without_its_signers_certificate_asks_the_trust_store() -> None:
    for by_key_id in (False, True):
        bare = make(without_certificate=True, by_key_id=by_key_id)
        assert wrong(check(bare, signers=[signer("p256-other", serial=8), signer()])) == {}


def test_a_link_that_comes_along_alone_is_not_taken_for_the_signer() -> None:
    for by_key_id in (False, True):
        bare = make(without_certificate=True, by_key_id=by_key_id, beside=(link("p256-csca", "p256-old", serial=8),))
        assert wrong(check(bare, signers=[signer()])) == {}


def test_a_signer_that_nobody_knows_proves_nothing() -> None:
    checks = check(make(without_certificate=True))
    assert wrong(checks) == {
        "pa.sod_signature": "signer-missing", "pa.chain": "signer-missing", "pa.ds_validity": "signer-missing",
        "pa.csca_validity": "issuer-unknown", "pa.country": "signer-missing",
    }  # fmt: skip
    assert {each.result for each in checks.values() if each.id in wrong(checks)} == {Result.UNDETERMINED}


def test_of_several_signers_with_one_number_the_one_whose_key_it_was_is_taken() -> None:
    twins = [signer("p256-other"), signer()]
    assert wrong(check(make(without_certificate=True), signers=twins)) == {}
    assert wrong(check(make(without_certificate=True, beside=tuple(twins)))) == {}


def test_a_certificate_that_nobody_can_read_does_not_hide_the_others() -> None:
    broken = signer("p256-other").replace(b"\x17\x0d", b"\x18\x0d")  # times that are none
    assert wrong(check(make(beside=(broken,)))) == {}
    assert wrong(check(make(Who(broken, key("p256-ds")))))["pa.sod_signature"] == "signer-missing"
