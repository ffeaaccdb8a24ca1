"""Master lists: read whole, signed by whom, and whether that leads to an anchor."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from icao.checks import Result
from icao.pki.certificates import parse_certificate
from icao.pki.master_list import leads_to, parse_master_list, signer_of
from icao.tlv import Garbled
from simulators.issuing.authority import Authority, open_authority
from simulators.issuing.certificates import Issuer, make_key, make_signer, signer_period
from simulators.issuing.cms import signed_data
from simulators.issuing.lists import MASTER_LIST, Deviation, deviation_list, master_list
from simulators.issuing.state import State, der_of
from simulators.issuing.states import STATES, Keys

AT = datetime(2026, 11, 1, 6, tzinfo=UTC)


@pytest.fixture(scope="module")
def utopia(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return open_authority(State.make(STATES["UTO"], Path(tmp_path_factory.mktemp("uto")), AT.date()))


def test_a_list_is_read_whole_and_its_signer_is_right(utopia: Authority) -> None:
    broken = b"\x30\x03\x02\x01\x01"  # one that nobody can read hides no other
    listed = parse_master_list(master_list([*utopia.certificates, broken], utopia.list_signer, AT))
    assert sorted(listed.certificates) == sorted([*utopia.certificates, broken])
    info, signer, verdict = signer_of(listed)
    assert (signer.der, verdict.result, info.signed_at) == (utopia.list_signer.der, Result.SUCCESSFUL, AT)


def test_a_certificate_that_stands_there_twice_counts_once(utopia: Authority) -> None:
    listed = parse_master_list(master_list([utopia.state.csca_der] * 3, utopia.list_signer, AT))
    assert listed.certificates == (utopia.state.csca_der,)


def test_each_altered_byte_of_the_certificates_is_seen(utopia: Authority) -> None:
    made = master_list([utopia.state.csca_der], utopia.list_signer, AT)
    start = made.index(utopia.state.csca_der)
    for place in range(start, start + len(utopia.state.csca_der), 7):
        altered = bytearray(made)
        altered[place] ^= 0x10
        try:
            _, _, verdict = signer_of(parse_master_list(bytes(altered)))
        except Garbled:
            continue
        assert verdict.result is Result.FAILED


def test_other_signed_content_is_no_master_list(utopia: Authority) -> None:
    for made in (
        deviation_list([Deviation("2.23.136.1.1.7.4")], utopia.deviation_signer, AT),
        signed_data(MASTER_LIST, b"\x04\x00", utopia.list_signer, AT),
        utopia.state.csca_der,
        b"",
    ):
        with pytest.raises(Garbled):
            parse_master_list(made)


def test_a_signer_leads_to_its_csca_and_through_links_to_the_one_before(utopia: Authority) -> None:
    signer = parse_certificate(utopia.list_signer.der)
    former, csca, coming = (parse_certificate(each.root.der) for each in utopia.generations)
    links = [parse_certificate(each) for each in utopia.certificates]
    assert leads_to(signer, [csca], []) == csca
    assert leads_to(signer, [former], []) is None
    assert leads_to(signer, [former], links) == former
    assert leads_to(signer, [coming], links) is None  # nobody signs backwards


def test_a_coming_signer_leads_to_an_old_anchor_through_two_links(utopia: Authority) -> None:
    former = parse_certificate(utopia.generations[0].root.der)
    links = [parse_certificate(each) for each in utopia.certificates]
    assert leads_to(parse_certificate(utopia.generations[2].signer.der), [former], links) == former


def test_no_certificate_between_that_is_no_authority_carries_trust(utopia: Authority) -> None:
    """A12: a document signer that certifies others is a forger's tool."""
    middle = utopia.state.signer
    key = make_key(Keys.EC_P256)
    below = make_signer(
        Issuer(middle.certificate.subject, middle.key), utopia.state.spec, key, signer_period(AT.date())
    )
    csca = parse_certificate(utopia.state.csca_der)
    assert leads_to(parse_certificate(der_of(below)), [csca], [parse_certificate(middle.der)]) is None
