"""EF.CardSecurity is signed like EF.SOD, and proves its keys only when all of it is successful."""

from typing import Any

import pytest

from icao.checks import Result, overall
from icao.passive import verify_card_security
from simulators.issuing.cms import Form, signed_data
from tests.icao.passive.world import TODAY, Who, by_id, csca, dg1, key, signer, trust, who, wrong

SECURITY_INFOS = "0.4.0.127.0.7.3.2.1"
INFOS = bytes.fromhex("3100")


def make(by: Who | None = None, content: bytes = INFOS, kind: str = SECURITY_INFOS, **form: Any) -> bytes:
    """Any: fields of ``Form``."""
    return signed_data(kind, content, by or who(), None, form=Form(**form))


def told(file: bytes) -> dict[str, str]:
    return wrong(by_id(verify_card_security(file, trust(), TODAY)[0]))


def test_a_genuine_one_passes_every_check_and_gives_its_infos() -> None:
    checks, infos = verify_card_security(make(), trust(), TODAY)
    assert [each.id for each in checks] == [
        "pa.parse", "pa.message_digest", "pa.sod_signature", "pa.chain", "pa.ds_validity", "pa.csca_validity", "pa.crl",
        "pa.deviation",
    ]  # fmt: skip
    assert overall(checks) is Result.SUCCESSFUL
    assert infos == INFOS


def test_of_several_signers_one_that_is_right_will_do() -> None:
    assert told(make(signers=2)) == {}
    assert told(make(ber=True)) == {}


def test_whoever_signs_without_a_state_is_told() -> None:
    assert told(make(Who(signer(issuer="p256-forger"), key("p256-ds")))) == {
        "pa.chain": "issuer-unknown", "pa.csca_validity": "issuer-unknown",
    }  # fmt: skip
    assert told(make(Who(signer(), key("p256-thief")))) == {"pa.sod_signature": "signature-wrong"}


def test_a13_a_neighbours_signer_is_told_where_the_document_says_whose_it_is() -> None:
    by = Who(signer(country="NV", issuer="p256-nv"), key("p256-ds"))
    both = trust([csca(), csca("NV", "p256-nv")])
    checks, _ = verify_card_security(make(by), both, TODAY, dg1("UTO"))
    assert wrong(by_id(checks)) == {"pa.country": "country-differs"}


@pytest.mark.parametrize(
    "file",
    [b"", make(kind="2.23.136.1.1.1"), make(content=b""), make(content=b"\x30\x00"), bytes(70_000), csca()],
)
def test_what_is_no_card_security_fails_the_first_check_and_gives_nothing(file: bytes) -> None:
    checks, infos = verify_card_security(file, trust(), TODAY)
    assert [(each.id, each.code) for each in checks] == [("pa.parse", "garbled")]
    assert infos == b""
