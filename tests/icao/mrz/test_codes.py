"""Codes of states, organisations and persons without a nationality."""

import pytest

from icao.mrz.codes import (
    ALSO_IN_CERTIFICATES,
    SPECIAL_ISSUERS,
    SPECIAL_NATIONALITIES,
    _states,
    certificate_countries,
    meaning,
)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("D", "Germany"),
        ("DEU", "Germany"),  # printed by one state for Germans
        ("CHE", "Switzerland"),
        ("GBD", "British overseas territories citizen"),
        ("GBN", "British national (overseas)"),
        ("GBO", "British overseas citizen"),
        ("GBP", "British protected person"),
        ("GBS", "British subject"),
        ("RKS", "Kosovo"),
        ("XKX", "Kosovo"),
        ("XXK", "Kosovo"),
        ("UNK", "United Nations Interim Administration Mission in Kosovo"),
        ("UNO", "United Nations Organization"),
        ("UNA", "United Nations specialized agency"),
        ("EUE", "European Union (laissez-passer)"),
        ("XPO", "International Criminal Police Organization (Interpol)"),
        ("XOM", "Sovereign Military Order of Malta"),
        ("XXA", "stateless person (1954 convention)"),
        ("XXB", "refugee (1951 convention and 1967 protocol)"),
        ("XXC", "refugee, other"),
        ("XXX", "nationality unspecified"),
        ("NTZ", "Neutral Zone"),
        ("UTO", "Utopia (specimen)"),
        ("QQQ", ""),
        ("", ""),
        ("DE", ""),
    ],
)
def test_a_code_is_told_in_words(code: str, says: str) -> None:
    assert meaning(code) == says


def test_every_code_has_three_letters_and_a_meaning_but_the_one_of_germany() -> None:
    codes = [*_states(), *SPECIAL_ISSUERS, *SPECIAL_NATIONALITIES]
    assert len(codes) == len(set(codes))
    assert {code for code in codes if len(code) != 3 or not code.isupper()} == {"D"}
    assert all(meaning(code) for code in codes)


def test_the_states_of_iso_3166_have_two_letters_and_a_name_of_their_own() -> None:
    letters, names = zip(*_states().values(), strict=True)
    assert len(set(letters)) == len(set(names)) == 249
    assert all(len(two) == 2 and two.isascii() and two.isupper() for two in letters)


def test_a_signer_of_an_organisation_without_two_letters_cannot_be_expected() -> None:
    assert certificate_countries("XPO") == certificate_countries("XXA") == frozenset()
    assert certificate_countries("XOM") == {"XO"}
    assert certificate_countries("XXK") == certificate_countries("RKS") == {"KS", "XK", "RK"}
    assert ALSO_IN_CERTIFICATES.keys() <= SPECIAL_ISSUERS.keys()
