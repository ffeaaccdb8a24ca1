"""Who may speak to whom over TLS? Two issuing CAs (one for servers, one for clients) and the certificates they give.

The broker trusts the clients' CA alone and a client trusts the servers' CA alone, and each certificate says in its
extended key usage what it is for: a server's certificate never opens the broker's door as a client (E16).
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from gateway.errors import GatewayError

CA_DAYS = 3650
SERVER_DAYS = 397
WORKER_DAYS = 397
DEVICE_DAYS = 30  # a stolen card is worth little for long; devices renew from two thirds on (docs/contract.md, 13.6)
GRACE_DAYS = 30  # so long after its end a certificate that was cut off from us can still be renewed
BACKDATED_DAYS = 1  # a device without a clock may be a little behind

SERVER_HOSTS = ("localhost", "127.0.0.1")

Key = ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, repr=False)
class Issuer:
    """A CA: its certificate and the key that signs."""

    certificate: x509.Certificate
    key: Key


def new_key() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def new_issuer(name: str, now: datetime) -> Issuer:
    key = new_key()
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    subject = _name(name)
    certificate = (
        _builder(subject, subject, key.public_key(), now, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issuer(certificate, key)


def server_certificate(
    issuer: Issuer, name: str, key: ec.EllipticCurvePublicKey, now: datetime, hosts: Sequence[str] = ()
) -> x509.Certificate:
    builder = _leaf(issuer, name, key, now, SERVER_DAYS, ExtendedKeyUsageOID.SERVER_AUTH)
    builder = builder.add_extension(_hosts(hosts), critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def node_certificate(
    issuer: Issuer, name: str, hosts: Sequence[str], key: ec.EllipticCurvePublicKey, now: datetime
) -> x509.Certificate:
    """For a node of a cluster: a server to devices and workers, and to its fellows both server and client.

    The servers' CA gives it, so it opens the doors between nodes and none that a device or a worker goes through (E16).
    """
    purposes = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    builder = _leaf(issuer, name, key, now, SERVER_DAYS, *purposes)
    return builder.add_extension(_hosts(hosts), critical=False).sign(issuer.key, hashes.SHA256())


def client_certificate(
    issuer: Issuer, name: str, key: ec.EllipticCurvePublicKey, now: datetime, days: int = DEVICE_DAYS
) -> x509.Certificate:
    """For a device or a gateway worker: the name is its user name, its client id and its place in the topics."""
    builder = _leaf(issuer, name, key, now, days, ExtendedKeyUsageOID.CLIENT_AUTH)
    return builder.sign(issuer.key, hashes.SHA256())


def is_due(certificate: x509.Certificate, now: datetime) -> bool:
    """Two thirds of its time are over: it should be followed by a new one."""
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return now >= ends - (ends - begins) / 3


def request_pem(name: str, key: Key) -> bytes:
    request = x509.CertificateSigningRequestBuilder().subject_name(_name(name)).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def requested_key(csr: x509.CertificateSigningRequest, name: str) -> ec.EllipticCurvePublicKey | None:
    """The key of a request that proves its possession, is P-256 and asks for this name; else None."""
    key = csr.public_key()
    names = [attribute.value for attribute in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    if names != [name] or not csr.is_signature_valid:
        return None
    return key if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1" else None


def certificate_pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_key(pem: bytes) -> Key:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise GatewayError("bad-key", "A key file holds no elliptic curve key.", "Restore it from the backup.")
    return key


def _leaf(
    issuer: Issuer,
    name: str,
    key: ec.EllipticCurvePublicKey,
    now: datetime,
    days: int,
    *purposes: x509.ObjectIdentifier,
) -> x509.CertificateBuilder:
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        _builder(_name(name), issuer.certificate.subject, key, now, days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=True)
        .add_extension(authority, critical=False)
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())  # 159 random bits: no serial comes twice, and none can be guessed
        .not_valid_before(now - timedelta(days=BACKDATED_DAYS))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def is_for(certificate: x509.Certificate, hosts: Sequence[str]) -> bool:
    """Does it stand for each of these names and addresses? It does not once a region has moved out of this machine."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    return set(_hosts(hosts)) <= set(names)


def _hosts(more: Sequence[str]) -> x509.SubjectAlternativeName:
    """This machine, and the names and addresses under which others know it."""
    names: list[x509.GeneralName] = []
    for host in dict.fromkeys((*SERVER_HOSTS, *more)):
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
