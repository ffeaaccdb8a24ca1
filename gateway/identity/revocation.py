"""Whom does the region no longer let in? Keys fall in the register, certificates on a list, names out of the broker.

Three doors, each shut by itself: frames of a revoked key are refused at the store, a revoked certificate opens no new
connection, and a connection that stands is deaf and dumb as soon as the broker reads its access list again.
"""

import subprocess
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from gateway.errors import GatewayError
from gateway.identity import keyfiles
from gateway.identity.certificates import CA_DAYS, Issuer
from gateway.identity.register import Register

CRL_NAME: Final = "clients.crl"
REVOKED_NAME: Final = "revoked"
REASON_MAX_CHARS: Final = 200
TELL_LIMIT_S: Final = 30.0


def revocation_list(issuer: Issuer, revoked: Sequence[tuple[int, datetime]], now: datetime) -> bytes:
    """PEM. It ends with the CA: a broker refuses everybody once its list has ended, and nobody is safer for it."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now - timedelta(days=1))
        .next_update(now + timedelta(days=CA_DAYS))
        .add_extension(x509.CRLNumber(int(now.timestamp() * 1000)), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for serial, since in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(since).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def write_lists(folder: Path, issuer: Issuer, register: Register, now: datetime) -> None:
    """``clients.crl`` and ``revoked`` (a name on each line) for the broker; both hold nothing secret."""
    crl = revocation_list(issuer, register.revoked_certificates(now), now)
    names = [device.device for device in register.known() if device.state == "revoked"]
    keyfiles.write(folder / CRL_NAME, crl, secret=False)
    keyfiles.write(folder / REVOKED_NAME, "".join(f"{name}\n" for name in names).encode(), secret=False)


def tell_broker(words: Sequence[str], done: str = "The device is revoked") -> None:
    """Run what the operator set under [broker] ``reload``: no shell, no word of ours added. GatewayError if it fails.

    ``done`` is so by then, whatever comes of this.
    """
    if not words:
        return
    try:
        ended = subprocess.run(list(words), capture_output=True, timeout=TELL_LIMIT_S, check=False)
        failed = ended.returncode != 0
    except (OSError, subprocess.TimeoutExpired):
        failed = True
    if failed:
        message = f"{done}, and the broker could not be told: a connection that stands stays open."
        raise GatewayError("broker-not-told", message, f"Run by hand: {' '.join(words)}")
