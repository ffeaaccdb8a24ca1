"""Who gets a certificate? Whoever proves the key he asks with, and is new under his name or known with that key."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.care.certificates_since import certificate_line
from gateway.care.ledger import Entry
from gateway.errors import GatewayError
from gateway.identity import certificates
from gateway.identity.certificates import Issuer
from gateway.identity.register import Register
from gateway.store.connection import Connection
from messages.keys import KeyRecord, number_of
from messages.topics import is_name

RESERVED: Final = "gateway"  # a device of this name could pass for a worker in the broker's access list
NUMBER_MAX: Final = 99_999  # of a key that comes with its name: there must be room for those that follow it


@dataclass(frozen=True, slots=True)
class Asked:
    """What a device asks with: its request for a certificate, its signing key, and where it stands.

    ``kid`` is the name that its key has had in this region; empty: it is the device's first.
    """

    csr_pem: bytes
    sign_public: bytes
    post: str
    device: str
    kid: str = ""


@dataclass(frozen=True, slots=True)
class Certified:
    """``record`` is the device's newest key as the region knows it now; ``fresh``: only from now on."""

    record: KeyRecord
    certificate: x509.Certificate
    fresh: bool


@dataclass(frozen=True, slots=True)
class Certifier:
    """Registers and certifies within one transaction of ``connection``. ``given``: lines for the ledger, which must be
    on the disk before that ends."""

    connection: Connection
    issuer: Issuer
    region: str
    now: datetime
    given: list[Entry] = field(default_factory=list)

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    @property
    def register(self) -> Register:
        return Register(self.connection)

    def enrol(self, asked: Asked) -> Certified:
        """A device that is new, or known with this very key.

        One that is new to this store alone, which was restored, keeps the name of its key: what it has signed and not
        delivered yet names that, and is signed for ever.
        """
        check_names(asked.post, asked.device)
        record = KeyRecord(asked.kid or asked.device, asked.sign_public, self.region, asked.post)
        if number_of(record.kid) > NUMBER_MAX:
            raise GatewayError("bad-request", "The number of the device's key is too large.")
        known, owner = self.register.device(asked.device), self.register.owner(asked.sign_public)
        _check_known(known, record)
        if owner not in (None, asked.device):
            raise GatewayError("key-known", "Another device signs with this key.", "Make new keys: a copied card?")
        certificate = self.certificate(asked.device, asked.csr_pem)
        if known is not None:
            return Certified(known, certificate, fresh=False)
        self.register.enrol(record, self.now_ms)
        return Certified(record, certificate, fresh=True)

    def certificate(self, device: str, csr_pem: bytes) -> x509.Certificate:
        key = proven_key(csr_pem, device)
        certificate = certificates.client_certificate(self.issuer, device, key, self.now)
        serial, ends = certificate.serial_number, certificate.not_valid_after_utc
        self.register.issued(serial, device, "device", ends.isoformat())
        self.given.append(certificate_line(device, serial, ends, self.now_ms))
        return certificate


def proven_key(csr_pem: bytes, device: str) -> ec.EllipticCurvePublicKey:
    """The key that this request proves to be the device's own. Raises GatewayError, whatever the bytes are."""
    try:
        key = certificates.requested_key(x509.load_pem_x509_csr(csr_pem), device)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
        x509.InvalidVersion,
    ):  # what cryptography says of odd names, keys and signatures
        raise GatewayError("bad-request", "The certificate request cannot be read.") from None
    if key is None:
        raise GatewayError("bad-request", "The certificate request does not prove a P-256 key for this device.")
    return key


def check_names(post: str, device: str) -> None:
    for name in (post, device):
        if not is_name(name):
            raise GatewayError("bad-name", f"{name!r} is no name.", "Use lower case letters, digits and hyphens.")
    if device.startswith(RESERVED):
        raise GatewayError("reserved-name", f"Names that begin with {RESERVED!r} belong to the gateway's workers.")


def check_post(known: KeyRecord, post: str) -> None:
    if known.post != post:
        message = f"Device {known.device} is enrolled at post {known.post}."
        raise GatewayError("device-known", message, "Name that post; for another one, claim a new name.")


def _check_known(known: KeyRecord | None, asked: KeyRecord) -> None:
    if known is None:
        return
    if known.revoked:
        raise GatewayError("revoked", f"Device {asked.device} is revoked.", "Enrol it again under a new name.")
    check_post(known, asked.post)
    # A second machine under an enrolled name would be a clone.
    if (known.public, known.region) != (asked.public, asked.region):
        message = f"Device {asked.device} is enrolled with other keys than these."
        cure = f"If its card was replaced or its keys are lost: device revoke {asked.device}, then claim a new name."
        raise GatewayError("device-known", message, cure)
