"""Does the state itself say that something is wrong with this document?"""

import hashlib
from datetime import UTC, date, datetime
from typing import Any

import pytest

from icao.pki.certificates import parse_certificate
from icao.pki.deviation_list import DEVIATION_LIST, parse_deviation_list
from icao.tlv import Garbled, write
from simulators.issuing.cms import signed_data
from simulators.issuing.lists import AA_KEY_COMPROMISED, CHECK_DIGIT_WRONG, Deviation, deviation_list
from tests.icao.passive.world import GROUPS, Who, as_text, check, csca, key, make, signer, who

SIGNED_AT = datetime(2024, 5, 1, tzinfo=UTC)
LISTS = ("2.23.136.1.1.8",)


def lister(own: str = "p256-list", **changes: Any) -> Who:  # Any: handed on
    return Who(signer(own, **({"purposes": LISTS, "serial": 50} | changes)), key(own))


def of(*deviations: Deviation, by: Who | None = None) -> bytes:
    return deviation_list(deviations, by or lister(), SIGNED_AT)  # type: ignore[arg-type]  # what it takes of a signer


def told(*lists: bytes, **more: Any) -> str:  # Any: handed on
    return as_text(check(deviation_lists=lists, **more)["pa.deviation"])


BY_SIGNER = Deviation(AA_KEY_COMPROMISED, signer=signer(), description="Keys\nwere copied")
LISTED = "failed mandatory signer-listed"
GOOD = "successful mandatory"


def test_no_list_is_no_answer_and_does_not_count() -> None:
    assert told() == "undetermined evaluatory no-deviation-list"


def test_a_listed_signer_is_told_in_the_words_of_its_state() -> None:
    checks = check(deviation_lists=[of(BY_SIGNER)])
    assert as_text(checks["pa.deviation"]) == LISTED
    assert "the key for active authentication is compromised (Keys were copied)" in checks["pa.deviation"].detail


def test_a_signer_that_is_not_listed_is_good() -> None:
    assert told(of()) == told(of(Deviation(AA_KEY_COMPROMISED, signer=signer(serial=8)))) == GOOD


def test_all_conditions_must_hold() -> None:
    wide = (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 12, 31, tzinfo=UTC))
    past = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 12, 31, tzinfo=UTC))
    file = make(signed_at=SIGNED_AT)

    def listed(**conditions: Any) -> str:  # Any: fields of Deviation
        return told(of(Deviation(CHECK_DIGIT_WRONG, **conditions)), file=file)

    assert listed(signer=signer(), issued=wide, document_type="P", numbers=("L898902C3",)) == LISTED
    assert listed(signer=signer(), issued=past) == GOOD
    assert listed(signer=signer(), document_type="ID") == GOOD
    assert listed(signer=signer(), numbers=("L898902C4",)) == GOOD
    assert listed(document_type="P", issued=wide) == "failed mandatory document-listed"


def test_a_document_is_listed_by_its_number_among_hundred_thousands() -> None:
    # Italy's list of 2018 names 346,275 identity cards, and no signer.
    numbers = tuple(f"CA{number:05}AL" for number in range(100_000))
    crowd = of(Deviation(CHECK_DIGIT_WRONG, numbers=(*numbers, "L898902C3")))
    assert told(crowd) == "failed mandatory document-listed"
    assert told(of(Deviation(CHECK_DIGIT_WRONG, numbers=numbers))) == GOOD


def test_without_dg1_nobody_knows_whether_a_number_is_listed() -> None:
    by_number = of(Deviation(CHECK_DIGIT_WRONG, numbers=("L898902C3",)))
    unknown = "undetermined evaluatory document-unknown"
    assert told(by_number, groups={2: GROUPS[2]}) == unknown
    garbled = {1: b"\x61\x00"}
    assert told(by_number, groups=garbled, file=make(groups=garbled)) == unknown


def test_a_time_of_issue_that_nobody_knows_rules_nothing_out() -> None:
    past = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 12, 31, tzinfo=UTC))
    assert told(of(Deviation(CHECK_DIGIT_WRONG, signer=signer(), issued=past))) == LISTED


def by_hand(documents: bytes, *, algorithm: bytes = b"") -> bytes:
    kind = bytes.fromhex("06 08 67810801 01070101".replace(" ", ""))
    one = write(0x30, write(0x30, documents) + write(0x31, write(0x30, kind)))
    content = write(0x30, write(2, b"\0") + algorithm + write(0x31, one))
    return signed_data(DEVIATION_LIST, content, lister(), SIGNED_AT)


def test_a_signer_is_named_by_key_id_or_by_digest_as_well() -> None:
    der = signer()
    key_id, file = parse_certificate(der).key_id, make(Who(der, key("p256-ds")))
    assert key_id is not None
    sha384, md5 = (bytes.fromhex(each) for each in ("300b0609608648016503040202", "300c06082a864886f70d02050500"))
    assert told(by_hand(write(0x82, key_id)), file=file) == LISTED
    assert told(by_hand(write(0x82, bytes(20))), file=file) == GOOD
    assert told(by_hand(write(0x83, hashlib.sha256(der).digest())), file=file) == LISTED
    assert told(by_hand(write(0x83, hashlib.sha384(der).digest()), algorithm=sha384), file=file) == LISTED
    assert told(by_hand(write(0x83, bytes(32))), file=file) == GOOD
    assert told(by_hand(write(0x83, hashlib.md5(der).digest()), algorithm=md5), file=file) == GOOD  # noqa: S324


# --- who may list ---
UNTRUSTED = "undetermined mandatory deviation-list-untrusted"


@pytest.mark.parametrize(
    "by",
    [
        Who(signer("p256-list", purposes=LISTS), key("p256-thief")),
        lister(issuer="p256-forger"),
        lister(purposes=()),
        who(),
    ],
)
def test_a_list_that_no_list_signer_of_the_state_signed_proves_nothing(by: Who) -> None:
    assert told(of(BY_SIGNER, by=by)) == told(of(by=by)) == UNTRUSTED


def test_an_altered_list_proves_nothing() -> None:
    assert told(of(BY_SIGNER).replace(b"copied", b"copiad")) == UNTRUSTED


def test_another_state_says_nothing_of_our_documents() -> None:
    theirs = lister(country="NV", issuer="p256-nv")
    lists, anchors = [of(BY_SIGNER, by=theirs)], [csca(), csca("NV", "p256-nv")]
    assert as_text(check(anchors=anchors, deviation_lists=lists)["pa.deviation"]).endswith("no-deviation-list")


def test_another_state_does_not_speak_for_us_by_bringing_our_certificate_along() -> None:
    content = parse_deviation_list(of(BY_SIGNER)).signed.content
    theirs = lister(country="NV", issuer="p256-nv")
    borrowed = signed_data(DEVIATION_LIST, content, theirs, SIGNED_AT, embedded=(csca(),))
    assert told(borrowed, anchors=[csca(), csca("NV", "p256-nv")]) == UNTRUSTED


def test_a_list_whose_signer_has_expired_since_still_holds() -> None:
    assert told(of(BY_SIGNER, by=lister(ends=date(2025, 1, 1)))) == LISTED


@pytest.mark.parametrize(
    "message",
    [
        b"",
        make(bare=True),
        by_hand(write(0x84, b"")),
        by_hand(write(0xA4, b"")),
        signed_data(DEVIATION_LIST, b"\x30\x00", lister(), SIGNED_AT),
        bytes(5 * 1024 * 1024),
    ],
)
def test_what_is_no_deviation_list_is_garbled(message: bytes) -> None:
    with pytest.raises(Garbled):
        parse_deviation_list(message)


def test_a_list_shows_nothing_in_a_log() -> None:
    listed = parse_deviation_list(of(Deviation(CHECK_DIGIT_WRONG, numbers=("L898902C3",))))
    assert repr(listed) == "DeviationList(2024-05-01, 1 deviations)"
    assert "L898902C3" not in repr(listed.deviations)
