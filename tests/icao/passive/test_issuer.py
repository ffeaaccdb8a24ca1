"""Is the signer one of the state that the document names, and for such documents?"""

import pytest

from icao.checks import Mode, Result
from icao.tlv import write
from tests.icao.passive.world import GROUPS, Who, certificate, check, csca, dg1, key, make, name, who, wrong


@pytest.mark.parametrize(
    ("state", "country", "code"),
    [
        ("UTO", "ut", ""),
        ("D", "DE", ""),
        ("D", "de", ""),
        ("GBD", "GB", ""),
        ("GBR", "GB", ""),
        ("EUE", "LP", ""),
        ("EUE", "EU", ""),
        ("UNO", "UN", ""),
        ("RKS", "KS", ""),
        ("RKS", "XK", ""),
        ("FRA", "FR", ""),
        ("FRA", "UT", "country-differs"),
        ("UTO", "NV", "country-differs"),
        ("QZZ", "QZ", "country-unknown"),
    ],
)
def test_a13_a_state_signs_its_own_documents(state: str, country: str, code: str) -> None:
    groups = {1: dg1(state)}
    checks = check(make(who(country=country), groups), [csca(country)], groups)
    assert checks["pa.country"].code == code


def test_a_signer_that_names_no_country_is_told() -> None:
    der = certificate(name("", "Signer"), name("", "CSCA"), key("p256-ds"), key("p256-csca"))
    checks = check(make(Who(der, key("p256-ds"))))
    assert wrong(checks) == {"pa.country": "country-differs"}
    assert "??" in checks["pa.country"].detail


@pytest.mark.parametrize("format", ["TD1", "TD2"])
def test_the_country_is_read_from_every_format(format: str) -> None:
    groups = {1: dg1(format=format)}
    assert wrong(check(make(groups=groups), groups=groups)) == {}


def test_without_dg1_there_is_no_country_to_compare() -> None:
    assert "pa.country" not in check(groups={2: GROUPS[2]})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        write(0x61, write(0x5F1F, b"<" * 89)),
        write(0x61, write(0x5F1F, b"\xff" * 88)),
        write(0x61, write(0x5F1F, b"p" * 88)),
    ],
)
def test_a_dg1_that_cannot_be_read_names_no_country(content: bytes) -> None:
    groups = {1: content}
    checks = check(make(groups=groups), groups=groups)
    assert wrong(checks) == {"pa.country": "group-garbled"}
    assert checks["pa.country"].result is Result.UNDETERMINED


def types(*codes: str) -> tuple[tuple[str, bytes], ...]:
    listed = b"".join(write(0x13, code.encode()) for code in codes)
    return (("2.23.136.1.1.6.2", write(0x30, write(2, b"\0") + write(0x31, listed))),)


@pytest.mark.parametrize(
    ("codes", "code", "fits"),
    [
        (("P",), "P", True),
        (("P",), "PD", True),
        (("PD",), "P", False),
        (("ID", "P<"), "P", True),
        (("ID",), "P", False),
        (("ID",), "ID", True),
    ],
)
def test_a_signer_for_other_kinds_of_documents_is_a_finding(codes: tuple[str, ...], code: str, fits: bool) -> None:
    groups = {1: dg1(code=code)}
    by = who(extensions=types(*codes))
    checks = check(make(by, groups), groups=groups)
    found = checks["pa.document_type"]
    assert (found.result, found.mode) == (Result.SUCCESSFUL if fits else Result.FAILED, Mode.EVALUATORY)
    assert wrong(checks) == {}


def test_a_signer_that_says_no_kind_is_for_all() -> None:
    assert "pa.document_type" not in check()
    assert "pa.document_type" not in check(make(who(extensions=types("P"))), groups={2: GROUPS[2]})
    garbled = {1: b"\x61\x00"}
    assert "pa.document_type" not in check(make(who(extensions=types("P")), garbled), groups=garbled)
