"""What an authority hands out, checked by a library that is not ours."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from icao.checks import Result
from icao.pki.certificates import parse_certificate
from icao.pki.cms import verdict_on
from icao.pki.crl import parse_crl
from icao.pki.deviation_list import parse_deviation_list
from simulators.issuing.authority import Authority, open_authority
from simulators.issuing.certificates import DEVIATION_SIGNING, LIST_SIGNING, NAME_CHANGE
from simulators.issuing.handout import write_handout
from simulators.issuing.lists import SOD_SIGNATURE_WRONG, Deviation, deviation_list
from simulators.issuing.state import MADE, State, open_states
from simulators.issuing.states import STATES

TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, State]:
    return open_states(tmp_path_factory.mktemp("states"), TODAY)


@pytest.fixture(scope="module", params=("UTO", "NRV", "ZZD"))
def authority(request: pytest.FixtureRequest, states: dict[str, State]) -> Authority:
    return open_authority(states[request.param])


def test_each_generation_vouches_for_the_next_and_for_its_signer(authority: Authority) -> None:
    before = None
    for generation in authority.generations:
        root = generation.root.certificate
        root.verify_directly_issued_by(root)
        generation.signer.certificate.verify_directly_issued_by(root)
        assert (generation.link is None) is (before is None)
        if generation.link is not None and before is not None:
            generation.link.verify_directly_issued_by(before)
            assert generation.link.public_key() == root.public_key()
            assert generation.link.subject == root.subject
        before = root


def test_a_renamed_state_says_so_in_its_link(authority: Authority) -> None:
    link = authority.generations[1].link
    assert link is not None
    said = [extension.oid for extension in link.extensions]
    assert (NAME_CHANGE in said) is (authority.state.spec.code == "ZZD") is (link.subject != link.issuer)


def test_list_signers_are_for_lists_only(authority: Authority) -> None:
    for signer, purpose in ((authority.list_signer, LIST_SIGNING), (authority.deviation_signer, DEVIATION_SIGNING)):
        signer.certificate.verify_directly_issued_by(authority.state.csca)
        usage = signer.certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        assert (list(usage.value), usage.critical) == ([purpose], True)
    assert ExtendedKeyUsageOID.SERVER_AUTH not in usage.value


@pytest.mark.parametrize("stale", [False, True])
def test_a_crl_is_signed_by_the_csca_and_names_the_revoked_signer(authority: Authority, stale: bool) -> None:
    made = authority.crl(TODAY, stale=stale)
    listed = x509.load_der_x509_crl(made)
    assert listed.is_signature_valid(authority.state.csca.public_key())
    serial = authority.revoked_signer.certificate.serial_number
    assert (listed.get_revoked_certificate_by_serial_number(serial) is None) is stale
    following = parse_crl(made).next_update
    assert following is not None
    assert (following < TODAY) is stale


def test_norvania_signs_its_crl_with_pss(states: dict[str, State]) -> None:
    listed = x509.load_der_x509_crl(open_authority(states["NRV"]).crl(TODAY))
    assert listed.signature_algorithm_oid.dotted_string == "1.2.840.113549.1.1.10"


def test_a_deviation_list_says_what_it_was_told(authority: Authority) -> None:
    told = Deviation(
        SOD_SIGNATURE_WRONG, authority.state.signer.der, (AT, AT), "P", ("U00000001", "U00000002"), "see Doc 9303"
    )
    listed = parse_deviation_list(deviation_list([told], authority.deviation_signer, AT))
    (found,) = listed.deviations
    signer = parse_certificate(authority.state.signer.der)
    assert (found.document_type, found.issued) == ("P", (TODAY, TODAY))
    assert list(listed.naming(signer)) == [found]
    assert [found.holds_number(number) for number in ("U00000001", "U00000003")] == [True, False]
    info = listed.signed.signers[0]
    made_by = listed.signed.certificate_of(info)
    assert made_by is not None
    assert verdict_on(listed.signed, info, made_by).result is Result.SUCCESSFUL


def test_the_handout_is_complete(states: dict[str, State], tmp_path: Path) -> None:
    places = write_handout(states, tmp_path, TODAY)
    assert sorted(each.name for each in (tmp_path / "crl").iterdir()) == ["nrv.crl", "uto.crl", "zzd.crl"]
    master = cms.ContentInfo.load(Path(places["master_list"]).read_bytes())["content"]
    assert master["encap_content_info"]["content_type"].dotted == "2.23.136.1.1.2"
    assert Path(places["ldif"]).read_bytes().count(b"userCertificate;binary::") == 12


def test_an_authority_is_kept_and_one_of_another_csca_is_made_anew(tmp_path: Path) -> None:
    state = State.make(STATES["UTO"], tmp_path, TODAY)
    first = open_authority(state)
    assert open_authority(State.load(STATES["UTO"], tmp_path)).certificates == first.certificates
    other = open_authority(State.make(STATES["UTO"], tmp_path, TODAY))
    assert not set(first.certificates) & set(other.certificates)


def test_a_folder_of_the_old_format_is_made_anew(tmp_path: Path) -> None:
    old = open_states(tmp_path, TODAY)["UTO"].csca_der
    (tmp_path / "uto" / MADE).write_text('{"state": "UTO", "made": "2026-11-24"}')
    assert open_states(tmp_path, TODAY)["UTO"].csca_der != old
    assert (tmp_path / "uto" / "csca.key").stat().st_mode & 0o077 == 0
