"""What an import takes in, what it refuses, and what counts: the trust store stands or falls with these."""

import random
import time
from datetime import timedelta

import pytest

from edge.inspection.trust.coverage import coverage
from icao.passive import verify
from icao.pki.certificates import parse_certificate
from simulators.issuing.authority import Authority
from simulators.issuing.certificates import LIST_SIGNING, make_key, make_list_signer, signer_period
from simulators.issuing.directory import Entry, ldif
from simulators.issuing.lists import SOD_SIGNATURE_WRONG, Deviation, deviation_list, master_list
from simulators.issuing.office import Office
from simulators.issuing.revocation import crl
from simulators.issuing.state import Signer, State
from simulators.issuing.states import Keys
from simulators.issuing.world import world
from tests.edge.inspection.desk import TODAY, passport
from tests.edge.inspection.trust.conftest import LAST_WEEK, NOW, Counter, Open, utopian_list


def pem(*certificates: bytes) -> bytes:
    from base64 import encodebytes

    blocks = (
        b"-----BEGIN CERTIFICATE-----\n" + encodebytes(each) + b"-----END CERTIFICATE-----" for each in certificates
    )
    return b"\n".join(blocks)


def home_made(utopia: Authority) -> Signer:
    """A list signer with the right name and purpose, certified by nobody but a key of the forger's."""
    from simulators.issuing.certificates import Issuer

    forger = Issuer(utopia.state.csca.subject, make_key(Keys.EC_P384))
    key = make_key(Keys.EC_P256)
    return Signer(make_list_signer(forger, utopia.state.spec, key, signer_period(TODAY), LIST_SIGNING), key)


# --- certificates by hand ---
def test_a_certificate_imported_by_hand_is_trusted(counter: Counter, utopia: Authority) -> None:
    report = counter.take(a_cer=utopia.state.csca_der)
    assert (report.imported, report.known, report.refused, report.countries_added) == (1, 0, [], ["UT"])
    assert counter.trusted() == {utopia.state.csca_der}


def test_the_same_certificate_in_pem_is_known(counter: Counter, utopia: Authority) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    report = counter.take(a_pem=pem(utopia.state.csca_der))
    assert (report.imported, report.known, report.added) == (0, 1, {})


def test_a_document_signer_imported_by_hand_is_kept_and_is_no_anchor(
    counter: Counter, utopia: Authority, open_store: Open
) -> None:
    counter.take(a_cer=utopia.state.signer.der)
    assert counter.trusted() == set()
    signer = parse_certificate(utopia.state.signer.der)
    store = open_store(counter.store)
    assert store.issuers_of(signer) == []
    assert [each.der for each in store.signers_of(_named(signer.issuer, signer.serial))] == [utopia.state.signer.der]


def test_an_anchor_that_is_none_is_refused(counter: Counter, utopia: Authority) -> None:
    report = counter.take(anchors=[utopia.state.signer.der])
    assert [refusal.unreadable for refusal in report.refused] == [True]


def test_a_file_that_is_not_what_it_claims_keeps_none_of_the_others_out(counter: Counter, utopia: Authority) -> None:
    report = counter.take(
        a_der=b"\x30\x82\xff\xff garbage",
        b_crl=b"no list",
        c_ml=b"",
        d_cer=utopia.state.csca_der,
        e_zip=b"PK\x03\x04zip",
    )
    assert [refusal.file.rpartition("/")[2] for refusal in report.refused] == ["a.der", "b.crl", "c.ml", "e.zip"]
    assert all(refusal.unreadable for refusal in report.refused)
    assert counter.trusted() == {utopia.state.csca_der}


def test_one_odd_certificate_of_a_bundle_is_kept_and_marked(counter: Counter, utopia: Authority) -> None:
    report = counter.take(a_pem=pem(utopia.state.csca_der, b"\x30\x03\x02\x01\x01"))
    assert (report.imported, report.refused) == (2, [])
    assert counter.ask("SELECT count(*) FROM certificates WHERE role = 'unread'") == [(1,)]


def test_a_megabyte_of_beginnings_is_refused_at_once(counter: Counter) -> None:
    began_s = time.monotonic()
    report = counter.take(a_pem=b"-----BEGIN CERTIFICATE-----\nAAAA\n" * 30_000)
    assert [each.unreadable for each in report.refused] == [True]
    assert time.monotonic() - began_s < 5.0


def test_certificates_that_lay_in_the_folder_before_are_taken_over(counter: Counter, utopia: Authority) -> None:
    counter.store.mkdir()
    (counter.store / "ut.der").write_bytes(utopia.state.csca_der)
    counter.take(a_crl=utopia.crl(TODAY))
    assert counter.trusted() == {utopia.state.csca_der}


# --- master lists ---
def test_a_list_counts_only_when_its_signer_leads_to_a_pinned_certificate(
    counter: Counter, utopia: Authority, zudland: Authority
) -> None:
    listed = utopian_list(utopia, [utopia.state.csca_der, *zudland.certificates])
    report = counter.take(a_ml=listed)
    assert list(report.untrusted.values()) == ["the list's signer is not pinned"]
    assert (report.imported, report.trusted, counter.trusted()) == (6, 0, set())

    report = counter.take(b_cer=utopia.state.csca_der)
    assert (report.untrusted, report.trusted) == ({}, 6)
    assert report.countries_added == ["UT", "ZD"]


@pytest.mark.parametrize("names", [("a_ml", "z_cer"), ("z_ml", "a_cer")])
def test_the_order_on_the_command_line_makes_no_difference(
    counter: Counter, utopia: Authority, zudland: Authority, names: tuple[str, str]
) -> None:
    sources = {names[0]: utopian_list(utopia, zudland.certificates), names[1]: utopia.state.csca_der}
    assert counter.take(**sources).trusted == 6


def test_an_anchor_of_the_command_opens_the_list(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, zudland.certificates))
    assert (report.untrusted, report.trusted) == ({}, 6)


def test_an_old_anchor_reaches_the_signer_through_a_link_in_the_list(counter: Counter, zudland: Authority) -> None:
    former = zudland.generations[0].root.der
    without = master_list([former], zudland.list_signer, LAST_WEEK)
    assert counter.take(anchors=[former], a_ml=without).untrusted
    linked = master_list(zudland.certificates, zudland.list_signer, NOW)
    assert counter.take(b_ml=linked).untrusted == {}


def test_a_home_made_list_signer_with_the_right_name_is_not_trusted(counter: Counter, utopia: Authority) -> None:
    forged = utopian_list(utopia, [utopia.state.csca_der], signer=home_made(utopia))
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=forged)
    assert list(report.untrusted.values()) == ["the list's signer is not pinned"]


def test_a_document_signers_key_makes_no_list(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    listed = utopian_list(utopia, zudland.certificates, signer=utopia.state.signer)
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=listed)
    assert list(report.untrusted.values()) == ["its signer's certificate is not one for master lists"]
    assert counter.trusted() == {utopia.state.csca_der}


def test_a_list_signed_when_its_signer_was_not_valid_is_not_trusted(counter: Counter, utopia: Authority) -> None:
    listed = utopian_list(utopia, [utopia.state.csca_der], NOW - timedelta(days=365 * 8))
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=listed)
    assert list(report.untrusted.values()) == ["it was signed when its signer's certificate was not valid"]


def test_a_list_of_a_revoked_signer_loses_its_standing(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, zudland.certificates))
    revoked = crl(utopia.state.issuer, (TODAY, TODAY), [utopia.list_signer.certificate.serial_number])
    report = counter.take(b_crl=revoked)
    assert set(report.removed.values()) == {"ZD"}
    assert counter.trusted() == {utopia.state.csca_der}


def test_trust_does_not_hop_from_list_to_list(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    """Zudland's CSCA is believed about passports, because Utopia says so; nobody decided to believe its lists."""
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, zudland.certificates))
    report = counter.take(b_ml=master_list([utopia.state.csca_der], zudland.list_signer, NOW))
    assert list(report.untrusted.values()) == ["the list's signer is not pinned"]


def test_a_list_that_was_altered_is_refused_and_leaves_nothing(
    counter: Counter, utopia: Authority, quarzia: Authority
) -> None:
    listed = bytearray(utopian_list(utopia, [utopia.state.csca_der, quarzia.state.csca_der]))
    listed[listed.index(b"Quarzia CSCA")] ^= 1
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=bytes(listed))
    assert [refusal.unreadable for refusal in report.refused] == [False]
    assert (report.imported, counter.trusted()) == (1, {utopia.state.csca_der})


def test_a_list_with_one_authority_more_shows_which(counter: Counter, utopia: Authority, quarzia: Authority) -> None:
    """Threat 15: one added CSCA is all that an attacker needs, so it must not drown in a number."""
    known = utopia.certificates
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, known, LAST_WEEK))
    report = counter.take(b_ml=utopian_list(utopia, [*known, quarzia.state.csca_der]))
    assert (list(report.added.values()), report.countries_added, report.removed) == (["QZ"], ["QZ"], {})


def test_a_newer_list_withdraws_what_it_drops(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, zudland.certificates, LAST_WEEK))
    report = counter.take(b_ml=utopian_list(utopia, [utopia.state.csca_der]))
    assert (report.countries_removed, len(report.removed)) == (["ZD"], 5)
    assert counter.ask("SELECT count(*) FROM certificates") == [(6,)]  # kept all the same


def test_an_older_list_of_the_same_state_is_refused(counter: Counter, utopia: Authority, zudland: Authority) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, [utopia.state.csca_der]))
    report = counter.take(b_ml=utopian_list(utopia, zudland.certificates, LAST_WEEK))
    assert [refusal.unreadable for refusal in report.refused] == [False]
    assert "newer list of UT" in report.refused[0].why
    assert counter.trusted() == {utopia.state.csca_der}


def test_an_undated_list_does_not_come_after_a_dated_one(counter: Counter, utopia: Authority) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, [utopia.state.csca_der]))
    assert counter.take(b_ml=utopian_list(utopia, utopia.certificates, None)).refused


def test_the_directorys_version_orders_lists_of_the_same_moment(counter: Counter, utopia: Authority) -> None:
    newer, older = (
        ldif([Entry("ml", "UT", utopian_list(utopia, certificates), version)])
        for certificates, version in ((utopia.certificates, 8), (utopia.certificates[:1], 7))
    )
    counter.take(anchors=[utopia.state.csca_der], a_ldif=newer)
    assert "version 8" in counter.take(b_ldif=older).refused[0].why


def test_old_and_new_in_one_command_both_go_in_and_the_new_one_counts(
    counter: Counter, utopia: Authority, zudland: Authority
) -> None:
    report = counter.take(
        anchors=[utopia.state.csca_der],
        a_ml=utopian_list(utopia, [utopia.state.csca_der]),
        b_ml=utopian_list(utopia, zudland.certificates, LAST_WEEK),
    )
    assert (report.refused, counter.trusted()) == ([], {utopia.state.csca_der})


def test_a_strangers_list_of_tomorrow_locks_no_true_list_out(counter: Counter, utopia: Authority) -> None:
    forged = utopian_list(utopia, [utopia.state.csca_der], NOW + timedelta(hours=5), signer=home_made(utopia))
    counter.take(anchors=[utopia.state.csca_der], a_ml=forged)
    report = counter.take(b_ml=utopian_list(utopia, utopia.certificates))
    assert (report.refused, report.trusted) == ([], 5)


def test_a_list_from_the_future_is_refused(counter: Counter, utopia: Authority) -> None:
    listed = utopian_list(utopia, utopia.certificates, NOW + timedelta(days=400))
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=listed)
    assert "this machine's clock says" in report.refused[0].why


def test_the_same_list_again_is_nothing_new(counter: Counter, utopia: Authority) -> None:
    listed = utopian_list(utopia, utopia.certificates)
    counter.take(anchors=[utopia.state.csca_der], a_ml=listed)
    report = counter.take(b_ml=listed)
    assert (report.imported, report.known, report.refused, report.untrusted) == (0, 5, [], {})
    assert counter.ask("SELECT count(*) FROM sources WHERE kind = 'master-list'") == [(1,)]


def test_what_cannot_be_read_in_a_list_is_kept_and_marked(counter: Counter, utopia: Authority) -> None:
    broken = b"\x30\x03\x02\x01\x01"
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, [utopia.state.csca_der, broken]))
    assert (report.imported, report.trusted) == (2, 1)


# --- revocation lists, deviation lists, LDIF ---
def test_what_cannot_be_read_beside_a_lists_signer_hides_nobody(counter: Counter, utopia: Authority) -> None:
    broken = utopia.state.signer.der.replace(b"\x17\x0d", b"\x18\x0d")  # times that are none
    listed = master_list([utopia.state.csca_der], utopia.list_signer, NOW, [broken])
    report = counter.take(a_cer=utopia.state.csca_der, list_ml=listed)
    assert (report.refused, report.untrusted) == ([], {})


def test_a_revocation_list_of_thousands_is_told_by_its_bytes_as_well(counter: Counter, utopia: Authority) -> None:
    period = (TODAY - timedelta(days=1), TODAY + timedelta(days=30))
    report = counter.take(a_cer=utopia.state.csca_der, b_crl=crl(utopia.state.issuer, period, range(1, 8001)))
    assert (report.crls, report.refused) == (1, [])


def test_an_older_revocation_list_never_replaces_a_newer_one(
    counter: Counter, utopia: Authority, open_store: Open
) -> None:
    counter.take(a_cer=utopia.state.csca_der, b_crl=utopia.crl(TODAY))
    report = counter.take(c_crl=utopia.crl(TODAY, stale=True))
    assert (report.crls, report.refused) == (0, [])
    csca = parse_certificate(utopia.state.csca_der)
    found = open_store(counter.store).crls_of(csca)
    assert [utopia.revoked_signer.certificate.serial_number in each.revoked for each in found] == [True]


def test_a_newer_revocation_list_replaces_the_older_one(counter: Counter, utopia: Authority) -> None:
    counter.take(a_cer=utopia.state.csca_der, b_crl=utopia.crl(TODAY, stale=True))
    assert counter.take(c_crl=utopia.crl(TODAY)).crls == 1
    assert counter.ask("SELECT count(*), sum(checked) FROM crls") == [(1, 1)]


def test_a_forged_newer_revocation_list_pushes_no_true_one_out(counter: Counter, utopia: Authority) -> None:
    from simulators.issuing.certificates import Issuer

    forger = Issuer(utopia.state.csca.subject, make_key(Keys.EC_P384))
    counter.take(a_cer=utopia.state.csca_der, b_crl=utopia.crl(TODAY))
    counter.take(c_crl=crl(forger, (TODAY, TODAY + timedelta(days=90)), []))
    assert sorted(counter.ask("SELECT checked FROM crls")) == [(0,), (1,)]
    with_the_right_key_id = bytearray(crl(utopia.state.issuer, (TODAY, TODAY + timedelta(days=90)), []))
    with_the_right_key_id[-1] ^= 1
    counter.take(d_crl=bytes(with_the_right_key_id))
    assert sorted(counter.ask("SELECT checked FROM crls")) == [(0,), (0,), (1,)]


def test_a_revocation_list_is_checked_when_its_authority_comes(counter: Counter, utopia: Authority) -> None:
    counter.take(a_crl=utopia.crl(TODAY))
    assert counter.ask("SELECT checked FROM crls") == [(0,)]
    counter.take(b_cer=utopia.state.csca_der)
    assert counter.ask("SELECT checked FROM crls") == [(1,)]


def test_a_deviation_list_is_checked_like_a_revocation_list(counter: Counter, utopia: Authority) -> None:
    told = Deviation(SOD_SIGNATURE_WRONG, utopia.state.signer.der)
    lists = [deviation_list([told], signer, NOW) for signer in (utopia.deviation_signer, utopia.list_signer)]
    report = counter.take(a_cer=utopia.state.csca_der, b_dvl=lists[0], c_dvl=lists[1])
    assert report.deviation_lists == 2
    assert counter.ask("SELECT name, checked FROM deviation_lists ORDER BY name") == [("b.dvl", 1), ("c.dvl", 0)]


def test_a_directory_brings_signers_and_lists_and_vouches_for_nobody(
    counter: Counter, utopia: Authority, zudland: Authority
) -> None:
    directory = ldif(
        [
            Entry("dsc", "UT", utopia.state.signer.der),
            Entry("dsc", "ZD", zudland.state.csca_der),  # an authority among the signers: nobody pinned it
            Entry("crl", "UT", utopia.crl(TODAY)),
            Entry("ml", "UT", utopian_list(utopia, [utopia.state.csca_der]), 3),
        ],
        end="\r\n",
    )
    report = counter.take(anchors=[utopia.state.csca_der], a_ldif=directory)
    assert (report.imported, report.crls, report.refused) == (3, 1, [])
    assert counter.trusted() == {utopia.state.csca_der}


def test_one_garbled_entry_keeps_no_other_out(counter: Counter, utopia: Authority) -> None:
    report = counter.take(a_ldif=ldif([Entry("crl", "UT", b"\x30\x00"), Entry("crl", "UT", utopia.crl(TODAY))]))
    assert (report.crls, len(report.refused)) == (1, 1)
    assert report.refused[0].file.endswith("a.ldif, line 3")


# --- what it is all for ---
def test_a_list_of_the_whole_world_goes_in_whole(counter: Counter, utopia: Authority) -> None:
    everybody = world(588, TODAY)
    report = counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, everybody))
    assert (report.imported, report.trusted, report.refused) == (589, 589, [])
    told = coverage(counter.store, NOW)
    assert len(told["countries"]) == 40  # and Utopia
    assert {row["why"] for row in told["odd"]} >= {
        "its key has explicit curve parameters",
        "its country is in lower case",
    }
    assert "its own key did not sign it" not in str(told["odd"])


def test_an_imported_store_proves_passports_and_knows_revoked_signers(
    counter: Counter, states: dict[str, State], utopia: Authority, open_store: Open
) -> None:
    counter.take(
        anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates), b_crl=utopia.crl(TODAY)
    )
    trust = open_store(counter.store)
    made = passport(Office(states, TODAY, random.Random(1)))
    groups = {1: made.files["DG1"], 2: made.files["DG2"]}
    results = {check.id: check.result.value for check in verify(made.files["SOD"], groups, trust, TODAY)}
    assert (results["pa.chain"], results["pa.crl"]) == ("successful", "successful")


def _named(issuer: str, serial: int) -> object:
    from icao.pki.cms import SignerId

    return SignerId(issuer=issuer, serial=serial)
