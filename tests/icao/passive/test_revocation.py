"""Has the state taken the signer back? And does anybody know?"""

from datetime import date, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from icao.checks import Result, overall
from icao.pki.crl import parse_crl
from icao.tlv import read_all, read_one, write
from simulators.issuing.certificates import Issuer
from simulators.issuing.revocation import crl
from tests.icao.passive.world import TODAY, as_text, certificate, check, csca, key, link, make, name, who

FRESH = (TODAY - timedelta(days=10), TODAY + timedelta(days=20))
STALE = (TODAY - timedelta(days=100), TODAY - timedelta(days=10))
UTOPIA = Issuer(name("UT", "CSCA"), key("p256-csca"))


def of(*revoked: int, issuer: Issuer = UTOPIA, period: tuple[date, date] = FRESH, **more: Any) -> bytes:
    """Any: what ``crl`` takes besides."""
    return crl(issuer, period, revoked, **more)


def told(*lists: bytes, anchors: list[bytes] | None = None, file: bytes | None = None) -> str:
    return as_text(check(file, anchors, crls=lists)["pa.crl"])


def test_no_list_is_no_answer_and_does_not_count() -> None:
    checks = check()
    assert as_text(checks["pa.crl"]) == "undetermined evaluatory no-crl"
    assert overall(checks.values()) is Result.SUCCESSFUL


def test_a_signer_that_is_not_listed_is_good() -> None:
    assert told(of()) == told(of(8, 9)) == "successful mandatory"


def test_a14_a_revoked_signer_is_told_and_why() -> None:
    checks = check(crls=[of(7)])
    assert as_text(checks["pa.crl"]) == "failed mandatory signer-revoked"
    assert "key compromise" in checks["pa.crl"].detail
    assert checks["pa.sod_signature"].result is Result.SUCCESSFUL


def test_a14_a_stale_list_makes_nobody_good() -> None:
    assert told(of(period=STALE)) == "undetermined mandatory crl-stale"
    assert told(of(period=STALE), of()) == "successful mandatory"


def test_what_a_stale_list_takes_back_stays_taken_back() -> None:
    assert told(of(7, period=STALE)) == told(of(7, period=STALE), of()) == "failed mandatory signer-revoked"


def test_a_list_that_names_no_next_one_is_believed_for_ninety_days() -> None:
    for age, expected in ((90, "successful mandatory"), (91, "undetermined mandatory crl-stale")):
        begins = TODAY - timedelta(days=age)
        bare = parse_crl(of(period=(begins, begins + timedelta(days=1))))
        assert bare.next_update is not None
        assert told(_without_next_update(begins)) == expected


def test_a_list_without_a_next_one_on_the_last_day_of_all_is_read_as_well() -> None:
    begin, end = (_fields(_without_next_update(TODAY))[place] for place in (slice(3), slice(4, None)))
    assert told(_signed([*begin, write(0x18, b"99991231000000Z"), *end])) == "successful mandatory"


def _without_next_update(begins: date) -> bytes:
    """OpenSSL's builder wants both dates: the second one is taken out."""
    fields = _fields(of(period=(begins, begins + timedelta(days=1))))
    return _signed([*fields[:4], *fields[5:]])


def _fields(encoded: bytes) -> list[bytes]:
    return [write(each.tag, each.value) for each in read_all(read_all(read_one(encoded, 0x30))[0].value)]


def _signed(fields: list[bytes]) -> bytes:
    body = write(0x30, b"".join(fields))
    signature = key("p256-csca").sign(body, ec.ECDSA(hashes.SHA256()))
    return write(0x30, body + fields[1] + write(0x03, b"\0" + signature))


@pytest.mark.parametrize("kind", ["0603551d1b", "0603551d1c"])
def test_a_list_of_some_makes_nobody_good(kind: str) -> None:
    def partial(*revoked: int) -> bytes:
        return _signed(
            [each.replace(bytes.fromhex("0603551d14"), bytes.fromhex(kind)) for each in _fields(of(*revoked))]
        )

    assert told(partial()) == "undetermined mandatory crl-partial"
    assert told(partial(7)) == "failed mandatory signer-revoked"
    assert told(partial(), of()) == "successful mandatory"


def test_a_forged_list_proves_nothing_either_way() -> None:
    thief = Issuer(name("UT", "CSCA"), key("p256-thief"))
    assert told(of(issuer=thief)) == told(of(7, issuer=thief)) == "undetermined mandatory crl-untrusted"
    bent = bytearray(of(8))
    bent[bent.index(b"\x02\x01\x08") + 2] = 7
    assert told(bytes(bent)) == "undetermined mandatory crl-untrusted"


def test_a_serial_that_was_put_back_is_good_again() -> None:
    assert told(of(7, reason=x509.ReasonFlags.remove_from_crl)) == "successful mandatory"
    assert told(of(7, reason=x509.ReasonFlags.certificate_hold)) == "failed mandatory signer-revoked"


def test_the_serial_of_another_issuer_of_the_same_country_means_somebody_else() -> None:
    # Hong Kong and Macao have their own CSCAs, with the country of China.
    other = Issuer(name("UT", "Other CSCA"), key("p256-other"))
    root = certificate(other.name, other.name, other.key, other.key, authority=True)  # type: ignore[arg-type]  # an EC key
    assert told(of(7, issuer=other), anchors=[csca(), root]) == "undetermined evaluatory no-crl"


def test_a_list_of_another_state_says_nothing() -> None:
    other = Issuer(name("NV", "CSCA"), key("p256-nv"))
    assert told(of(7, issuer=other), anchors=[csca(), csca("NV", "p256-nv")]) == "undetermined evaluatory no-crl"


def test_a_neighbour_takes_nobody_back_in_our_name() -> None:
    borrowed = Issuer(name("UT", "CSCA"), key("p256-nv"))
    anchors = [csca(), csca("NV", "p256-nv")]
    assert told(of(7, issuer=borrowed), anchors=anchors) == "undetermined mandatory crl-untrusted"


def test_after_a_change_of_key_the_new_one_signs_the_list() -> None:
    new = Issuer(name("UT", "CSCA"), key("p256-new"))
    for newer in (csca(own="p256-new"), link("p256-new", "p256-csca")):
        assert told(of(7, issuer=new), anchors=[csca(), newer]) == "failed mandatory signer-revoked"
    assert told(of(7, issuer=new)) == "undetermined mandatory crl-untrusted"


def test_after_a_change_of_name_a_link_joins_the_two() -> None:
    new = Issuer(name("UT", "Utopian Root"), key("p256-new"))
    joined = link("p256-new", "p256-csca", new="Utopian Root")
    lone = certificate(new.name, new.name, new.key, new.key, authority=True)  # type: ignore[arg-type]  # an EC key
    assert told(of(7, issuer=new), anchors=[csca(), joined]) == "failed mandatory signer-revoked"
    assert told(of(7, issuer=new), anchors=[csca(), lone]) == "undetermined evaluatory no-crl"
    claimed = link("p256-new", "p256-thief", new="Utopian Root", key_ids=False)
    assert told(of(7, issuer=new), anchors=[csca(), claimed]) == "undetermined evaluatory no-crl"


def test_a_link_that_its_own_key_took_back_leads_nowhere() -> None:
    old, anchors = Issuer(name("UT", "CSCA"), key("p256-old")), [csca(own="p256-old")]
    linked = make(beside=(link("p256-csca", "p256-old", serial=99),))
    assert told(of(99, issuer=old), anchors=anchors, file=linked) == "failed mandatory link-revoked"
    assert told(of(99), anchors=anchors, file=linked) == "successful mandatory"  # a serial number of another key
    assert (
        told(of(99, issuer=old), anchors=[*anchors, csca()], file=linked) == "successful mandatory"
    )  # nobody needs it


def test_a_list_is_signed_with_pss_as_well() -> None:
    issuer = Issuer(name("UT", "CSCA"), key("rsa-csca"), pss=True)
    file, anchors = make(who(issuer="rsa-csca", pss=True)), [csca(own="rsa-csca", pss=True)]
    assert told(of(7, issuer=issuer), anchors=anchors, file=file) == "failed mandatory signer-revoked"


def test_without_a_chain_the_list_is_still_asked() -> None:
    checks = check(anchors=[], crls=[of(7)])
    assert as_text(checks["pa.crl"]) == "undetermined mandatory crl-untrusted"


def test_a_list_says_who_when_and_how_many_and_nothing_else_in_a_log() -> None:
    assert repr(parse_crl(of(7, 8))) == f"Crl(UT, {FRESH[0]}, 2 revoked)"
