"""Passive authentication: every form of signature that is met, and every way to be wrong, each with its own verdict."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

import pytest
from asn1crypto import algos, cms, core, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID, ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from icao.checks import Check, Mode, Result, overall
from icao.lds.sod import MAX_SOD_BYTES, parse_sod
from icao.mrz.compose import compose
from icao.passive import verify
from icao.pki import signatures
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.trust import TrustedSet
from icao.tlv import Garbled, read, read_all, read_one, survey, write

TODAY = date(2026, 11, 24)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ICAO_CONTENT = "2.23.136.1.1.1"


@cache
def key(kind: str) -> PrivateKey:
    """Keys are dear: one of each name is enough."""
    match kind.partition("-")[0]:
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "bp256":
            return ec.generate_private_key(ec.BrainpoolP256R1())
        case "p521":
            return ec.generate_private_key(ec.SECP521R1())
        case "k1":
            return ec.generate_private_key(ec.SECP256K1())
    return ec.generate_private_key(ec.SECP256R1())


def name(country: str, common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def certificate(
    subject: x509.Name,
    issuer: x509.Name,
    own: PrivateKey,
    signer: PrivateKey,
    *,
    authority: bool = False,
    key_ids: bool = True,
    usages: tuple[str, ...] | None = ("digital_signature",),
    purposes: tuple[str, ...] = (),
    begins: date = date(2020, 1, 1),
    ends: date = date(2035, 1, 1),
    serial: int = 7,
    pss: bool = False,
    odd_extension: bool = False,
) -> bytes:
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=own.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(begins.year, begins.month, begins.day, tzinfo=UTC))
        .not_valid_after(datetime(ends.year, ends.month, ends.day, 23, 59, tzinfo=UTC))
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    if usages is not None:
        flags = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        builder = builder.add_extension(x509.KeyUsage(**(flags | dict.fromkeys(usages, True))), critical=True)
    if purposes:
        oids = [ObjectIdentifier(each) for each in purposes]
        builder = builder.add_extension(x509.ExtendedKeyUsage(oids), critical=True)
    if key_ids:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    if odd_extension:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(ObjectIdentifier("1.3.9999"), b"\xff"), critical=False
        )
    how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return builder.sign(signer, hashes.SHA256(), rsa_padding=how).public_bytes(serialization.Encoding.DER)


def csca(country: str = "UT", own: str = "p256-csca", **changes: Any) -> bytes:  # Any: handed on
    it = name(country, "CSCA")
    return certificate(it, it, key(own), key(own), **({"authority": True, "usages": ("key_cert_sign",)} | changes))


def signer(
    own: str = "p256-ds", issuer: str = "p256-csca", country: str = "UT", **changes: Any
) -> bytes:  # Any: handed on
    return certificate(name(country, "Signer"), name(country, "CSCA"), key(own), key(issuer), **changes)


def dg1(state: str = "UTO", format: str = "TD3") -> bytes:
    lines = compose(
        format, document_code="P", issuing_state=state, document_number="L898902C3", surname="Eriksson",
        given_names="Anna", nationality="UTO", birth_date="1974-08-12", sex="F", expiry_date="2032-04-15",
    )  # fmt: skip
    return write(0x61, write(0x5F1F, "".join(lines).encode()))


GROUPS = {1: dg1(), 2: write(0x75, b"portrait")}


@dataclass(frozen=True)
class Recipe:
    """How an EF.SOD is made; the default is a plain good one."""

    groups: dict[int, bytes] = field(default_factory=lambda: GROUPS)
    signer_der: bytes = field(default_factory=signer)
    signer_key: str = "p256-ds"
    digest: str = "sha256"
    group_digest: str = "sha256"
    algorithm: dict[str, Any] = field(default_factory=lambda: {"algorithm": "sha256_ecdsa"})  # Any: asn1crypto's way
    salt: int | None = None
    content_type: str = ICAO_CONTENT
    stated_type: str | None = None
    stated_digest: bytes | None = None
    attributes: bool = True
    signed_at: datetime | None = None
    by_key_id: bool = False
    certificates: int = 1
    content: bytes | None = None
    serial: int | None = None
    signers: int = 1
    doubled: bool = False


def object_of(recipe: Recipe) -> bytes:
    algorithm = algos.DigestAlgorithm({"algorithm": recipe.group_digest}).dump()
    pairs = b"".join(
        write(0x30, write(2, bytes([number])) + write(4, hashlib.new(recipe.group_digest, content).digest()))
        for number, content in recipe.groups.items()
    )
    return write(0x30, write(2, b"\0") + algorithm + write(0x30, pairs))


def sign(recipe: Recipe, message: bytes) -> bytes:
    private, digest = key(recipe.signer_key), getattr(hashes, recipe.digest.upper())()
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return private.sign(message, ec.ECDSA(digest))
    if recipe.salt is not None:
        return private.sign(message, padding.PSS(padding.MGF1(digest), recipe.salt), digest)
    return private.sign(message, padding.PKCS1v15(), digest)


def make(recipe: Recipe) -> bytes:
    content = recipe.content if recipe.content is not None else object_of(recipe)
    attributes: list[dict[str, Any]] = [  # Any: asn1crypto's way
        {"type": "content_type", "values": [recipe.stated_type or recipe.content_type]},
        {"type": "message_digest", "values": [recipe.stated_digest or hashlib.new(recipe.digest, content).digest()]},
    ]
    if recipe.doubled:
        attributes.append(attributes[1])
    if recipe.signed_at:
        attributes.append({"type": "signing_time", "values": [cms.Time({"utc_time": recipe.signed_at})]})
    signed_attributes = cms.CMSAttributes(attributes)
    chosen = asn1_x509.Certificate.load(recipe.signer_der)
    serial = recipe.serial if recipe.serial is not None else chosen.serial_number
    info = {
        "version": "v1",
        "sid": {"subject_key_identifier": chosen.key_identifier}
        if recipe.by_key_id
        else {"issuer_and_serial_number": {"issuer": chosen.issuer, "serial_number": serial}},
        "digest_algorithm": {"algorithm": recipe.digest},
        "signature_algorithm": recipe.algorithm,
        "signature": sign(recipe, signed_attributes.dump() if recipe.attributes else content),
    }
    if recipe.attributes:
        info["signed_attrs"] = signed_attributes
    signed: dict[str, Any] = {  # Any: asn1crypto's way
        "version": "v3",
        "digest_algorithms": [{"algorithm": recipe.digest}],
        "encap_content_info": {"content_type": recipe.content_type, "content": core.ParsableOctetString(content)},
        "signer_infos": [info] * recipe.signers,
    }
    if recipe.certificates:
        signed["certificates"] = [chosen] * recipe.certificates
    return write(0x77, cms.ContentInfo({"content_type": "signed_data", "content": cms.SignedData(signed)}).dump())


def check(
    recipe: Recipe, anchors: list[bytes] | None = None, groups: dict[int, bytes] | None = None, at: date = TODAY
) -> dict[str, Check]:
    trusted = TrustedSet(parse_certificate(der) for der in ([csca()] if anchors is None else anchors))
    return {each.id: each for each in verify(make(recipe), recipe.groups if groups is None else groups, trusted, at)}


def wrong(checks: dict[str, Check]) -> dict[str, Result]:
    """The mandatory checks that did not succeed: without lists, two evaluatory ones are undetermined."""
    bad = {id: each.result for id, each in checks.items() if each.result is not Result.SUCCESSFUL}
    return {id: result for id, result in bad.items() if checks[id].mode is Mode.MANDATORY}


def test_a_genuine_document_passes_every_check() -> None:
    checks = check(Recipe())
    assert list(checks) == [
        "pa.parse", "pa.message_digest", "pa.sod_signature", "pa.dg_hash.1", "pa.dg_hash.2", "pa.chain",
        "pa.ds_validity", "pa.csca_validity", "pa.crl", "pa.deviation", "pa.country",
    ]  # fmt: skip
    assert wrong(checks) == {}
    assert overall(checks.values()) is Result.SUCCESSFUL


def pss(digest: str, salt: int) -> dict[str, Any]:  # Any: asn1crypto's way
    parameters = {
        "hash_algorithm": {"algorithm": digest},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": digest}},
        "salt_length": salt,
    }
    return {"algorithm": "rsassa_pss", "parameters": parameters}


def rsa_recipe(**changes: Any) -> Recipe:  # Any: handed on
    return Recipe(**({"signer_der": signer("rsa"), "signer_key": "rsa"} | changes))


FORMS = {
    "RSA": rsa_recipe(algorithm={"algorithm": "sha256_rsa"}),
    "RSA, SHA-1": rsa_recipe(algorithm={"algorithm": "sha1_rsa"}, digest="sha1", group_digest="sha1"),
    "RSA, SHA-224": rsa_recipe(algorithm={"algorithm": "sha224_rsa"}, digest="sha224"),
    "RSA, SHA-512, groups SHA-256": rsa_recipe(algorithm={"algorithm": "sha512_rsa"}, digest="sha512"),
    "plain RSA, digest elsewhere": rsa_recipe(algorithm={"algorithm": "rsassa_pkcs1v15"}, digest="sha384"),
    "PSS": rsa_recipe(algorithm=pss("sha256", 32), salt=32),
    "PSS with an odd salt": rsa_recipe(algorithm=pss("sha256", 64), salt=64),
    "PSS without parameters": rsa_recipe(algorithm={"algorithm": "rsassa_pss"}, salt=20),
    "ECDSA, SHA-1": Recipe(algorithm={"algorithm": "sha1_ecdsa"}, digest="sha1"),
    "ECDSA, brainpool, SHA-384": Recipe(
        signer_der=signer("bp256"), signer_key="bp256", algorithm={"algorithm": "sha384_ecdsa"}, digest="sha384"
    ),
    "ECDSA, P-521, SHA-512": Recipe(
        signer_der=signer("p521"), signer_key="p521", algorithm={"algorithm": "sha512_ecdsa"}, digest="sha512"
    ),
    "signer by key id": Recipe(by_key_id=True),
    "signing time": Recipe(signed_at=datetime(2024, 5, 1, tzinfo=UTC)),
    "old content type": Recipe(content_type="1.3.27.1.1.1"),
    "Sdu's content type": Recipe(content_type="1.2.528.1.1006.1.20.1"),
    "id-data": Recipe(content_type="1.2.840.113549.1.7.1"),
    "signer named wrongly, but alone": Recipe(serial=99),
    "an extension that nobody can parse": Recipe(signer_der=signer(odd_extension=True)),
    "no key usage": Recipe(signer_der=signer(usages=None)),
    "no key ids": Recipe(signer_der=signer(key_ids=False)),
    "the same certificate twice": Recipe(certificates=2),
    "a signer certified with PSS": rsa_recipe(algorithm={"algorithm": "sha256_rsa"}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_that_states_use_is_verified(form: str) -> None:
    assert wrong(check(FORMS[form])) == {}


def test_a_csca_with_rsa_pss_is_verified() -> None:
    recipe = rsa_recipe(algorithm={"algorithm": "sha256_rsa"}, signer_der=signer("rsa", "rsa-csca", pss=True))
    assert wrong(check(recipe, [csca(own="rsa-csca")])) == {}


def test_an_rsa_key_that_calls_itself_pss_is_read() -> None:
    spki = keys.PublicKeyInfo.load(public(key("rsa")))
    changed = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsassa_pss"}, "public_key": spki["public_key"].parsed})
    signature = key("rsa").sign(b"Utopia", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]  # an RSA key
    assert signatures.verify(changed.dump(), oid("sha256_rsa"), None, signature, b"Utopia") == (Result.SUCCESSFUL, "")


def public(private: PrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def oid(algorithm: str, **more: Any) -> bytes:  # Any: asn1crypto's way
    encoded: bytes = algos.SignedDigestAlgorithm({"algorithm": algorithm, **more}).dump()
    return encoded


# --- BER ---
def test_ber_with_indefinite_lengths_is_read_like_der() -> None:
    # Everything around the signed parts, as New Zealand and old American passports have it.
    info = read_all(read_one(read_one(make(Recipe()), 0x77), 0x30))
    parts = read_all(read_one(info[1].value, 0x30))
    encapsulated = read_all(parts[2].value)
    octets = read_one(encapsulated[1].value, 0x04)
    pieces = b"\x24\x80" + write(4, octets[:20]) + write(4, octets[20:]) + b"\0\0"
    content = b"\x30\x80" + write(6, encapsulated[0].value) + b"\xa0\x80" + pieces + b"\0\0\0\0"
    around = b"".join(write(part.tag, part.value) for part in parts[:2]) + content
    around += b"".join(write(part.tag, part.value) for part in parts[3:])
    message = b"\x30\x80" + write(6, info[0].value) + b"\xa0\x80\x30\x80" + around + b"\0\0\0\0\0\0"
    survey(message)
    checks = verify(write(0x77, message), GROUPS, TrustedSet([parse_certificate(csca())]), TODAY)
    assert wrong({each.id: each for each in checks}) == {}


def test_signed_attributes_in_ber_are_hashed_as_der() -> None:
    der = make(Recipe())
    parsed = cms.ContentInfo.load(der[4:])
    attributes = parsed["content"]["signer_infos"][0]["signed_attrs"].dump()
    assert attributes[1] < 0x80
    loose = b"\xa0\x80" + attributes[2:] + b"\0\0"
    changed = der.replace(attributes, loose)
    # Two bytes more, in each object around: lengths are patched from the inside out.
    rebuilt = relength(changed, der)
    checks = {each.id: each for each in verify(rebuilt, GROUPS, TrustedSet([parse_certificate(csca())]), TODAY)}
    assert wrong(checks) == {}


def relength(changed: bytes, original: bytes) -> bytes:
    """Every object of ``original`` that held the changed part gets its new length."""
    if changed == original:
        return changed
    outer, _ = read(original)
    body = len(original) - len(outer.value)
    inner_changed, inner = changed[body:], outer.value
    if outer.tag == 0xA0 and changed[1] == 0x80:
        return changed
    made, place = b"", 0
    while place < len(inner):
        _, end = read(inner, place)
        child = inner[place:end]
        if inner_changed.startswith(child):
            made, inner_changed = made + child, inner_changed[len(child) :]
        else:
            rest = inner[end:]
            changed_child = inner_changed[: len(inner_changed) - len(rest)]
            made += relength(changed_child, child)
            inner_changed = inner_changed[len(inner_changed) - len(rest) :]
        place = end
    return write(outer.tag, made)


# --- what forgers do ---
def test_an_altered_portrait_is_told() -> None:
    checks = check(Recipe(), groups={1: GROUPS[1], 2: write(0x75, b"another")})
    assert wrong(checks) == {"pa.dg_hash.2": Result.FAILED}


def test_a_data_group_that_nobody_signed_is_told() -> None:
    checks = check(Recipe(), groups=GROUPS | {13: b"smuggled"})
    assert wrong(checks) == {"pa.dg_hash.13": Result.FAILED}
    assert "nobody signed" in checks["pa.dg_hash.13"].detail


def test_another_list_of_hashes_under_the_old_signature_is_told() -> None:
    genuine = make(Recipe())
    forged_groups = {1: GROUPS[1], 2: write(0x75, b"another")}
    forged = genuine.replace(hashlib.sha256(GROUPS[2]).digest(), hashlib.sha256(forged_groups[2]).digest())
    checks = verify(forged, forged_groups, [parse_certificate(csca())], TODAY)
    assert wrong({each.id: each for each in checks}) == {"pa.message_digest": Result.FAILED}


def test_new_attributes_under_the_old_signature_are_told() -> None:
    genuine = make(Recipe())
    content = object_of(Recipe())
    digest = hashlib.sha256(content).digest()
    forged = genuine.replace(digest, bytes(32))
    checks = {each.id: each for each in verify(forged, GROUPS, TrustedSet([parse_certificate(csca())]), TODAY)}
    assert wrong(checks) == {"pa.message_digest": Result.FAILED, "pa.sod_signature": Result.FAILED}


def test_a_home_made_csca_with_a_real_name_and_key_id_is_told() -> None:
    real = parse_certificate(csca())
    forged = signer(issuer="p256-forger")
    fake_id = parse_certificate(csca(own="p256-forger")).key_id
    assert fake_id is not None
    assert real.key_id is not None
    # The signature is over other bytes then, but it was never the real state's.
    recipe = Recipe(signer_der=forged.replace(fake_id, real.key_id))
    checks = check(recipe)
    assert checks["pa.chain"].result is Result.FAILED
    assert checks["pa.csca_validity"].result is Result.UNDETERMINED
    assert check(Recipe(signer_der=signer(issuer="p256-forger", key_ids=False)))["pa.chain"].result is Result.FAILED


def test_an_unknown_state_is_not_a_bad_signature() -> None:
    checks = check(Recipe(), [csca("NV", "p256-nv")])
    assert wrong(checks) == {"pa.chain": Result.UNDETERMINED, "pa.csca_validity": Result.UNDETERMINED}
    assert overall(checks.values()) is Result.UNDETERMINED


def test_an_unknown_key_of_a_known_state_is_not_a_bad_signature() -> None:
    checks = check(Recipe(signer_der=signer(issuer="p256-new")))
    assert checks["pa.chain"].result is Result.UNDETERMINED


def test_without_a_trust_store_nothing_is_proved() -> None:
    checks = check(Recipe(), [])
    assert checks["pa.chain"].result is Result.UNDETERMINED
    assert overall(checks.values()) is Result.UNDETERMINED


def test_all_candidates_are_tried_before_anything_is_said() -> None:
    namesake = csca(own="p256-older", key_ids=False)
    assert wrong(check(Recipe(), [namesake, csca("NV", "p256-nv"), csca()])) == {}
    # An old anchor without a key id and a signer with one: the name alone must do.
    assert wrong(check(Recipe(), [csca(key_ids=False)])) == {}


def test_a_document_signer_in_the_trust_store_is_no_authority() -> None:
    impostor = (
        x509.CertificateBuilder(name("UT", "CSCA"), name("UT", "CSCA"), key("p256-csca").public_key(), 5)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2035, 1, 1, tzinfo=UTC))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key("p256-csca"), hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )
    assert parse_certificate(impostor).authority is False
    assert check(Recipe(), [impostor])["pa.chain"].result is Result.UNDETERMINED


@pytest.mark.parametrize(
    "misused",
    [
        signer(authority=True),
        signer(usages=("key_cert_sign",)),
        signer(purposes=("2.23.136.1.1.3",)),
    ],
)
def test_a_certificate_that_is_for_something_else_signs_no_documents(misused: bytes) -> None:
    checks = check(Recipe(signer_der=misused))
    assert wrong(checks) == {"pa.chain": Result.FAILED, "pa.csca_validity": Result.UNDETERMINED}


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2035, 1, 1), {}),
        (date(2035, 1, 2), {"pa.ds_validity": Result.FAILED}),
        (date(2019, 12, 31), {"pa.ds_validity": Result.FAILED}),
    ],
)
def test_a_signer_is_valid_from_its_first_to_its_last_day(day: date, expected: dict[str, Result]) -> None:
    anchor = csca(begins=date(2010, 1, 1), ends=date(2050, 1, 1))
    assert wrong(check(Recipe(), [anchor], at=day)) == expected


def test_an_expired_csca_has_its_own_verdict() -> None:
    checks = check(Recipe(), [csca(ends=date(2026, 1, 1))])
    assert wrong(checks) == {"pa.csca_validity": Result.FAILED}
    assert "expired on 2026-01-01" in checks["pa.csca_validity"].detail


def test_a_document_signed_before_its_signer_was_valid_is_told() -> None:
    checks = check(Recipe(signed_at=datetime(2018, 1, 1, tzinfo=UTC)))
    assert wrong(checks) == {"pa.ds_validity": Result.FAILED}


# --- countries ---
@pytest.mark.parametrize(
    ("state", "country", "result"),
    [
        ("UTO", "ut", Result.SUCCESSFUL),
        ("D", "DE", Result.SUCCESSFUL),
        ("GBD", "GB", Result.SUCCESSFUL),
        ("EUE", "LP", Result.SUCCESSFUL),
        ("FRA", "FR", Result.SUCCESSFUL),
        ("FRA", "UT", Result.FAILED),
        ("UTO", "NV", Result.FAILED),
        ("QZZ", "QZ", Result.UNDETERMINED),
    ],
)
def test_a_state_signs_its_own_documents(state: str, country: str, result: Result) -> None:
    groups = {1: dg1(state)}
    recipe = Recipe(groups=groups, signer_der=signer(country=country))
    assert check(recipe, [csca(country)])["pa.country"].result is result


def test_a_trusted_neighbour_cannot_make_a_signer_for_utopia() -> None:
    ours = certificate(name("UT", "Signer"), name("NV", "CSCA"), key("p256-ds"), key("p256-nv"))
    checks = check(Recipe(signer_der=ours), [csca(), csca("NV", "p256-nv")])
    assert wrong(checks) == {"pa.country": Result.FAILED}
    assert "NV signed it" in checks["pa.country"].detail


def test_the_country_is_read_from_every_format() -> None:
    for format in ("TD1", "TD2"):
        assert wrong(check(Recipe(groups={1: dg1(format=format)}))) == {}


def test_without_dg1_there_is_no_country_to_compare() -> None:
    assert "pa.country" not in check(Recipe(), groups={2: GROUPS[2]})


@pytest.mark.parametrize("content", [b"", write(0x61, write(0x5F1F, b"<" * 89))])
def test_a_dg1_that_cannot_be_read_names_no_country(content: bytes) -> None:
    assert check(Recipe(groups={1: content}))["pa.country"].result is Result.UNDETERMINED


def test_a_signer_that_names_no_country_is_told() -> None:
    nameless = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Signer")])
    der = certificate(nameless, nameless, key("p256-ds"), key("p256-csca"))
    assert check(Recipe(signer_der=der))["pa.country"].result is Result.FAILED


# --- what cannot be decided ---
def test_a_sod_without_its_signers_certificate_proves_nothing() -> None:
    checks = check(Recipe(certificates=0))
    assert set(wrong(checks).values()) == {Result.UNDETERMINED}
    assert wrong(checks).keys() == {
        "pa.sod_signature", "pa.chain", "pa.ds_validity", "pa.csca_validity", "pa.country",
    }  # fmt: skip


def test_a_signer_that_is_not_among_several_certificates_is_missing() -> None:
    assert check(Recipe(certificates=2, serial=99))["pa.sod_signature"].result is Result.UNDETERMINED


def test_a_signed_list_without_attributes_is_not_accepted() -> None:
    checks = check(Recipe(attributes=False))
    assert wrong(checks) == {"pa.message_digest": Result.FAILED}
    assert "no signed attributes" in checks["pa.message_digest"].detail


def test_a_signed_content_type_of_another_kind_is_told() -> None:
    assert wrong(check(Recipe(stated_type="1.2.840.113549.1.7.1"))) == {"pa.message_digest": Result.FAILED}


def test_md5_proves_nothing() -> None:
    checks = check(Recipe(group_digest="md5"))
    assert wrong(checks) == {"pa.dg_hash.1": Result.NOT_SUPPORTED, "pa.dg_hash.2": Result.NOT_SUPPORTED}
    checks = check(Recipe(digest="md5", algorithm={"algorithm": "sha256_ecdsa"}))
    assert wrong(checks) == {"pa.message_digest": Result.NOT_SUPPORTED, "pa.sod_signature": Result.FAILED}


def test_an_unknown_digest_of_the_signer_is_not_supported() -> None:
    result, detail = signatures.verify(public(key("p256-ds")), oid("sha3_256_ecdsa"), None, b"", b"")
    assert (result, "not supported" in detail) == (Result.NOT_SUPPORTED, True)


P256 = {
    "p": 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    "a": 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC,
    "b": 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    "n": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
}


def explicit(private: ec.EllipticCurvePrivateKey, generator: bytes) -> bytes:
    """The same key with the curve spelled out, and a generator of somebody's choice."""
    octets = {label: value.to_bytes(32, "big") for label, value in P256.items()}
    prime_field = write(6, core.ObjectIdentifier("1.2.840.10045.1.1").contents) + core.Integer(P256["p"]).dump()
    parameters = write(
        0x30,
        write(2, b"\1")
        + write(0x30, prime_field)
        + write(0x30, write(4, octets["a"]) + write(4, octets["b"]))
        + write(4, generator)
        + core.Integer(P256["n"]).dump()
        + write(2, b"\1"),
    )
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    ec_oid = write(6, core.ObjectIdentifier("1.2.840.10045.2.1").contents)
    return write(0x30, write(0x30, ec_oid + parameters) + write(3, b"\0" + point))


def test_explicit_curve_parameters_are_never_computed_on() -> None:
    # CVE-2020-0601: with the public key for a generator, the private key 1 fits.
    private = key("p256-ds")
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    point = private.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    signature = private.sign(b"Utopia", ec.ECDSA(hashes.SHA256()))
    verdict, detail = signatures.verify(explicit(private, point), oid("sha256_ecdsa"), None, signature, b"Utopia")
    assert (verdict, "explicit" in detail) == (Result.UNDETERMINED, True)
    assert signatures.verify(public(private), oid("sha256_ecdsa"), None, signature, b"Utopia")[0] is Result.SUCCESSFUL


ED25519 = bytes.fromhex("302a300506032b6570032100") + bytes(32)


@pytest.mark.parametrize(
    ("spki", "algorithm", "result"),
    [
        (public(key("k1")), oid("sha256_ecdsa"), Result.NOT_SUPPORTED),
        (public(key("rsa")), oid("sha256_ecdsa"), Result.FAILED),
        (public(key("p256-ds")), oid("sha256_rsa"), Result.FAILED),
        (ED25519, oid("sha256_ecdsa"), Result.NOT_SUPPORTED),
        (b"nonsense", oid("sha256_ecdsa"), Result.FAILED),
        (public(key("p256-ds")), b"nonsense", Result.FAILED),
        (public(key("p256-ds")), oid("rsassa_pkcs1v15"), Result.NOT_SUPPORTED),
        (public(key("p256-ds"))[:-1] + b"\0", oid("sha256_ecdsa"), Result.FAILED),  # no point of the curve
        (public(key("rsa")), oid("rsassa_pss", parameters={"salt_length": 20}), Result.FAILED),
        (public(key("rsa")), oid("rsassa_pss", parameters={"salt_length": -5}), Result.FAILED),
        (public(key("rsa")), oid("rsassa_pss", parameters={"trailer_field": 2}), Result.NOT_SUPPORTED),
    ],
)
def test_keys_and_algorithms_beyond_the_tables_prove_nothing(spki: bytes, algorithm: bytes, result: Result) -> None:
    assert signatures.verify(spki, algorithm, None, bytes(64), b"Utopia")[0] is result


def test_a_mask_of_another_kind_is_not_supported() -> None:
    odd = oid(
        "rsassa_pss", parameters={"mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha1"}}}
    )
    odd = odd.replace(bytes.fromhex("2a864886f70d010108"), bytes.fromhex("2a864886f70d010109"))
    assert signatures.verify(public(key("rsa")), odd, None, bytes(64), b"")[0] is not Result.SUCCESSFUL


@pytest.mark.parametrize("bits", [512, 16384])
def test_rsa_keys_that_are_too_short_or_too_long_are_not_computed_on(bits: int) -> None:
    numbers = {"modulus": (1 << bits) - 1, "public_exponent": 3}
    spki = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"}, "public_key": keys.RSAPublicKey(numbers)}).dump()
    assert signatures.verify(spki, oid("sha256_rsa"), None, b"", b"")[0] is Result.NOT_SUPPORTED


def test_a_loosely_padded_signature_for_exponent_three_is_refused() -> None:
    # Bleichenbacher 2006: garbage behind the digest makes any cube root a signature.
    private = rsa.generate_private_key(3, 2048)
    prefix = bytes.fromhex("3031300d060960864801650304020105000420")
    start = b"\0\1\xff\0" + prefix + hashlib.sha256(b"Utopia").digest()
    target = int.from_bytes(start + bytes(256 - len(start)), "big") + (1 << 8 * (256 - len(start))) - 1
    low, high = 0, 1 << 700
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**3 <= target else (low, middle)
    assert (low**3).to_bytes(256, "big").startswith(start)
    forged = low.to_bytes(256, "big")
    assert signatures.verify(public(private), oid("sha256_rsa"), None, forged, b"Utopia")[0] is Result.FAILED


# --- what is no SOD ---
SOD = make(Recipe())
ANCHORS = TrustedSet([parse_certificate(csca())])


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"\x77\x00",
        SOD[:-1],
        SOD + b"\0",
        b"\x75" + SOD[1:],
        write(0x77, cms.ContentInfo({"content_type": "data", "content": b"Utopia"}).dump()),
        make(Recipe(signers=2)),
        make(Recipe(signers=0)),
        make(Recipe(doubled=True)),
        make(Recipe(content_type="1.2.3.4")),
        make(Recipe(certificates=9)),
        make(Recipe(content=b"")),
        make(Recipe(content=write(0x30, b""))),
        make(Recipe(content=write(0x30, write(2, b"\0") + write(0x30, b"") + write(0x30, b"")))),
        make(Recipe(content=object_of(Recipe(groups={0: b""})))),
        make(Recipe(content=object_of(Recipe(groups={17: b""})))),
        make(
            Recipe(content=object_of(Recipe(groups={1: b"", 2: b""})).replace(b"\x02\x01\x02\x04", b"\x02\x01\x01\x04"))
        ),
        write(0x77, bytes(MAX_SOD_BYTES)),
        write(0x77, b"\x30\x80" * 5000 + bytes(20000)),
    ],
)
def test_what_is_no_sod_fails_the_first_check_and_makes_no_other(file: bytes) -> None:
    checks = verify(file, GROUPS, TrustedSet([parse_certificate(csca())]), TODAY)
    assert [(each.id, each.result) for each in checks] == [("pa.parse", Result.FAILED)]


def test_a_nesting_bomb_is_refused_before_the_parser_sees_it() -> None:
    with pytest.raises(Garbled, match="nests too deep"):
        parse_sod(write(0x77, b"\x30\x80" * 100 + bytes(200)))


def test_a_sod_without_content_is_garbled() -> None:
    parsed = cms.ContentInfo.load(make(Recipe())[4:])
    parsed["content"]["encap_content_info"] = {"content_type": "data"}
    with pytest.raises(Garbled):
        parse_sod(write(0x77, parsed.dump(force=True)))


def test_certificates_and_lists_do_not_show_in_a_log() -> None:
    assert repr(parse_certificate(signer())) == "Certificate(UT, 7)"
    assert "Sod(" not in repr(parse_sod(make(Recipe())))


def test_names_are_compared_without_case() -> None:
    lower, upper = parse_certificate(csca("ut")), parse_certificate(csca("UT"))
    assert lower.subject == upper.subject
    assert isinstance(lower, Certificate)


def test_a_certificate_of_the_first_version_is_read() -> None:
    parsed = asn1_x509.Certificate.load(csca())
    parsed["tbs_certificate"]["version"] = "v1"
    parsed["tbs_certificate"]["extensions"] = None
    old = parse_certificate(parsed.dump(force=True))
    assert (old.key_id, old.authority, old.usages, old.purposes) == (None, None, None, frozenset())


@given(st.integers(0, len(SOD) - 1), st.integers(1, 255), st.integers(0, 6))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_a_bent_sod_raises_nothing_and_proves_nothing(place: int, bend: int, cut: int) -> None:
    bent = bytearray(SOD)
    bent[place] ^= bend
    checks = verify(bytes(bent[: len(bent) - cut] if cut < 3 else bent), GROUPS, ANCHORS, TODAY)
    parsed = {each.id: each for each in checks}
    if overall(checks) is Result.SUCCESSFUL:
        # A few bytes are in nobody's signature: versions, the list of digests, unused parameters, the signer's name.
        assert parse_sod(bytes(bent)).hashes == parse_sod(SOD).hashes
        assert parsed["pa.sod_signature"].result is Result.SUCCESSFUL


@given(st.binary(max_size=400))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_garbage_never_raises_anything(data: bytes) -> None:
    assert overall(verify(data, {}, ANCHORS, TODAY)) is Result.FAILED
    assert overall(verify(write(0x77, data), {}, ANCHORS, TODAY)) is Result.FAILED
    with pytest.raises(Garbled):
        parse_certificate(data)


def test_a_swapped_r_and_s_is_no_signature() -> None:
    private = key("p256-ds")
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    r, s = utils.decode_dss_signature(private.sign(b"Utopia", ec.ECDSA(hashes.SHA256())))
    swapped = utils.encode_dss_signature(s, r)
    assert signatures.verify(public(private), oid("sha256_ecdsa"), None, swapped, b"Utopia")[0] is Result.FAILED
