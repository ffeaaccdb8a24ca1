"""How does a state take a signer's certificate back? It lists the serial number in a CRL. (Doc 9303-12, 7.1.4)"""

from collections.abc import Iterable
from datetime import datetime, time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from simulators.issuing.certificates import Issuer, Period


def crl(
    issuer: Issuer,
    period: Period,
    revoked: Iterable[int],
    number: int | None = None,
    reason: x509.ReasonFlags = x509.ReasonFlags.key_compromise,
) -> bytes:
    """DER. ``period``: this update and the next; ``number`` rises with each list, and by itself with the days."""
    begins, ends = (datetime.combine(day, time(6, 0)) for day in period)
    above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.name)
        .last_update(begins)
        .next_update(ends)
        .add_extension(above, critical=False)
        .add_extension(x509.CRLNumber(begins.toordinal() if number is None else number), critical=False)
    )
    for serial in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(begins)
        builder = builder.add_revoked_certificate(entry.add_extension(x509.CRLReason(reason), critical=False).build())
    signed = builder.sign(issuer.key, issuer.hash, rsa_padding=issuer.padding)
    return signed.public_bytes(serialization.Encoding.DER)
