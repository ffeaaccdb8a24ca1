"""Whose seal is it, and whose paper? Every answer has its own verdict, and none but a genuine seal is successful."""

from dataclasses import replace
from datetime import date

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from icao.checks import Check, Mode, Result, overall
from icao.mrz.zone import parse as parse_zone
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.crl import parse_crl
from icao.pki.trust import TrustedSet
from icao.seals import idb, signature, vds, vds_nc
from icao.seals.seal import Seal
from icao.seals.verify import verify
from simulators.issuing import seals
from simulators.issuing.revocation import crl
from tests.icao.seals.state import SEALED_ON, TODAY, csca, issuer, results, signer, trust, zone

VISA_ZONE = zone("MRVB", "VC")
PASSPORT, OTHER_PASSPORT = zone("TD3", "P"), zone("TD3", "P", "X12345678")


def visa(own: seals.SealSigner | None = None, on: date = SEALED_ON) -> Seal:
    features = seals.visa_features(VISA_ZONE, "L898902C3", 90)
    return vds.parse(seals.vds_seal(own or signer("V"), seals.VISA, features, on))


def found(seal: Seal, store: TrustedSet, id: str, *printed: str, at: date = TODAY) -> Check:
    read = parse_zone(printed, at) if printed else None
    return next(check for check in verify(seal, store, at, read) if check.id == id)


# --- whose seal ---
def test_a_genuine_seal_is_successful_in_every_check() -> None:
    checks = verify(visa(), trust(signer("V")), TODAY)
    assert overall(checks) is Result.SUCCESSFUL
    assert [check.id for check in checks] == [
        "seal.parse",
        "seal.signature",
        "seal.chain",
        "seal.validity",
        "seal.crl",
        "seal.purpose",
        "seal.country",
    ]


def test_without_a_trust_store_nothing_is_known() -> None:
    """A VDS does not carry its signer's certificate: not even the signature can be checked."""
    told = results(visa(), TrustedSet())
    assert told["seal.signature"] == told["seal.chain"] == "undetermined no-trust-store"


def test_a_signer_that_is_not_known_here_is_undetermined() -> None:
    """A31."""
    told = results(visa(), trust(signer("V", serial=0x28)))
    assert told["seal.signature"] == told["seal.chain"] == "undetermined signer-unknown"


def test_a_signer_of_a_state_that_nobody_trusts_is_undetermined() -> None:
    store = trust(signer("V", certified_by="QZZ"))
    assert results(visa(signer("V", certified_by="QZZ")), store) == {"seal.chain": "undetermined issuer-unknown"}


def test_a_signer_that_borrows_a_states_name_is_failed() -> None:
    """A04: the certificate names Utopia's CSCA and its key id, and another key made it."""
    forged = replace(parse_certificate(signer("V").der), signature=bytes.fromhex("3006020101020101"))
    store = Keeper(forged)
    assert results(visa(), store) == {"seal.chain": "failed issuer-forged"}


class Keeper(TrustedSet):
    """Hands out one signer, whatever is asked for."""

    def __init__(self, kept: Certificate) -> None:
        super().__init__([csca()])
        self._kept = kept

    def seal_signers(self, reference: object) -> list[Certificate]:
        return [self._kept]


def test_a_reference_names_no_other_country_name_or_serial() -> None:
    own, reference = parse_certificate(signer("V").der), visa().reference
    assert reference.names(own)
    assert not reference.names(replace(own, country="NV"))
    assert not reference.names(replace(own, subject=own.subject.replace("=se", "=sf")))
    assert not reference.names(replace(own, serial=0x28))


def test_the_right_one_of_two_signers_with_one_name_is_found() -> None:
    """Serial numbers are short, and states use them again."""
    first, second = signer("V"), signer("V", curve="secp256r1")
    assert results(visa(second), trust(first, second)) == {}


def test_a_seal_by_another_key_than_its_signers_is_failed() -> None:
    told = results(visa(signer("V", curve="secp256r1")), trust(signer("V")))
    assert told["seal.signature"] == "failed signature-wrong"


def test_a_signature_of_another_length_than_the_curve_is_failed() -> None:
    """r and s with zeros before them are the same numbers, and another seal."""
    own, genuine = signer("V"), visa()
    r, s = genuine.signature[:32], genuine.signature[32:]
    for wrong in (bytes(16) + r + bytes(16) + s, r, b"", genuine.signature + b"\0"):
        resealed = vds.parse(vds.seal(genuine.signed[0], wrong))
        told = results(resealed, trust(own))
        assert told["seal.signature"] in ("failed signature-wrong", "undetermined not-signed")


def test_a_key_that_is_no_point_of_a_known_curve_is_not_supported() -> None:
    key = rsa.generate_private_key(65537, 2048).public_key()
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    assert signature.verify(visa(), key.public_bytes(encoding, form)).result is Result.NOT_SUPPORTED
    unknown = ec.generate_private_key(ec.SECP256K1()).public_key()
    assert signature.verify(visa(), unknown.public_bytes(encoding, form)).result is Result.NOT_SUPPORTED
    assert signature.verify(visa(), b"\x30\x00").result is Result.NOT_SUPPORTED


# --- when ---
def test_a_seal_that_was_signed_after_its_signer_expired_is_failed() -> None:
    old = signer("V", period=(date(2020, 1, 1), date(2026, 10, 1)))
    assert results(visa(old), trust(old))["seal.validity"] == "failed signed-outside-validity"


def test_a_signer_that_has_expired_since_is_undetermined() -> None:
    """A31."""
    told = results(visa(), trust(signer("V")), at=date(2031, 6, 1))
    assert told == {"seal.validity": "undetermined signer-expired"}


def test_an_expired_csca_is_told_apart() -> None:
    longer = signer("V", period=(date(2026, 1, 1), date(2045, 1, 1)))
    assert results(visa(longer), trust(longer), at=date(2041, 1, 1)) == {"seal.validity": "undetermined csca-expired"}


def test_a_seal_of_tomorrow_is_failed() -> None:
    tomorrow = visa(on=date(2026, 11, 25))
    assert results(tomorrow, trust(signer("V"))) == {"seal.validity": "failed dated-ahead"}


# --- what for ---
@pytest.mark.parametrize(
    ("codes", "purpose"),
    [
        (("P",), ""),  # a document signer's key
        (("P",), seals.SEAL_SIGNING),
        (("ST",), seals.SEAL_SIGNING),
        (("V",), "2.23.136.1.1.3"),  # a list signer's key
        ((), ""),  # says nothing of seals
    ],
    ids=str,
)
def test_a_signer_for_something_else_is_undetermined(codes: tuple[str, ...], purpose: str) -> None:
    """A31."""
    own = signer(*codes, purpose=purpose)
    assert results(visa(own), trust(own)) == {"seal.purpose": "undetermined signer-purpose"}


def test_a_signer_that_only_names_the_type_of_document_is_for_it() -> None:
    assert results(visa(signer("V", purpose="")), trust(signer("V", purpose=""))) == {}


def test_a_vaccination_signer_seals_no_tests() -> None:
    own = signer("NV", curve="secp256r1", purpose=seals.VDS_NC_SIGNING)
    told = results(vds_nc.parse(seals.vds_nc_seal(own, "icao.test", {"utci": "1"})), trust())
    assert told == {"seal.purpose": "undetermined signer-purpose"}


def test_a_certification_authority_seals_nothing() -> None:
    """A12."""
    authority = replace(parse_certificate(signer("V").der), authority=True)
    assert results(visa(), Keeper(authority)) == {"seal.chain": "failed signer-misused"}
    assert not visa().reference.names(authority)


def test_a_state_seals_no_other_states_papers() -> None:
    """A13."""
    own = signer("V")
    head = vds.header("NRV", "UTSE", "27", SEALED_ON, SEALED_ON, seals.VISA)
    message = vds.message(head, seals.visa_features(VISA_ZONE, "L898902C3", 90))
    seal = vds.parse(vds.seal(message, own.sign(message)))
    assert results(seal, trust(own)) == {"seal.country": "failed country-differs"}


def test_a_country_that_no_table_knows_is_undetermined() -> None:
    own = signer("V")
    head = vds.header("QQQ", "UTSE", "27", SEALED_ON, SEALED_ON, seals.VISA)
    message = vds.message(head, seals.visa_features(VISA_ZONE, "L898902C3", 90))
    seal = vds.parse(vds.seal(message, own.sign(message)))
    assert results(seal, trust(own)) == {"seal.country": "undetermined country-unknown"}


# --- taken back ---
def test_a_revoked_signer_is_failed_and_a_list_without_it_is_good() -> None:
    """A14."""
    own = signer("V")
    for revoked, result in (([0x27], "failed signer-revoked"), ([0x28], "successful ")):
        taken_back = parse_crl(crl(issuer("UTO"), (date(2026, 11, 1), date(2026, 12, 30)), revoked))
        store = TrustedSet([csca()], [parse_certificate(own.der)], [taken_back])
        check = found(visa(), store, "seal.crl")
        assert (f"{check.result} {check.code}", check.mode) == (result, Mode.MANDATORY)


def test_no_list_is_no_answer() -> None:
    check = found(visa(), trust(signer("V")), "seal.crl")
    assert (check.result, check.mode, check.code) == (Result.UNDETERMINED, Mode.EVALUATORY, "no-crl")


# --- whose paper ---
def test_the_seal_of_this_visa_matches_its_zone_as_far_as_the_seal_keeps_it() -> None:
    assert found(visa(), trust(signer("V")), "mrz.match", *VISA_ZONE).result is Result.SUCCESSFUL


@pytest.mark.parametrize("line", [0, 1])
def test_a_genuine_seal_on_another_visa_is_failed(line: int) -> None:
    """A30."""
    other = zone("MRVB", "VC", "X12345678")
    printed = [VISA_ZONE[0].replace("ANNA", "OLGA"), VISA_ZONE[1]] if line == 0 else [VISA_ZONE[0], other[1]]
    check = found(visa(), trust(signer("V")), "mrz.match", *printed)
    assert (check.result, check.code, check.mode) == (Result.FAILED, "seal-of-another-document", Mode.MANDATORY)


def test_a_visa_seal_in_another_passport_is_failed() -> None:
    """A30: beside a passport's zone, the number of the passport that the visa was given for is compared."""
    store = trust(signer("V"))
    assert found(visa(), store, "mrz.match", *PASSPORT).result is Result.SUCCESSFUL
    assert found(visa(), store, "mrz.match", *OTHER_PASSPORT).code == "seal-of-another-document"


def test_a_card_of_the_visas_shape_is_asked_for_its_number() -> None:
    card = zone("TD2", "ID")
    assert found(visa(), trust(signer("V")), "mrz.match", *card).result is Result.SUCCESSFUL


def test_a_sticker_on_another_card_is_failed() -> None:
    own = signer("ST")
    features = seals.sticker_features("L898902C3", "05314000", "53123MAIN ST 21")
    seal = vds.parse(seals.vds_seal(own, seals.ADDRESS, features, SEALED_ON))
    card = zone("TD1", "ID")
    assert found(seal, trust(own), "mrz.match", *card).result is Result.SUCCESSFUL
    assert found(seal, trust(own), "mrz.match", *zone("TD1", "ID", "X12345678")).result is Result.FAILED


def test_a_proof_of_vaccination_beside_another_passport_is_failed() -> None:
    own = signer("NV", curve="secp256r1", purpose=seals.VDS_NC_SIGNING)
    seal = vds_nc.parse(seals.vds_nc_seal(own, "icao.vacc", {"pid": {"i": "L898902C3"}}))
    assert found(seal, trust(), "mrz.match", *PASSPORT).result is Result.SUCCESSFUL
    assert found(seal, trust(), "mrz.match", *OTHER_PASSPORT).result is Result.FAILED


def test_where_nothing_can_be_compared_nothing_is_proved() -> None:
    own = signer()
    seal = vds.parse(
        seals.vds_seal(own, seals.SOCIAL, seals.social_features("65170839J003", "Eriksson", "Anna"), SEALED_ON)
    )
    check = found(seal, trust(own), "mrz.match", *PASSPORT)
    assert (check.result, check.code) == (Result.UNDETERMINED, "nothing-to-compare")


def test_no_verdict_and_no_repr_holds_personal_data() -> None:
    checks = verify(visa(), trust(signer("V")), TODAY, parse_zone(OTHER_PASSPORT, TODAY))
    shown = " ".join([repr(visa()), *(check.detail for check in checks), *map(repr, visa().fields)])
    assert not any(secret in shown for secret in ("ERIKSSON", "L898902C3", "X12345678"))


def test_a_broken_certificate_in_a_barcode_is_failed() -> None:
    genuine = idb.parse(seals.idb_seal(signer("V"), [(9, b"\x20\xd5")], SEALED_ON))
    broken = idb.parse(idb.seal(genuine.signed[0], genuine.signature, b"\x30\x03\x02\x01\x05"))
    assert results(broken, trust())["seal.signature"] == "failed certificate-garbled"
