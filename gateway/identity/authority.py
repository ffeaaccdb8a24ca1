"""Who belongs to this region? Makes the region's keys and CAs at set-up, and enrols devices by their own requests."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from cryptography import x509

from gateway.care.epoch import catch_up, expect_begun
from gateway.care.keys_since import write_keys
from gateway.care.ledger import LEDGER_NAME, write_down
from gateway.config import default_text, load
from gateway.errors import GatewayError
from gateway.identity import certificates, keyfiles
from gateway.identity.certificates import Issuer
from gateway.identity.certifier import Asked, Certifier
from gateway.identity.own import CLIENTS_CA, SERVERS_CA, expect_own_certificates, expect_region
from gateway.identity.register import Register
from gateway.identity.revocation import CRL_NAME, write_lists
from gateway.state import CONFIG_NAME, REGION_KID, STORE_NAME, WORKER, StateFolder, ack_name
from gateway.store.opening import is_url, open_store
from messages.enrolment import Enrolled
from messages.keys import ControlKey, GatewayKey, RegionKey
from messages.topics import is_name

STORE_KEY_BYTES = 32


class Authority(StateFolder):
    """The region's authority over its state folder."""

    def enrol(self, csr_pem: bytes, sign_public: bytes, post: str, device: str, now: datetime) -> Enrolled:
        """Register a device and certify the key it made itself. The same device with the same key may ask again."""
        return self.enrol_all([Asked(csr_pem, sign_public, post, device)], now)[0]

    def enrol_all(self, asking: Sequence[Asked], now: datetime) -> list[Enrolled]:
        """All of them or none, in one transaction: two thousand take seconds."""
        with self.certifying(now) as certifier:
            certified = [certifier.enrol(asked) for asked in asking]
            write_keys(self.state, [each.record for each in certified if each.fresh], certifier.now_ms)
        return [self.welcome(each.record.post, each.record.kid, each.certificate) for each in certified]

    @contextmanager
    def certifying(self, now: datetime, *devices: str) -> Iterator["Certifier"]:
        """One transaction: what is registered and what is certified within it, or neither. Nobody else certifies or
        revokes ``devices`` meanwhile: a renewal that began before a revocation must not end behind it.

        StoreFault while the store is being restored: whoever was revoked since the backup stands in it as a friend,
        until the restore has come to its end."""
        issuer = load_issuer(self.state, "clients-ca")
        with closing(self.open_store()) as connection, connection.transaction():
            connection.alone_with(devices)
            expect_begun(connection)
            certifier = Certifier(connection, issuer, self.config.region, now)
            yield certifier
            if certifier.given:
                write_down(self.state, *certifier.given)

    def welcome(self, post: str, kid: str, certificate: x509.Certificate) -> Enrolled:
        """What the device takes home, with the keys that this region has now."""
        region = self.region_keys().newest.public
        return Enrolled(
            certificate_pem=certificates.certificate_pem(certificate),
            servers_ca_pem=self.servers_ca().read_bytes(),
            region=self.config.region,
            post=post,
            kid=kid,
            region_kid=region.kid,
            region_public=region.public,
            gateways=self.gateways(),
            controls=self.controls(),
            at=self.config.enrolment,
            not_after_s=int(certificate.not_valid_after_utc.timestamp()),
        )


def set_up(state: Path, region: str, now: datetime, store: str = "") -> list[str]:
    """Make what is missing in ``state`` and return its names; what is there stays as it is, so it may be repeated.

    ``region`` is needed when the configuration is made, and may be empty then on. ``store`` is the URL of a PostgreSQL;
    empty: what the configuration says, and a file in ``state`` when it is made.
    """
    if not region and not (state / CONFIG_NAME).exists():
        raise GatewayError("no-gateway", f"There is no gateway in {state} yet.", "Name its region: --region REGION")
    if region and not is_name(region):
        raise GatewayError("bad-name", f"{region!r} is no region's name.", "Use lower case letters, digits, hyphens.")
    if store and not is_url(store):
        raise GatewayError("bad-store", "The store is no URL of a PostgreSQL.", "Write it as postgresql://...")
    keyfiles.closed_folder(state)
    made = [] if (state / CONFIG_NAME).exists() else [CONFIG_NAME]
    if made:
        keyfiles.write(state / CONFIG_NAME, default_text(region, store).encode(), secret=True)  # it may name a password
    config = load(state / CONFIG_NAME)
    expect_region(state, config.region, config.path)
    if region not in ("", config.region):
        raise GatewayError("other-region", f"This folder belongs to region {config.region}.", "Choose another --state.")
    if store not in ("", config.store):
        message = f"{state / CONFIG_NAME} names another store, and keeps it."
        raise GatewayError(
            "other-store", message, "Leave --store out, or correct it there; gateway move leaves a file."
        )
    expect_own_certificates(state)
    if not config.store:
        _expect_not_lost(state, STORE_NAME)
    made += _make_keys(keyfiles.closed_folder(state / "secrets"))
    if not config.store:
        made += _make_store(state / STORE_NAME)
    with closing(open_store(config.store, state / STORE_NAME)) as connection:
        connection.migrate()
        with connection.transaction():
            made += _make_certificates(state, Register(connection), now)
            catch_up(connection, now, state)
    return made


def _expect_not_lost(state: Path, store: str) -> None:
    """Where there is a CA there was a store before it. An empty one in its place would forget who was revoked, and
    answer that nothing is missing."""
    used = (state / f"{SERVERS_CA}.crt").exists() or (state / LEDGER_NAME).exists()
    if used and not (state / store).exists():
        message = f"Of the region in {state} the store is lost: {store} is missing."
        cure = "Restore it with: borderpost gateway restore FILE. A region that begins anew takes an empty folder."
        raise GatewayError("store-lost", message, cure)


def _make_store(path: Path) -> list[str]:
    """Closed from the first moment, with the log beside it: SQLite gives that the mode of the database."""
    made = [] if path.exists() else [path.name]
    path.touch(keyfiles.SECRET_MODE)
    path.chmod(keyfiles.SECRET_MODE)
    return made


def load_issuer(state: Path, name: str) -> Issuer:
    """A CA of this region: ``servers-ca`` or ``clients-ca``."""
    certificate = x509.load_pem_x509_certificate((state / f"{name}.crt").read_bytes())
    return Issuer(certificate, certificates.load_key(keyfiles.read_secret(state / "secrets" / f"{name}.key")))


def _make_keys(folder: Path) -> list[str]:
    makers = {
        "region.key": lambda: RegionKey.generate(REGION_KID).secret,
        "ack.key": lambda: GatewayKey.generate(WORKER).seed,
        "control-1.key": lambda: ControlKey.generate("control-1").seed,
        "store.key": lambda: secrets.token_bytes(STORE_KEY_BYTES),
    }
    missing = [name for name in makers if not (folder / name).exists()]
    for name in missing:
        keyfiles.write_key(folder / name, makers[name](), secret=True)
    return missing


def _make_certificates(state: Path, register: Register, now: datetime) -> list[str]:
    """What is missing, has less than a third of its time left, or stands for another host than gateway.toml says now.
    Within the caller's transaction."""
    config = load(state / CONFIG_NAME)
    made = []
    for name in (SERVERS_CA, CLIENTS_CA):
        if not (state / f"{name}.crt").exists():
            issuer = certificates.new_issuer(f"{config.region} {name}", now)
            _keep(state / "secrets" / f"{name}.key", state / f"{name}.crt", issuer.key, issuer.certificate)
            made.append(name)
    if not (state / "broker" / CRL_NAME).exists():
        write_lists(keyfiles.closed_folder(state / "broker"), load_issuer(state, "clients-ca"), register, now)
    places = {
        "broker": (state / "broker" / "broker.key", state / "broker" / "broker.crt"),
        "enrolment": (state / "secrets" / "enrolment.key", state / "enrolment.crt"),
    }
    hosts = (config.broker_host, config.enrolment_host)
    for name, (key_path, path) in places.items():
        if is_due(key_path, path, now, hosts):
            key = certificates.new_key()
            issuer = load_issuer(state, "servers-ca")
            certificate = certificates.server_certificate(issuer, name, key.public_key(), now, hosts)
            register.issued(certificate.serial_number, name, "broker", certificate.not_valid_after_utc.isoformat())
            _keep(key_path, path, key, certificate)
            made.append(name)
    return made + [name for name in _workers(state) if make_worker(state, name, register, now)]


def _workers(state: Path) -> list[str]:
    return sorted({WORKER} | {path.stem for path in state.glob("gateway-*.pub")})


def make_worker(state: Path, name: str, register: Register, now: datetime) -> bool:
    """Keys and certificate of a worker; False when they are there and good. Within the caller's transaction."""
    ack, public = state / "secrets" / ack_name(name), state / f"{name}.pub"
    if not ack.exists():
        keyfiles.write_key(ack, GatewayKey.generate(name).seed, secret=True)
    if not public.exists():
        keyfiles.write_key(public, GatewayKey(name, keyfiles.read_key(ack)).public, secret=False)
    path, key_path = state / f"{name}.crt", state / "secrets" / f"{name}.key"
    if not is_due(key_path, path, now):
        return False
    key, issuer = certificates.new_key(), load_issuer(state, "clients-ca")
    certificate = certificates.client_certificate(issuer, name, key.public_key(), now, certificates.WORKER_DAYS)
    register.issued(certificate.serial_number, name, "worker", certificate.not_valid_after_utc.isoformat())
    _keep(key_path, path, key, certificate)
    return True


def is_due(key_path: Path, path: Path, now: datetime, hosts: Sequence[str] = ()) -> bool:
    """One that came back without its key is nobody's: a backup without keys brings certificates alone."""
    if not path.exists() or not key_path.exists():
        return True
    certificate = x509.load_pem_x509_certificate(path.read_bytes())
    return certificates.is_due(certificate, now) or not (hosts == () or certificates.is_for(certificate, hosts))


def _keep(key_path: Path, certificate_path: Path, key: certificates.Key, certificate: x509.Certificate) -> None:
    """The key first: a certificate that is there proves that its key is."""
    keyfiles.write(key_path, certificates.key_pem(key), secret=True)
    keyfiles.write(certificate_path, certificates.certificate_pem(certificate), secret=False)
