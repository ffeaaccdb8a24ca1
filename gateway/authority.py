"""Who belongs to this region? Makes the region's keys and CAs at set-up, and enrols devices by their own requests."""

import secrets
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway import certificates, keyfiles
from gateway.certificates import Issuer
from gateway.config import default_text, load
from gateway.errors import GatewayError
from gateway.register import Register
from gateway.state import CONFIG_NAME, REGION_KID, WORKER, StateFolder
from gateway.store.opening import is_url, open_store
from messages.enrolment import Enrolled
from messages.keys import DeviceKey, KeyRecord, RegionKey
from messages.topics import is_name

RESERVED = "gateway"  # a device of this name could pass for a worker in the broker's access list
STORE_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device asks with: its request for a certificate, its signing key, and where it stands."""

    csr_pem: bytes
    sign_public: bytes
    post: str
    device: str


class Authority(StateFolder):
    """The region's authority over its state folder."""

    def enrol(self, csr_pem: bytes, sign_public: bytes, post: str, device: str, now: datetime) -> Enrolled:
        """Register a device and certify the key it made itself. The same device with the same key may ask again."""
        return self.enrol_all([Asked(csr_pem, sign_public, post, device)], now)[0]

    def enrol_all(self, asking: Sequence[Asked], now: datetime) -> list[Enrolled]:
        """All of them or none, in one transaction: two thousand take seconds."""
        issuer = self._issuer("clients-ca")
        with closing(self.open_store()) as connection:
            register = Register(connection)
            with connection.transaction():
                certified = [self._certify(register, issuer, asked, now) for asked in asking]
        return [self._enrolled(asked, certificate) for asked, certificate in zip(asking, certified, strict=True)]

    def _certify(self, register: Register, issuer: Issuer, asked: Asked, now: datetime) -> x509.Certificate:
        check_names(asked.post, asked.device)
        key = certificates.requested_key(_request(asked.csr_pem), asked.device)
        if key is None:
            raise GatewayError("bad-request", "The certificate request does not prove a P-256 key for this device.")
        record = KeyRecord(asked.device, asked.sign_public, self.config.region, asked.post)
        known = register.device(asked.device)
        _check_known(known, record)
        certificate = certificates.client_certificate(issuer, asked.device, key, now)
        if known is None:
            register.enrol(record, int(now.timestamp() * 1000))
        register.issued(certificate.serial_number, asked.device, "device", certificate.not_valid_after_utc.isoformat())
        return certificate

    def _enrolled(self, asked: Asked, certificate: x509.Certificate) -> Enrolled:
        region = self.region_key().public
        return Enrolled(
            certificate_pem=certificates.certificate_pem(certificate),
            servers_ca_pem=self.servers_ca().read_bytes(),
            region=self.config.region,
            post=asked.post,
            kid=asked.device,
            region_kid=region.kid,
            region_public=region.public,
            gateways=self.gateways(),
            controls=self.controls(),
            not_after_s=int(certificate.not_valid_after_utc.timestamp()),
        )

    def _issuer(self, name: str) -> Issuer:
        return load_issuer(self.state, name)


def set_up(state: Path, region: str, now: datetime, store: str = "") -> list[str]:
    """Make what is missing in ``state`` and return its names; what is there stays as it is, so it may be repeated.

    ``store`` is the URL of a PostgreSQL; empty: a file in ``state``. It counts when the configuration is made.
    """
    if not is_name(region):
        raise GatewayError("bad-name", f"{region!r} is no region's name.", "Use lower case letters, digits, hyphens.")
    if store and not is_url(store):
        raise GatewayError("bad-store", "The store is no URL of a PostgreSQL.", "Write it as postgresql://...")
    keyfiles.closed_folder(state)
    made = [] if (state / CONFIG_NAME).exists() else [CONFIG_NAME]
    if made:
        keyfiles.write(state / CONFIG_NAME, default_text(region, store).encode(), secret=bool(store))
    config = load(state / CONFIG_NAME)
    if config.region != region:
        raise GatewayError("other-region", f"This folder belongs to region {config.region}.", "Choose another --state.")
    made += _make_keys(keyfiles.closed_folder(state / "secrets"))
    with closing(open_store(config.store, state / "store.sqlite")) as connection:
        connection.migrate()
        with connection.transaction():
            made += _make_certificates(state, Register(connection), now)
    if not config.store:
        (state / "store.sqlite").chmod(keyfiles.SECRET_MODE)
    return made


def load_issuer(state: Path, name: str) -> Issuer:
    """A CA of this region: ``servers-ca`` or ``clients-ca``."""
    certificate = x509.load_pem_x509_certificate((state / f"{name}.crt").read_bytes())
    return Issuer(certificate, certificates.load_key((state / "secrets" / f"{name}.key").read_bytes()))


def _request(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError:
        raise GatewayError("bad-request", "The certificate request cannot be read.") from None


def _make_keys(folder: Path) -> list[str]:
    makers = {
        "region.key": lambda: RegionKey.generate(REGION_KID).secret,
        "ack.key": lambda: DeviceKey.generate(WORKER).seed,
        "control-1.key": lambda: DeviceKey.generate("control-1").seed,
        "store.key": lambda: secrets.token_bytes(STORE_KEY_BYTES),
    }
    missing = [name for name in makers if not (folder / name).exists()]
    for name in missing:
        keyfiles.write_key(folder / name, makers[name](), secret=True)
    return missing


def _make_certificates(state: Path, register: Register, now: datetime) -> list[str]:
    made = []
    for name in ("servers-ca", "clients-ca"):
        if not (state / f"{name}.crt").exists():
            issuer = certificates.new_issuer(f"{load(state / CONFIG_NAME).region} {name}", now)
            _keep(state / "secrets" / f"{name}.key", state / f"{name}.crt", issuer.key, issuer.certificate)
            made.append(name)
    if not (state / "broker" / "broker.crt").exists():
        folder, key = keyfiles.closed_folder(state / "broker"), certificates.new_key()
        certificate = certificates.server_certificate(load_issuer(state, "servers-ca"), "broker", key.public_key(), now)
        register.issued(certificate.serial_number, "broker", "broker", certificate.not_valid_after_utc.isoformat())
        _keep(folder / "broker.key", folder / "broker.crt", key, certificate)
        made.append("broker")
    if not (state / f"{WORKER}.crt").exists():
        key = certificates.new_key()
        certificate = certificates.client_certificate(load_issuer(state, "clients-ca"), WORKER, key.public_key(), now)
        register.issued(certificate.serial_number, WORKER, "worker", certificate.not_valid_after_utc.isoformat())
        _keep(state / "secrets" / f"{WORKER}.key", state / f"{WORKER}.crt", key, certificate)
        made.append(WORKER)
    return made


def _keep(key_path: Path, certificate_path: Path, key: certificates.Key, certificate: x509.Certificate) -> None:
    """The key first: a certificate that is there proves that its key is."""
    keyfiles.write(key_path, certificates.key_pem(key), secret=True)
    keyfiles.write(certificate_path, certificates.certificate_pem(certificate), secret=False)


def check_names(post: str, device: str) -> None:
    for name in (post, device):
        if not is_name(name):
            raise GatewayError("bad-name", f"{name!r} is no name.", "Use lower case letters, digits and hyphens.")
    if device.startswith(RESERVED):
        raise GatewayError("reserved-name", f"Names that begin with {RESERVED!r} belong to the gateway's workers.")


def _check_known(known: KeyRecord | None, asked: KeyRecord) -> None:
    if known is None or known == asked:
        return
    if known.revoked:
        raise GatewayError("revoked", f"Device {asked.kid} is revoked.", "Enrol it again under a new name.")
    # A second machine under an enrolled name would be a clone.
    raise GatewayError("device-known", f"Device {asked.kid} is enrolled with another key or post.", "Use a new name.")
