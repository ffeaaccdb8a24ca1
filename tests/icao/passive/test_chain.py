"""Does a state that we trust vouch for the signer? Several candidates, links, and those who only claim it."""

from datetime import UTC, date, datetime
from itertools import pairwise

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from icao.checks import Result, overall
from icao.passive import chain
from icao.pki.certificates import parse_certificate
from tests.icao.passive.world import (
    GROUPS,
    Who,
    certificate,
    check,
    csca,
    dg1,
    key,
    link,
    make,
    name,
    parsed,
    signer,
    trust,
    who,
    wrong,
)

UNKNOWN = {"pa.chain": "issuer-unknown", "pa.csca_validity": "issuer-unknown"}
FORGED = {"pa.chain": "issuer-forged", "pa.csca_validity": "issuer-unknown"}


def test_an_unknown_state_is_not_a_bad_signature() -> None:
    checks = check(anchors=[csca("NV", "p256-nv")])
    assert wrong(checks) == UNKNOWN
    assert overall(checks.values()) is Result.UNDETERMINED


def test_without_a_trust_store_nothing_is_proved() -> None:
    checks = check(anchors=[])
    assert wrong(checks)["pa.chain"] == "no-trust-store"
    assert overall(checks.values()) is Result.UNDETERMINED


def test_an_unknown_key_of_a_known_state_is_not_a_bad_signature() -> None:
    assert wrong(check(make(who(issuer="p256-new")))) == UNKNOWN


def test_a04_a_home_made_csca_with_a_real_name_and_key_id_is_told() -> None:
    fake_id, real_id = (each.key_id for each in parsed(csca(own="p256-forger"), csca()))
    assert fake_id is not None
    assert real_id is not None
    forged = who(issuer="p256-forger")
    checks = check(make(Who(forged.der.replace(fake_id, real_id), forged.key)))
    assert wrong(checks) == FORGED
    assert checks["pa.chain"].result is Result.FAILED


def test_a04_a_home_made_csca_with_a_real_name_and_no_key_id_is_told() -> None:
    assert wrong(check(make(who(issuer="p256-forger", key_ids=False)))) == FORGED


def test_a04_a_home_made_csca_that_comes_along_is_trusted_by_nobody() -> None:
    forged = make(who(issuer="p256-forger"), beside=(csca(own="p256-forger"),))
    assert wrong(check(forged)) == UNKNOWN


def test_all_candidates_are_tried_before_anything_is_said() -> None:
    namesake = csca(own="p256-older", key_ids=False)
    assert wrong(check(anchors=[namesake, csca("NV", "p256-nv"), csca()])) == {}
    # An old anchor without a key id and a signer with one: the name alone must do.
    assert wrong(check(anchors=[csca(key_ids=False)])) == {}


def test_an_anchor_that_does_not_verify_itself_is_tried_all_the_same() -> None:
    # Some real roots bear a signature that is nobody's (Latvia, Estonia); who trusts one trusts its key.
    broken = csca()
    broken = broken[:-1] + bytes([broken[-1] ^ 1])
    (anchor,) = parsed(broken)
    assert anchor.verdict_on(anchor).result is Result.FAILED
    assert wrong(check(anchors=[broken])) == {}


def test_names_are_compared_as_people_read_them() -> None:
    lower = certificate(
        name("ut", "csca"), name("ut", "csca"), key("p256-csca"), key("p256-csca"), authority=True, key_ids=False
    )
    assert wrong(check(make(who(key_ids=False)), anchors=[lower])) == {}


def test_a12_a_document_signer_in_the_trust_store_is_no_authority() -> None:
    impostor = (
        x509.CertificateBuilder(name("UT", "CSCA"), name("UT", "CSCA"), key("p256-csca").public_key(), 5)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2035, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key("p256-csca"), hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    assert parse_certificate(impostor).authority is False
    assert wrong(check(anchors=[impostor])) == UNKNOWN


@pytest.mark.parametrize(
    "misuse",
    [
        {"authority": True},
        {"usages": ("key_cert_sign",)},
        {"purposes": ("2.23.136.1.1.3",)},
        {"purposes": ("2.23.136.1.1.8",)},
        {"purposes": ("2.23.136.1.1.11.1",)},
        {"purposes": ("2.23.136.1.1.14.2",)},
        {"purposes": ("0.4.0.127.0.7.3.5.1.1",)},
    ],
)
def test_a12_a_certificate_that_is_for_something_else_signs_no_documents(misuse: dict[str, object]) -> None:
    assert wrong(check(make(who(**misuse)))) == {"pa.chain": "signer-misused", "pa.csca_validity": "issuer-unknown"}


def test_a11_an_authority_with_a_short_key_vouches_for_nobody() -> None:
    short = rsa.generate_private_key(65537, 1024)  # noqa: S505  (that is the attack)
    root = certificate(name("UT", "CSCA"), name("UT", "CSCA"), short, short, authority=True, usages=None)
    weak = certificate(name("UT", "Signer"), name("UT", "CSCA"), key("p256-ds"), short)
    checks = check(make(Who(weak, key("p256-ds"))), [root])
    assert checks["pa.chain"].result is Result.FAILED
    assert wrong(checks)["pa.chain"] == "weak-algorithm"


# --- links ---
def test_an_old_signer_is_reached_from_a_newer_anchor_through_a_link_that_came_along() -> None:
    # The new key vouches for the old one, and the old root is not in the store.
    back = link("p256-csca", "p256-new", old="CSCA new", new="CSCA")
    new_root = certificate(
        name("UT", "CSCA new"), name("UT", "CSCA new"), key("p256-new"), key("p256-new"), authority=True
    )
    checks = check(make(beside=(back,)), [new_root])
    assert wrong(checks) == {}
    assert "link" in checks["pa.chain"].detail


def test_a_new_signer_is_reached_from_the_old_anchor_through_a_link_that_came_along() -> None:
    forth = link("p256-new", "p256-csca")
    assert wrong(check(make(who(issuer="p256-new"), beside=(forth,)))) == {}
    assert wrong(check(make(who(issuer="p256-new")))) == UNKNOWN


def test_a_link_of_a_renamed_authority_is_followed() -> None:
    forth = link("p256-new", "p256-csca", new="Utopian Root")
    ds = certificate(name("UT", "Signer"), name("UT", "Utopian Root"), key("p256-ds"), key("p256-new"))
    assert wrong(check(make(Who(ds, key("p256-ds")), beside=(forth,)))) == {}


def test_a_link_in_the_store_is_an_anchor_like_any_other() -> None:
    assert wrong(check(make(who(issuer="p256-new")), [link("p256-new", "p256-csca")])) == {}


def test_a_link_that_is_no_authority_or_has_expired_leads_nowhere_good() -> None:
    no_authority = certificate(name("UT", "CSCA"), name("UT", "CSCA"), key("p256-new"), key("p256-csca"))
    with_flag = link("p256-new", "p256-csca", ends=date(2026, 1, 1))
    new_signer = who(issuer="p256-new")
    assert parse_certificate(no_authority).authority is None
    checks = check(make(new_signer, beside=(with_flag,)))
    assert wrong(checks) == {"pa.csca_validity": "csca-expired"}


def test_a12_a_document_signer_that_comes_along_certifies_nobody() -> None:
    above = signer()
    below = certificate(name("UT", "Below"), name("UT", "Signer"), key("p256-below"), key("p256-ds"))
    assert parse_certificate(above).authority is None
    assert wrong(check(make(Who(below, key("p256-below")), beside=(above,)))) == UNKNOWN


def test_a_key_with_a_root_and_a_link_is_judged_by_the_one_that_is_valid() -> None:
    expired = csca(ends=date(2026, 1, 1))
    assert wrong(check(anchors=[expired, csca()])) == {}
    assert wrong(check(anchors=[csca(), expired])) == {}


def test_what_a_chip_brings_along_is_followed_only_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ["p256-csca", *(f"p256-step{step}" for step in range(5))]
    links = [link(own, by) for by, own in pairwise(names)]
    for steps in range(1, 6):
        ds = parsed(signer(issuer=names[steps]))[0]
        found = chain.find_path(ds, trust(), date(2026, 11, 24), parsed(*links[:steps]))
        assert bool(found) is (steps <= 3), steps
    monkeypatch.setattr(chain, "MAX_SIGNATURES", 3)
    crowd = parsed(*links)
    assert chain.find_path(parsed(signer(issuer=names[3]))[0], trust(), date(2026, 11, 24), crowd) == ()


def test_two_links_that_vouch_for_each_other_end() -> None:
    circle = (link("p256-a", "p256-b"), link("p256-b", "p256-a"))
    assert wrong(check(make(who(issuer="p256-a"), beside=circle))) == UNKNOWN


def test_a13_a_trusted_neighbour_cannot_make_a_signer_for_utopia() -> None:
    ours = certificate(name("UT", "Signer"), name("NV", "CSCA"), key("p256-ds"), key("p256-nv"))
    checks = check(make(Who(ours, key("p256-ds"))), [csca(), csca("NV", "p256-nv")])
    assert wrong(checks) == {"pa.country": "country-differs"}
    assert "NV signed it" in checks["pa.country"].detail


def test_a13_a_link_between_two_states_does_not_make_them_one() -> None:
    bridge = certificate(
        name("UT", "CSCA"), name("NV", "CSCA"), key("p256-csca"), key("p256-nv"), authority=True, usages=None
    )
    checks = check(make(beside=(bridge,)), [csca("NV", "p256-nv")], groups={**GROUPS, 1: dg1()})
    assert wrong(checks) == {"pa.country": "country-differs"}
