"""States, keys and documents for the tests of passive authentication; every key is made once per name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from icao.checks import Check, Mode, Result
from icao.mrz.compose import compose
from icao.passive import verify
from icao.pki.certificates import Certificate, parse_certificate
from icao.pki.crl import parse_crl
from icao.pki.deviation_list import parse_deviation_list
from icao.pki.trust import TrustedSet
from icao.tlv import write
from simulators.issuing.cms import Form, SigningKey
from simulators.issuing.sod import SodForm, sod

TODAY = date(2026, 11, 24)
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def key(name: str) -> Any:  # Any: an RSA key where the name says so, and an EC key otherwise
    """Keys are dear: one of each name is enough."""
    curves = {
        "bp256": ec.BrainpoolP256R1(),
        "bp384": ec.BrainpoolP384R1(),
        "p521": ec.SECP521R1(),
        "p192": ec.SECP192R1(),
    }
    kind = name.partition("-")[0]
    if kind == "rsa":
        return rsa.generate_private_key(65537, 2048)
    if kind == "k1":
        return ec.generate_private_key(ec.SECP256K1())
    return ec.generate_private_key(curves.get(kind, ec.SECP256R1()))


def public(private: PrivateKey) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def name(country: str, common: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COUNTRY_NAME, country)] if country else []
    return x509.Name([*parts, x509.NameAttribute(NameOID.COMMON_NAME, common)])


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
    extensions: tuple[tuple[str, bytes], ...] = (),
) -> bytes:
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=own.public_key())
        .serial_number(serial)
        .not_valid_before(datetime(begins.year, begins.month, begins.day, tzinfo=UTC))
        .not_valid_after(datetime(ends.year, ends.month, ends.day, 23, 59, tzinfo=UTC))
    )
    for extension, critical in _extensions(authority, usages, purposes, extensions):
        builder = builder.add_extension(extension, critical=critical)
    if key_ids:
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(own.public_key()), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False
        )
    how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else None
    return builder.sign(signer, hashes.SHA256(), rsa_padding=how).public_bytes(serialization.Encoding.DER)


def _extensions(
    authority: bool,
    usages: tuple[str, ...] | None,
    purposes: tuple[str, ...],
    others: tuple[tuple[str, bytes], ...],
) -> Sequence[tuple[x509.ExtensionType, bool]]:
    made: list[tuple[x509.ExtensionType, bool]] = []
    if authority:
        made.append((x509.BasicConstraints(ca=True, path_length=0), True))
    if usages is not None:
        flags = dict.fromkeys(
            ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False,
        )  # fmt: skip
        made.append((x509.KeyUsage(**(flags | dict.fromkeys(usages, True))), True))
    if purposes:
        made.append((x509.ExtendedKeyUsage([ObjectIdentifier(each) for each in purposes]), True))
    return [*made, *((x509.UnrecognizedExtension(ObjectIdentifier(oid), value), False) for oid, value in others)]


def csca(country: str = "UT", own: str = "p256-csca", **changes: Any) -> bytes:  # Any: handed on
    it = name(country, "CSCA")
    return certificate(it, it, key(own), key(own), **({"authority": True, "usages": ("key_cert_sign",)} | changes))


def link(own: str, by: str, country: str = "UT", old: str = "CSCA", new: str = "CSCA", **changes: Any) -> bytes:
    """The key ``by`` vouches for the key ``own``. Any: handed on."""
    authority = {"authority": True, "usages": ("key_cert_sign",)} | changes
    return certificate(name(country, new), name(country, old), key(own), key(by), **authority)


def signer(own: str = "p256-ds", issuer: str = "p256-csca", country: str = "UT", **changes: Any) -> bytes:
    """A document signer. Any: handed on."""
    return certificate(name(country, "Signer"), name(country, "CSCA"), key(own), key(issuer), **changes)


@dataclass(frozen=True)
class Who:
    """Who signs: see ``simulators.issuing.cms.Signing``."""

    der: bytes
    key: SigningKey
    pss: bool = False


def who(own: str = "p256-ds", pss: bool = False, **changes: Any) -> Who:  # Any: handed on
    return Who(signer(own, **changes), key(own), pss)


def dg1(state: str = "UTO", format: str = "TD3", code: str = "P") -> bytes:
    lines = compose(
        format, document_code=code, issuing_state=state, document_number="L898902C3", surname="Eriksson",
        given_names="Anna", nationality="UTO", birth_date="1974-08-12", sex="F", expiry_date="2032-04-15",
    )  # fmt: skip
    return write(0x61, write(0x5F1F, "".join(lines).encode()))


GROUPS = {1: dg1(), 2: write(0x75, b"portrait")}


def make(
    by: Any = None, groups: dict[int, bytes] | None = None, signed_at: datetime | None = None, **form: Any
) -> bytes:
    """An EF.SOD. Any: fields of ``SodForm``, or of its ``Form``."""
    of_content = {name: form.pop(name) for name in SodForm.__slots__ if name in form}
    return sod(GROUPS if groups is None else groups, by or who(), signed_at, SodForm(cms=Form(**form), **of_content))


def parsed(*ders: bytes) -> list[Certificate]:
    return [parse_certificate(der) for der in ders]


def trust(
    anchors: Sequence[bytes] | None = None,
    signers: Sequence[bytes] = (),
    crls: Sequence[bytes] = (),
    deviation_lists: Sequence[bytes] = (),
) -> TrustedSet:
    return TrustedSet(
        parsed(*([csca()] if anchors is None else anchors)),
        parsed(*signers),
        map(parse_crl, crls),
        map(parse_deviation_list, deviation_lists),
    )


def check(
    file: bytes | None = None,
    anchors: Sequence[bytes] | None = None,
    groups: dict[int, bytes] | None = None,
    at: date = TODAY,
    **more: Any,
) -> dict[str, Check]:
    """Any: what ``verify`` and ``trust`` take besides."""
    lists = {name: more.pop(name) for name in ("signers", "crls", "deviation_lists") if name in more}
    asked = trust(anchors, **lists)
    return by_id(verify(make() if file is None else file, GROUPS if groups is None else groups, asked, at, **more))


def by_id(checks: Sequence[Check]) -> dict[str, Check]:
    assert len({each.id for each in checks}) == len(checks)
    for each in checks:
        assert bool(each.code) is (each.result is not Result.SUCCESSFUL), each
    return {each.id: each for each in checks}


def wrong(checks: dict[str, Check]) -> dict[str, str]:
    """The codes of the mandatory checks that did not succeed: without lists, two evaluatory ones are undetermined."""
    bad = {id: each for id, each in checks.items() if each.result is not Result.SUCCESSFUL}
    return {id: each.code for id, each in bad.items() if each.mode is Mode.MANDATORY}


def as_text(check: Check) -> str:
    return f"{check.result} {check.mode} {check.code}".strip()
