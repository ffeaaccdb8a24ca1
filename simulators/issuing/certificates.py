"""How does a state vouch for its passports? A CSCA certificate, and document signers below it. (Doc 9303-12, 7.1)"""

from datetime import date, datetime, time, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID, ObjectIdentifier

from simulators.issuing.states import Keys, StateSpec

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

DOCUMENT_TYPES: Final = ObjectIdentifier("2.23.136.1.1.6.2")
PASSPORTS_ONLY: Final = bytes.fromhex("30080201003103130150")  # SEQUENCE { 0, SET { PrintableString "P" } }
CSCA_YEARS_BACK, CSCA_YEARS_AHEAD = 12, 13
SIGNER_YEARS_BACK, SIGNER_YEARS_AHEAD = 6, 11


def make_key(keys: Keys) -> PrivateKey:
    match keys:
        case Keys.EC_P256:
            return ec.generate_private_key(ec.SECP256R1())
        case Keys.EC_P384:
            return ec.generate_private_key(ec.SECP384R1())
        case Keys.RSA_2048:
            return rsa.generate_private_key(65537, 2048)
        case Keys.RSA_3072:
            return rsa.generate_private_key(65537, 3072)


def make_csca(state: StateSpec, key: PrivateKey, today: date) -> x509.Certificate:
    """The state's self-signed root: the one thing that a border post must have got by a way it trusts."""
    name = _name(state, "CSCA")
    builder = _builder(name, name, key, years_before(today, CSCA_YEARS_BACK), years_before(today, -CSCA_YEARS_AHEAD))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs_certificates=True), critical=True)
    return _with_key_ids(builder, key, key).sign(key, _hash(state.csca))


def make_signer(
    state: StateSpec, csca: x509.Certificate, csca_key: PrivateKey, key: PrivateKey, begins: date, ends: date
) -> x509.Certificate:
    """A document signer, valid from ``begins`` to the end of ``ends``."""
    builder = _builder(_name(state, f"Document Signer {begins.year}"), csca.subject, key, begins, ends)
    builder = builder.add_extension(_usage(signs_certificates=False), critical=True)
    builder = builder.add_extension(x509.UnrecognizedExtension(DOCUMENT_TYPES, PASSPORTS_ONLY), critical=False)
    return _with_key_ids(builder, key, csca_key).sign(csca_key, _hash(state.csca))


def signer_period(today: date) -> tuple[date, date]:
    return years_before(today, SIGNER_YEARS_BACK), years_before(today, -SIGNER_YEARS_AHEAD)


def expired_signer_period(today: date) -> tuple[date, date]:
    """Good when it signed, over since yesterday."""
    return years_before(today, SIGNER_YEARS_BACK), today - timedelta(days=1)


def years_before(today: date, years: int) -> date:
    """The same day so many years earlier; the 29th of February becomes the 28th."""
    try:
        return today.replace(year=today.year - years)
    except ValueError:
        return today.replace(year=today.year - years, day=28)


def _name(state: StateSpec, common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, state.country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"{state.name} Passport Office"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{state.name} {common}"),
        ]
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PrivateKey, begins: date, ends: date
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.combine(begins, time(0, 0)))
        .not_valid_after(datetime.combine(ends, time(23, 59, 59)))
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


def _with_key_ids(builder: x509.CertificateBuilder, key: PrivateKey, issuer: PrivateKey) -> x509.CertificateBuilder:
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.public_key())
    return builder.add_extension(own, critical=False).add_extension(above, critical=False)


def _hash(keys: Keys) -> hashes.SHA256 | hashes.SHA384:
    return hashes.SHA384() if keys is Keys.EC_P384 else hashes.SHA256()
