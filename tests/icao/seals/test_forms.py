"""The three kinds of seal: each says what was sealed, and none survives a byte that somebody altered."""

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.seals import c40, idb, reader, vds
from icao.seals.objects import write_object
from icao.seals.seal import MAX_SEAL_BYTES, NotASeal, Seal
from icao.seals.verify import verify
from icao.tlv import Garbled
from simulators.issuing import seals
from tests.icao.seals.state import SEALED_ON, TODAY, results, signer, trust, zone

VISA_ZONE = zone("MRVB", "VC")
CURVES = ("brainpoolP256r1", "secp224r1", "secp256r1", "secp384r1", "secp521r1")
VACCINATION = {
    "uvci": "U32870",
    "pid": {"n": "ERIKSSON ANNA MARIA", "dob": "1974-08-12", "sex": "F", "i": "L898902C3"},
    "ve": [{"des": "XM68M6", "nam": "Utopivax", "vd": [{"dvc": "2026-03-03", "seq": 1, "ctr": "UTO"}]}],
}


def visa(curve: str = "brainpoolP256r1", version: int = 4) -> bytes:
    features = seals.visa_features(VISA_ZONE, "L898902C3", 90)
    return seals.vds_seal(signer("V", curve=curve), seals.VISA, features, SEALED_ON, version)


def said(seal: Seal) -> dict[str, Any]:
    return {field.name: field.value for field in seal.fields}


# --- VDS ---
@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("version", [3, 4])
def test_a_genuine_visa_seal_verifies(curve: str, version: int) -> None:
    seal = vds.parse(visa(curve, version))
    assert results(seal, trust(signer("V", curve=curve))) == {}
    assert (seal.type, seal.country, str(seal.reference)) == ("visa", "UTO", "UTSE 27")
    assert seal.issued_on == seal.signed_on == SEALED_ON
    assert seal.zone == (VISA_ZONE[0], VISA_ZONE[1][:28])
    assert said(seal) == {
        "mrz": "\n".join(seal.zone),
        "number_of_entries": 1,
        "duration_of_stay": "90 days",
        "passport_number": "L898902C3",
    }


@pytest.mark.parametrize(
    ("kind", "features", "codes", "type"),
    [
        (seals.EMERGENCY, seals.zone_features(zone("TD2", "PU")), ("PU",), "emergency-travel-document"),
        (seals.RESIDENCE, seals.zone_features(zone(), "L898902C3"), ("AR",), "residence-permit"),
        (seals.ARRIVAL, seals.zone_features(zone("TD2", "ME"), "160113000085"), ("ME",), "arrival-attestation"),
        (seals.ADDRESS, seals.sticker_features("L898902C3", "05314000", "53123MAIN ST 21"), ("ST",), "address-sticker"),
        (seals.SOCIAL, seals.social_features("65170839J003", "Ørsted", "Ann"), (), "social-insurance-card"),
        (seals.VISA, seals.visa_features(zone("MRVA", "V"), "L898902C3", 30), ("V",), "visa"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_type_of_paper_can_be_sealed(kind: tuple[int, int], features: Any, codes: Any, type: str) -> None:
    seal = vds.parse(seals.vds_seal(signer(*codes), kind, features, SEALED_ON))
    assert seal.type == type
    assert all(field.known for field in seal.fields)
    assert results(seal, trust(signer(*codes))) == {}


def test_no_altered_byte_of_a_vds_verifies() -> None:
    genuine, store = visa(), trust(signer("V"))
    for place in range(len(genuine)):
        assert_refused(genuine[:place] + bytes([genuine[place] ^ 0x01]) + genuine[place + 1 :], store)
    assert_refused(genuine + b"\0", store)
    assert_refused(genuine[:-1], store)


def test_a_feature_that_no_table_knows_is_shown_as_it_is() -> None:
    features = [*seals.visa_features(VISA_ZONE, "L898902C3", 90), (0x42, b"\xbe\xef"), (6, b"\x01")]
    seal = vds.parse(seals.vds_seal(signer("V"), seals.VISA, features, SEALED_ON))
    unknown = [(field.name, field.value) for field in seal.fields if not field.known]
    assert unknown == [("tag_42", "beef"), ("visa_type", "01")]
    assert results(seal, trust(signer("V"))) == {}


def test_a_zone_of_another_length_is_shown_and_not_compared() -> None:
    features = [(2, c40.encode("VCUTO")), (4, b"\1"), (5, b"\xff\xff")]
    seal = vds.parse(seals.vds_seal(signer("V"), seals.VISA, features, SEALED_ON))
    assert (seal.zone, seal.attached_to, [field.known for field in seal.fields]) == ((), "", [False] * 3)


def test_an_unknown_type_of_paper_is_shown_and_its_signer_asked_for_nothing() -> None:
    seal = vds.parse(seals.vds_seal(signer(), (0x77, 0x77), [(1, b"x")], SEALED_ON))
    assert (seal.type, said(seal)) == ("unknown", {"tag_01": "78"})
    assert results(seal, trust(signer())) == {}


def test_the_reference_of_german_arrival_attestations_is_read_in_both_ways() -> None:
    # Version 4, but five characters as in version 3: 03123.
    block = c40.encode("DEME03123")
    genuine = worked_header(block, version=4)
    assert vds.parse(genuine).reference.serials == (0x123, 0x03123)
    assert vds.parse(worked_header(c40.encode("DEME043D2F"), version=4)).reference.serials == (0x3D2F,)


def worked_header(block: bytes, version: int) -> bytes:
    day = bytes.fromhex("0F7134")
    head = bytes([0xDC, version - 1]) + c40.encode("D<<") + block + day + day + bytes(seals.ARRIVAL)
    return vds.seal(vds.message(head, [(3, c40.encode("160113000085"))]), bytes(64))


@pytest.mark.parametrize(
    "data",
    [
        "DC",
        "DC036ABC",
        "DC046ABC6D32C8A727390F71340F7134FB06FF0101",  # a version that does not exist
        "DC036ABC6D32C8A727390F71340F7134FB06",  # no objects, no signature
        "DC036ABC6D32C8A727390F71340F7134FB060101AA",  # no signature
        "DC036ABC6D32C8A727390F71340F7134FB06FF01AA0101AA",  # something behind the signature
        "DC036ABC6D32C8A727390F7134FFFFFFFB06FF01AA",  # no such day
        "DC036ABC6D32FFFF27390F71340F7134FB06FF01AA",  # no C40
    ],
)
def test_a_broken_vds_is_garbled(data: str) -> None:
    with pytest.raises(Garbled):
        vds.parse(bytes.fromhex(data))


# --- ICAO datastructure for barcode ---
def residence_permit(**form: bool) -> str:
    return seals.idb_seal(signer("AR"), residence_messages(), SEALED_ON, **form)


def residence_messages() -> list[tuple[int, bytes]]:
    return [
        (0x81, c40.encode("".join(zone()))),
        (0x84, bytes.fromhex("009B5D88")),
        (0x85, c40.encode("L898902C3")),
        (0x86, b"\x01"),
    ]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("certified", [False, True])
def test_a_genuine_barcode_of_icaos_datastructure_verifies(packed: bool, certified: bool) -> None:
    seal = idb.parse(residence_permit(packed=packed, certified=certified))
    assert results(seal, trust() if certified else trust(signer("AR"))) == {}
    assert (seal.type, seal.country, seal.signed_on, seal.zone) == ("national-1", "UTO", SEALED_ON, zone())
    assert said(seal)["expiry_date"] == "2024-10-18"
    assert seal.attached_to == "L898902C3"


@pytest.mark.parametrize("curve", ["secp224r1", "secp384r1", "secp521r1"])
def test_the_barcode_names_its_digest_itself(curve: str) -> None:
    own = signer("AR", curve=curve)
    seal = idb.parse(seals.idb_seal(own, residence_messages(), SEALED_ON))
    assert results(seal, trust(own)) == {}


def test_a_visa_within_the_datastructure_is_read() -> None:
    inner = b"".join(write_object(*feature) for feature in seals.visa_features(VISA_ZONE, "L898902C3", 90))
    seal = idb.parse(seals.idb_seal(signer("V"), [(1, inner)], SEALED_ON))
    assert (seal.type, seal.attached_to, seal.zone[0]) == ("visa", "L898902C3", VISA_ZONE[0])
    assert results(seal, trust(signer("V"))) == {}


def test_a_visa_zone_may_be_whole_where_there_is_room() -> None:
    inner = write_object(2, c40.encode("".join(VISA_ZONE)))
    assert idb.parse(seals.idb_seal(signer("V"), [(1, inner)], SEALED_ON)).zone == VISA_ZONE


def test_a_signature_over_the_certificate_as_well_is_a_signature() -> None:
    own = signer("AR")
    head = idb.parse(residence_permit(certified=True)).signed[1]
    certified = idb.seal(head, own.sign(head, 256))
    assert results(idb.parse(certified), trust()) == {}


def test_no_altered_character_of_a_barcode_verifies_or_changes_what_it_says() -> None:
    for packed in (False, True):
        genuine, store = residence_permit(packed=packed), trust(signer("AR"))
        for place in range(5, len(genuine)):
            other = "B" if genuine[place] == "A" else "A"
            altered = (genuine[:place] + other + genuine[place + 1 :]).encode()
            # A zlib header can be written in more than one way around the same content.
            assert_refused(altered, store, unless_it_says=reader.parse(genuine.encode()).signed)


def test_a_barcode_that_nobody_signed_proves_nothing() -> None:
    for packed in (False, True):
        seal = idb.parse(seals.unsigned_idb("UTO", [(9, c40.encode("123456"))], packed=packed))
        assert said(seal) == {"can": "123456"}
        assert results(seal, trust())["seal.signature"] == "undetermined not-signed"


def test_a_stripped_signature_is_no_unsigned_barcode() -> None:
    text = residence_permit()
    with pytest.raises(Garbled):
        idb.parse("RDB1A" + text[5:])


def test_a_few_bytes_that_unpack_to_gigabytes_are_refused() -> None:
    bomb = zlib.compress(bytes(MAX_SEAL_BYTES * 1000), 9)
    with pytest.raises(Garbled):
        idb.unpack(bomb)
    with pytest.raises(Garbled):
        idb.parse("RDB1D" + base64.b32encode(bomb).decode().rstrip("="))
    with pytest.raises(Garbled):
        idb.unpack(zlib.compress(b"a") + b"behind")
    with pytest.raises(Garbled):
        idb.unpack(zlib.compress(b"a")[:-1])


def base32(payload: bytes) -> str:
    return base64.b32encode(payload).decode().rstrip("=")


def test_flags_and_parts_must_agree() -> None:
    unsigned = idb.message(idb.header("UTO"), [(9, c40.encode("123456"))])
    assert idb.parse("RDB1A" + base32(unsigned)).signature == b""
    signed_within = unsigned + write_object(idb.SIGNATURE, bytes(64))
    unsigned_within = idb.parse(residence_permit()).signed[0]
    for text in ("RDB1A" + base32(signed_within), "RDB1B" + base32(unsigned_within), "RDB1E" + base32(unsigned)):
        with pytest.raises(Garbled):
            idb.parse(text)


def test_a_day_of_signature_that_nobody_knows_is_garbled() -> None:
    genuine = idb.parse(residence_permit())
    masked = genuine.signed[0][:8] + b"\x80" + genuine.signed[0][9:]
    with pytest.raises(Garbled):
        idb.parse(idb.seal(masked, genuine.signature))


def test_spare_bits_behind_a_text_belong_to_nothing() -> None:
    spare = base32(idb.message(idb.header("UTO"), [(9, c40.encode("123"))]))
    idb.parse("RDB1A" + spare)
    with pytest.raises(Garbled):
        idb.parse("RDB1A" + spare[:-1] + chr(ord(spare[-1]) + 1))
    told = json.loads(vaccination())
    for value in ("AB", "AA=A"):
        told["sig"]["sigvl"] = value
        with pytest.raises(Garbled):
            reader.parse(json.dumps(told).encode())


def test_more_bytes_than_a_barcode_holds_are_garbled() -> None:
    for begun in (b"\xdc", b"RDB1A", b"{"):
        with pytest.raises(Garbled, match=r"more than|too long|longer than"):
            reader.parse(begun + b" " * MAX_SEAL_BYTES)


@pytest.mark.parametrize("text", ["RDB1", "RDB1E", "RDB1@AA", "RDB1A", "RDB1AAA======", "RDB1Aaa", "RDB1A8", "RDB1D"])
def test_a_broken_barcode_is_garbled(text: str) -> None:
    with pytest.raises(Garbled):
        idb.parse(text)


# --- VDS-NC ---
def vaccination(curve: str = "secp256r1", message: dict[str, Any] | None = None) -> str:
    own = signer("NV", curve=curve, purpose=seals.VDS_NC_SIGNING)
    return seals.vds_nc_seal(own, "icao.vacc", message or VACCINATION)


@pytest.mark.parametrize("curve", ["secp256r1", "secp384r1", "secp521r1", "brainpoolP256r1"])
def test_a_genuine_vds_nc_verifies_with_nothing_but_the_csca(curve: str) -> None:
    seal = reader.parse(vaccination(curve).encode())
    assert results(seal, trust()) == {}
    assert (seal.kind, seal.type, seal.country, seal.attached_to) == ("vds-nc", "icao.vacc", "UTO", "L898902C3")
    assert said(seal)["ve.1.vd.1.seq"] == 1
    assert said(seal)["pid.dob"] == "1974-08-12"


def test_the_order_of_members_and_the_blanks_between_them_make_no_difference() -> None:
    told = json.loads(vaccination())
    shuffled = {"sig": told["sig"], "data": dict(reversed(told["data"].items()))}
    assert results(reader.parse(json.dumps(shuffled, indent=2).encode()), trust()) == {}


def test_no_altered_character_of_a_vds_nc_verifies() -> None:
    genuine, store = vaccination().encode(), trust()
    for place in range(len(genuine)):
        assert_refused(genuine[:place] + bytes([genuine[place] ^ 0x01]) + genuine[place + 1 :], store)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("data.extra", 1),
        ("data.hdr.extra", 1),
        ("sig.extra", 1),
        ("extra", 1),
        ("sig.alg", "none"),
        ("sig.alg", "HS256"),
        ("sig.alg", ["ES256"]),
        ("sig.cer", "AAAA"),
        ("sig.cer", 5),
        ("sig.sigvl", "!"),
        ("data.hdr.v", 2),
        ("data.hdr.v", True),
        ("data.hdr.t", ""),
        ("data.hdr.is", {}),
        ("data.msg", {"a": 2**60}),
        ("data.msg", {"a": "\ud800"}),
        ("data.msg", {str(number): 1 for number in range(300)}),
        ("data", []),
    ],
    ids=str,
)
def test_what_does_not_have_the_form_is_garbled(path: str, value: Any) -> None:
    told = json.loads(vaccination())
    *way, last = path.split(".")
    member = told
    for name in way:
        member = member[name]
    member[last] = value
    with pytest.raises(Garbled):
        reader.parse(json.dumps(told).encode())


def test_a_name_that_stands_twice_is_garbled() -> None:
    twice = vaccination().replace('"uvci":"U32870"', '"uvci":"FORGED","uvci":"U32870"')
    with pytest.raises(Garbled):
        reader.parse(twice.encode())


# --- which one is it? ---
def test_what_a_person_pastes_is_read_in_every_usual_form() -> None:
    genuine = visa()
    texts = [
        genuine.hex(),
        genuine.hex(" ").upper(),
        base64.b64encode(genuine).decode(),
        base64.encodebytes(genuine).decode(),
    ]
    assert {reader.parse_text(text).signature for text in texts} == {vds.parse(genuine).signature}
    assert reader.parse_text(f" {residence_permit()}\n").kind == "idb"
    assert reader.parse_text(f"\n{vaccination()}").kind == "vds-nc"


@pytest.mark.parametrize("text", ["", "hello", "P<UTOERIKSSON", "DD03", "HC1:6BF", "zzzz", "é"])
def test_something_else_is_told_apart_from_a_broken_seal(text: str) -> None:
    with pytest.raises(NotASeal):
        reader.parse_text(text)
    with pytest.raises(NotASeal):
        reader.parse(text.encode())


@given(st.binary(max_size=300))
@settings(derandomize=True)
def test_garbage_raises_nothing_but_garbled(data: bytes) -> None:
    for prefix in (b"", b"\xdc\x03", b"RDB1B", b"RDB1D", b"{", visa()[:20]):
        try:
            reader.parse(prefix + data)
        except Garbled:
            continue


def assert_refused(data: bytes, store: Any, unless_it_says: tuple[bytes, ...] | None = None) -> None:
    """It cannot be read, or a mandatory check is not successful; at least it says nothing else."""
    try:
        seal = reader.parse(data)
    except Garbled:
        return
    bad = {check.id for check in verify(seal, store, TODAY) if check.result != "successful"}
    assert "seal.signature" in bad or "seal.chain" in bad or seal.signed == unless_it_says
