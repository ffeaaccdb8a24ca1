"""Expired is not forged: when a signer and its CSCA may sign, and until when they are believed."""

from datetime import UTC, date, datetime

import pytest

from icao.tlv import write
from tests.icao.passive.world import check, csca, make, who, wrong

LONG = csca(begins=date(2010, 1, 1), ends=date(2050, 1, 1))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2020, 1, 1), {}),
        (date(2035, 1, 1), {}),
        (date(2035, 1, 2), {"pa.ds_validity": "signer-expired"}),
        (date(2019, 12, 31), {"pa.ds_validity": "signer-not-yet-valid"}),
    ],
)
def test_a_signer_is_valid_from_its_first_to_its_last_day(day: date, expected: dict[str, str]) -> None:
    assert wrong(check(anchors=[LONG], at=day)) == expected


def test_an_expired_csca_has_its_own_verdict() -> None:
    checks = check(anchors=[csca(ends=date(2026, 1, 1))])
    assert wrong(checks) == {"pa.csca_validity": "csca-expired"}
    assert "expired on 2026-01-01" in checks["pa.csca_validity"].detail


def test_a_csca_that_begins_tomorrow_vouches_tomorrow() -> None:
    assert wrong(check(anchors=[csca(begins=date(2026, 11, 25))])) == {"pa.csca_validity": "csca-not-yet-valid"}


@pytest.mark.parametrize(
    ("signed_on", "code"), [(date(2019, 12, 31), "signed-too-early"), (date(2035, 1, 2), "signed-too-late")]
)
def test_a_document_signed_when_its_signer_was_not_valid_is_told(signed_on: date, code: str) -> None:
    signed_at = datetime(signed_on.year, signed_on.month, signed_on.day, tzinfo=UTC)
    assert wrong(check(make(signed_at=signed_at), [LONG])) == {"pa.ds_validity": code}


def period(begins: str, ends: str) -> tuple[tuple[str, bytes], ...]:
    both = write(0x80, f"{begins}000000Z".encode()) + write(0x81, f"{ends}235959Z".encode())
    return (("2.5.29.16", write(0x30, both)),)


def test_a_key_that_was_to_rest_signs_nothing_any_more() -> None:
    short = who(extensions=period("20200101", "20200401"))
    assert wrong(check(make(short, signed_at=datetime(2020, 4, 1, 23, tzinfo=UTC)))) == {}
    late = check(make(short, signed_at=datetime(2020, 4, 2, tzinfo=UTC)))
    assert wrong(late) == {"pa.ds_validity": "signed-too-late"}
    # Without a signing time nobody knows.
    assert wrong(check(make(short))) == {}


def test_a_key_that_was_not_to_sign_yet_has_signed_nothing() -> None:
    later = who(extensions=period("20210601", "20210901"))
    assert wrong(check(make(later, signed_at=datetime(2021, 6, 1, 1, tzinfo=UTC)))) == {}
    early = check(make(later, signed_at=datetime(2021, 5, 31, tzinfo=UTC)))
    assert wrong(early) == {"pa.ds_validity": "signed-too-early"}
