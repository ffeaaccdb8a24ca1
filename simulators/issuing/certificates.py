"""How does a state vouch for its passports? A CSCA certificate, and document signers below it. (Doc 9303-12, 7.1)

Whatever a state certifies goes through ``certify``: roots, links from key to key, and signers of documents, lists and
seals differ in their extensions only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from simulators.issuing.states import Keys, StateSpec

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Period = tuple[date, date]  # from the begin of the one day to the end of the other
Extension = tuple[x509.ExtensionType, bool]  # and whether it is critical

NAME_CHANGE: Final = ObjectIdentifier("2.23.136.1.1.6.1")
DOCUMENT_TYPES: Final = ObjectIdentifier("2.23.136.1.1.6.2")
PASSPORTS_ONLY: Final = bytes.fromhex("30080201003103130150")  # SEQUENCE { 0, SET { PrintableString "P" } }
LIST_SIGNING: Final = ObjectIdentifier("2.23.136.1.1.3")  # extended key usages
DEVIATION_SIGNING: Final = ObjectIdentifier("2.23.136.1.1.8")

CSCA_YEARS_BACK, CSCA_YEARS_AHEAD = 12, 13
SIGNER_YEARS_BACK, SIGNER_YEARS_AHEAD = 6, 11

CURVES: Final[dict[Keys, ec.EllipticCurve]] = {
    Keys.EC_P256: ec.SECP256R1(),
    Keys.EC_P384: ec.SECP384R1(),
    Keys.EC_P521: ec.SECP521R1(),
    Keys.BRAINPOOL_P256: ec.BrainpoolP256R1(),
    Keys.BRAINPOOL_P384: ec.BrainpoolP384R1(),
    Keys.BRAINPOOL_P512: ec.BrainpoolP512R1(),
}
RSA_BITS: Final = {Keys.RSA_2048: 2048, Keys.RSA_3072: 3072, Keys.RSA_4096: 4096}


@dataclass(frozen=True, slots=True, repr=False)
class Issuer:
    """Who certifies: a CSCA's name and its key. ``pss`` is for RSA keys; forgers borrow another's ``key_id``."""

    name: x509.Name
    key: PrivateKey
    pss: bool = False
    key_id: bytes = b""

    @property
    def hash(self) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
        """As strong as the key."""
        bits = self.key.curve.key_size if isinstance(self.key, ec.EllipticCurvePrivateKey) else 0
        return hashes.SHA512() if bits > 384 else hashes.SHA384() if bits > 256 else hashes.SHA256()

    @property
    def padding(self) -> padding.PSS | padding.PKCS1v15 | None:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return None
        return padding.PSS(padding.MGF1(self.hash), self.hash.digest_size) if self.pss else padding.PKCS1v15()


def make_key(keys: Keys) -> PrivateKey:
    if keys in CURVES:
        return ec.generate_private_key(CURVES[keys])
    return rsa.generate_private_key(65537, RSA_BITS[keys])


def certify(
    issuer: Issuer,
    subject: x509.Name,
    key: PrivateKey,
    period: Period,
    extensions: Sequence[Extension],
    serial: int | None = None,
) -> x509.Certificate:
    """The issuer's signature under ``subject`` and the public half of ``key``; key ids come by themselves.

    ``serial`` None: by chance. Seals name their signer by a short one.
    """
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    if issuer.key_id:
        above = x509.AuthorityKeyIdentifier(issuer.key_id, None, None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(datetime.combine(period[0], time(0, 0)))
        .not_valid_after(datetime.combine(period[1], time(23, 59, 59)))
    )
    for extension, critical in (*extensions, (own, False), (above, False)):
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(issuer.key, issuer.hash, rsa_padding=issuer.padding)


def make_csca(name: x509.Name, key: PrivateKey, period: Period) -> x509.Certificate:
    """The state's self-signed root: the one thing that a border post must have got by a way it trusts."""
    return certify(Issuer(name, key), name, key, period, authority_extensions())


def make_link(before: Issuer, name: x509.Name, key: PrivateKey, period: Period) -> x509.Certificate:
    """The key before vouches for the new one; who trusts the old root comes to trust the new. (Doc 9303-12, 7.1.1)"""
    renamed = [(x509.UnrecognizedExtension(NAME_CHANGE, b"\x05\x00"), False)] if name != before.name else []
    return certify(before, name, key, period, [*authority_extensions(), *renamed])


def make_signer(issuer: Issuer, state: StateSpec, key: PrivateKey, period: Period) -> x509.Certificate:
    """A document signer, for passports."""
    types = (x509.UnrecognizedExtension(DOCUMENT_TYPES, PASSPORTS_ONLY), False)
    subject = name_of(state, f"Document Signer {period[0].year}")
    return certify(issuer, subject, key, period, [signing_usage(), types])


def make_list_signer(
    issuer: Issuer, state: StateSpec, key: PrivateKey, period: Period, purpose: ObjectIdentifier
) -> x509.Certificate:
    """Who signs a state's lists and nothing else: ``purpose`` says which kind. (Doc 9303-12, 7.1.2)"""
    called = "Master List Signer" if purpose == LIST_SIGNING else "Deviation List Signer"
    extensions = [signing_usage(), (x509.ExtendedKeyUsage([purpose]), True)]
    return certify(issuer, name_of(state, called), key, period, extensions)


def authority_extensions() -> list[Extension]:
    return [(x509.BasicConstraints(ca=True, path_length=0), True), (_usage(signs_certificates=True), True)]


def signing_usage() -> Extension:
    return _usage(signs_certificates=False), True


def csca_period(today: date) -> Period:
    return years_before(today, CSCA_YEARS_BACK), years_before(today, -CSCA_YEARS_AHEAD)


def signer_period(today: date) -> Period:
    return years_before(today, SIGNER_YEARS_BACK), years_before(today, -SIGNER_YEARS_AHEAD)


def expired_signer_period(today: date) -> Period:
    """Good when it signed, over since yesterday."""
    return years_before(today, SIGNER_YEARS_BACK), today - timedelta(days=1)


def years_before(today: date, years: int) -> date:
    """The same day so many years earlier; the 29th of February becomes the 28th."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def name_of(state: StateSpec, common: str, state_name: str = "") -> x509.Name:
    """``state_name``: where the state called itself otherwise."""
    called = state_name or state.name
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, state.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{called} Passport Office"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{called} {common}"),
        ]
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
