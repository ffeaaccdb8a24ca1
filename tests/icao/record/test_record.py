"""What a record holds, and above all what it does not."""

import json
from collections.abc import Iterator
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from xml.etree import ElementTree

import pytest

from icao.checks import Check, Mode, Result
from icao.mrz.compose import compose_td3
from icao.mrz.repairs import Repair
from icao.mrz.zone import parse
from icao.pki.certificates import Certificate
from icao.record.facts import Inspected, System, TrustSource
from icao.record.record import SECTIONS, LogClass, record, section_of
from icao.record.writing import NAMESPACE, as_json, as_xml, written

TODAY = date(2026, 11, 24)
BEGAN = datetime(2026, 11, 24, 13, 5, 6, 789_123, timezone(timedelta(hours=1)))

SIGNER = Certificate(
    der=b"signer", signed_part=b"", signature_algorithm=b"", signature=b"", public_key=b"", issuer="CN=CSCA, C=UT",
    subject="CN=DS 1, C=UT", serial=0xBEEF, country="UT", begins=date(2026, 1, 1), ends=date(2036, 1, 1), key_id=None,
    authority_key_id=None, authority=False, usages=None, purposes=frozenset(),
)  # fmt: skip

ZONE = parse(
    compose_td3(
        issuing_state="UTO", document_number="QN4R7XC2K", surname="Canarybird", given_names="Yellow", nationality="NRV",
        birth_date="1974-08-12", sex="F", expiry_date="2036-04-15", optional_1="HOMENEST77",
    ),
    TODAY,
)  # fmt: skip
FILES = {"DG1": b"CANARYBIRD of one", "DG2": b"CANARYBIRD's face", "SOD": b"hashes of CANARYBIRD"}
SECRETS = (
    "QN4R7XC2K", "CANARYBIRD", "Canarybird", "YELLOW", "NRV", "1974-08-12", "740812", "2036-04-15", "360415",
    "HOMENEST77", *ZONE.lines, *(sha256(content).hexdigest() for content in FILES.values()),
    *(content.hex() for content in FILES.values()),
)  # fmt: skip

GOOD = (
    Check("mrz.printed", Result.SUCCESSFUL, detail="CANARYBIRD's zone agrees.", duration_ms=0.1234),
    Check("access", Result.SUCCESSFUL, detail="CANARYBIRD's chip opened.", duration_ms=12.5),
    Check("pa.dg_hash.1", Result.SUCCESSFUL),
    Check("pa.chain", Result.SUCCESSFUL, detail="Signed by the CSCA of UT."),
    Check("ta", Result.NOT_SUPPORTED, Mode.OPTIONAL, code="CANARYBIRD"),
    Check("mrz.match", Result.SUCCESSFUL),
    Check("seal.signature", Result.SUCCESSFUL),
)
BAD = (*GOOD, Check("pa.dg_hash.2", Result.FAILED, detail="DG2 was altered after it was signed.", code="dg-altered"))


def inspected(checks: tuple[Check, ...] = GOOD) -> Inspected:
    return Inspected(
        transaction="4f9c",
        began=BEGAN,
        duration_ms=1234.56789,
        system=System("borderpost", "1.2", "north-bridge", "gate-1", "Virtual PCD 00 00"),
        checks=checks,
        printed=ZONE,
        repairs=(Repair(2, 5, "O", "0"),),
        chip_zone=ZONE,
        protocol="PACE-ECDH-GM-AES-128",
        commands=11,
        wire_bytes=17_000,
        timings_ms={"access": 20.5, "files": 100.25, "CANARYBIRD": 1.0},
        signer=SIGNER,
        trusted=(TrustSource("Utopia's list", "2026-11-01", 7),),
        files=FILES,
    )


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield str(value)


def told(made: dict[str, Any]) -> set[str]:
    """The secrets that stand in this record, in any of its forms."""
    texts = (*leaves(made), as_json(made).decode(), as_xml(made).decode())
    return {secret for secret in SECRETS if any(secret in text for text in texts)}


def tree(encoded: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(encoded)  # noqa: S314  # what we wrote a line before


# --- persons ---
def test_the_traveller_stands_in_every_field_that_could_hold_one() -> None:
    full = inspected()
    for field in fields(Inspected):
        if field.default is not MISSING or field.default_factory is not MISSING:
            assert getattr(full, field.name), f"{field.name} is empty: it would prove nothing"


@pytest.mark.parametrize("checks", [GOOD, BAD], ids=["good", "bad"])
def test_basic_tells_nothing_of_a_person(checks: tuple[Check, ...]) -> None:
    assert told(record(inspected(checks), LogClass.BASIC)) == set()


def test_standard_tells_nothing_of_a_person_whose_document_passed() -> None:
    assert told(record(inspected(), LogClass.STANDARD)) == set()


@pytest.mark.parametrize("result", [Result.FAILED, Result.UNDETERMINED])
@pytest.mark.parametrize("mode", [Mode.MANDATORY, Mode.OPTIONAL])
def test_standard_tells_what_to_look_into_when_a_check_did_not_pass(result: Result, mode: Mode) -> None:
    made = record(inspected((*GOOD, Check("aa", result, mode, detail="No answer."))), LogClass.STANDARD)
    assert made["person"]["chip_lines"] == list(ZONE.lines)
    assert [file["sha256"] for file in made["files"]] == [sha256(FILES[name]).hexdigest() for name in sorted(FILES)]
    assert {file["content"] for file in made["files"]} == {None}
    assert [check["detail"] for check in made["electronic_checks"]] == [None, None, None, None, "No answer."]


@pytest.mark.parametrize("result", [Result.ABORTED, Result.NOT_SUPPORTED])
def test_a_check_that_came_to_nothing_is_no_suspicion(result: Result) -> None:
    assert told(record(inspected((*GOOD, Check("aa", result))), LogClass.STANDARD)) == set()


def test_a_list_that_nobody_has_is_no_suspicion() -> None:
    none = Check("pa.crl", Result.UNDETERMINED, Mode.EVALUATORY, detail="There is no CRL.", code="no-crl")
    assert told(record(inspected((*GOOD, none)), LogClass.STANDARD)) == set()


def test_full_tells_everything_but_faces_fingers_and_irises() -> None:
    made = record(inspected(), LogClass.FULL)
    assert made["person"]["printed_lines"] == list(ZONE.lines)
    contents = {file["name"]: file["content"] for file in made["files"]}
    assert contents == {"DG1": FILES["DG1"].hex(), "DG2": None, "SOD": FILES["SOD"].hex()}
    assert FILES["DG2"].hex() not in as_xml(made).decode()


def test_a_garbled_zone_puts_no_piece_of_a_name_into_the_basic_record() -> None:
    shifted = replace(ZONE, document_code="CA", issuing_state="NAR")
    made = record(replace(inspected(), chip_zone=replace(shifted, document_code="XQ")), LogClass.BASIC)
    assert made["document"] == {"type": None, "issuing_state": None, "format": "TD3"}


def test_what_is_no_word_of_ours_is_left_out() -> None:
    made = record(inspected((Check("Traveller CANARYBIRD", Result.FAILED, code="<b>"),)), LogClass.BASIC)
    assert [(check["id"], check["code"]) for check in made["electronic_checks"]] == [(None, None)]


def test_an_inspection_does_not_show_in_a_log() -> None:
    assert repr(inspected()) == "Inspected(4f9c)"


# --- what it holds ---
def test_the_basic_record_says_how_the_inspection_went() -> None:
    made = record(inspected(BAD), LogClass.BASIC)
    assert list(made) == [
        "format", "log_class", "transaction", "system", "document", "result", "optical_checks", "electronic_checks",
        "combined_checks", "seal_checks", "zone", "chip", "signer", "trusted", "person", "files",
    ]  # fmt: skip
    assert made["transaction"] == {"id": "4f9c", "began": "2026-11-24T12:05:06.789+00:00", "duration_ms": 1234.568}
    assert made["system"]["post"] == "north-bridge"
    assert made["document"] == {"type": "P", "issuing_state": "UTO", "format": "TD3"}
    assert made["result"] == "failed"
    assert made["zone"]["agrees"]
    assert made["zone"]["repaired"] == 1
    assert made["chip"]["commands"] == 11
    assert made["chip"]["timings"][0] == {"name": "access", "ms": 20.5}
    assert made["signer"] == {"country": "UT"}
    assert made["trusted"] == made["files"] == []
    assert made["person"] is None


def test_each_check_stands_in_its_domain_with_the_guidelines_words() -> None:
    made = record(inspected(BAD), LogClass.BASIC)
    ids = {name: [check["id"] for check in made[name]] for name in made if name.endswith("_checks")}
    assert ids == {
        "optical_checks": ["mrz.printed"],
        "electronic_checks": ["access", "pa.dg_hash.1", "pa.chain", "ta", "pa.dg_hash.2"],
        "combined_checks": ["mrz.match"],
        "seal_checks": ["seal.signature"],
    }
    assert made["electronic_checks"][3]["result"] == "not supported"
    assert made["electronic_checks"][4] == {
        "id": "pa.dg_hash.2", "section": "5.6.4.4", "result": "failed", "mode": "mandatory", "code": "dg-altered",
        "duration_ms": None, "detail": None,
    }  # fmt: skip
    assert made["optical_checks"][0]["duration_ms"] == 0.123


def test_standard_says_who_signed_and_what_was_believed() -> None:
    made = record(inspected(), LogClass.STANDARD)
    assert made["signer"]["serial"] == "beef"
    assert made["signer"]["issuer"] == "CN=CSCA, C=UT"
    assert made["signer"]["sha256"] == sha256(b"signer").hexdigest()
    assert made["trusted"] == [{"name": "Utopia's list", "issued": "2026-11-01", "entries": 7}]


@pytest.mark.parametrize("log_class", LogClass)
def test_a_document_without_chip_zone_or_signer_has_a_record(log_class: LogClass) -> None:
    nothing = Inspected("1", datetime(2026, 1, 1, tzinfo=UTC), 0.0, System("borderpost"), ())
    made = record(nothing, log_class)
    assert made["result"] == "undetermined"
    assert made["document"] is made["signer"] is made["zone"] is None
    assert tree(as_xml(made)).tag == f"{{{NAMESPACE}}}InspectionRecord"


@pytest.mark.parametrize(
    "id",
    ["access", "aa", "ca", "ta", "pa.parse", "pa.message_digest", "pa.sod_signature", "pa.dg_hash.16", "pa.chain",
     "pa.ds_validity", "pa.csca_validity", "pa.crl", "pa.deviation", "pa.country", "lds.dg_list", "mrz.match",
     "seal.signature", "seal.chain"],
)  # fmt: skip
def test_every_check_of_the_contract_has_a_section_of_the_guideline(id: str) -> None:
    assert section_of(id).startswith("5.")


def test_an_unknown_check_has_none() -> None:
    assert section_of("weather") == ""
    assert set(SECTIONS.values()) <= {section_of(id) for id in SECTIONS}


# --- the two forms ---
def test_json_comes_back_as_it_went() -> None:
    made = record(inspected(BAD), LogClass.FULL)
    assert json.loads(as_json(made)) == made
    assert written(made, "json") == as_json(made)


def test_xml_has_every_value_of_json_in_the_same_order() -> None:
    made = record(inspected(BAD), LogClass.FULL)
    root = tree(written(made, "xml"))
    texts = [element.text for element in root.iter() if element.text]
    assert texts == [value for value in _values(made) if value]
    assert [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in root][:4] == [
        "Format", "LogClass", "Transaction", "System",
    ]  # fmt: skip


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _values(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner)
    elif value is not None:
        yield str(value).lower() if isinstance(value, bool) else str(value)


# The tree that a reader of the XML may rely on: element, and its children in order.
TREE = {
    "Transaction": ["Id", "Began", "DurationMs"],
    "System": ["Application", "Version", "Post", "Lane", "Reader"],
    "Document": ["Type", "IssuingState", "Format"],
    "ElectronicChecks": ["Check"] * 5,
    "Zone": ["Agrees", "Repaired", "CheckDigits"],
    "Chip": ["Protocol", "Commands", "WireBytes", "Timings"],
    "Signer": ["Country", "Issuer", "Serial", "Sha256", "Begins", "Ends"],
    "Trusted": ["Source"],
    "Person": ["PrintedLines", "ChipLines", "Repairs"],
    "PrintedLines": ["Line", "Line"],
    "Files": ["File"] * 3,
    "File": ["Name", "SizeBytes", "Sha256", "Content"],
}


@pytest.mark.parametrize("name", TREE)
def test_the_elements_of_the_xml_stand_in_their_order(name: str) -> None:
    root = tree(as_xml(record(inspected(BAD), LogClass.FULL)))
    found = next(root.iter(f"{{{NAMESPACE}}}{name}"))
    assert [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in found] == TREE[name]


@pytest.mark.parametrize(
    "text", ["\x00\x1b[31m", "</InspectionRecord>", "&<>\"'", "\u202eabc", "\ud800", "\ufffe", "é"]
)
def test_whatever_a_certificate_is_called_the_xml_is_well_formed_and_plain(text: str) -> None:
    made = record(replace(inspected(), signer=replace(SIGNER, issuer=f"CN={text}")), LogClass.STANDARD)
    encoded = as_xml(made)
    assert encoded.isascii()
    issuer = tree(encoded).find(f".//{{{NAMESPACE}}}Issuer")
    assert issuer is not None
    assert issuer.text is not None
    assert issuer.text.startswith("CN=")
    assert as_json(made).isascii()
