"""The open store: a folder of certificates or an index, what is used of it, and what is marked."""

import random
import shutil
import sqlite3
import threading
from datetime import timedelta
from hashlib import sha1
from pathlib import Path

import pytest

from edge.inspection.inspect import judge
from edge.inspection.trust import TrustError, TrustStore
from edge.inspection.trust.coverage import coverage
from icao.mrz.zone import parse
from icao.pki.certificates import parse_certificate
from icao.pki.cms import SignerId
from icao.seals.seal import SignerReference
from simulators.issuing.authority import Authority
from simulators.issuing.certificates import csca_period, make_csca, make_key, name_of
from simulators.issuing.directory import Entry, ldif
from simulators.issuing.office import Office
from simulators.issuing.state import State, der_of, write_trust
from simulators.issuing.states import STATES, Keys, StateSpec
from tests.edge.inspection.desk import TODAY, passport
from tests.edge.inspection.trust.conftest import NOW, Counter, Open, utopian_list
from tests.open_files import holds


def test_each_known_state_is_an_anchor_and_the_unknown_one_is_not(trust: TrustStore) -> None:
    assert {anchor.country for anchor in trust.anchors} == {"UT", "NV", "ZD"}
    assert trust.oddities == ()


def test_a_garbled_certificate_is_marked_and_the_others_are_used(
    states: dict[str, State], tmp_path: Path, open_store: Open
) -> None:
    write_trust(states, tmp_path)
    (tmp_path / "broken.der").write_bytes(b"\x30\x82\xff\xff garbage")
    (tmp_path / "huge.der").write_bytes(bytes(100_000))
    store = open_store(tmp_path)
    assert len(store.anchors) == 3
    assert [oddity.name for oddity in store.oddities] == ["broken.der", "huge.der"]


def test_a_document_signer_among_the_anchors_is_marked_and_vouches_for_nobody(
    states: dict[str, State], tmp_path: Path, open_store: Open
) -> None:
    (tmp_path / "signer.der").write_bytes(states["UTO"].signer.der)
    store = open_store(tmp_path)
    assert [oddity.name for oddity in store.oddities] == ["signer.der"]
    made = passport(Office(states, TODAY, random.Random(1)))
    assert judge(parse(made.mrz_lines, TODAY), made.files, store, TODAY).reasons


def test_a_missing_store_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match=r"Make it \(borderpost document trust import"):
        TrustStore.open(tmp_path / "nowhere")


def test_the_plain_folder_takes_every_ending_of_certificates(
    states: dict[str, State], tmp_path: Path, open_store: Open
) -> None:
    for ending, code in ((".der", "UTO"), (".CER", "NRV"), (".crt", "ZZD")):
        (tmp_path / f"{code}{ending}").write_bytes(states[code].csca_der)
    (tmp_path / "readme.txt").write_text("not a certificate")
    store = open_store(tmp_path)
    assert ({anchor.country for anchor in store.anchors}, store.oddities) == ({"UT", "NV", "ZD"}, ())


def test_an_empty_folder_trusts_nobody(tmp_path: Path, utopia: Authority, open_store: Open) -> None:
    store = open_store(tmp_path)
    csca = parse_certificate(utopia.state.csca_der)
    assert (store.empty, store.anchors, store.issuers_of(csca), store.crls_of(csca)) == (True, (), [], [])
    assert store.deviation_lists() == []


def test_issuers_are_found_by_key_id_and_by_name(counter: Counter, utopia: Authority, open_store: Open) -> None:
    """Key ids are reused and names are misspelt: whoever may be meant is in the answer."""
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates))
    store = open_store(counter.store)
    found = store.issuers_of(parse_certificate(utopia.state.signer.der))
    assert {each.der for each in found} == set(utopia.certificates)  # one name; the signature decides among them
    assert len(found) == len(utopia.certificates)


def test_signers_are_found_by_key_id_and_by_issuer_and_serial(
    counter: Counter, utopia: Authority, open_store: Open
) -> None:
    counter.take(a_ldif=ldif([Entry("dsc", "UT", utopia.state.signer.der), Entry("dsc", "UT", utopia.list_signer.der)]))
    store, wanted = open_store(counter.store), parse_certificate(utopia.state.signer.der)
    assert store.signers_of(SignerId(key_id=wanted.key_id)) == [wanted]
    assert store.signers_of(SignerId(issuer=wanted.issuer, serial=wanted.serial)) == [wanted]
    assert store.signers_of(SignerId(issuer=wanted.issuer, serial=wanted.serial + 1)) == []
    assert store.signers_of(SignerId()) == []


def test_signers_of_seals_are_found_as_seals_name_them(counter: Counter, utopia: Authority, open_store: Open) -> None:
    counter.take(a_ldif=ldif([Entry("dsc", "UT", each.der) for each in (utopia.state.signer, utopia.list_signer)]))
    store, wanted = open_store(counter.store), parse_certificate(utopia.list_signer.der)
    digest = sha1(wanted.der, usedforsecurity=False).digest()
    assert store.seal_signers(SignerReference("UT", sha1_end=digest[-5:])) == [wanted]
    by_serial = SignerReference("UT", name="utopia master list signer", serials=(7, wanted.serial))
    assert store.seal_signers(by_serial) == [wanted]
    assert store.seal_signers(SignerReference("ZD", sha1_end=digest[-5:])) == []
    assert store.seal_signers(SignerReference("UT", name="somebody else", serials=(wanted.serial,))) == []


def test_a_store_that_is_open_sees_what_is_imported(
    counter: Counter, utopia: Authority, zudland: Authority, open_store: Open
) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    store = open_store(counter.store)
    counter.take(b_cer=zudland.state.csca_der)
    assert {anchor.country for anchor in store.anchors} == {"UT", "ZD"}


def test_several_threads_may_ask_at_once(counter: Counter, utopia: Authority, open_store: Open) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates))
    store, signer = open_store(counter.store), parse_certificate(utopia.state.signer.der)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(len(store.issuers_of(signer)) for _ in range(50)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [len(utopia.certificates)] * 200


# --- the file ---
def test_an_import_that_was_killed_leaves_the_store_as_it_was(
    counter: Counter, utopia: Authority, open_store: Open
) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    connection = sqlite3.connect(counter.store / "trust.sqlite", isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM held")
    connection.execute("UPDATE certificates SET trusted = 0, odd = printf('%.100000c', 'x')")
    killed = counter.store.parent / "killed"  # the file and its journal, as they lie there when the process dies
    shutil.copytree(counter.store, killed)
    connection.close()
    assert (killed / "trust.sqlite-journal").stat().st_size
    assert {anchor.country for anchor in open_store(killed).anchors} == {"UT"}


def test_a_damaged_store_is_one_sentence(counter: Counter) -> None:
    counter.store.mkdir()
    (counter.store / "trust.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(TrustError, match="is damaged"):
        TrustStore.open(counter.store)


@pytest.mark.parametrize("damage", ["UPDATE certificates SET der = substr(der, 9)", "DROP TABLE crls"])
def test_damage_that_shows_only_when_it_is_asked_is_one_sentence_too(
    counter: Counter, utopia: Authority, damage: str, open_store: Open
) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    connection = sqlite3.connect(counter.store / "trust.sqlite")
    connection.execute(damage)
    connection.commit()
    connection.close()
    store, signer = open_store(counter.store), parse_certificate(utopia.state.signer.der)
    with pytest.raises(TrustError, match=r"is damaged|cannot be used"):
        (store.issuers_of(signer), store.crls_of(signer))


def test_a_store_of_a_newer_borderpost_is_not_touched(counter: Counter, utopia: Authority) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    connection = sqlite3.connect(counter.store / "trust.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(TrustError, match="newer borderpost"):
        TrustStore.open(counter.store)
    with pytest.raises(TrustError, match="newer borderpost") as refused:
        counter.take(b_cer=utopia.state.csca_der)
    assert refused.traceback  # as long as anybody looks at the refusal
    assert not holds(counter.store / "trust.sqlite")


def test_a_store_that_was_never_finished_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "trust.sqlite").touch()
    with pytest.raises(TrustError, match="never finished"):
        TrustStore.open(tmp_path)


def test_a_second_import_waits_and_then_says_so(
    counter: Counter, utopia: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter.take(a_cer=utopia.state.csca_der)
    monkeypatch.setattr("edge.inspection.trust.database.LOCK_WAIT_S", 0.05)
    other = sqlite3.connect(counter.store / "trust.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(TrustError, match="another import"):
        counter.take(b_cer=utopia.certificates[0])
    other.close()


# --- coverage and oddities ---
def test_coverage_tells_countries_sources_and_their_age(
    counter: Counter, utopia: Authority, zudland: Authority
) -> None:
    everybody = [*utopia.certificates, *zudland.certificates]
    counter.take(
        anchors=[utopia.state.csca_der],
        a_ml=utopian_list(utopia, everybody, NOW - timedelta(days=40)),
        b_crl=utopia.crl(TODAY),
        c_crl=zudland.crl(TODAY, stale=True),
        d_ldif=ldif([Entry("dsc", "UT", utopia.state.signer.der)]),
    )
    told = coverage(counter.store, NOW)
    assert (told["certificates"], told["trusted"]) == (11, 10)
    assert told["countries"]["UT"] == {
        "certificates": 6, "trusted": 5, "expired": 0, "signers": 1,
        "crl": {
            "issued_on": "2026-11-14", "next_update": "2027-02-12", "age_days": 10, "stale": False, "checked": True
        },
    }  # fmt: skip
    assert told["countries"]["ZD"]["crl"]["stale"]
    ages = {row["name"]: (row["kind"], row["age_days"], row["certificates"], row["trusted"]) for row in told["sources"]}
    assert ages == {
        "anchor0.der": ("certificate", 0, 1, True),
        "a.ml": ("master-list", 40, 10, True),
        "d.ldif": ("ldif", 0, 1, False),
        "b.crl": ("crl", 10, 0, True),
        "c.crl": ("crl", 200, 0, True),
    }
    assert told["odd"] == []


def test_odd_certificates_are_kept_used_and_marked(counter: Counter, utopia: Authority, open_store: Open) -> None:
    key = make_key(Keys.EC_P256)
    small = der_of(
        make_csca(
            name_of(StateSpec("UTO", "ut", "Utopia", Keys.EC_P256, Keys.EC_P256), "CSCA"), key, csca_period(TODAY)
        )
    )
    spoilt = bytearray(utopia.state.csca_der)
    spoilt[-1] ^= 1
    old = der_of(
        make_csca(name_of(STATES["UTO"], "CSCA of old"), key, (TODAY - timedelta(days=900), TODAY - timedelta(days=1)))
    )
    report = counter.take(a_cer=small, b_cer=bytes(spoilt), c_cer=old, d_cer=utopia.state.signer.der)
    assert (report.imported, report.trusted) == (4, 3)
    whys = sorted(row["why"] for row in coverage(counter.store, NOW)["odd"])
    assert whys == [
        "it claims to be self-signed, and its own key did not sign it",
        f"it expired on {TODAY - timedelta(days=1)}",
        "its country is in lower case",
    ]
    assert [each.name for each in open_store(counter.store).oddities] == ["a.cer", "b.cer", "d.cer"]


def test_a_country_that_is_none_gets_the_common_key(counter: Counter) -> None:
    key = make_key(Keys.EC_P256)
    spec = StateSpec("UTO", ":)", "Utopia", Keys.EC_P256, Keys.EC_P256)
    counter.take(a_cer=der_of(make_csca(name_of(spec, "CSCA"), key, csca_period(TODAY))))
    told = coverage(counter.store, NOW)
    assert list(told["countries"]) == ["??"]
    assert told["odd"][0]["why"] == "its country is not a code of two letters"


def test_a_key_id_of_two_keys_is_marked_and_that_of_a_root_and_its_link_is_not(
    counter: Counter, utopia: Authority
) -> None:
    counter.take(anchors=[utopia.state.csca_der], a_ml=utopian_list(utopia, utopia.certificates))
    assert coverage(counter.store, NOW)["odd"] == []
    other = bytearray(utopia.state.csca_der)
    place = bytes(other).index(parse_certificate(bytes(other)).public_key) + 40
    other[place] ^= 1
    counter.take(b_cer=bytes(other))
    assert sum("key id is that of another key" in row["why"] for row in coverage(counter.store, NOW)["odd"]) == 3
